/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * Each check looks at one thing and adds what it finds; none changes anything. One that could not find
 * out says that, which is another thing than that something is wrong, and the others go on.
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "container/rules/blockers.h"
#include "container/rules/masquerade.h"
#include "managers/managers.h"

/* Where the installation puts what keeps managers off our links. */
#define NETWORKMANAGER_FILE NIXCTR_NET_LIB "/NetworkManager/conf.d/10-nixctr-net.conf"
#define NETWORKD_FILE       NIXCTR_NET_LIB "/systemd/network/10-nixctr-net.network"
#define DHCPCD_FILE         NIXCTR_NET_LIB "/systemd/system/dhcpcd.service.d/10-nixctr-net.conf"

/* Links that a configuration has to cover: no container has these names, so only patterns do. */
static const char *const any_links[] = { "ve-~", "vb-~" };

#define INOTIFY_LIMIT         "/proc/sys/fs/inotify/max_user_instances"
#define INOTIFY_PER_CONTAINER 7 /* of systemd in it */

/* What checks share. */
struct check_run {
	const struct paths *paths;
	const char *id; /* of the check that is at work */
	struct findings *findings;
	size_t n_links;
	char (*links)[IFNAMSIZ]; /* cables that are there */
	struct managers *managers;
};

/**
 * finding_add - add a finding of the check that is at work
 * @run: changed
 *
 * Returns it, to be filled, or NULL when there are too many.
 */
static struct finding *finding_add(struct check_run *run)
{
	struct findings *findings = run->findings;
	struct finding *finding;

	if (findings->count == FINDINGS_MAX)
		return NULL;
	finding = &findings->list[findings->count++];
	*finding = (struct finding){ .unread = false };
	(void)snprintf(finding->id, sizeof(finding->id), "%s", run->id);
	return finding;
}

/**
 * links_collect - find the cables of containers that are there
 * @run: its links are filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int links_collect(struct check_run *run, struct error *e)
{
	_cleanup_(freep) char(*names)[CONTAINER_NAME_MAX] = NULL;
	size_t count;
	int r = definition_names(run->paths, &names, &count, e);

	if (r < 0)
		return r;
	run->links = calloc(count ? count : 1, sizeof(*run->links));
	if (!run->links)
		return error_errno(e, ENOMEM, "cannot look at %zu containers", count);
	for (size_t i = 0; i < count; i++) {
		struct definition definition;
		char link[IFNAMSIZ], altname[VETH_ALTNAME_MAX];

		if (definition_read(run->paths, names[i], &definition, NULL) <= 0 ||
		    !definition.cable)
			continue;
		veth_link_name(names[i], definition.bridge[0], link, altname);
		if (if_nametoindex(link))
			memcpy(run->links[run->n_links++], link, sizeof(link));
	}
	return 0;
}

/**
 * ownership_explain - add that the tables should be owned and are not
 * @run: changed
 * @state: NAT as it is, borrowed
 */
static void ownership_explain(struct check_run *run, const struct masquerade_state *state)
{
	struct finding *finding;

	run->findings->owned =
		state->present && state->table.owned && (!state->bridged || state->bridge.owned);
	if (!state->settings.own_table || run->findings->owned ||
	    (!state->present && !state->unownable))
		return;
	finding = finding_add(run);
	if (!finding)
		return;
	(void)snprintf(finding->what, sizeof(finding->what), "%s",
		       state->unownable ? UNOWNABLE : "tables " NAT_TABLE " belong to nobody");
	(void)snprintf(finding->evidence, sizeof(finding->evidence),
		       "own_table is set in section [nat]");
	(void)snprintf(finding->cause, sizeof(finding->cause), "%s",
		       state->unownable ? "" : "nobody watches: they belong to nixctr-net watch");
	(void)snprintf(finding->fix, sizeof(finding->fix), "%s",
		       state->unownable ? "boot kernel 6.9 or later, or take the setting away"
					: "systemctl enable --now nixctr-net-watch");
}

/**
 * judgement_explain - add that nothing tells under which MAC a container on a cable sends
 * @run: changed
 * @state: NAT as it is, borrowed
 */
static void judgement_explain(struct check_run *run, const struct masquerade_state *state)
{
	struct finding *finding = state->unjudged ? finding_add(run) : NULL;

	if (!finding)
		return;
	(void)snprintf(finding->what, sizeof(finding->what),
		       "nothing tells under which MAC a container on a cable sends");
	(void)snprintf(finding->evidence, sizeof(finding->evidence),
		       "table inet " NAT_TABLE " has no chain mac");
	(void)snprintf(finding->cause, sizeof(finding->cause), "the kernel cannot hash in rules");
	(void)snprintf(finding->fix, sizeof(finding->fix),
		       "modprobe nft_hash (CONFIG_NFT_HASH), then nixctr-net nat apply");
}

/**
 * check_drift - look whether the kernel has what the settings say
 * @run: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_drift(struct check_run *run, struct error *e)
{
	struct masquerade_state state;
	int r = masquerade_read(run->paths, &state, e);

	if (r >= 0)
		ownership_explain(run, &state);
	if (r >= 0)
		judgement_explain(run, &state);
	for (size_t i = 0; r >= 0 && i < state.drift.count; i++) {
		struct finding *finding = finding_add(run);

		if (!finding)
			break;
		(void)snprintf(finding->what, sizeof(finding->what), "%s", state.drift.line[i]);
		(void)snprintf(finding->evidence, sizeof(finding->evidence),
			       "nft list table inet " NAT_TABLE);
		(void)snprintf(finding->cause, sizeof(finding->cause),
			       "somebody has changed it since it was made");
		(void)snprintf(finding->fix, sizeof(finding->fix), "nixctr-net nat apply");
	}
	return r < 0 ? r : 0;
}

/**
 * check_blockers - look whether rules of others drop what should pass
 * @run: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_blockers(struct check_run *run, struct error *e)
{
	struct nat_blockers blockers;
	int r = blockers_find(run->paths, &blockers, e);

	for (size_t i = 0; r >= 0 && i < blockers.count; i++) {
		struct finding *finding = finding_add(run);

		if (!finding)
			break;
		blocker_explain(&blockers.list[i], finding);
	}
	return r < 0 ? r : 0;
}

/* A manager of links that is asked about each of them. */
struct link_manager {
	const char *name;
	int (*manages)(struct managers *managers, const char *link, struct manager_claim *ret_claim,
		       struct error *e);
	const char *file;   /* of ours that keeps it off */
	const char *reload; /* what makes it read that */
};

/**
 * claim_report - say that a manager has taken links of containers
 * @run: changed
 * @manager: which, borrowed
 * @link: the first of them
 * @count: how many
 * @claim: what it says of the first, borrowed
 */
static void claim_report(struct check_run *run, const struct link_manager *manager,
			 const char *link, size_t count, const struct manager_claim *claim)
{
	struct finding *finding = finding_add(run);
	char path[PATH_MAX];
	bool installed = path_format(path, sizeof(path), NULL, "%s%s", run->paths->root,
				     manager->file) == 0 &&
			 access(path, F_OK) == 0;

	if (!finding)
		return;
	if (count > 1)
		(void)snprintf(finding->what, sizeof(finding->what),
			       "%s manages link %s and %zu other links of containers",
			       manager->name, link, count - 1);
	else
		(void)snprintf(finding->what, sizeof(finding->what), "%s manages link %s",
			       manager->name, link);
	(void)snprintf(finding->evidence, sizeof(finding->evidence), "it says that %s is %s%s%s",
		       link, claim->state, claim->file[0] ? " by " : "", claim->file);
	if (installed)
		(void)snprintf(finding->cause, sizeof(finding->cause),
			       "it has not read %s, or another file says otherwise", manager->file);
	else
		(void)snprintf(finding->cause, sizeof(finding->cause), "%s is not there",
			       manager->file);
	(void)snprintf(finding->fix, sizeof(finding->fix), "%s%s", installed ? "" : "install it; ",
		       manager->reload);
}

/**
 * check_manager - look whether a manager of links has taken any of ours
 * @run: changed
 * @manager: which, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_manager(struct check_run *run, const struct link_manager *manager, struct error *e)
{
	struct manager_claim claim, first = { .file = "" };
	const char *link = NULL;
	size_t count = 0;
	int r = 0;

	if (!run->managers && run->n_links)
		r = managers_open(&run->managers, e);
	/* Without a bus neither of them runs. */
	if (r == -ENOENT)
		return 0;
	for (size_t i = 0; r >= 0 && i < run->n_links; i++) {
		r = manager->manages(run->managers, run->links[i], &claim, e);
		if (r > 0 && count++ == 0) {
			link = run->links[i];
			first = claim;
		}
	}
	if (r >= 0 && link)
		claim_report(run, manager, link, count, &first);
	return r < 0 ? r : 0;
}

/**
 * check_networkmanager - look whether NetworkManager has taken any of our links
 * @run: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_networkmanager(struct check_run *run, struct error *e)
{
	static const struct link_manager manager = {
		"NetworkManager", networkmanager_manages, NETWORKMANAGER_FILE,
		"systemctl restart NetworkManager; nixctr-net net up --all"
	};

	return check_manager(run, &manager, e);
}

/**
 * check_networkd - look whether systemd-networkd has taken any of our links
 * @run: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_networkd(struct check_run *run, struct error *e)
{
	static const struct link_manager manager = {
		"systemd-networkd", networkd_manages, NETWORKD_FILE,
		"systemctl restart systemd-networkd; nixctr-net net up --all"
	};

	return check_manager(run, &manager, e);
}

/**
 * check_dhcpcd - look whether a dhcpcd takes every link that appears
 * @run: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_dhcpcd(struct check_run *run, struct error *e)
{
	int r = dhcpcd_manages(run->paths->root, any_links, ARRAY_SIZE(any_links), e);
	struct finding *finding = r > 0 ? finding_add(run) : NULL;

	if (!finding)
		return r < 0 ? r : 0;
	(void)snprintf(finding->what, sizeof(finding->what), "dhcpcd manages links of containers");
	(void)snprintf(finding->evidence, sizeof(finding->evidence),
		       "it runs for all links, and no denyinterfaces in the configuration that it "
		       "reads has ve-* and vb-*");
	(void)snprintf(finding->cause, sizeof(finding->cause),
		       DHCPCD_FILE " was not there when it was started, or is of another service");
	(void)snprintf(
		finding->fix, sizeof(finding->fix),
		"systemctl daemon-reload; systemctl restart dhcpcd; when it is not started by "
		"that service, add the line \"denyinterfaces ve-* vb-*\" to its configuration");
	return 0;
}

/**
 * check_inotify - look whether more containers can boot
 * @run: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int check_inotify(struct check_run *run, struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length, needed = (run->n_links + 1) * INOTIFY_PER_CONTAINER;
	struct finding *finding;
	unsigned long limit;
	int r = file_read(INOTIFY_LIMIT, 64, &text, &length, e);

	if (r < 0)
		return r;
	limit = strtoul(text, NULL, 10);
	if (needed <= limit)
		return 0;
	finding = finding_add(run);
	if (!finding)
		return 0;
	(void)snprintf(finding->what, sizeof(finding->what),
		       "too few inotify instances for %zu containers and one more", run->n_links);
	(void)snprintf(finding->evidence, sizeof(finding->evidence),
		       "%s is %lu; systemd in each container takes %d", INOTIFY_LIMIT, limit,
		       INOTIFY_PER_CONTAINER);
	(void)snprintf(finding->cause, sizeof(finding->cause), "all of root's count together");
	(void)snprintf(finding->fix, sizeof(finding->fix),
		       "sysctl fs.inotify.max_user_instances=8192, and the same in /etc/sysctl.d");
	return 0;
}

/* Every check there is; further ones get a line. */
static const struct {
	const char *id;
	int (*run)(struct check_run *run, struct error *e);
} checks[] = {
	{ "nat-drift", check_drift },
	{ CHECK_FIREWALL, check_blockers },
	{ "networkmanager", check_networkmanager },
	{ "networkd", check_networkd },
	{ "dhcpcd", check_dhcpcd },
	{ "inotify-limit", check_inotify },
};

/**
 * check_run_one - run a check; what it cannot find out becomes a finding as well
 * @run: changed
 * @check: which
 */
static void check_run_one(struct check_run *run, size_t check)
{
	struct error e = ERROR_INIT;
	struct finding *finding;

	run->id = checks[check].id;
	if (checks[check].run(run, &e) >= 0)
		return;
	finding = finding_add(run);
	if (!finding)
		return;
	finding->unread = true;
	(void)snprintf(finding->what, sizeof(finding->what), "%.*s", (int)sizeof(finding->what) - 1,
		       e.text);
	(void)snprintf(finding->evidence, sizeof(finding->evidence), "%s", e.kernel);
	(void)snprintf(finding->fix, sizeof(finding->fix), "%s", e.remedy);
}

/**
 * check_nat - look at NAT as it is
 * @paths: borrowed
 * @only: the id of the one check to run, borrowed; NULL: all
 * @ret_findings: what is to be said; the caller frees the list
 * @e: filled on failure
 *
 * Returns 0, or -errno when nothing could be looked at.
 */
int check_nat(const struct paths *paths, const char *only, struct findings *ret_findings,
	      struct error *e)
{
	struct check_run run = { .paths = paths, .findings = ret_findings };
	int r;

	ret_findings->count = 0;
	ret_findings->owned = false;
	ret_findings->list = calloc(FINDINGS_MAX, sizeof(*ret_findings->list));
	if (!ret_findings->list)
		return error_errno(e, ENOMEM, "cannot check NAT");
	r = links_collect(&run, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(checks); i++)
		if (!only || strcmp(only, checks[i].id) == 0)
			check_run_one(&run, i);
	managers_close(run.managers);
	free(run.links);
	return r;
}
