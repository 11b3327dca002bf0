/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/*
 * The cable between a throwaway host and the namespace "outside":
 *
 *	this host                      outside
 *	198.51.100.1/24        eth0 -- eth0  198.51.100.2/24
 *	2001:db8:51::1/64                    2001:db8:51::2/64
 */

void cable_plug(pid_t outside_pid);
