/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "container/definitions/definitions.h"

/* A flake as it is typed, REF or REF#ATTR. */

int flake_parse(const char *text, char flake[FLAKE_MAX], char attr[FLAKE_ATTR_MAX],
		struct error *e);
