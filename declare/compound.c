/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options whose value has options of its own, and those that say what a container boots. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "declare/compound.h"
#include "declare/value.h"

/**
 * fields_read - read the options of a set
 * @fields: those there are; their values are set, NULL where not given
 * @count: how many
 * @spot: where the set is, borrowed
 * @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int fields_read(struct field *fields, size_t count, const struct spot *spot, json_t *value,
		struct error *e)
{
	const char *name;
	json_t *inner;

	if (!json_is_object(value))
		return spot_type(spot, value, "a set", e);
	json_object_foreach(value, name, inner)
	{
		struct suggestion suggestion;
		size_t i = 0;

		suggestion_init(&suggestion, name);
		while (i < count && strcmp(fields[i].name, name) != 0)
			suggestion_try(&suggestion, fields[i++].name);
		if (i == count) {
			struct spot there;

			spot_enter(spot, name, &there);
			return spot_unknown(&there, suggestion.best, e);
		}
		fields[i].value = json_is_null(inner) ? NULL : inner;
	}
	return 0;
}

/**
 * field_text - a field that is a text
 * @field: borrowed
 * @spot: where the set is, borrowed
 * @ret_text: it, borrowed; NULL when it is not given
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int field_text(const struct field *field, const struct spot *spot, const char **ret_text,
	       struct error *e)
{
	const char *text = json_string_value(field->value);
	struct spot inner;

	*ret_text = NULL;
	if (!field->value)
		return 0;
	spot_enter(spot, field->name, &inner);
	if (!text)
		return spot_type(&inner, field->value, "a text", e);
	if (!text[0] || strpbrk(text, "\n\r"))
		return spot_wrong(&inner, e, "is '%.80s', which cannot be", text);
	*ret_text = text;
	return 0;
}

/**
 * field_port - a field that is a port
 * @field: borrowed
 * @spot: where the set is, borrowed
 * @ret_port: it; 0 when it is not given
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int field_port(const struct field *field, const struct spot *spot, int *ret_port,
		      struct error *e)
{
	struct spot inner;

	*ret_port = 0;
	if (!field->value)
		return 0;
	spot_enter(spot, field->name, &inner);
	if (!json_is_integer(field->value))
		return spot_type(&inner, field->value, "a port", e);
	if (json_integer_value(field->value) < 1 || json_integer_value(field->value) > UINT16_MAX)
		return spot_wrong(&inner, e, "is no port");
	*ret_port = (int)json_integer_value(field->value);
	return 0;
}

/**
 * port_take_set - a published port as a definition has it, from a set
 * @spot: where the set is, borrowed
 * @value: borrowed
 * @ports: changed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int port_take_set(const struct spot *spot, json_t *value, struct words *ports,
			 struct error *e)
{
	struct field fields[] = { { "protocol", NULL },
				  { "hostPort", NULL },
				  { "containerPort", NULL },
				  { "hostAddress", NULL },
				  { "hostInterface", NULL } };
	const char *protocol, *address, *link;
	int host, inside, r = fields_read(fields, ARRAY_SIZE(fields), spot, value, e);

	if (r == 0)
		r = field_text(&fields[0], spot, &protocol, e);
	if (r == 0)
		r = field_port(&fields[1], spot, &host, e);
	if (r == 0)
		r = field_port(&fields[2], spot, &inside, e);
	if (r == 0)
		r = field_text(&fields[3], spot, &address, e);
	if (r == 0)
		r = field_text(&fields[4], spot, &link, e);
	if (r < 0)
		return r;
	if (!host)
		return spot_wrong(spot, e, "has no hostPort");
	if (address && link)
		return spot_wrong(spot, e, "has both hostAddress and hostInterface");
	return words_add(ports, e, "%s:%s%s%s%s%d:%d", protocol ? protocol : "tcp",
			 link                              ? "%"
			 : address && strchr(address, ':') ? "["
							   : "",
			 link      ? link
			 : address ? address
				   : "",
			 address && strchr(address, ':') ? "]" : "", link || address ? ":" : "",
			 host, inside ? inside : host);
}

/**
 * take_ports - forwardPorts: sets, as NixOS has them, or texts as commands have them
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_ports(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e)
{
	_cleanup_(words_deinit) struct words ports = { 0 };
	_cleanup_(freep) char *text = NULL;
	int r = 0;

	if (!json_is_array(value))
		return spot_type(spot, value, "a list", e);
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		json_t *port = json_array_get(value, i);
		struct spot inner;

		spot_enter_index(spot, i, &inner);
		if (json_is_string(port))
			r = words_add(&ports, e, "%s", json_string_value(port));
		else
			r = port_take_set(&inner, port, &ports, e);
	}
	if (r == 0 && ports.count)
		r = words_join(&ports, &text, e);
	for (char *p = text; r == 0 && p && *p; p++)
		if (*p == ' ')
			*p = ',';
	return r < 0 || !text ? r : taking_give(taking, option->key, text, e);
}

/**
 * cable_take - one of extraVeths
 * @name: of the link on the host, borrowed
 * @spot: where it is, borrowed
 * @value: borrowed
 * @cables: changed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int cable_take(const char *name, const struct spot *spot, json_t *value,
		      struct words *cables, struct error *e)
{
	static const char *const keys[] = { "host", "local", "host6", "local6", "bridge", "mac" };
	struct field fields[] = { { "hostAddress", NULL },  { "localAddress", NULL },
				  { "hostAddress6", NULL }, { "localAddress6", NULL },
				  { "hostBridge", NULL },   { "localMacAddress", NULL },
				  { "forwardPorts", NULL } };
	char word[512];
	size_t length;
	int r = fields_read(fields, ARRAY_SIZE(fields), spot, value, e);

	if (r == 0 && (strpbrk(name, " ,:=\\\"'") || strlen(name) >= IFNAMSIZ))
		r = spot_wrong(spot, e, "is no name of a link");
	if (r < 0)
		return r;
	length = (size_t)snprintf(word, sizeof(word), "%s", name);
	if (json_array_size(fields[ARRAY_SIZE(keys)].value))
		log_warning(
			"%s.forwardPorts is passed over, as NixOS does: publish ports by those of "
			"the container",
			spot->path);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++) {
		const char *text;

		r = field_text(&fields[i], spot, &text, e);
		if (r == 0 && text && strlen(text) > 64)
			r = spot_wrong(spot, e, "has an address that is none: %.64s", text);
		if (r == 0 && text)
			length += (size_t)snprintf(word + length, sizeof(word) - length, ",%s=%s",
						   keys[i], text);
	}
	return r < 0 ? r : words_add(cables, e, "%s", word);
}

/**
 * take_cables - extraVeths
 * @taking: gets the key
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_cables(struct taking *taking, const struct declare_option *option, const struct spot *spot,
		json_t *value, struct error *e)
{
	_cleanup_(words_deinit) struct words cables = { 0 };
	const char *name;
	json_t *inner;
	int r = 0;

	if (!json_is_object(value))
		return spot_type(spot, value, "a set", e);
	json_object_foreach(value, name, inner)
	{
		struct spot there;

		spot_enter(spot, name, &there);
		r = cable_take(name, &there, inner, &cables, e);
		if (r < 0)
			return r;
	}
	taking->wired |= cables.count > 0;
	return taking_give_words(taking, option->key, &cables, e);
}

/**
 * take_devices - allowedDevices
 * @taking: changed
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_devices(struct taking *taking, const struct declare_option *option,
		 const struct spot *spot, json_t *value, struct error *e)
{
	int r = 0;

	(void)option;
	if (!json_is_array(value))
		return spot_type(spot, value, "a list", e);
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		struct field fields[] = { { "node", NULL }, { "modifier", NULL } };
		const char *node = NULL, *modifier = NULL;
		struct spot inner;

		spot_enter_index(spot, i, &inner);
		r = fields_read(fields, ARRAY_SIZE(fields), &inner, json_array_get(value, i), e);
		if (r == 0)
			r = field_text(&fields[0], &inner, &node, e);
		if (r == 0)
			r = field_text(&fields[1], &inner, &modifier, e);
		if (r == 0 && !node)
			r = spot_wrong(&inner, e, "has no node");
		if (r == 0 && !value_is_device(node))
			r = spot_wrong(&inner, e,
				       "has the node '%.80s', and that should be below /dev, "
				       "or char-CLASS or block-CLASS",
				       node);
		if (r == 0 && modifier && modifier[strspn(modifier, "rwm")])
			r = spot_wrong(&inner, e,
				       "has the modifier '%.80s', and that should be of r, w and m",
				       modifier);
		if (r == 0)
			r = words_add(&taking->devices, e, "%s%s%s", node, modifier ? ":" : "",
				      modifier ? modifier : "");
	}
	return r;
}

/**
 * take_tun - enableTun: what a container needs for links of its own making
 * @taking: changed
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_tun(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	     json_t *value, struct error *e)
{
	int r;

	(void)option;
	if (!json_is_boolean(value))
		return spot_type(spot, value, "true or false", e);
	if (json_is_false(value))
		return 0;
	r = words_add(&taking->devices, e, "/dev/net/tun:rwm");
	if (r == 0)
		r = words_add(&taking->binds, e, "/dev/net/tun");
	return r < 0 ? r : words_add(&taking->capabilities, e, "CAP_NET_ADMIN");
}

/**
 * take_capabilities - additionalCapabilities
 * @taking: changed
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_capabilities(struct taking *taking, const struct declare_option *option,
		      const struct spot *spot, json_t *value, struct error *e)
{
	int r = 0;

	(void)option;
	if (!json_is_array(value))
		return spot_type(spot, value, "a list of texts", e);
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		struct spot inner;

		spot_enter_index(spot, i, &inner);
		if (!text || !value_is_capability(text))
			r = spot_wrong(&inner, e,
				       "should be a capability, such as \"CAP_SYS_TIME\"");
		else
			r = words_add(&taking->capabilities, e, "%s", text);
	}
	return r;
}

/**
 * system_choose - take what a container boots
 * @taking: changed
 * @option: that says it
 * @spot: where that is, borrowed
 * @kind: what it says
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
static int system_choose(struct taking *taking, const struct declare_option *option,
			 const struct spot *spot, enum declared_system kind, struct error *e)
{
	if (taking->boots)
		return spot_wrong(spot, e, "is given, and %s too: one of them says what it boots",
				  taking->boots);
	taking->boots = option->name;
	taking->declared->kind = kind;
	return 0;
}

/**
 * take_flake - flake: REF or REF#ATTR
 * @taking: gets the keys
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_flake(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e)
{
	_cleanup_(freep) char *reference = NULL;
	const char *text = json_string_value(value), *hash;
	int r = system_choose(taking, option, spot, DECLARED_FLAKE, e);

	if (r < 0)
		return r;
	if (!text || !text[0] || text[0] == '.' || text[0] == '#' || strpbrk(text, " \t\n\""))
		return spot_wrong(spot, e,
				  "should be a reference of a flake, with an absolute path");
	hash = strchr(text, '#');
	reference = strndup(text, hash ? (size_t)(hash - text) : strlen(text));
	if (!reference)
		return error_errno(e, ENOMEM, "cannot read %s", spot->path);
	r = taking_give(taking, "FLAKE", reference, e);
	return r < 0 || !hash ? r : taking_give(taking, "FLAKE_ATTR", hash + 1, e);
}

/**
 * take_system - config, path or rootTree
 * @taking: changed
 * @option, @spot, @value: borrowed
 * @e: names the spot
 *
 * Returns 0 or -EINVAL.
 */
int take_system(struct taking *taking, const struct declare_option *option, const struct spot *spot,
		json_t *value, struct error *e)
{
	const char *text = json_string_value(value);

	if (strcmp(option->name, "config") == 0 || json_object_get(value, "__package"))
		return system_choose(taking, option, spot, DECLARED_CONFIG, e);
	if (!text || text[0] != '/')
		return spot_wrong(spot, e, "should be an absolute path");
	if (option->key) {
		int r = taking_give(taking, option->key, text, e);

		return r < 0 ? r : system_choose(taking, option, spot, DECLARED_TREE, e);
	}
	taking->declared->path = text;
	return system_choose(taking, option, spot, DECLARED_PATH, e);
}
