/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine/machine.h"

/* The unit of a container, and what the words of systemd mean for it. No bus is needed for that. */

#define UNIT_NAME_MAX (MACHINE_NAME_MAX + 32) /* with its NUL */

/* Why a unit's last run ended, as its properties have it. */
struct unit_end {
	char result[32]; /* Result, or "" */
	int code;        /* ExecMainCode: CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: never ran */
	int status;      /* ExecMainStatus: exit status or signal */
	unsigned long long timeout; /* TimeoutStartUSec */
};

int unit_name(const char *name, char unit[UNIT_NAME_MAX], struct error *e);
enum machine_state unit_state(const char *active, const char *sub);
bool unit_is_cleaning_up(const char *sub);
const char *unit_end_phrase(const struct unit_end *end, char *buffer, size_t size);
const char *unit_job_phrase(const char *result);
char *unit_line_plain(char *line);
