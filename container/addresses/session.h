/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/error.h"
#include "container/definitions/definitions.h"
#include "ipam/ipam.h"

/* The address book as a whole, for who compares it, copies it or fills it. */

/* The book, while nobody adds or removes containers. Ended with address_session_end(). */
struct address_session {
	struct ipam *ipam;
	int lock;
};

#define ADDRESS_SESSION_INIT ((struct address_session){ .lock = -1 })

int address_session_begin(const struct paths *paths, enum ipam_access access,
			  struct address_session *ret_session, struct error *e);
void address_session_end(struct address_session *session);

/* Its lock alone; but who only looks needs none where nothing can be written: *ret_fd is -1 then. */
int definitions_lock_for(const struct paths *paths, enum ipam_access access, int *ret_fd,
			 struct error *e);

/* Acts on a session of ipam/ in the name of whoever runs this, by the settings of the host. */
void book_set_terms(const struct paths *paths, struct ipam *ipam, enum ipam_access access);

/*
 * Definitions that others have written, entered in the book; all under the lock of a session. Whoever
 * changes the definitions asks adopt_definitions() before, which passes over what has not been touched,
 * and if all were in the book calls adopt_remember() behind the change.
 */
int adopt_lease(struct ipam *ipam, const struct definition *definition, struct error *e);
/* The same of one that is there. Who has its address only in the book gives it up. */
int adopt_defined(const struct paths *paths, struct ipam *ipam, const struct defined *defined,
		  struct error *e);
/* Return 1 when all are in it, 0 when some are refused, which the log names, or -errno. */
int adopt_definitions(const struct paths *paths, struct ipam *ipam, struct error *e);
int adopt_all(const struct paths *paths, struct ipam *ipam, struct error *e);
void adopt_remember(const struct paths *paths);
/* Has the next command look at all definitions, whatever is remembered of them. */
void adopt_forget(const struct paths *paths);

/*
 * Holds leases that are to be entered against what else the host has, as create does, but for what their
 * containers have already. @position: which lease it is at. Returns 0 or -errno: -EADDRINUSE.
 */
int leases_judge(const struct paths *paths, struct ipam *ipam, const struct ipam_lease *leases,
		 size_t count, size_t *position, struct error *e);

/* As somebody wrote it. Returns 0 or -EINVAL (ERROR_USAGE). */
int reason_parse(const char *text, char reason[IPAM_REASON_MAX], struct error *e);
