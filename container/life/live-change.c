/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/definitions/definition.h"
#include "container/life/redefine.h"

/*
 * Theory of operation
 *
 * What is attached is made what a definition says by the function that attaches: it looks, and changes
 * what differs. That is all there is to do while a container runs, where the change is one that it can
 * see: another address, MAC or bridge, a bridge or none, one more link. What a definition does not ask for it does not
 * look at, so what is not to be there any more, a family of addresses or a link, is taken away by the
 * definition of before (withdraw.c). Where there is a cable or none from now on, it needs a start.
 */

/**
 * has_macvlan - whether a link has a MAC that is derived from the cable's
 * @definition: borrowed
 */
static bool has_macvlan(const struct definition *definition)
{
	for (size_t i = 0; i < definition->n_extras; i++)
		if (definition->extras[i].kind == VETH_EXTRA_MACVLAN)
			return true;
	return false;
}

/**
 * cable_can_change - whether the network of a container that runs can be made what it is to be
 * @is_file, @wanted_file: its definitions, borrowed
 *
 * One that cannot be read has no network that could be changed.
 */
bool cable_can_change(const struct environment_file *is_file,
		      const struct environment_file *wanted_file)
{
	struct definition is = { .n_peers = 0 }, wanted = { .n_peers = 0 };

	if (definition_take(is_file, &is, NULL) < 0 ||
	    definition_take(wanted_file, &wanted, NULL) < 0)
		return false;
	return is.private_network && wanted.private_network && is.cable == wanted.cable &&
	       (!has_macvlan(&is) || mac_equal(&is.mac, &wanted.mac));
}
