/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/rule.h>
#include <net/if.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nat/nat.h"

/*
 * Rules that others have made, and what they would do to packets of containers.
 *
 * Nothing is sent to find out. A sample packet is led through their chains; of each rule we say for
 * how many of the packets that it stands for it holds: none, some, all, or that we cannot tell.
 */

/* For how many of the packets that a sample stands for. Of two that must both hold: the smaller. */
enum certainty {
	CERTAIN_NONE,
	CERTAIN_SOME,   /* it asks for something that differs between them, such as a port */
	CERTAIN_UNSURE, /* it asks for something that we do not know */
	CERTAIN_ALL,
};

/* A sample of the packets that go one way. */
struct packet {
	enum nat_passage passage;
	const struct prefix
		*network; /* the internal one whose it is, borrowed; NULL: a container's */
	uint8_t family;   /* NFPROTO_IPV4, NFPROTO_IPV6 */
	char iif[IFNAMSIZ], oif[IFNAMSIZ];
	unsigned iif_index, oif_index; /* 0: of a link that nobody names */
	bool oif_known;                /* not before it is routed */
	bool saddr_known, daddr_known;
	uint8_t saddr[16], daddr[16];
	uint32_t ct_state;  /* NF_CT_STATE_BIT() of one */
	uint32_t ct_status; /* IPS_... */
	uint8_t ct_direction;
};

enum verdict {
	VERDICT_NONE,
	VERDICT_ACCEPT,
	VERDICT_DROP,
	VERDICT_REJECT,
	VERDICT_RETURN,
	VERDICT_JUMP,
	VERDICT_GOTO,
};

#define FOREIGN_NAME_MAX 128 /* of a table, chain or set; see NFT_NAME_MAXLEN, few are so long */

/* What a rule does with a packet. */
struct judgement {
	enum certainty certainty;
	enum verdict verdict;
	char chain[FOREIGN_NAME_MAX]; /* VERDICT_JUMP, VERDICT_GOTO */
	char unknown[48];             /* CERTAIN_UNSURE: what we do not know */
};

struct foreign_chain {
	uint8_t family;
	char table[FOREIGN_NAME_MAX];
	char name[FOREIGN_NAME_MAX];
	bool base;     /* packets come to it by themselves */
	bool drops;    /* its policy, when it is one */
	unsigned hook; /* NF_INET_... */
	int priority;
	bool filter; /* no chain for NAT, which only first packets see */
	size_t first_rule, n_rules;
};

struct foreign_ruleset;

/* Where a rule is; what it is like only those know who have read it. */
struct foreign_ops {
	void (*judge)(const struct foreign_ruleset *ruleset, const struct foreign_chain *chain,
		      size_t rule, const struct packet *packet, struct judgement *ret_judgement);
};

struct foreign_ruleset {
	const struct foreign_ops *ops;
	struct nat *nat; /* to ask for elements of sets */
	bool legacy;     /* of iptables-legacy, which nf_tables does not know */
	uint8_t family;  /* then */
	size_t n_chains, n_rules, size_chains, size_rules;
	size_t reading; /* the chain that the last rule was of */
	struct foreign_chain *chains;
	struct nftnl_rule **rules; /* NULL: one that the library cannot read */
	uint8_t *entries;          /* of iptables-legacy, all of a table */
	size_t *offsets;           /* of each rule in there */
};

/* What becomes of a packet in a base chain. */
struct walk_end {
	enum verdict verdict; /* VERDICT_ACCEPT, VERDICT_DROP or VERDICT_REJECT */
	bool unsure;          /* something before that end may have accepted it */
	char unknown[48];     /* what */
	const char *chain;    /* where it was dropped, borrowed from the ruleset */
	size_t rule;          /* by which rule of it, from 1; 0: by the policy */
};

/* foreign-packet.c */
size_t packets_make(const struct nat_traffic *traffic, const char *link, struct packet *packets,
		    size_t room);
struct packet packet_at(const struct packet *packet, unsigned hook);
#define PACKETS_MAX (6 + 2 * NAT_INTERNAL_MAX)

/* foreign-ruleset.c */
struct foreign_chain *foreign_add_chain(struct foreign_ruleset *ruleset, uint8_t family,
					const char *table, const char *name);
struct foreign_chain *foreign_find_chain(const struct foreign_ruleset *ruleset, size_t from,
					 uint8_t family, const char *table, const char *name);
bool foreign_room_for_rule(struct foreign_ruleset *ruleset);
void foreign_ruleset_deinit(struct foreign_ruleset *ruleset);

/* foreign-walk.c */
struct walk_end foreign_walk(const struct foreign_ruleset *ruleset,
			     const struct foreign_chain *base, const struct packet *packet);

/* foreign-read.c: those of nf_tables, foreign-legacy.c: those of iptables-legacy */
int foreign_read(struct nat *nat, struct foreign_ruleset *ruleset, struct error *e);
int legacy_read(uint8_t family, const char *table, struct foreign_ruleset *ruleset,
		struct error *e);

/* foreign-judge.c: expressions of nf_tables */
void foreign_judge(const struct foreign_ruleset *ruleset, const struct foreign_chain *chain,
		   size_t rule, const struct packet *packet, struct judgement *ret_judgement);

/* foreign-set.c. foreign_verdict(): of the kernel's numbers. foreign_set_has(): returns for how many it holds; a map's verdict goes to @judgement. */
enum verdict foreign_verdict(uint32_t number);
enum certainty foreign_set_has(struct nat *nat, const struct foreign_chain *chain, const char *set,
			       const uint8_t *key, const uint8_t *known, size_t room,
			       struct judgement *judgement);

/* foreign-extension.c: matches and targets of iptables, which nf_tables has as well */
enum certainty extension_match(const char *name, unsigned revision, const void *data, size_t size,
			       const struct packet *packet);
void extension_target(const char *name, struct judgement *judgement);

/* foreign-owner.c */
enum nat_owner foreign_owner(const struct foreign_ruleset *ruleset,
			     const struct foreign_chain *base, const struct walk_end *end);
