#include <ftw.h>
#include <errno.h>
static int irm(const char *p, const struct stat *st, int k, struct FTW *f){(void)st;(void)k;(void)f;return remove(p);}
static inline int tree_remove(const char *path, struct error *e){ struct stat st; if (lstat(path,&st)<0) return 0; if (nftw(path, irm, 16, FTW_DEPTH|FTW_PHYS|FTW_MOUNT)<0) return error_errno(e, errno, "cannot remove %s", path); return 1; }
