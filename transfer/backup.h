/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "transfer/transfer.h"

int backup_path(const struct paths *paths, const char *file, char path[PATH_MAX], struct error *e);
