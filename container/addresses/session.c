/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/addresses/actor.h"
#include "container/addresses/addresses.h"
#include "container/addresses/session.h"
#include "container/settings/locks.h"
#include "container/settings/settings.h"

/**
 * book_set_terms - have a session of the address book act by the settings of the host
 * @paths: borrowed
 * @ipam: changed
 * @access: for which the session was opened
 *
 * Settings that cannot be read keep nobody from the book: how long addresses cool down is not worth
 * that.
 */
void book_set_terms(const struct paths *paths, struct ipam *ipam, enum ipam_access access)
{
	struct ipam_terms terms = IPAM_TERMS_DEFAULT;
	struct error unread = ERROR_INIT;
	struct settings settings;

	if (settings_read(paths, &settings, &unread) < 0) {
		log_warning("the address book is used without [ipam] of the settings: %s",
			    unread.text);
	} else {
		terms.cooldown = settings.cooldown;
		terms.history_rows = settings.history_rows;
		terms.history_days = settings.history_days;
	}
	if (access != IPAM_READ)
		actor_read(&terms.actor);
	ipam_set_terms(ipam, &terms);
}

/**
 * book_open - open the address book by the settings of the host
 * @paths: borrowed
 * @access: whether it may be made and changed
 * @ret_ipam: the caller ends with ipam_close()
 * @e: names the file
 *
 * Returns 0 or -errno.
 */
int book_open(const struct paths *paths, enum ipam_access access, struct ipam **ret_ipam,
	      struct error *e)
{
	struct ipam *ipam;
	int r = ipam_open(paths->book, access, &ipam, e);

	if (r < 0)
		return r;
	book_set_terms(paths, ipam, access);
	*ret_ipam = ipam;
	return 0;
}

/**
 * definitions_lock_for - keep containers from being added and removed, as far as that is needed
 * @paths: borrowed
 * @access: what is to be done with the book
 * @ret_fd: closed by the caller; -1 without a lock
 * @e: says who is at it
 *
 * Where nothing can be written, nobody changes anything either: who only looks needs no lock there.
 *
 * Returns 0 or -errno.
 */
int definitions_lock_for(const struct paths *paths, enum ipam_access access, int *ret_fd,
			 struct error *e)
{
	struct error refused = ERROR_INIT;
	int fd = -1, r = definitions_lock(paths, &fd, &refused);

	if (r == -EROFS && access != IPAM_WRITE) {
		log_debug("looking without a lock: %s", refused.text);
		r = 0;
	}
	if (r < 0 && e)
		*e = refused;
	if (r == 0)
		*ret_fd = fd;
	return r;
}

/**
 * address_session_begin - open the book, and keep containers from being added and removed
 * @paths: borrowed
 * @access: whether the book may be made and changed
 * @ret_session: the caller ends with address_session_end()
 * @e: says who is at it, or names the file
 *
 * Returns 0 or -errno.
 */
int address_session_begin(const struct paths *paths, enum ipam_access access,
			  struct address_session *ret_session, struct error *e)
{
	_cleanup_(address_session_end) struct address_session session = ADDRESS_SESSION_INIT;
	int r = definitions_lock_for(paths, access, &session.lock, e);

	if (r == 0)
		r = book_open(paths, access, &session.ipam, e);
	if (r < 0)
		return r;
	ret_session->ipam = TAKE_PTR(session.ipam);
	ret_session->lock = TAKE_FD(session.lock);
	return 0;
}

/**
 * address_session_end - let go of book and lock
 * @session: as address_session_begin() left it, or ADDRESS_SESSION_INIT
 */
void address_session_end(struct address_session *session)
{
	ipam_closep(&session->ipam);
	fd_closep(&session->lock);
}
