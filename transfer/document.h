/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "ipam/ipam.h"
#include "transfer/transfer.h"

/* Leases on their way from one host to another: what is in a file, whatever its format. */

#define DOCUMENT_VERSION 1

struct document {
	enum document_format format;
	char source[PATH_MAX]; /* the file, as messages call it */
	char host[HOST_MAX];   /* where it comes from, or "" */
	int64_t time;          /* when it was written */
	struct ipam_usage *pools;
	size_t n_pools;
	struct ipam_lease *leases;
	size_t *places; /* of each: the line, or the index in its array */
	size_t count, room;
};

int document_read(struct document *document, const char *text, size_t length, struct error *e);
int document_write(const struct document *document, FILE *stream, struct error *e);
void document_deinit(struct document *document);

/* For the formats. */
int document_append(struct document *document, const struct ipam_lease *lease, size_t place,
		    struct error *e);
int document_wrong(const struct document *document, size_t place, int r, struct error *e);

int json_document_read(struct document *document, const char *text, size_t length, struct error *e);
int json_document_write(const struct document *document, FILE *stream);
int csv_document_read(struct document *document, const char *text, size_t length, struct error *e);
int csv_document_write(const struct document *document, FILE *stream);

/* Refuses what is in a document twice: doubles.c. */
int document_check_doubles(const struct document *document, struct error *e);
