/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/rules/records.h"

/*
 * What a container publishes, as it is recorded in /run: one file for each, one line for each port or
 * for several in a row,
 *
 *	tcp 8080 10.233.1.2 80 - ve-foo
 *	tcp 9000-9010 10.233.1.2 9000 - ve-foo 192.0.2.1%eth0
 *
 * protocol, ports of the host, address and first port of the container, a word that only earlier
 * versions need, which may be an address, the link through which it is reached, and what the ports are
 * bound to.
 */

extern const struct records_kind forward_records; /* of struct nat_forwards */
