/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "transfer/document.h"

/**
 * lease_refused - say which lease of a document the book refuses
 * @document: borrowed
 * @index: of the lease
 * @r: -errno, already in @e
 * @judged: it is not the book that has the address for somebody, but the host that has it
 * @e: gets the place, the container, and what mends it
 *
 * Returns @r.
 */
static int lease_refused(const struct document *document, size_t index, int r, bool judged,
			 struct error *e)
{
	const char *name = document->leases[index].container;

	if (e && (r == -EADDRINUSE || r == -EEXIST)) {
		e->remedy[0] = '\0';
		error_remedy(e, r,
			     r == -EEXIST
				     ? "leave '%s' out of the file (ipam export takes names), or "
				       "give up what is held here ('nixctr-net ipam show %s')"
			     : judged ? "leave '%s' out of the file (ipam export takes names), or "
					"reserve the addresses all the same with --force"
				      : "leave '%s' out of the file (ipam export takes names), and "
					"create it here with an address of this host",
			     name, name);
	}
	r = error_wrap(e, r, document->host[0] ? "container '%s' of host %s" : "container '%s'",
		       name, document->host);
	return document_wrong(document, document->places[index], r, e);
}

/**
 * lease_settle - have a lease ask for what the book can have of it
 * @paths: borrowed
 * @ipam: the book
 * @document: borrowed
 * @lease: of the document, changed
 * @e: filled on failure
 *
 * A container that is here, and whose MAC follows from the identity of this host, has none in the book.
 *
 * Returns 0 or -errno.
 */
static int lease_settle(const struct paths *paths, struct ipam *ipam,
			const struct document *document, struct ipam_lease *lease, struct error *e)
{
	struct ipam_lease held;
	struct mac mac;
	int r = 0;

	if (!lease->reason[0])
		(void)snprintf(lease->reason, sizeof(lease->reason),
			       document->host[0] ? "imported from %s" : "imported", document->host);
	if (mac_is_set(&lease->mac))
		r = ipam_lookup(ipam, lease->container, &held, e);
	if (r <= 0 || mac_is_set(&held.mac))
		return r < 0 ? r : 0;
	r = mac_derive(paths, lease->container, &mac, e);
	if (r > 0 && mac_equal(&mac, &lease->mac))
		lease->mac = (struct mac){ 0 };
	return r < 0 ? r : 0;
}

/**
 * chosen_count - count the pairs that nobody here gives out by itself, and somebody there did
 * @leases: of the document, borrowed
 * @imported: what came of them, borrowed
 * @count: of both
 */
static size_t chosen_count(const struct ipam_lease *leases, const struct ipam_imported *imported,
			   size_t count)
{
	size_t chosen = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ipam_lease *lease = &imported[i].lease;

		chosen += imported[i].changed && leases[i].v4.automatic && !lease->v4.automatic;
		chosen += imported[i].changed && leases[i].v6.automatic && !lease->v6.automatic;
	}
	return chosen;
}

/**
 * hostless_count - count the cables that have no address at the host's end, and so no default route
 * @imported: what came of the leases, borrowed
 * @count: of them
 */
static size_t hostless_count(const struct ipam_imported *imported, size_t count)
{
	size_t hostless = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ipam_lease *lease = &imported[i].lease;

		hostless +=
			imported[i].changed && !lease->bridge[0] &&
			((addr_is_set(&lease->v4.local.addr) && !addr_is_set(&lease->v4.host)) ||
			 (addr_is_set(&lease->v6.local.addr) && !addr_is_set(&lease->v6.host)));
	}
	return hostless;
}

/**
 * import_judge - hold what a document has against what else has its addresses
 * @paths: borrowed
 * @ipam: the book, borrowed
 * @document: borrowed
 * @e: names the lease
 *
 * Returns 0 or -errno.
 */
static int import_judge(const struct paths *paths, struct ipam *ipam,
			const struct document *document, struct error *e)
{
	size_t position;
	int r = leases_judge(paths, ipam, document->leases, document->count, &position, e);

	return r < 0 && position < document->count ? lease_refused(document, position, r, true, e)
						   : r;
}

/**
 * import_document - put all leases of a document into the book
 * @paths: borrowed
 * @document: changed
 * @request: borrowed
 * @report: its list has room; changed
 * @e: names the lease
 *
 * Returns 0 or -errno.
 */
static int import_document(const struct paths *paths, struct document *document,
			   const struct import_request *request, struct import_report *report,
			   struct error *e)
{
	_cleanup_(address_session_end) struct address_session session = ADDRESS_SESSION_INIT;
	size_t position = 0;
	int r = address_session_begin(paths, request->dry ? IPAM_TRY : IPAM_WRITE, &session, e);

	if (r == 0)
		r = adopt_definitions(paths, session.ipam, e);
	for (size_t i = 0; r >= 0 && i < document->count; i++)
		r = lease_settle(paths, session.ipam, document, &document->leases[i], e);
	if (r >= 0 && !request->force)
		r = import_judge(paths, session.ipam, document, e);
	if (r < 0)
		return r;
	r = ipam_import(session.ipam, document->leases, document->count, report->list, &position,
			e);
	if (r < 0)
		return position < document->count ? lease_refused(document, position, r, false, e)
						  : r;
	report->changed = (size_t)r;
	report->count = document->count;
	report->chosen = chosen_count(document->leases, report->list, report->count);
	report->hostless = hostless_count(report->list, report->count);
	return 0;
}

/**
 * leases_import - put a document into the book
 * @paths: borrowed
 * @request: borrowed
 * @ret_report: what came of each lease
 * @e: names the place in the document
 *
 * Returns 0 or -errno.
 */
int leases_import(const struct paths *paths, const struct import_request *request,
		  struct import_report *ret_report, struct error *e)
{
	_cleanup_(document_deinit) struct document document = { .format = request->format };
	struct import_report report = { .count = 0 };
	int r;

	(void)snprintf(document.source, sizeof(document.source), "%s", request->source);
	r = document_read(&document, request->text, request->length, e);
	if (r < 0)
		return r;
	memcpy(report.host, document.host, sizeof(report.host));
	report.list = calloc(document.count + 1, sizeof(*report.list));
	if (!report.list)
		return error_errno(e, ENOMEM, "cannot import %s", request->source);
	r = import_document(paths, &document, request, &report, e);
	if (r < 0) {
		free(report.list);
		return r;
	}
	*ret_report = report;
	return 0;
}
