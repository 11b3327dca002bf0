/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "declare/option.h"

#include "base/cleanup.h"

/*
 * Every option there is. Their names and meaning are those of containers.NAME in NixOS
 * (nixos/modules/virtualisation/nixos-containers.nix of nixpkgs); linkedTo, pinned, routed and
 * rootTree are ours.
 */
const struct declare_option declare_options[] = {
	{ "config", NULL, take_system, NULL },
	{ "path", NULL, take_system, NULL },
	{ "flake", NULL, take_flake, NULL },
	{ "rootTree", "ROOT_TREE", take_system, NULL },
	{ "nixpkgs", NULL, take_nothing, NULL },
	{ "specialArgs", NULL, take_nothing, NULL },
	{ "privateNetwork", "PRIVATE_NETWORK", take_flag, set_flag },
	{ "hostAddress", "HOST_ADDRESS", take_address, set_text },
	{ "localAddress", "LOCAL_ADDRESS", take_address, set_text },
	{ "hostAddress6", "HOST_ADDRESS6", take_address, set_text },
	{ "localAddress6", "LOCAL_ADDRESS6", take_address, set_text },
	{ "localMacAddress", "LOCAL_MAC_ADDRESS", take_mac, set_text },
	{ "hostBridge", "HOST_BRIDGE", take_link, set_text },
	{ "forwardPorts", "HOST_PORT", take_ports, set_commas },
	{ "extraVeths", "EXTRA_VETHS", take_cables, set_text },
	{ "interfaces", "INTERFACES", take_words, set_list },
	{ "macvlans", "MACVLANS", take_words, set_list },
	{ "networkNamespace", "NETWORK_NAMESPACE_PATH", take_path, set_text },
	{ "linkedTo", "LINKED_TO", take_words, set_list },
	{ "pinned", "PINNED", take_pinned, set_pinned },
	{ "routed", "ROUTED", take_flag, set_flag },
	{ "bindMounts", NULL, take_binds, NULL },
	{ "tmpfs", "TMPFS", take_words, NULL },
	{ "ephemeral", "EPHEMERAL", take_flag, set_flag },
	{ "enableTun", NULL, take_tun, NULL },
	{ "additionalCapabilities", NULL, take_capabilities, NULL },
	{ "allowedDevices", NULL, take_devices, NULL },
	{ "extraFlags", "EXTRA_NSPAWN_FLAGS", take_words, NULL },
	{ "privateUsers", "PRIVATE_USERS", take_text, set_text },
	{ "copyResolvConf", "COPY_RESOLV_CONF", take_flag, set_flag },
	{ "autoStart", "AUTO_START", take_flag, set_flag },
	{ "timeoutStartSec", "TIMEOUT_START", take_time, set_time },
	{ "restartIfChanged", NULL, take_untouched, NULL },
};

const size_t n_declare_options = ARRAY_SIZE(declare_options);

/**
 * taking_give - have a key in the definition of a container
 * @taking: changed
 * @key, @value: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int taking_give(struct taking *taking, const char *key, const char *value, struct error *e)
{
	int r = words_add(taking->keys, e, "%s", key);

	return r < 0 ? r : words_add(taking->keys, e, "%s", value);
}

/**
 * taking_give_words - the same with words, unless there are none
 * @taking: changed
 * @key, @words: copied
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
int taking_give_words(struct taking *taking, const char *key, const struct words *words,
		      struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	int r = words->count ? words_join(words, &text, e) : 0;

	return r < 0 || !text ? r : taking_give(taking, key, text, e);
}
