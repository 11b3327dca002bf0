/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/extack.h"

/*
 * Attributes of rtnetlink messages: their values, read without trust in their lengths, and their
 * names. An attribute that is NULL or too short reads as zero.
 */

struct nlattr;

uint8_t attribute_u8(const struct nlattr *attribute);
uint32_t attribute_u32(const struct nlattr *attribute);
void attribute_text(const struct nlattr *attribute, char *text, size_t size);
struct addr attribute_addr(const struct nlattr *attribute, sa_family_t family);
const struct nlattr *attribute_find(const struct nlattr *nest, int type);
void attribute_names(uint16_t message_type, struct extack_request *request);
