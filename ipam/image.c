/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipam/image.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define IMAGE_SIZE_MAX ((size_t)1024 * 1024 * 1024)

/**
 * image_take - have the bytes of a database as they are now
 * @database: borrowed
 * @ret_image: ended by the caller with image_free()
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int image_take(const struct database *database, struct image *ret_image, struct error *e)
{
	sqlite3_int64 size;
	unsigned char *bytes = sqlite3_serialize(database->sqlite, "main", &size, 0);

	if (!bytes)
		return error_errno(e, ENOMEM, "cannot copy address book %s", database->path);
	*ret_image = (struct image){ .bytes = bytes, .size = (size_t)size };
	return 0;
}

/**
 * image_free - let go of bytes
 * @image: as image_take() left it, or all zero
 */
void image_free(struct image *image)
{
	sqlite3_free(image->bytes);
	*image = (struct image){ 0 };
}

/**
 * image_open - open a copy in memory of the database in a file
 * @path: borrowed; wherever it lies, and whoever may change it meanwhile, what is checked is what is used
 * @database: initialised here; closed by the caller, after a failure too
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int image_open(const char *path, struct database *database, struct error *e)
{
	const unsigned flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE;
	_cleanup_(freep) char *text = NULL;
	unsigned char *bytes;
	size_t size;
	int code, r;

	*database = (struct database){ 0 };
	r = file_read(path, IMAGE_SIZE_MAX, &text, &size, e);
	if (r == 0)
		r = database_open(database, DATABASE_MEMORY, e);
	if (r == 0)
		r = path_format(database->path, sizeof(database->path), e, "%s", path);
	if (r < 0)
		return r;
	bytes = sqlite3_malloc64(size ? size : 1);
	if (!bytes)
		return error_errno(e, ENOMEM, "cannot read %s", path);
	memcpy(bytes, text, size);
	code = sqlite3_deserialize(database->sqlite, "main", bytes, (sqlite3_int64)size,
				   (sqlite3_int64)size, flags);
	return code == SQLITE_OK ? 0 : database_error(database, code, e);
}

/**
 * image_verdict - run one of sqlite's checks
 * @database: borrowed
 * @sql: gives no row where all is well, otherwise the first complaint; static
 * @e: says what was found
 *
 * Returns 0, -EUCLEAN or another -errno.
 */
static int image_verdict(struct database *database, const char *sql, struct error *e)
{
	_cleanup_(query_end) struct query query = query_begin(database, sql);
	char words[192];
	int r = query_step(&query, e);

	if (r > 0)
		r = query_text(&query, 0, words, sizeof(words), e) < 0
			    ? database_damaged(database, "it does not pass the check of sqlite", e)
			    : database_damaged(database, words, e);
	return r;
}

/**
 * image_check - see whether a database is whole
 * @database: borrowed
 * @e: says what is wrong
 *
 * Returns 0, -EUCLEAN or another -errno.
 */
int image_check(struct database *database, struct error *e)
{
	static const char pages[] = "SELECT substr(replace(integrity_check, char(10), ' '), 1, 160)"
				    " FROM pragma_integrity_check(1) WHERE integrity_check <> 'ok'";
	static const char keys[] = "SELECT 'an entry of ' || \"table\" || ' leads nowhere'"
				   " FROM pragma_foreign_key_check LIMIT 1";
	int r = image_verdict(database, pages, e);

	return r < 0 ? r : image_verdict(database, keys, e);
}
