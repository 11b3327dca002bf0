/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/network.h"

/* Putting back what others have changed: see network_mend_rules(), whose parts these are. */

enum mend_ports {
	MEND_PORTS_WITH_TABLE, /* published ports come back with the table, when it is made anew */
	MEND_PORTS_EACH,       /* each is looked for */
};

/* For who has the locks of the rules and, shared, of the forwards. Returns 1, 0 or -errno. */
int rules_mend(struct network *network, struct nat *nat, enum mend_ports ports, struct error *e);
