/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that systemd reads, looked at before it has them: it would pass over what it does not know. */

#include "declare/value.h"

#include <string.h>

#include "base/cleanup.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/**
 * is_among - whether a text is one of some words
 * @text, @length: borrowed
 * @words, @count: borrowed
 */
static bool is_among(const char *text, size_t length, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
			return true;
	return false;
}

/**
 * value_is_time - whether a text is a time span of systemd.time(7)
 * @text: borrowed
 */
bool value_is_time(const char *text)
{
	static const char *const units[] = {
		"",      "usec",    "us",     "msec", "ms",    "seconds", "second", "sec",
		"s",     "minutes", "minute", "min",  "m",     "hours",   "hour",   "hr",
		"h",     "days",    "day",    "d",    "weeks", "week",    "w",      "months",
		"month", "M",       "years",  "year", "y",
	};

	if (strcmp(text, "infinity") == 0)
		return true;
	do {
		size_t length = strspn(text, DIGITS);

		if (length == 0)
			return false;
		text += length;
		if (*text == '.')
			text += 1 + strspn(text + 1, DIGITS);
		text += strspn(text, " ");
		length = strspn(text, LETTERS);
		if (!is_among(text, length, units, ARRAY_SIZE(units)))
			return false;
		text += length;
		text += strspn(text, " ");
	} while (*text);
	return true;
}

/**
 * value_is_capability - whether a text is the name of one, capabilities(7)
 * @text: borrowed
 */
bool value_is_capability(const char *text)
{
	static const char *const names[] = {
		"AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
		"BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
		"CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
		"FOWNER",          "FSETID",       "IPC_LOCK",
		"IPC_OWNER",       "KILL",         "LEASE",
		"LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
		"MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
		"NET_BROADCAST",   "NET_RAW",      "PERFMON",
		"SETFCAP",         "SETGID",       "SETPCAP",
		"SETUID",          "SYSLOG",       "SYS_ADMIN",
		"SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
		"SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
		"SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
		"SYS_TTY_CONFIG",  "WAKE_ALARM",
	};

	return strncmp(text, "CAP_", 4) == 0 &&
	       is_among(text + 4, strlen(text + 4), names, ARRAY_SIZE(names));
}

/**
 * value_is_device - whether a text is a device or a class of them, systemd.resource-control(5)
 * @text: borrowed
 */
bool value_is_device(const char *text)
{
	static const char *const begins[] = { "/dev/", "char-", "block-" };

	if (strstr(text, "/../") || text[strspn(text, DIGITS LETTERS "/-_.:@+*,")])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (strncmp(text, begins[i], strlen(begins[i])) == 0)
			return text[strlen(begins[i])] != '\0';
	return false;
}
