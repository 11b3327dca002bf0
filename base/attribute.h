/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Takes the attributes away that forbid to remove a file: immutable and append-only, see chattr(1).
 * Tried and not reported: whether it has helped, the removal that is tried again will tell.
 */
void attribute_clear(int directory, const char *name);
