/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/json.h"
#include "cli/verb.h"
#include "machine/machine.h"

/**
 * state_name - what a container is doing, for programs
 * @state: what its manager says
 *
 * Returns a literal.
 */
static const char *state_name(enum machine_state state)
{
	switch (state) {
	case MACHINE_DOWN:
		break;
	case MACHINE_STARTING:
		return "starting";
	case MACHINE_UP:
		return "up";
	case MACHINE_STOPPING:
		return "stopping";
	case MACHINE_FAILED:
		return "failed";
	}
	return "down";
}

/**
 * status_json - the answer for programs
 * @name: of the container
 * @status: what there is to say in a word
 * @machine: more of it, unless it is gone
 *
 * Returns a new object, or NULL without memory.
 */
static json_t *status_json(const char *name, enum container_status status,
			   const struct machine_status *machine)
{
	if (status == CONTAINER_GONE)
		return json_pack("{s:o, s:s}", "name", json_text(name), "status",
				 container_status_name(status));
	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "name", json_text(name), "status",
			 container_status_name(status), "state", state_name(machine->state),
			 "main_pid",
			 machine->main_pid ? json_integer(machine->main_pid) : json_null(),
			 "result", json_text(machine->result));
}

/**
 * verb_status - say whether a container is up, down or gone
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * "gone" is an answer and a failing exit status at once, as with nixos-container.
 *
 * Returns 0, ERROR_NO_CONTAINER, or -errno.
 */
int verb_status(const struct invocation *in, struct error *e)
{
	const char *name = in->arguments[0];
	struct machine_status machine;
	enum container_status status;
	int r = container_status(&in->session->paths, name, &status, &machine, e);

	if (r < 0)
		return r;
	if (in->session->json)
		r = json_print(status_json(name, status, &machine), e);
	else
		puts(container_status_name(status));
	if (r < 0)
		return r;
	return status == CONTAINER_GONE ? ERROR_NO_CONTAINER : 0;
}
