/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * What firewalld's forward chain does not accept it rejects, and an accept elsewhere does not help. A
 * link in the zone "trusted" may send anything anywhere; that containers may not is for our own table
 * to see to. firewalld has two configurations: the one in force, which a reload forgets, and the
 * permanent one, which a reload reads. The link goes into both.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "managers/connection.h"

#define FIREWALLD_NAME        "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH        "/org/fedoraproject/FirewallD1"
#define FIREWALLD_ZONE        "org.fedoraproject.FirewallD1.zone"
#define FIREWALLD_CONFIG      "org.fedoraproject.FirewallD1.config"
#define FIREWALLD_ZONE_CONFIG "org.fedoraproject.FirewallD1.config.zone"
#define TRUSTED               "trusted"

/**
 * firewalld_failed - say what firewalld answered instead
 * @e: filled
 * @r: negative, of the call
 * @answer: borrowed
 *
 * Returns @r, or -EEXIST (ERROR_CONFLICT) when the link is in another zone.
 */
static int firewalld_failed(struct error *e, int r, const sd_bus_error *answer)
{
	const char *said = answer->message ? answer->message : "";

	r = bus_failed(e, r, answer, "cannot change zone " TRUSTED " of firewalld");
	if (!strstr(said, "ZONE_CONFLICT"))
		return r;
	r = error_set(e, ERROR_CONFLICT, EEXIST, "links of containers are in another zone: %s",
		      said);
	return error_remedy(e, r, "see which: firewall-cmd --get-active-zones");
}

/**
 * zone_ask - call a method of the configuration in force that has a zone and a link
 * @managers: borrowed
 * @method: its name
 * @pattern: of links
 * @ret_reply: the answer; the caller releases it
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int zone_ask(struct managers *managers, const char *method, const char *pattern,
		    sd_bus_message **ret_reply, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(managers->bus, FIREWALLD_NAME, FIREWALLD_PATH, FIREWALLD_ZONE,
				   method, &answer, ret_reply, "ss", TRUSTED, pattern);

	return r < 0 ? firewalld_failed(e, r, &answer) : 0;
}

/**
 * permanent_ask - call a method of the permanent zone that has a link
 * @managers, @method, @pattern, @ret_reply, @e: as for zone_ask()
 *
 * Returns 0 or -errno.
 */
static int permanent_ask(struct managers *managers, const char *method, const char *pattern,
			 sd_bus_message **ret_reply, struct error *e)
{
	_cleanup_(bus_error_free) sd_bus_error answer = SD_BUS_ERROR_NULL;
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int r = sd_bus_call_method(managers->bus, FIREWALLD_NAME, FIREWALLD_PATH "/config",
				   FIREWALLD_CONFIG, "getZoneByName", &answer, &reply, "s",
				   TRUSTED);

	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_call_method(managers->bus, FIREWALLD_NAME, path, FIREWALLD_ZONE_CONFIG,
				       method, &answer, ret_reply, "s", pattern);
	return r < 0 ? firewalld_failed(e, r, &answer) : 0;
}

/* The two configurations. */
static int (*const asks[])(struct managers *managers, const char *method, const char *pattern,
			   sd_bus_message **ret_reply,
			   struct error *e) = { zone_ask, permanent_ask };

/**
 * configuration_has - whether links are in the zone in one of the two configurations
 * @managers: borrowed
 * @which: index into asks
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
static int configuration_has(struct managers *managers, size_t which, const char *pattern,
			     struct error *e)
{
	_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
	int has = 0;
	int r = asks[which](managers, "queryInterface", pattern, &reply, e);

	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "b", &has);
	return r < 0 ? error_errno(e, -r, "firewalld does not say what is in zone " TRUSTED) : has;
}

/**
 * firewalld_running - whether firewalld runs
 * @managers: borrowed
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
int firewalld_running(struct managers *managers, struct error *e)
{
	return connection_has(managers, FIREWALLD_NAME, e);
}

/**
 * firewalld_admits - whether links are in the zone in both configurations
 * @managers: borrowed
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 or -errno.
 */
int firewalld_admits(struct managers *managers, const char *pattern, struct error *e)
{
	int r = 1;

	for (size_t i = 0; r > 0 && i < ARRAY_SIZE(asks); i++)
		r = configuration_has(managers, i, pattern, e);
	return r;
}

/**
 * firewalld_set - have links in the zone in both configurations, or in none
 * @managers: borrowed
 * @pattern: of links
 * @there: 1 or 0: how it shall be
 * @method: that makes it so
 * @e: filled on failure
 *
 * Returns 1, 0 when it was so, or -errno.
 */
static int firewalld_set(struct managers *managers, const char *pattern, int there,
			 const char *method, struct error *e)
{
	int done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		_cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
		int r = configuration_has(managers, i, pattern, e);

		if (r >= 0 && r != there) {
			r = asks[i](managers, method, pattern, &reply, e);
			done = 1;
		}
		if (r < 0)
			return r;
	}
	return done;
}

/**
 * firewalld_admit - put links into the zone
 * @managers: borrowed
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 when they were there, or -errno.
 */
int firewalld_admit(struct managers *managers, const char *pattern, struct error *e)
{
	return firewalld_set(managers, pattern, 1, "addInterface", e);
}

/**
 * firewalld_dismiss - take links out of the zone
 * @managers: borrowed
 * @pattern: of links
 * @e: filled on failure
 *
 * Returns 1, 0 when they were not there, or -errno.
 */
int firewalld_dismiss(struct managers *managers, const char *pattern, struct error *e)
{
	return firewalld_set(managers, pattern, 0, "removeInterface", e);
}
