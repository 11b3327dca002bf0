/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * room_make - make room for one more member of an array
 * @list: the array
 * @size: how many it has room for, changed
 * @count: how many it has
 * @member: bytes of each
 *
 * Returns the array, perhaps elsewhere, or NULL without memory; then it is as it was.
 */
static void *room_make(void *list, size_t *size, size_t count, size_t member)
{
	size_t more = *size ? 2 * *size : 64;

	if (count < *size)
		return list;
	list = reallocarray(list, more, member);
	if (list)
		*size = more;
	return list;
}

/**
 * foreign_add_chain - add a chain to a ruleset
 * @ruleset: changed
 * @family, @table, @name: of the chain; names that are too long are cut off
 *
 * Its rules are those that are added before the next one.
 *
 * Returns it, borrowed until the next one is added; NULL without memory.
 */
struct foreign_chain *foreign_add_chain(struct foreign_ruleset *ruleset, uint8_t family,
					const char *table, const char *name)
{
	struct foreign_chain *chains = room_make(ruleset->chains, &ruleset->size_chains,
						 ruleset->n_chains, sizeof(*chains));
	struct foreign_chain *chain;

	if (!chains)
		return NULL;
	ruleset->chains = chains;
	chain = &chains[ruleset->n_chains++];
	*chain = (struct foreign_chain){ .family = family, .first_rule = ruleset->n_rules };
	(void)snprintf(chain->table, sizeof(chain->table), "%s", table);
	(void)snprintf(chain->name, sizeof(chain->name), "%s", name);
	return chain;
}

/**
 * foreign_find_chain - find a chain of a table
 * @ruleset: borrowed
 * @from: where to begin to look: an index of chains
 * @family, @table, @name: of the chain
 *
 * Returns it, borrowed, or NULL.
 */
struct foreign_chain *foreign_find_chain(const struct foreign_ruleset *ruleset, size_t from,
					 uint8_t family, const char *table, const char *name)
{
	for (size_t i = 0; i < ruleset->n_chains; i++) {
		struct foreign_chain *chain = &ruleset->chains[(from + i) % ruleset->n_chains];

		if (chain->family == family && strcmp(chain->name, name) == 0 &&
		    strcmp(chain->table, table) == 0)
			return chain;
	}
	return NULL;
}

/**
 * foreign_room_for_rule - make room for one more rule, nf_tables' or iptables'
 * @ruleset: changed
 *
 * Returns whether there was memory.
 */
bool foreign_room_for_rule(struct foreign_ruleset *ruleset)
{
	size_t size = ruleset->size_rules;
	void *list;

	if (ruleset->legacy) {
		list = room_make(ruleset->offsets, &size, ruleset->n_rules,
				 sizeof(*ruleset->offsets));
		if (list)
			ruleset->offsets = list;
	} else {
		list = room_make((void *)ruleset->rules, &size, ruleset->n_rules,
				 sizeof(struct nftnl_rule *));
		if (list)
			ruleset->rules = list;
	}
	ruleset->size_rules = size;
	return list != NULL;
}

/**
 * foreign_ruleset_deinit - free what a ruleset has, for _cleanup_()
 * @ruleset: not usable afterwards; an empty one is fine
 */
void foreign_ruleset_deinit(struct foreign_ruleset *ruleset)
{
	for (size_t i = 0; ruleset->rules && i < ruleset->n_rules; i++)
		if (ruleset->rules[i])
			nftnl_rule_free(ruleset->rules[i]);
	free(ruleset->chains);
	free((void *)ruleset->rules);
	free(ruleset->entries);
	free(ruleset->offsets);
}
