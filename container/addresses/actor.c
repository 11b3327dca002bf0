/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/addresses/actor.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/**
 * process_read - read what the kernel has on us
 * @path: of the file, borrowed
 * @text: filled, with a NUL at its end; "" where there is nothing
 * @size: of it
 *
 * Returns how many bytes there are.
 */
static size_t process_read(const char *path, char *text, size_t size)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : file_read_all(fd, text, size - 1);

	text[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

/**
 * actor_uid - who has logged in and come to be us
 *
 * The kernel keeps that over sudo(8) and su(1), where the audit system sets it; otherwise it is the
 * user whose rights we have. Source: proc_pid_loginuid(5).
 */
static uint32_t actor_uid(void)
{
	char text[16], *end;
	unsigned long uid;

	(void)process_read("/proc/self/loginuid", text, sizeof(text));
	uid = strtoul(text, &end, 10);
	return end == text || uid >= UINT32_MAX ? getuid() : (uint32_t)uid;
}

/**
 * actor_command - the command we were called by
 * @command: filled, with blanks between its words; what is too long is cut
 */
static void actor_command(char command[IPAM_COMMAND_MAX])
{
	char words[PATH_MAX];
	size_t length = process_read("/proc/self/cmdline", words, sizeof(words));
	const char *slash = strrchr(words, '/');
	size_t skip = slash ? (size_t)(slash + 1 - words) : 0, used = 0;

	while (length > skip && !words[length - 1])
		length--;
	for (; skip < length && used < IPAM_COMMAND_MAX - 1; skip++) {
		char byte = words[skip] ? words[skip] : ' ';

		command[used++] = byte >= ' ' && byte < 0x7f ? byte : '?';
	}
	command[used] = '\0';
}

/**
 * unit_take - take the unit that a control group belongs to
 * @group: its path; changed
 * @unit: filled when there is one: the innermost
 */
static void unit_take(char *group, char unit[IPAM_UNIT_MAX])
{
	static const char *const kinds[] = { ".service", ".scope" };
	char *rest, *word;

	for (word = strtok_r(group, "/", &rest); word; word = strtok_r(NULL, "/", &rest)) {
		const char *kind = strrchr(word, '.');

		for (size_t i = 0; kind && i < ARRAY_SIZE(kinds); i++)
			if (strcmp(kind, kinds[i]) == 0)
				(void)snprintf(unit, IPAM_UNIT_MAX, "%s", word);
	}
}

/**
 * actor_unit - the unit of systemd that we are in
 * @unit: filled; "" where there is none
 *
 * Source: cgroups(7); systemd's own hierarchy, or the only one.
 */
static void actor_unit(char unit[IPAM_UNIT_MAX])
{
	char text[PATH_MAX], *rest, *line;

	unit[0] = '\0';
	(void)process_read("/proc/self/cgroup", text, sizeof(text));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *group = strstr(line, ":/");
		bool unified = strncmp(line, "0::", 3) == 0;

		if (group && (unified || strstr(line, ":name=systemd:")))
			unit_take(group + 1, unit);
	}
}

/**
 * actor_read - who we are
 * @ret_actor: filled with what can be found out
 */
void actor_read(struct ipam_actor *ret_actor)
{
	struct ipam_actor actor = { .uid = actor_uid() };

	actor_command(actor.command);
	actor_unit(actor.unit);
	*ret_actor = actor;
}
