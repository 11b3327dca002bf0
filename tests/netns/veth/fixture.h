/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "veth/veth.h"

/*
 * A host and a container for one test: network namespaces of their own, the container's pinned as
 * /run/netns/c1 on a tmpfs that nobody else sees. Nothing of the machine is touched; a program that
 * finds itself in the machine's own namespace refuses to go on. What the library has done is read
 * back with ip(8).
 */

#define CONTAINER_NS   "c1"
#define CONTAINER_PATH "/run/netns/" CONTAINER_NS

struct fixture {
	struct veth *veth;
	int ns_fd;
	struct veth_spec spec;
	struct error error;
	const void *parameter; /* the test's initial state */
};

int world_enter(void **state);
int fixture_setup(void **state);
int fixture_teardown(void **state);

void spec_name(struct veth_spec *spec, const char *container);
void spec_add_v6(struct veth_spec *spec);
void spec_bridge(struct veth_spec *spec, const char *bridge);
void fixture_new_namespace(struct fixture *f);

int ip(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *ip_json(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *ip_link(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool ping(const struct fixture *f, bool from_inside, const char *to);
void wait_for_carrier(const struct fixture *f);
json_t *snapshot(const struct fixture *f);
void wait_for_snapshot(const struct fixture *f, json_t *wanted);
void assert_done(struct fixture *f, int r, int wanted);
void assert_refused(struct fixture *f, int r, int number, const char *text);
void assert_no_drift(struct fixture *f);

const char *text_of(const json_t *object, const char *key);
json_int_t number_of(const json_t *object, const char *key);
bool has_flag(const json_t *link, const char *flag);
