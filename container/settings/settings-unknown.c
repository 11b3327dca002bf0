/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/suggestion.h"
#include "container/settings/settings-book.h"

/**
 * settings_unknown - say that nobody here knows a setting, and which one was perhaps meant
 * @path: of the file, borrowed
 * @section, @key: as they stand there, borrowed
 */
void settings_unknown(const char *path, const char *section, const char *key)
{
	static const char *const known[] = {
		"nat] enable",   "nat] external",      "nat] internal",  "nat] source",
		"nat] source6",  "nat] isolate",       "nat] own_table", "ipam] cooldown",
		"ipam] history", "ipam] history-days",
	};
	struct suggestion suggestion;
	char word[64];

	(void)snprintf(word, sizeof(word), "%s] %s", section, key);
	suggestion_init(&suggestion, word);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		suggestion_try(&suggestion, known[i]);
	log_warning("%s: unknown setting [%s] %s is ignored%s%s%s", path, section, key,
		    suggestion.best ? "; did you mean '[" : "",
		    suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
}
