/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/fail.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/text.h"

/**
 * fail_origin - the source file an error comes from, without the way from the build directory
 * @e: set
 */
const char *fail_origin(const struct error *e)
{
	const char *file = e->file ? e->file : "?";

	while (strncmp(file, "../", 3) == 0)
		file += 3;
	return file;
}

/**
 * detail_log - show the last lines of somebody else, each on a line of its own
 * @e: set, borrowed
 */
static void detail_log(const struct error *e)
{
	const char *line = e->detail;
	char one[sizeof(e->detail)], shown[sizeof(e->detail)];

	while (*line) {
		size_t length = strcspn(line, "\n");

		memcpy(one, line, length);
		one[length] = '\0';
		log_error("  log: %s", text_escape(one, shown, sizeof(shown)));
		line += length;
		line += *line == '\n';
	}
}

/**
 * fail_log - tell a person what failed, why, and what mends it
 * @session: borrowed; gives the program's name, --debug and --color
 * @e: set, borrowed
 */
void fail_log(const struct session *session, const struct error *e)
{
	bool colored = session_colored(session, STDERR_FILENO);
	char text[sizeof(e->text)], kernel[sizeof(e->kernel)], remedy[sizeof(e->remedy)];

	text_escape(e->text, text, sizeof(text));
	text_escape(e->kernel, kernel, sizeof(kernel));
	text_escape(e->remedy, remedy, sizeof(remedy));
	log_error("%s%s:%s %s", colored ? "\033[1;31m" : "", session->program,
		  colored ? "\033[0m" : "", text);
	if (kernel[0] && e->attribute[0])
		log_error("  kernel: %s (%s)", kernel, e->attribute);
	else if (kernel[0] || e->attribute[0])
		log_error("  kernel: %s", kernel[0] ? kernel : e->attribute);
	detail_log(e);
	if (remedy[0])
		log_error("  try: %s", remedy);
	if (session->debug)
		log_error("  origin: %s:%d", fail_origin(e), e->line);
}
