/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What an attendant and the first program of a container say to each other, over a FIFO. */

#define ATTENDANT_PROGRAM "/run/nixctr-net-init"    /* where the first program is inside */
#define ATTENDANT_INSIDE  "/run/nixctr-net-network" /* where the FIFO is inside */
#define ATTENDANT_DONE    '+'                       /* anything else: failed */
