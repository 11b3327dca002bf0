/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"

/* One published port, or a range of them, as definitions and the command line write it. */

/* What a word says. */
enum port_form {
	PORT_OF_HOST, /* ports of the host; those inside are the same unless somebody knows better */
	PORT_AND_INSIDE, /* both */
};

int port_parse(const char *word, struct port *ret_port, enum port_form *ret_form, struct error *e);
