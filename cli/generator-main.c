/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "container/container.h"

/**
 * log_begin - have messages reach somebody
 *
 * When the host boots, standard error leads nowhere and there is no journal yet.
 */
static void log_begin(void)
{
	_cleanup_(fd_closep) int fd = -1;
	const char *scope = getenv("SYSTEMD_SCOPE");

	if (!scope || strcmp(scope, "system") != 0) {
		log_init(LOG_STYLE_TERMINAL, LOG_LEVEL_NOTICE);
		return;
	}
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		(void)dup2(fd, STDERR_FILENO);
	log_init(LOG_STYLE_JOURNAL, LOG_LEVEL_NOTICE);
}

/**
 * main - tell systemd about the containers of this host: systemd.generator(7)
 * @argc, @argv: three directories, of which the first is ours to write to
 *
 * Returns 0, or 1 when nothing could be told.
 */
int main(int argc, char **argv)
{
	struct error e = ERROR_INIT;
	struct paths paths;
	int r;

	log_begin();
	if (argc < 2) {
		log_error("nixctr-net-generator: is called by systemd, with a directory");
		return 1;
	}
	r = paths_init(&paths, "", &e);
	if (r == 0)
		r = container_generate(&paths, NIXCTR_NET_UNITS, argv[1], &e);
	if (r < 0)
		log_error("nixctr-net-generator: %s", e.text);
	return r < 0;
}
