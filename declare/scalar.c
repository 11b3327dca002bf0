/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options whose value is one thing, or a list of texts. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "declare/option.h"
#include "declare/value.h"

/**
 * text_check - have a value that is a text
 * @spot: where it is, borrowed
 * @value: borrowed
 * @wanted: what it should be, in words
 * @ret_text: it, borrowed
 * @e: names the spot
 *
 * Lines are not to be had: a definition has one for each key.
 *
 * Returns 0 or -EINVAL.
 */
static int text_check(const struct spot *spot, json_t *value, const char *wanted,
		      const char **ret_text, struct error *e)
{
	const char *text = json_string_value(value);

	if (!text)
		return spot_type(spot, value, wanted, e);
	if (!text[0] || strpbrk(text, "\n\r") || strlen(text) != json_string_length(value))
		return spot_wrong(spot, e, "is '%.80s', and should be %s", text, wanted);
	*ret_text = text;
	return 0;
}

/**
 * take_flag - an option that is true or false
 * @taking: gets the key with 1 or 0
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_flag(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e)
{
	if (!json_is_boolean(value))
		return spot_type(spot, value, "true or false", e);
	if (strcmp(option->name, "privateNetwork") == 0) {
		taking->private_network = json_is_true(value);
		return 0; /* taking_end() gives the key */
	}
	return taking_give(taking, option->key, json_is_true(value) ? "1" : "0", e);
}

/**
 * take_address - an option that is an address, with a prefix length perhaps
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_address(struct taking *taking, const struct declare_option *option,
		 const struct spot *spot, json_t *value, struct error *e)
{
	sa_family_t family = strchr(option->name, '6') ? AF_INET6 : AF_INET;
	const char *wanted = family == AF_INET6 ? "an IPv6 address" : "an IPv4 address";
	struct prefix prefix;
	const char *text = "";
	int r = text_check(spot, value, wanted, &text, e);

	if (r < 0)
		return r;
	if (prefix_parse(text, &prefix, NULL) < 0 || prefix.addr.family != family)
		return spot_wrong(spot, e, "is '%.80s', and should be %s", text, wanted);
	taking->wired = true;
	return taking_give(taking, option->key, text, e);
}

/**
 * take_mac - an option that is an Ethernet address
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_mac(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	     json_t *value, struct error *e)
{
	struct mac mac;
	const char *text = "";
	int r = text_check(spot, value, "an Ethernet address", &text, e);

	if (r < 0)
		return r;
	if (mac_parse(text, &mac, NULL) < 0)
		return spot_wrong(spot, e, "is '%.80s', and should be an Ethernet address", text);
	return taking_give(taking, option->key, text, e);
}

/**
 * take_link - an option that is the name of a link
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_link(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e)
{
	const char *text = "";
	int r = text_check(spot, value, "the name of a link", &text, e);

	if (r < 0)
		return r;
	if (strpbrk(text, "/: \t") || strlen(text) >= IFNAMSIZ)
		return spot_wrong(spot, e, "is '%.80s', and should be the name of a link", text);
	taking->wired = true;
	return taking_give(taking, option->key, text, e);
}

/**
 * take_path - an option that is an absolute path
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_path(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e)
{
	const char *text = "";
	int r = text_check(spot, value, "an absolute path", &text, e);

	if (r == 0 && text[0] != '/')
		r = spot_wrong(spot, e, "is '%.80s', and should be an absolute path", text);
	if (r < 0)
		return r;
	taking->wired = true; /* networkNamespace */
	return taking_give(taking, option->key, text, e);
}

/**
 * take_text - an option that is a text or a number
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_text(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e)
{
	char number[32];
	const char *text = number;
	int r = 0;

	if (json_is_integer(value))
		(void)snprintf(number, sizeof(number), "%lld",
			       (long long)json_integer_value(value));
	else
		r = text_check(spot, value, "a text", &text, e);
	return r < 0 ? r : taking_give(taking, option->key, text, e);
}

/**
 * take_time - an option that is a time span
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_time(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e)
{
	const char *text = json_string_value(value);

	if (text && !value_is_time(text))
		return spot_wrong(spot, e, "is '%.80s', and should be a time such as 5min", text);
	return take_text(taking, option, spot, value, e);
}

/**
 * take_words - an option that is a list of texts
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_words(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e)
{
	_cleanup_(words_deinit) struct words words = { 0 };
	bool links = strcmp(option->key, "INTERFACES") == 0 || strcmp(option->key, "MACVLANS") == 0;
	int r = 0;

	if (!json_is_array(value))
		return spot_type(spot, value, "a list of texts", e);
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		struct spot inner;
		const char *text = "";

		spot_enter_index(spot, i, &inner);
		r = text_check(&inner, json_array_get(value, i), "a text", &text, e);
		if (r == 0 && links && strpbrk(text, " \t\\\"'"))
			r = spot_wrong(&inner, e, "is '%.80s', and should be the name of a link",
				       text);
		if (r == 0)
			r = words_add(&words, e, "%s", text);
	}
	taking->wired |= links && words.count;
	return r < 0 ? r : taking_give_words(taking, option->key, &words, e);
}

/**
 * take_pinned - whether a container may send under its own addresses only
 * @taking: gets the key when it is false
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_pinned(struct taking *taking, const struct declare_option *option, const struct spot *spot,
		json_t *value, struct error *e)
{
	if (!json_is_boolean(value))
		return spot_type(spot, value, "true or false", e);
	return json_is_true(value) ? 0 : taking_give(taking, option->key, "0", e);
}

/**
 * take_untouched - restartIfChanged
 * @taking: changed
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_untouched(struct taking *taking, const struct declare_option *option,
		   const struct spot *spot, json_t *value, struct error *e)
{
	(void)option;
	if (!json_is_boolean(value))
		return spot_type(spot, value, "true or false", e);
	taking->declared->untouched = json_is_false(value);
	return 0;
}

/**
 * take_nothing - an option that only Nix makes use of
 * @taking, @option, @spot, @value, @e: not used
 *
 * Returns 0.
 */
int take_nothing(struct taking *taking, const struct declare_option *option,
		 const struct spot *spot, json_t *value, struct error *e)
{
	(void)taking;
	(void)option;
	(void)spot;
	(void)value;
	(void)e;
	return 0;
}

/**
 * value_copy - what a key is to have
 * @text: borrowed
 * @from, @to: a character that stands in @text, and the one that takes its place; equal: none
 * @ret_value: the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int value_copy(const char *text, char from, char to, char **ret_value, struct error *e)
{
	char *value = strdup(text);

	if (!value)
		return error_errno(e, ENOMEM, "cannot set anything");
	for (char *p = value; *p; p++)
		if (*p == from)
			*p = to;
	*ret_value = value;
	return 0;
}

/**
 * flag_parse - read true or false
 * @option: borrowed
 * @text: as typed
 * @e: names the option
 *
 * Returns 1, 0 or -EINVAL.
 */
static int flag_parse(const struct declare_option *option, const char *text, struct error *e)
{
	static const char *const words[] = { "false", "true", "0", "1", "no", "yes", "off", "on" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0)
			return i % 2;
	return error_set(e, ERROR_USAGE, EINVAL, "%s is '%.40s', and should be true or false",
			 option->name, text);
}

/**
 * set_flag - an option that is true or false
 * @option, @text: borrowed
 * @ret_value: the caller frees it
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int set_flag(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e)
{
	int r = text[0] ? flag_parse(option, text, e) : 0;

	return r < 0 ? r : value_copy(!text[0] ? "" : r ? "1" : "0", 0, 0, ret_value, e);
}

/**
 * set_pinned - pinned
 * @option, @text: borrowed
 * @ret_value: the caller frees it
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int set_pinned(const struct declare_option *option, const char *text, char **ret_value,
	       struct error *e)
{
	int r = text[0] ? flag_parse(option, text, e) : 1;

	return r < 0 ? r : value_copy(r ? "" : "0", 0, 0, ret_value, e);
}

/**
 * set_text - an option that is a text
 * @option, @text: borrowed
 * @ret_value: the caller frees it
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int set_text(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e)
{
	if (strpbrk(text, "\n\r"))
		return error_set(e, ERROR_USAGE, EINVAL, "%s has more than one line", option->name);
	return value_copy(text, 0, 0, ret_value, e);
}

/**
 * set_time - an option that is a time span
 * @option, @text: borrowed
 * @ret_value: the caller frees it
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int set_time(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e)
{
	if (text[0] && !value_is_time(text))
		return error_set(e, ERROR_USAGE, EINVAL,
				 "%s is '%.40s', and should be a time such as 5min", option->name,
				 text);
	return set_text(option, text, ret_value, e);
}

/**
 * set_list - an option that is a list of names, with commas or blanks
 * @option, @text: borrowed
 * @ret_value: the caller frees it
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int set_list(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e)
{
	_cleanup_(freep) char *line = NULL;
	int r = set_text(option, text, &line, e);

	return r < 0 || !line ? r : value_copy(line, ',', ' ', ret_value, e);
}

/**
 * set_commas - an option that is a list of ports, with commas or blanks
 * @option, @text: borrowed
 * @ret_value: the caller frees it
 * @e: names the option
 *
 * Returns 0 or -EINVAL.
 */
int set_commas(const struct declare_option *option, const char *text, char **ret_value,
	       struct error *e)
{
	_cleanup_(freep) char *line = NULL;
	int r = set_text(option, text, &line, e);

	return r < 0 || !line ? r : value_copy(line, ' ', ',', ret_value, e);
}
