/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/container.h"
#include "ipam/ipam.h"

/*
 * Addresses on their way: to other hosts and back in documents, into a backup of the book and out of it,
 * and from a host that nixos-container has managed into the book.
 */

#define HOST_MAX 65 /* the name of a host with its NUL */

/* ------------------------------------------------------------- documents */

enum document_format {
	DOCUMENT_GUESSED, /* by how it begins; for reading only */
	DOCUMENT_JSON,
	DOCUMENT_CSV, /* RFC 4180, without the pools */
};

int document_format_parse(const char *text, enum document_format *ret_format, struct error *e);

struct export_request {
	char *const *names; /* of containers, borrowed; none: all */
	size_t n_names;
	enum document_format format;
};

/* What was exported, as the text of a document. */
struct export_report {
	char *text; /* the caller frees it */
	size_t length;
	size_t count; /* leases in it */
};

/*
 * Fails with -ENOENT (ERROR_NO_CONTAINER) when one of the names holds nothing.
 */
int leases_export(const struct paths *paths, const struct export_request *request,
		  struct export_report *ret_report, struct error *e);

struct import_request {
	const char *source; /* what messages call the document, borrowed */
	const char *text;   /* borrowed */
	size_t length;
	enum document_format format;
	bool dry;   /* only see what would come of it */
	bool force; /* whatever else on the host has the addresses */
};

struct import_report {
	struct ipam_imported *list; /* in the order of the document; the caller frees it */
	size_t count;
	size_t changed;      /* that the book did not have */
	size_t chosen;       /* pairs that were automatic there and are not here */
	size_t hostless;     /* new cables without an address at the host's end: no default route */
	char host[HOST_MAX]; /* where they come from, or "" */
};

/*
 * All of a document or nothing. What is wrong in it is -EINVAL (ERROR_USAGE), another version -EPROTO, what
 * somebody here has -EADDRINUSE or -EEXIST (ERROR_CONFLICT); all name the place in the document.
 */
int leases_import(const struct paths *paths, const struct import_request *request,
		  struct import_report *ret_report, struct error *e);

/* ------------------------------------------------------------- backups */

enum backup_need {
	BACKUP_ANYHOW,
	BACKUP_IF_CHANGED, /* not where there is one of the book as it is now */
};

/*
 * Makes a backup of the book, in @file or, with NULL, beside the book. One that was there is kept as FILE.1.
 * @ret_path: where it is. Returns 1, 0 when there is one already, or -errno.
 */
int book_backup(const struct paths *paths, const char *file, enum backup_need need,
		char ret_path[PATH_MAX], struct error *e);

/* What a container holds in the backup and not in the book, or the other way round. */
struct restore_row {
	bool before, after;      /* whether it holds something */
	struct ipam_lease lease; /* what it will hold, or held last */
	struct ipam_lease was;   /* what it held */
};

/* A pool that differs. */
struct restore_pool {
	bool before, after; /* whether it is there */
	struct ipam_usage was, is;
};

/* A claim of a definition, or a reservation of the backup, that has no place. */
struct restore_refusal {
	char container[IPAM_NAME_MAX];
	char what[512];
};

struct restore_report {
	char file[PATH_MAX];      /* the backup */
	char aside[PATH_MAX];     /* where the book of before is now, or "" */
	bool unreadable;          /* the book could not be read */
	char why[256];            /* then: why */
	size_t leases;            /* in the book of after */
	struct restore_row *rows; /* owned */
	size_t count;
	struct restore_pool *pools; /* owned */
	size_t n_pools;
	struct restore_refusal *refused; /* owned */
	size_t n_refused;
};

/* Whether a container holds the same in two books, with the same reason. */
bool lease_same(const struct ipam_lease *a, const struct ipam_lease *b);

void restore_report_deinit(struct restore_report *report);

/*
 * Goes back to a backup, NULL: the one beside the book; what definitions say stays true, and what nobody has
 * any more does not come back. Returns 0 or -errno; the caller ends with restore_report_deinit() either way.
 */
int book_restore(const struct paths *paths, const char *file, bool dry,
		 struct restore_report *report, struct error *e);

/* ------------------------------------------------------------- hosts of nixos-container */

enum migrant_state {
	MIGRANT_ENTERED,    /* what it has is in the book now, and was not before */
	MIGRANT_KNOWN,      /* it was so already */
	MIGRANT_NOTHING,    /* it has no address of its own */
	MIGRANT_CONFLICT,   /* somebody else has its address */
	MIGRANT_UNREADABLE, /* something is wrong with its definition */
	MIGRANT_ELSEWHERE, /* it lies where older versions have them: reserved for when it is moved */
};

/* One container that was found. */
struct migrant {
	char name[256];   /* of the file, whether a container can be called that or not */
	bool declarative; /* NixOS wrote it */
	char network[16]; /* host, own, cable or bridge */
	struct ipam_lease lease;
	enum migrant_state state;
	char problem[512]; /* or "" */
	char remedy[256];  /* or "" */
};

struct migration {
	struct migrant *list; /* the caller frees it */
	size_t count;
	size_t entered, reserved, refused;
	bool nat;   /* the host lets containers out already */
	bool nixos; /* its settings are made by NixOS */
};

const char *migrant_state_name(enum migrant_state state);
int host_migrate(const struct paths *paths, bool dry, struct migration *ret_migration,
		 struct error *e);
