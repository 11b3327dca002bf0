/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disk-at N FAULT RECORD DIRECTORY[:DIRECTORY...] COMMAND [ARGUMENT...]: runs a command on a disk that
 * fails at the N-th change the command makes below these directories (0: never), and writes down in
 * the file RECORD what it changed there.
 *
 *	EIO     that call fails, and no other
 *	ENOSPC  that call and all later ones that need room fail
 *	short   that call writes half of what it should; all later ones that need room fail
 *	dead    that call and all later ones fail
 *
 * Theory of operation: the kernel stops the command at each system call that changes a file and asks
 * us (seccomp_unotify(2)), so whatever library makes the call, it is seen. Which file it is /proc tells.
 * Calls of children and threads of the command are let pass.
 *
 * A line of RECORD is one call in words between tabs: its kind, its path, and more. "fault" is one
 * that failed, "other" one of a kind that is counted but not told about in full. Whether a call that
 * was let pass succeeded is not known: who reads the record knows what was there.
 *
 * Exits with the command's status, or with 125 when it failed itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>

#define EXIT_OWN 125

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* What a call does, and where its arguments are. */
enum kind {
	KIND_WRITE,    /* fd, bytes, length */
	KIND_PWRITE,   /* fd, bytes, length, offset */
	KIND_TRUNCATE, /* fd, length */
	KIND_SYNC,     /* fd */
	KIND_OPEN,     /* [directory,] path, flags */
	KIND_PATH,     /* [directory,] path */
	KIND_RENAME,   /* directory, path, directory, path, or path, path; a second name as well */
	KIND_SYMLINK,  /* words, [directory,] path */
	KIND_OTHER,    /* fd */
};

/* A call that changes files. */
struct call {
	uint64_t number;
	enum kind kind;
	const char *word; /* in the record */
	bool at;          /* a descriptor of a directory stands before each path */
	bool room;        /* it needs room on the disk */
};

static const struct call calls[] = {
	{ SYS_write, KIND_WRITE, "write", false, true },
	{ SYS_pwrite64, KIND_PWRITE, "write", false, true },
	{ SYS_ftruncate, KIND_TRUNCATE, "truncate", false, false },
	{ SYS_fsync, KIND_SYNC, "sync", false, false },
	{ SYS_fdatasync, KIND_SYNC, "sync", false, false },
	{ SYS_openat, KIND_OPEN, "create", true, true },
	{ SYS_mkdirat, KIND_PATH, "mkdir", true, true },
	{ SYS_unlinkat, KIND_PATH, "unlink", true, false },
	{ SYS_renameat2, KIND_RENAME, "rename", true, false },
#ifdef SYS_renameat
	{ SYS_renameat, KIND_RENAME, "rename", true, false },
#endif
	{ SYS_linkat, KIND_RENAME, "link", true, false },
#ifdef SYS_open /* architectures that have the older forms as well */
	{ SYS_open, KIND_OPEN, "create", false, true },
	{ SYS_creat, KIND_OTHER, "other", false, true },
	{ SYS_mkdir, KIND_PATH, "mkdir", false, true },
	{ SYS_unlink, KIND_PATH, "unlink", false, false },
	{ SYS_rmdir, KIND_PATH, "unlink", false, false },
	{ SYS_symlink, KIND_SYMLINK, "other", false, true },
	{ SYS_rename, KIND_RENAME, "rename", false, false },
	{ SYS_link, KIND_RENAME, "link", false, false },
#endif
	{ SYS_fallocate, KIND_OTHER, "other", false, true },
	{ SYS_writev, KIND_OTHER, "other", false, true },
	{ SYS_pwritev, KIND_OTHER, "other", false, true },
	{ SYS_pwritev2, KIND_OTHER, "other", false, true },
	{ SYS_sendfile, KIND_OTHER, "other", false, true },
	{ SYS_symlinkat, KIND_SYMLINK, "other", true, true },
	{ SYS_sync_file_range, KIND_OTHER, "other", false, false },
};

enum fault { FAULT_EIO, FAULT_ENOSPC, FAULT_SHORT, FAULT_DEAD };

static const char *const faults[] = {
	[FAULT_EIO] = "EIO",
	[FAULT_ENOSPC] = "ENOSPC",
	[FAULT_SHORT] = "short",
	[FAULT_DEAD] = "dead",
};

/* The command and what is to happen to it. */
struct patient {
	pid_t pid;
	int pidfd, listener;
	unsigned long victim, count;
	enum fault fault;
	char *directories; /* with colons between them */
	FILE *record;
};

/**
 * fail - say which step failed and end
 * @step: what was tried
 */
static _Noreturn void fail(const char *step)
{
	fprintf(stderr, "disk-at: cannot %s: %s\n", step, strerror(errno));
	exit(EXIT_OWN);
}

/**
 * filter_install - have the kernel ask somebody about each call that changes files
 *
 * Returns the descriptor at which it asks.
 */
static int filter_install(void)
{
	struct sock_filter code[2 * ARRAY_SIZE(calls) + 2];
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (uint32_t)calls[i].number, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/**
 * start - start the command with that filter
 * @patient: its pid and descriptors are set
 * @argv: the command, ends with NULL
 */
static void start(struct patient *patient, char *argv[])
{
	int ends[2], listener = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		fail("make a pair of sockets");
	patient->pid = fork();
	if (patient->pid < 0)
		fail("fork");
	if (patient->pid == 0) {
		listener = filter_install();
		if (send(ends[1], &listener, sizeof(listener), 0) < 0 || listener < 0)
			_exit(EXIT_OWN);
		(void)recv(ends[1], &listener, sizeof(listener), 0); /* it has been taken */
		execvp(argv[0], argv);
		_exit(EXIT_OWN);
	}
	patient->pidfd = pidfd_open(patient->pid, 0);
	if (patient->pidfd < 0 || recv(ends[0], &listener, sizeof(listener), 0) < 0)
		fail("follow the command");
	patient->listener = pidfd_getfd(patient->pidfd, listener, 0);
	if (patient->listener < 0)
		fail("install a filter of system calls");
	(void)send(ends[0], &listener, sizeof(listener), 0);
	close(ends[0]);
	close(ends[1]);
}

/**
 * link_read - read a link of /proc/PID
 * @patient: borrowed
 * @what: which, with "%d" for @fd
 * @fd: a descriptor of the command
 * @path: filled; empty when there is none
 */
static void link_read(const struct patient *patient, const char *what, int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/%d/cwd", (int)patient->pid);
	else
		(void)snprintf(link, sizeof(link), "/proc/%d/%s/%d", (int)patient->pid, what, fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

/**
 * memory_read - read memory of the command
 * @patient: borrowed
 * @address: where
 * @bytes, @size: the buffer; it need not become full
 */
static void memory_read(const struct patient *patient, uint64_t address, void *bytes, size_t size)
{
	struct iovec to = { .iov_base = bytes, .iov_len = size };
	struct iovec from = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	/* What was not read, behind the end of a mapping, stays what it was. */
	(void)process_vm_readv(patient->pid, &to, 1, &from, 1, 0);
}

/**
 * path_read - the path that two arguments of a call stand for
 * @patient: borrowed
 * @directory: descriptor of a directory, or AT_FDCWD
 * @address: of the words
 * @path: filled
 */
static void path_read(const struct patient *patient, int directory, uint64_t address,
		      char path[PATH_MAX])
{
	char words[PATH_MAX] = "", above[PATH_MAX];

	/* It may stand at the very end of a mapping: byte for byte until its end. */
	for (size_t i = 0; i < sizeof(words) - 1; i++) {
		memory_read(patient, address + i, words + i, 1);
		if (!words[i])
			break;
	}
	if (words[0] == '/') {
		(void)snprintf(path, PATH_MAX, "%s", words);
		return;
	}
	link_read(patient, "fd", directory, above);
	(void)snprintf(path, PATH_MAX, "%.2000s/%.2000s", above, words);
}

/**
 * is_watched - whether a path lies below one of the directories
 * @patient: borrowed
 * @path: borrowed
 */
static bool is_watched(const struct patient *patient, const char *path)
{
	const char *directory = patient->directories;

	while (*directory) {
		size_t length = strcspn(directory, ":");

		if (strncmp(path, directory, length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
		directory += length + (directory[length] == ':');
	}
	return false;
}

/* A call of the command, understood. */
struct change {
	const struct call *call;
	uint64_t args[6];
	int fd;
	char path[PATH_MAX];
	char to[PATH_MAX]; /* of a rename or a link */
	uint64_t offset;
};

/**
 * number_after - a number in a text
 * @text: borrowed
 * @words: stand before it
 * @base: of its digits
 */
static uint64_t number_after(const char *text, const char *words, int base)
{
	const char *found = strstr(text, words);

	if (!found)
		fail("look at a descriptor");
	return strtoull(found + strlen(words), NULL, base);
}

/**
 * change_offset - where a call writes
 * @patient: borrowed
 * @change: its offset is set
 */
static void change_offset(const struct patient *patient, struct change *change)
{
	char path[64], text[256] = "";
	struct stat status;
	int fd;

	if (change->call->kind == KIND_PWRITE) {
		change->offset = change->args[3];
		return;
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)patient->pid, change->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		fail("look at a descriptor");
	close(fd);
	change->offset = number_after(text, "pos:", 10);
	if (number_after(text, "flags:", 8) & O_APPEND && stat(change->path, &status) == 0)
		change->offset = (uint64_t)status.st_size;
}

/**
 * change_read - understand a call
 * @patient: borrowed
 * @data: of the kernel
 * @change: filled
 *
 * What makes a file that is there, or removes one that is not, changes nothing.
 *
 * Returns whether it may change something below the directories.
 */
static bool change_read(const struct patient *patient, const struct seccomp_data *data,
			struct change *change)
{
	const struct call *call = calls;
	const uint64_t *words;
	struct stat status;

	while (call->number != (uint64_t)data->nr)
		call++;
	*change = (struct change){ .call = call, .fd = (int)data->args[0] };
	memcpy(change->args, data->args, sizeof(change->args));
	words = change->args + call->at; /* the first path */
	if (call->kind < KIND_OPEN || call->kind == KIND_OTHER) {
		link_read(patient, "fd", change->fd, change->path);
		return is_watched(patient, change->path);
	}
	if (call->kind == KIND_OPEN && !(words[1] & O_CREAT))
		return false;
	if (call->kind == KIND_SYMLINK)
		path_read(patient, call->at ? (int)words[0] : AT_FDCWD, words[1], change->path);
	else
		path_read(patient, call->at ? change->fd : AT_FDCWD, words[0], change->path);
	if (call->kind == KIND_RENAME)
		path_read(patient, call->at ? (int)words[1] : AT_FDCWD, words[1 + call->at],
			  change->to);
	return is_watched(patient, change->path) &&
	       (lstat(change->path, &status) < 0) == (call->kind == KIND_OPEN || call->room);
}

/**
 * change_record - write down a call that is let pass
 * @patient: borrowed
 * @change: borrowed
 * @length: how many bytes it writes, for one that does
 */
static void change_record(const struct patient *patient, const struct change *change, size_t length)
{
	uint8_t *bytes;

	fprintf(patient->record, "%s\t%s", change->call->word, change->path);
	switch (change->call->kind) {
	case KIND_WRITE:
	case KIND_PWRITE:
		bytes = calloc(1, length + 1);
		if (!bytes)
			fail("remember what is written");
		memory_read(patient, change->args[1], bytes, length);
		fprintf(patient->record, "\t%llu\t", (unsigned long long)change->offset);
		for (size_t i = 0; i < length; i++)
			fprintf(patient->record, "%02x", bytes[i]);
		free(bytes);
		break;
	case KIND_TRUNCATE:
		fprintf(patient->record, "\t%llu", (unsigned long long)change->args[1]);
		break;
	case KIND_RENAME:
		fprintf(patient->record, "\t%s", change->to);
		break;
	case KIND_SYNC:
	case KIND_OPEN:
	case KIND_PATH:
	case KIND_SYMLINK:
	case KIND_OTHER:
		break;
	}
	fprintf(patient->record, "\n");
}

/**
 * write_half - write half of what the command wants to write
 * @patient: borrowed
 * @change: borrowed
 *
 * Returns how many bytes, or -errno.
 */
static int64_t write_half(const struct patient *patient, const struct change *change)
{
	size_t half = (size_t)change->args[2] / 2;
	uint8_t *bytes = calloc(1, half + 1);
	int fd = pidfd_getfd(patient->pidfd, change->fd, 0);
	ssize_t n;

	if (!bytes || fd < 0)
		fail("write in the place of the command");
	change_record(patient, change, half);
	memory_read(patient, change->args[1], bytes, half);
	n = change->call->kind == KIND_PWRITE ? pwrite(fd, bytes, half, (off_t)change->offset)
					      : write(fd, bytes, half);
	if (n < 0)
		n = -errno;
	close(fd);
	free(bytes);
	return n;
}

/**
 * judge - decide what becomes of a call
 * @patient: counts it
 * @change: borrowed
 * @response: its error or value is set when it is not let pass
 */
static void judge(struct patient *patient, const struct change *change,
		  struct seccomp_notif_resp *response)
{
	bool first = ++patient->count == patient->victim;
	bool later = patient->victim && patient->count > patient->victim;
	bool writes = change->call->kind == KIND_WRITE || change->call->kind == KIND_PWRITE;

	if (first && patient->fault == FAULT_SHORT && writes) {
		fprintf(patient->record, "fault\t%s\n", change->path);
		response->val = write_half(patient, change);
		return;
	}
	if (patient->fault == FAULT_EIO || patient->fault == FAULT_DEAD)
		response->error = first || (later && patient->fault == FAULT_DEAD) ? -EIO : 0;
	else if ((first || later) && change->call->room)
		response->error = -ENOSPC;
	if (response->error) {
		fprintf(patient->record, "fault\t%s\n", change->path);
		return;
	}
	if (writes)
		change_record(patient, change, (size_t)change->args[2]);
	else
		change_record(patient, change, 0);
	response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

/**
 * answer - answer one question of the kernel
 * @patient: changed
 */
static void answer(struct patient *patient)
{
	struct seccomp_notif question = { 0 };
	struct seccomp_notif_resp response = { 0 };
	struct change change = { 0 };

	if (ioctl(patient->listener, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0) {
		if (errno == ENOENT || errno == EINTR)
			return;
		fail("receive a question");
	}
	response.id = question.id;
	if ((pid_t)question.pid != patient->pid || !change_read(patient, &question.data, &change)) {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else {
		if (change.call->kind == KIND_WRITE || change.call->kind == KIND_PWRITE)
			change_offset(patient, &change);
		judge(patient, &change, &response);
	}
	if (ioctl(patient->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT)
		fail("answer a question");
}

/**
 * watch - answer questions until the command has ended
 * @patient: started
 *
 * Returns our exit status.
 */
static int watch(struct patient *patient)
{
	struct pollfd polled[] = { { .fd = patient->listener, .events = POLLIN },
				   { .fd = patient->pidfd, .events = POLLIN } };
	int status;

	while (!(polled[1].revents & POLLIN)) {
		if (poll(polled, ARRAY_SIZE(polled), -1) < 0 && errno != EINTR)
			fail("wait");
		if (polled[0].revents & POLLIN)
			answer(patient);
	}
	if (waitpid(patient->pid, &status, 0) < 0 || fclose(patient->record) != 0)
		fail("end");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/**
 * main - see the head of this file
 * @argc, @argv: disk-at N FAULT RECORD DIRECTORIES COMMAND [ARGUMENT...]
 */
int main(int argc, char *argv[])
{
	struct patient patient = { .pid = -1 };
	size_t fault = 0;

	while (argc > 5 && fault < ARRAY_SIZE(faults) && strcmp(argv[2], faults[fault]) != 0)
		fault++;
	if (argc <= 5 || fault == ARRAY_SIZE(faults)) {
		fprintf(stderr,
			"usage: disk-at N FAULT RECORD DIRECTORIES COMMAND [ARGUMENT...]\n");
		return EXIT_OWN;
	}
	patient.victim = strtoul(argv[1], NULL, 10);
	patient.fault = (enum fault)fault;
	patient.directories = argv[4];
	patient.record = fopen(argv[3], "we");
	if (!patient.record)
		fail("make the record");
	start(&patient, argv + 5);
	return watch(&patient);
}
