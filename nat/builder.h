/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libnftnl/rule.h>
#include <netinet/in.h> /* before those of the kernel, which make way for it */
#include <stdint.h>
#include <string.h>

struct word; /* expression.h */

/* How a rule grows, expression by expression. Words that mean more are in expression.c. */

/* One attribute of an expression. */
struct field {
	uint16_t type;
	const void *value;
	uint32_t size;
};

#define FIELD_U32(type_, value_)                                         \
	{                                                                \
		(type_), &(const uint32_t){ (value_) }, sizeof(uint32_t) \
	}
#define FIELD_STRING(type_, text_)                            \
	{                                                     \
		(type_), (text_), (uint32_t)strlen(text_) + 1 \
	}
#define FIELD_BYTES(type_, bytes_, size_)  \
	{                                  \
		(type_), (bytes_), (size_) \
	}

/* The kernel tells attributes that it does not take. */
enum rule_form {
	RULE_SENT, /* as it is sent */
	RULE_READ, /* as it comes back */
};

/* A rule under construction. Once something fails the rest is skipped. */
struct builder {
	struct nftnl_rule *rule;
	enum rule_form form;
	int r;
};

/* Puts an expression behind the others of a rule. All further arguments are its fields. */
#define EXPRESSION(builder, name, ...)                                       \
	expression_add(builder, name, (const struct field[]){ __VA_ARGS__ }, \
		       sizeof((const struct field[]){ __VA_ARGS__ }) / sizeof(struct field))

void expression_add(struct builder *builder, const char *name, const struct field *fields,
		    size_t count);
void put_meta(struct builder *builder, uint32_t key);
void put_compare(struct builder *builder, uint32_t operator, const void * value, uint32_t size);
void put_lookup(struct builder *builder, const char *set, uint32_t flags);
void put_update(struct builder *builder, const char *set, unsigned timeout);
void put_ct_bits(struct builder *builder, uint32_t key, uint32_t bits);

/* port-words.c: the words that only published ports need. */
void put_port_word(struct builder *builder, const struct word *word);

/* outside-words.c: the words about those who get out and how. */
void put_outside_word(struct builder *builder, const struct word *word);

/* pin-words.c: the words that tell who sent a packet, and what it is. */
void put_pin_word(struct builder *builder, const struct word *word);
