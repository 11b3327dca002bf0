/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>
#include <stddef.h>

/*
 * What mends that the kernel lacks a feature which message @asked takes, as it has said in @answer.
 * Returns @text, or NULL when it does not tell which.
 */
const char *feature_remedy(const struct nlmsghdr *asked, const struct nlmsghdr *answer, char *text,
			   size_t size);
