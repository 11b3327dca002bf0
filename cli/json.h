/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/error.h"
#include "cli/column.h"
#include "cli/session.h"

/*
 * Answers for programs. Values are put together with json_pack(), which gives NULL when any part
 * could not be made; json_print() reports that once.
 */

json_t *json_text(const char *text);
json_t *json_addr(const struct addr *addr);
json_t *json_mac(const struct mac *mac);
json_t *json_row(const struct selection *selection, const void *row);
json_t *json_rows(const struct listing *listing, const struct selection *selection,
		  const void *rows, size_t count);
json_t *json_lines(const char *lines, size_t stride, size_t count);
json_t *json_error(const struct session *session, const struct error *e);
int json_print(json_t *answer, struct error *e);
void json_fail(const struct session *session, const struct error *e);
