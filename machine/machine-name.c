/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "machine/machine.h"

/*
 * The name of a machine must be a host name: letters, digits and '-', in labels parted by '.', each of
 * which begins and ends with a letter or digit. The names of containers may have more.
 * Source: hostname_is_valid() of systemd.
 */

#define DIGEST_DIGITS 8
#define DIGEST_BASIS  UINT32_C(2166136261)
#define DIGEST_PRIME  UINT32_C(16777619)

/**
 * name_digest - tells apart names that become the same host name
 * @name: borrowed
 *
 * Source: FNV-1a. Nobody is kept out by it: machined refuses a second machine of one name.
 */
static uint32_t name_digest(const char *name)
{
	uint32_t digest = DIGEST_BASIS;

	for (; *name; name++)
		digest = (digest ^ (unsigned char)*name) * DIGEST_PRIME;
	return digest;
}

/**
 * host_name_from - the host name that is most like the name of a container
 * @name: a checked name, borrowed
 * @host: filled
 */
static void host_name_from(const char *name, char host[MACHINE_NAME_MAX])
{
	size_t length = 0;

	for (; *name; name++) {
		const bool begins = length == 0 || host[length - 1] == '.';

		if (isalnum((unsigned char)*name)) {
			host[length++] = *name;
			continue;
		}
		if (*name != '.' && !begins)
			host[length++] = '-';
		if (*name != '.' || begins)
			continue;
		while (host[length - 1] == '-')
			length--;
		host[length++] = '.';
	}
	while (length > 0 && !isalnum((unsigned char)host[length - 1]))
		length--;
	host[length] = '\0';
}

/**
 * machine_name - what a container is called where only a host name may be
 * @name: a checked name, borrowed
 * @machine: filled: for systemd-nspawn and machined
 * @host: filled: what it may call itself
 *
 * Returns whether the name of the machine is another than that of the container.
 */
bool machine_name(const char *name, char machine[MACHINE_NAME_MAX], char host[MACHINE_NAME_MAX])
{
	size_t length;

	host_name_from(name, host);
	length = strlen(host);
	if (strcmp(host, name) == 0) {
		memcpy(machine, host, length + 1);
		return false;
	}
	if (length > MACHINE_NAME_MAX - DIGEST_DIGITS - 2)
		length = MACHINE_NAME_MAX - DIGEST_DIGITS - 2;
	while (host[length - 1] == '.')
		length--;
	(void)snprintf(machine, MACHINE_NAME_MAX, "%.*s-%0*x", (int)length, host, DIGEST_DIGITS,
		       name_digest(name));
	return true;
}
