/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "nat/ruleset.h"

/*
 * Whether what the kernel has is what inet-ruleset.c says: objects by the attributes that make them what
 * they are, rules in their normal form. Messages are the kernel's answers, whole.
 */

const struct nlattr *message_attribute(const struct nlmsghdr *message, unsigned type);
void counter_take(const struct nlattr *data, struct nat_counter *counter);
const struct nlattr *nested_attribute(const struct nlattr *outer, unsigned type);

bool table_is_foreign(const struct object *table, const struct nlmsghdr *actual);
bool object_is_right(const struct object *object, const struct nlmsghdr *actual);
const struct rule *chain_rule(const struct ruleset *ruleset, const char *chain, size_t index,
			      unsigned parts);
int rule_is_right(const struct rule *rule, const struct nlmsghdr *answer, struct error *e);
