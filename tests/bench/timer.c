/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Times whole processes, so that the cost of whoever asks for it is not in the numbers.
 *
 * Each line of standard input is one measurement, of words separated by tabs:
 *
 *	[NAME=VALUE...] [<FILE] PROGRAM [ARGUMENT...]
 *
 * NAME=VALUE adds to the environment, <FILE is the standard input; both are /dev/null or nothing
 * without. Between commands, the word ";" means: when that one has succeeded; the word "&" means:
 * at the same time. ";" binds closer.
 *
 * The answer is one line: nanoseconds from the first start to the last end, how many commands
 * failed, the largest resident set in KiB, and microseconds of processor time of all of them
 * together.
 * The standard output of commands is dropped, their standard error is ours.
 *
 * The kernel counts what a child had resident before it became another program, which is what we
 * have: this program is small and linked statically for that reason.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX       8192 /* of one measurement */
#define JOBS_MAX        512
#define ENVIRONMENT_MAX 128

/* Commands that run one after the other. */
struct job {
	char **next; /* the words of the command to be started next; NULL: no more */
	pid_t pid;   /* of the running one; 0: none */
};

/* One measurement. */
struct measurement {
	char *words[WORDS_MAX]; /* every command ends with NULL */
	struct job jobs[JOBS_MAX];
	size_t n_jobs;
	unsigned failed;
	long resident;    /* KiB */
	int64_t consumed; /* us */
};

/* A command as the words give it. */
struct command {
	char *environment[ENVIRONMENT_MAX];
	const char *input;
	char **argv;
};

/* Where one command ends and another one of the same job begins, in struct measurement.words. */
static char then_mark[] = ";";

/**
 * measurement_parse - take a line apart
 * @m: filled
 * @line: cut into words, which are borrowed
 *
 * A job's commands are kept as words, NULL, ";", words, NULL, ..., NULL, NULL.
 */
static void measurement_parse(struct measurement *m, char *line)
{
	size_t n = 0;

	memset(m, 0, sizeof(*m));
	m->jobs[m->n_jobs++].next = m->words;
	for (char *word; (word = strsep(&line, "\t"));) {
		if (n + 4 > WORDS_MAX || m->n_jobs == JOBS_MAX)
			errx(2, "a measurement has too many words or jobs");
		if (strcmp(word, ";") == 0) {
			m->words[n++] = NULL;
			m->words[n++] = then_mark;
		} else if (strcmp(word, "&") == 0) {
			m->words[n++] = NULL;
			m->words[n++] = NULL;
			m->jobs[m->n_jobs++].next = m->words + n;
		} else {
			m->words[n++] = word;
		}
	}
}

/**
 * command_parse - sort the words of a command
 * @words: end with NULL, borrowed
 *
 * Returns the command.
 */
static struct command command_parse(char **words)
{
	struct command command = { .input = "/dev/null" };
	size_t n = 0;

	for (; *words && strchr(*words, '=') && n < ENVIRONMENT_MAX / 2; words++)
		command.environment[n++] = *words;
	for (char **e = environ; *e && n < ENVIRONMENT_MAX - 1; e++)
		command.environment[n++] = *e;
	if (*words && **words == '<')
		command.input = *words++ + 1;
	command.argv = words;
	return command;
}

/**
 * command_start - start a command
 * @words: end with NULL, borrowed
 *
 * Returns its PID. One that cannot be started ends this process: a measurement without it is none.
 */
static pid_t command_start(char **words)
{
	struct command command = command_parse(words);
	posix_spawn_file_actions_t files;
	pid_t pid;

	if (!command.argv[0])
		errx(2, "a command without words");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, command.input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&pid, command.argv[0], &files, NULL, command.argv,
			     command.environment);
	if (errno != 0)
		err(1, "cannot run %s", command.argv[0]);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/**
 * job_advance - start the next command of a job, if there is one
 * @job: changed
 *
 * Returns whether there was.
 */
static bool job_advance(struct job *job)
{
	char **end = job->next;

	job->pid = 0;
	if (!job->next)
		return false;
	job->pid = command_start(job->next);
	while (*end)
		end++;
	job->next = end[1] == then_mark ? end + 2 : NULL;
	return true;
}

/**
 * job_find - the job whose command this is
 * @m: borrowed
 * @pid: a child of ours
 */
static struct job *job_find(struct measurement *m, pid_t pid)
{
	for (size_t i = 0; i < m->n_jobs; i++)
		if (m->jobs[i].pid == pid)
			return &m->jobs[i];
	errx(1, "process %d is not ours", (int)pid);
}

/**
 * timeval_us - a time in microseconds
 * @tv: borrowed
 */
static int64_t timeval_us(const struct timeval *tv)
{
	return tv->tv_sec * INT64_C(1000000) + tv->tv_usec;
}

/**
 * measurement_run - run all there is to run
 * @m: its results are filled
 */
static void measurement_run(struct measurement *m)
{
	size_t running = 0;

	for (size_t i = 0; i < m->n_jobs; i++)
		running += job_advance(&m->jobs[i]);
	while (running) {
		struct rusage usage;
		struct job *job;
		int status;
		pid_t pid = wait4(-1, &status, 0, &usage);

		if (pid < 0)
			err(1, "cannot wait");
		job = job_find(m, pid);
		m->consumed += timeval_us(&usage.ru_utime) + timeval_us(&usage.ru_stime);
		if (usage.ru_maxrss > m->resident)
			m->resident = usage.ru_maxrss;
		if (status != 0) {
			m->failed++;
			job->next = NULL;
		}
		running -= !job_advance(job);
	}
}

/**
 * main - see the head of this file
 */
int main(void)
{
	static struct measurement m;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = getline(&line, &size, stdin)) > 0) {
		struct timespec start, end;

		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		measurement_parse(&m, line);
		clock_gettime(CLOCK_MONOTONIC, &start);
		measurement_run(&m);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%lld %u %ld %lld\n",
		       (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec,
		       m.failed, m.resident, (long long)m.consumed);
		fflush(stdout);
	}
	free(line);
	return 0;
}
