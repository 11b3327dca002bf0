/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "transfer/document.h"

/**
 * document_format_parse - read the name of a format
 * @text: borrowed
 * @ret_format: the format
 * @e: says which there are
 *
 * Returns 0 or -EINVAL (ERROR_USAGE).
 */
int document_format_parse(const char *text, enum document_format *ret_format, struct error *e)
{
	if (strcmp(text, "json") != 0 && strcmp(text, "csv") != 0)
		return error_set(e, ERROR_USAGE, EINVAL, "--format takes json or csv, not '%.40s'",
				 text);
	*ret_format = text[0] == 'j' ? DOCUMENT_JSON : DOCUMENT_CSV;
	return 0;
}

/**
 * export_one - put what a container holds into a document
 * @ipam: the book
 * @name: of the container, borrowed
 * @document: changed
 * @e: says that it holds nothing
 *
 * Returns 0 or -errno.
 */
static int export_one(struct ipam *ipam, const char *name, struct document *document,
		      struct error *e)
{
	struct ipam_lease lease;
	int r = name_check(name, e);

	for (size_t i = 0; r == 0 && i < document->count; i++)
		if (strcmp(document->leases[i].container, name) == 0)
			return 0;
	if (r == 0)
		r = ipam_lookup(ipam, name, &lease, e);
	if (r < 0)
		return r;
	return r > 0 ? document_append(document, &lease, document->count, e)
		     : ipam_nobody(ipam, name, e);
}

/**
 * export_collect - put what is asked for into a document
 * @paths: borrowed
 * @request: borrowed
 * @document: filled
 * @e: filled on failure
 *
 * A container whose MAC follows from the identity of this host shall keep it on another one.
 *
 * Returns 0 or -errno.
 */
static int export_collect(const struct paths *paths, const struct export_request *request,
			  struct document *document, struct error *e)
{
	_cleanup_(address_session_end) struct address_session session = ADDRESS_SESSION_INIT;
	int r = address_session_begin(paths, IPAM_TRY, &session, e);

	if (r == 0)
		r = adopt_definitions(paths, session.ipam, e);
	if (r >= 0)
		r = ipam_usage(session.ipam, &document->pools, &document->n_pools, e);
	if (r >= 0 && !request->n_names)
		r = ipam_list(session.ipam, &document->leases, &document->count, e);
	for (size_t i = 0; r >= 0 && i < request->n_names; i++)
		r = export_one(session.ipam, request->names[i], document, e);
	for (size_t i = 0; r >= 0 && i < document->count; i++) {
		struct ipam_lease *lease = &document->leases[i];
		struct mac mac;

		if (mac_is_set(&lease->mac) || lease->state != IPAM_BOUND)
			continue;
		r = mac_derive(paths, lease->container, &mac, e);
		if (r > 0)
			lease->mac = mac;
	}
	return r < 0 ? r : 0;
}

/**
 * leases_export - write what containers hold as a document
 * @paths: borrowed
 * @request: borrowed
 * @ret_report: the document
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int leases_export(const struct paths *paths, const struct export_request *request,
		  struct export_report *ret_report, struct error *e)
{
	_cleanup_(document_deinit) struct document document = { .format = request->format,
								.time = time(NULL) };
	_cleanup_(freep) char *text = NULL;
	FILE *stream;
	size_t length;
	int r;

	/* The name of a tree's host is not ours. */
	if (!paths->root[0])
		(void)gethostname(document.host, sizeof(document.host) - 1);
	r = export_collect(paths, request, &document, e);
	if (r < 0)
		return r;
	stream = open_memstream(&text, &length);
	if (!stream)
		return error_errno(e, ENOMEM, "cannot write the leases");
	r = document_write(&document, stream, e);
	if (fclose(stream) != 0 && r == 0)
		r = error_errno(e, ENOMEM, "cannot write the leases");
	if (r < 0)
		return r;
	*ret_report = (struct export_report){ .text = TAKE_PTR(text),
					      .length = length,
					      .count = document.count };
	return 0;
}
