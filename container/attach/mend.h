/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/attach/network.h"

/* Putting back what others have changed: see network_mend_rules(), whose parts these are. */

enum mend_elements {
	MEND_WITH_TABLE, /* ports, pins and peers come back with the table, when it is made anew */
	MEND_EACH_ELEMENT, /* each is looked for */
};

/* For who has the locks of the rules and, shared, of the forwards. Returns 1, 0 or -errno. */
int rules_mend(struct network *network, struct nat *nat, enum mend_elements each, struct error *e);
