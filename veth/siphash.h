/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). */

#define SIPHASH_KEY 16 /* bytes */

uint64_t siphash24(const uint8_t key[SIPHASH_KEY], const void *data, size_t size);
