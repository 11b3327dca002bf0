/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "base/words.h"
#include "declare/declare.h"
#include "declare/spot.h"

/* One option of containers.NAME. */

struct taking;

struct declare_option {
	const char *name;
	const char *key; /* of a definition; NULL: it is no one key */
	/* Puts what a value means into @taking. Returns 0 or -EINVAL naming the spot. */
	int (*take)(struct taking *taking, const struct declare_option *option,
		    const struct spot *spot, json_t *value, struct error *e);
	/* Turns what a command was given into a value of the key. NULL: a command cannot set it. */
	int (*set)(const struct declare_option *option, const char *text, char **ret_value,
		   struct error *e);
};

/* A container that is being read. Some keys are filled by several options. */
struct taking {
	struct declared *declared;
	struct words *keys; /* KEY, VALUE alternately */
	struct words binds, binds_readonly, capabilities, devices;
	bool private_network; /* privateNetwork = true */
	bool wired;           /* something else says how it is connected */
	const char *boots;    /* the option that says what it boots; NULL: none yet */
};

extern const struct declare_option declare_options[];
extern const size_t n_declare_options;

int taking_give(struct taking *taking, const char *key, const char *value, struct error *e);
int taking_give_words(struct taking *taking, const char *key, const struct words *words,
		      struct error *e);

/* scalar.c */
int take_flag(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e);
int take_address(struct taking *taking, const struct declare_option *option,
		 const struct spot *spot, json_t *value, struct error *e);
int take_mac(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	     json_t *value, struct error *e);
int take_link(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e);
int take_path(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e);
int take_text(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e);
int take_time(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	      json_t *value, struct error *e);
int take_words(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e);
int take_pinned(struct taking *taking, const struct declare_option *option, const struct spot *spot,
		json_t *value, struct error *e);
int take_untouched(struct taking *taking, const struct declare_option *option,
		   const struct spot *spot, json_t *value, struct error *e);
int take_nothing(struct taking *taking, const struct declare_option *option,
		 const struct spot *spot, json_t *value, struct error *e);
int set_flag(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e);
int set_text(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e);
int set_time(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e);
int set_list(const struct declare_option *option, const char *text, char **ret_value,
	     struct error *e);
int set_commas(const struct declare_option *option, const char *text, char **ret_value,
	       struct error *e);
int set_pinned(const struct declare_option *option, const char *text, char **ret_value,
	       struct error *e);

/* compound.c */
int take_ports(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e);
int take_cables(struct taking *taking, const struct declare_option *option, const struct spot *spot,
		json_t *value, struct error *e);
int take_devices(struct taking *taking, const struct declare_option *option,
		 const struct spot *spot, json_t *value, struct error *e);
int take_tun(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	     json_t *value, struct error *e);
int take_capabilities(struct taking *taking, const struct declare_option *option,
		      const struct spot *spot, json_t *value, struct error *e);
int take_flake(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e);
int take_system(struct taking *taking, const struct declare_option *option, const struct spot *spot,
		json_t *value, struct error *e);

/* bind-mount.c */
int take_binds(struct taking *taking, const struct declare_option *option, const struct spot *spot,
	       json_t *value, struct error *e);
