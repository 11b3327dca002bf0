/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "machine/pty.h"

/*
 * Theory of operation
 *
 * One loop waits for both sides, the process and signals; all that it reads from and writes to does
 * not block. Signals are blocked and come as data, so that there is one way out, on which our terminal
 * gets back what it had.
 *
 * What a process has written before it ended can be read from the master at once: the kernel hands
 * over what is under way before it says that there is nothing. So the last output is complete when
 * a read after the end of the process has got nothing more.
 */

#define BUFFER_SIZE    16384
#define ESCAPE         '\x1d' /* Ctrl-] */
#define ESCAPES        3
#define END_OF_FILE    '\x04' /* what a terminal makes an end of file of */
#define PROMPT_WAIT_MS 50     /* until a login prompt that was hung up is looked for again */
#define ESCAPE_NS      1000000000L

static const int signals_caught[] = { SIGHUP,  SIGINT,   SIGQUIT, SIGTERM, SIGUSR1,
				      SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT };

struct buffer {
	char data[BUFFER_SIZE];
	size_t start, end;
};

struct forwarding {
	const struct terminal_spec *spec;
	int input, output;       /* ours, owned, without blocking where that can be had */
	int signals;             /* signalfd; owned */
	sigset_t mask;           /* of signals, as it was */
	struct termios settings; /* of our terminal, as they were */
	bool is_terminal;        /* input is one */
	bool raw;
	bool hung_up; /* the other side, for now */
	bool ended;   /* the process, or what else the forwarding ends with */
	bool drained; /* nothing more is to come from the other side */
	int status;   /* what to return */
	unsigned escapes;
	struct timespec escape_first;
	struct buffer inward, outward;
};

enum {
	POLL_MASTER,
	POLL_INPUT,
	POLL_OUTPUT,
	POLL_SIGNALS,
	POLL_PROCESS,
	POLL_COUNT,
};

/**
 * buffer_fill - read what there is room for
 * @buffer: changed
 * @fd: borrowed
 *
 * Returns the number of bytes, 0 at the end of the file, -EAGAIN when there is nothing, or -errno.
 */
static ssize_t buffer_fill(struct buffer *buffer, int fd)
{
	ssize_t n;

	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
	do
		n = read(fd, buffer->data + buffer->end, BUFFER_SIZE - buffer->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buffer->end += (size_t)n;
	return n;
}

/**
 * buffer_drain - write what can be written
 * @buffer: changed
 * @fd: borrowed
 *
 * Returns 0, also when nothing could be, or -errno.
 */
static int buffer_drain(struct buffer *buffer, int fd)
{
	ssize_t n = write(fd, buffer->data + buffer->start, buffer->end - buffer->start);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	buffer->start += (size_t)n;
	return 0;
}

/**
 * buffer_room - whether more can be read into a buffer
 * @buffer: borrowed
 */
static bool buffer_room(const struct buffer *buffer)
{
	return buffer->start == buffer->end || buffer->end < BUFFER_SIZE;
}

/**
 * descriptor_own - open what a descriptor refers to once more, so that it can be without blocking
 * @fd: borrowed; shared with whoever has started us, so that its own flags must not change
 * @mode: O_RDONLY or O_WRONLY
 *
 * Returns a descriptor that blocks where there is no other, or -1.
 */
static int descriptor_own(int fd, int mode)
{
	char path[32];
	int own;

	if (fd < 0 || path_format(path, sizeof(path), NULL, "/proc/self/fd/%d", fd) < 0)
		return -1;
	own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/**
 * terminal_cook - give our terminal back what it had
 * @forwarding: changed
 */
static void terminal_cook(struct forwarding *forwarding)
{
	if (forwarding->raw)
		(void)tcsetattr(forwarding->spec->input, TCSANOW, &forwarding->settings);
	forwarding->raw = false;
}

/**
 * terminal_is_ours - whether what is typed at our terminal is meant for us
 * @forwarding: borrowed
 *
 * In the background, a shell is using it.
 */
static bool terminal_is_ours(const struct forwarding *forwarding)
{
	pid_t group;

	if (!forwarding->is_terminal)
		return true;
	group = tcgetpgrp(forwarding->spec->input);
	return group < 0 || group == getpgrp();
}

/**
 * terminal_raw - let our terminal pass everything on
 * @forwarding: changed
 *
 * Its size, too.
 */
static void terminal_raw(struct forwarding *forwarding)
{
	struct termios raw = forwarding->settings;
	const struct terminal_spec *spec = forwarding->spec;

	if (forwarding->is_terminal && terminal_is_ours(forwarding)) {
		cfmakeraw(&raw);
		forwarding->raw = tcsetattr(spec->input, TCSANOW, &raw) == 0;
	}
	if (spec->master >= 0 && pty_resize(spec->master, spec->input) < 0)
		(void)pty_resize(spec->master, spec->output);
}

/**
 * signal_pass_on - pass a signal on to the process and its group
 * @forwarding: borrowed
 * @number: of the signal
 *
 * The process has not been waited for, so that its number is still its own.
 */
static void signal_pass_on(const struct forwarding *forwarding, int number)
{
	const struct process *process = forwarding->spec->process;

	if (process && kill(-process->pid, number) < 0)
		(void)kill(process->pid, number);
}

/**
 * forwarding_end - there is nothing more to wait for
 * @forwarding: changed
 * @status: what to return
 */
static void forwarding_end(struct forwarding *forwarding, int status)
{
	forwarding->ended = true;
	forwarding->status = status;
}

/**
 * input_hang_up - our terminal is gone
 * @forwarding: changed
 */
static void input_hang_up(struct forwarding *forwarding)
{
	fd_closep(&forwarding->input);
	signal_pass_on(forwarding, SIGHUP);
	if (forwarding->spec->end == TERMINAL_UNTIL_ESCAPE || !forwarding->spec->process)
		forwarding_end(forwarding, 128 + SIGHUP);
}

/**
 * suspend - stop, as whoever has sent us SIGTSTP wants it
 * @forwarding: its terminal is given back before
 *
 * When we go on, SIGCONT tells us to take it again.
 */
static void suspend(struct forwarding *forwarding)
{
	sigset_t stop;

	terminal_cook(forwarding);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stop, NULL);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
}

/**
 * signal_handle - act on one signal
 * @forwarding: changed
 */
static void signal_handle(struct forwarding *forwarding)
{
	struct signalfd_siginfo info;
	int number;

	if (read(forwarding->signals, &info, sizeof(info)) != sizeof(info))
		return;
	number = (int)info.ssi_signo;
	if (number == SIGTSTP) {
		suspend(forwarding);
	} else if (number == SIGWINCH || number == SIGCONT) {
		terminal_raw(forwarding);
	} else if (forwarding->spec->process && !forwarding->ended) {
		signal_pass_on(forwarding, number);
	} else {
		forwarding_end(forwarding, 128 + number);
		forwarding->drained = true;
		fd_closep(&forwarding->output);
	}
}

/**
 * escape_look - whether somebody wants to leave
 * @forwarding: changed
 * @data, @length: what was typed, borrowed
 */
static void escape_look(struct forwarding *forwarding, const char *data, size_t length)
{
	struct timespec now;
	long long since;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < length; i++) {
		since = (long long)(now.tv_sec - forwarding->escape_first.tv_sec) * ESCAPE_NS +
			now.tv_nsec - forwarding->escape_first.tv_nsec;
		if (data[i] != ESCAPE || since > ESCAPE_NS)
			forwarding->escapes = 0;
		if (data[i] == ESCAPE && forwarding->escapes++ == 0)
			forwarding->escape_first = now;
		if (forwarding->escapes == ESCAPES)
			forwarding_end(forwarding, 0);
	}
}

/**
 * input_read - take what was typed
 * @forwarding: changed
 */
static void input_read(struct forwarding *forwarding)
{
	struct buffer *inward = &forwarding->inward;
	ssize_t n = buffer_fill(inward, forwarding->input);

	if (n > 0 && forwarding->spec->end == TERMINAL_UNTIL_ESCAPE && forwarding->is_terminal)
		escape_look(forwarding, inward->data + inward->end - n, (size_t)n);
	if (n > 0 || n == -EAGAIN)
		return;
	if (n == 0 && !forwarding->is_terminal) {
		inward->data[inward->end++] = END_OF_FILE;
		fd_closep(&forwarding->input);
		return;
	}
	input_hang_up(forwarding);
}

/**
 * master_read - take what comes from inside
 * @forwarding: changed
 */
static void master_read(struct forwarding *forwarding)
{
	ssize_t n = buffer_fill(&forwarding->outward, forwarding->spec->master);

	if (n > 0)
		return;
	if (n == -EAGAIN) {
		forwarding->drained = forwarding->ended;
		return;
	}
	if (forwarding->spec->end == TERMINAL_UNTIL_ESCAPE && !forwarding->ended) {
		forwarding->hung_up = true;
		return;
	}
	forwarding->drained = true;
	if (!forwarding->spec->process)
		forwarding_end(forwarding, 0);
}

/**
 * output_write - show what has come from inside
 * @forwarding: changed
 */
static void output_write(struct forwarding *forwarding)
{
	struct buffer *outward = &forwarding->outward;

	if (forwarding->output >= 0 && outward->start < outward->end &&
	    buffer_drain(outward, forwarding->output) < 0)
		fd_closep(&forwarding->output);
	if (forwarding->output < 0)
		outward->start = outward->end;
}

/**
 * end_watched - the descriptor that tells of the end, if anything does
 * @spec: borrowed
 */
static int end_watched(const struct terminal_spec *spec)
{
	if (spec->process)
		return spec->process->pidfd;
	return spec->giver > 0 ? spec->giver : -1;
}

/**
 * descriptors_choose - what to wait for now
 * @forwarding: borrowed
 * @fds: filled
 */
static void descriptors_choose(const struct forwarding *forwarding, struct pollfd *fds)
{
	const struct terminal_spec *spec = forwarding->spec;
	const struct buffer *inward = &forwarding->inward, *outward = &forwarding->outward;
	bool asleep = forwarding->drained || forwarding->hung_up;
	bool listens = spec->master >= 0 && !forwarding->ended && buffer_room(inward) &&
		       inward->end < BUFFER_SIZE - 1 && terminal_is_ours(forwarding);
	short events = 0;

	if (buffer_room(outward))
		events |= POLLIN;
	if (inward->start < inward->end && !forwarding->ended)
		events |= POLLOUT;
	fds[POLL_MASTER] = (struct pollfd){ asleep || !events ? -1 : spec->master, events, 0 };
	fds[POLL_INPUT] = (struct pollfd){ listens ? forwarding->input : -1, POLLIN, 0 };
	fds[POLL_OUTPUT] = (struct pollfd){ outward->start < outward->end ? forwarding->output : -1,
					    POLLOUT, 0 };
	fds[POLL_SIGNALS] = (struct pollfd){ forwarding->signals, POLLIN, 0 };
	fds[POLL_PROCESS] =
		(struct pollfd){ forwarding->ended ? -1 : end_watched(spec), POLLIN, 0 };
}

/**
 * forwarding_step - wait until something can be done, and do it
 * @forwarding: changed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int forwarding_step(struct forwarding *forwarding, struct error *e)
{
	struct pollfd fds[POLL_COUNT];
	int timeout = forwarding->ended ? 0 : -1;

	descriptors_choose(forwarding, fds);
	if (forwarding->hung_up)
		timeout = PROMPT_WAIT_MS;
	if (forwarding->outward.start < forwarding->outward.end)
		timeout = -1;
	if (poll(fds, POLL_COUNT, timeout) < 0)
		return errno == EINTR ? 0 : error_errno(e, errno, "cannot wait for a terminal");
	forwarding->hung_up = false;
	if (fds[POLL_SIGNALS].revents)
		signal_handle(forwarding);
	if (fds[POLL_INPUT].revents)
		input_read(forwarding);
	if (fds[POLL_PROCESS].revents)
		forwarding_end(forwarding, 0);
	if (fds[POLL_MASTER].revents & POLLOUT)
		(void)buffer_drain(&forwarding->inward, forwarding->spec->master);
	if (!forwarding->drained && buffer_room(&forwarding->outward) &&
	    (forwarding->ended || (fds[POLL_MASTER].revents & ~POLLOUT)))
		master_read(forwarding);
	output_write(forwarding);
	return 0;
}

/**
 * terminal_signals - the signals that are handled while a terminal is forwarded
 * @ret_signals: filled
 *
 * A blocked signal is delivered even where it is ignored, as nohup(1) has SIGHUP: such are left out.
 */
void terminal_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	for (size_t i = 0; i < ARRAY_SIZE(signals_caught); i++) {
		struct sigaction action;

		if (sigaction(signals_caught[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(ret_signals, signals_caught[i]);
	}
}

/**
 * forwarding_begin - take signals and our terminal
 * @forwarding: its spec is set; filled
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int forwarding_begin(struct forwarding *forwarding, struct error *e)
{
	const struct terminal_spec *spec = forwarding->spec;
	sigset_t caught;

	terminal_signals(&caught);
	forwarding->signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (forwarding->signals < 0 || sigprocmask(SIG_BLOCK, &caught, &forwarding->mask) < 0)
		return error_errno(e, errno, "cannot catch signals");
	forwarding->input = descriptor_own(spec->input, O_RDONLY);
	forwarding->output = descriptor_own(spec->output, O_WRONLY);
	forwarding->is_terminal =
		spec->input >= 0 && tcgetattr(spec->input, &forwarding->settings) == 0;
	forwarding->drained = spec->master < 0;
	if (spec->master >= 0 && fcntl(spec->master, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(e, errno, "cannot read a terminal without waiting for it");
	terminal_raw(forwarding);
	return 0;
}

/**
 * forwarding_deinit - give all back
 * @forwarding: not to be used any more
 */
static void forwarding_deinit(struct forwarding *forwarding)
{
	terminal_cook(forwarding);
	fd_closep(&forwarding->input);
	fd_closep(&forwarding->output);
	if (forwarding->signals >= 0)
		(void)sigprocmask(SIG_SETMASK, &forwarding->mask, NULL);
	fd_closep(&forwarding->signals);
}

/**
 * terminal_forward - forward between our terminal and a pseudo-terminal
 * @spec: borrowed
 * @e: filled on failure
 *
 * Returns 0 when the process has ended, the other side has hung up or somebody has escaped, 128 + N
 * when signal N ended it, or -errno.
 */
int terminal_forward(const struct terminal_spec *spec, struct error *e)
{
	_cleanup_(forwarding_deinit) struct forwarding forwarding = {
		.spec = spec, .input = -1, .output = -1, .signals = -1
	};
	const struct buffer *outward = &forwarding.outward;
	int r = forwarding_begin(&forwarding, e);

	while (r == 0 &&
	       !(forwarding.ended && forwarding.drained && outward->start == outward->end))
		r = forwarding_step(&forwarding, e);
	return r < 0 ? r : forwarding.status;
}
