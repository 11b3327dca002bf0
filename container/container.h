/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The only place where an address, an interface and a rule meet.
 *
 *	create   name -> lease -> definition file
 *	attach   definition -> description -> namespace -> cable -> NAT, without the address book
 *	destroy  detach, definition file, lease
 *
 * What others may know of it, one header of each room. A room knows those that stand before it.
 */

#include "container/settings/settings.h"

#include "container/definitions/definitions.h"

#include "container/addresses/addresses.h"
#include "container/boot/boot.h"
#include "container/rules/rules.h"

#include "container/attach/attach.h"

#include "container/life/life.h"

#include "container/declared/declared.h"
#include "container/watch/watch.h"
