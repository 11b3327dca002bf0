/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a lease costs, from the first to the last of the pool: ipam-alloc PATH, where PATH is a
 * database that is not there yet. On tmpfs nothing of it is the disk's. Prints one JSON object:
 * medians of 1,000 calls in microseconds, and the processor's time of one call on the average, in
 * the program and in the kernel; then what a lease costs in a transaction of 1,000, and what sqlite
 * itself charges for one row in one durable transaction.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "ipam/ipam.h"

#define LEASES 32258
#define SAMPLE 1000

/**
 * clock_us - a clock that only goes forward, in microseconds
 */
static double clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/**
 * timeval_us - a time in microseconds
 * @time: borrowed
 */
static double timeval_us(const struct timeval *time)
{
	return (double)time->tv_sec * 1e6 + (double)time->tv_usec;
}

/**
 * sample_compare - order two samples, for qsort(3)
 * @a, @b: the samples
 */
static int sample_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * sample_median - the median of SAMPLE samples
 * @samples: sorted on return
 */
static double sample_median(double *samples)
{
	qsort(samples, SAMPLE, sizeof(*samples), sample_compare);
	return samples[SAMPLE / 2];
}

/**
 * request_of - what a container asks for
 * @number: of the container
 */
static struct ipam_lease request_of(int number)
{
	struct ipam_lease request = { 0 };

	(void)snprintf(request.container, sizeof(request.container), "c%05d", number);
	request.mac = (struct mac){ { 2, 0, 0, (uint8_t)(number * 7), (uint8_t)(number >> 8),
				      (uint8_t)number } };
	return request;
}

/**
 * lease_one - lease or release for one container
 * @ipam: borrowed
 * @number: of the container
 * @release: whether to give up instead
 * @e: filled on failure
 *
 * Returns what the library does.
 */
static int lease_one(struct ipam *ipam, int number, int release, struct error *e)
{
	struct ipam_lease request = request_of(number);
	struct ipam_lease lease;

	if (release)
		return ipam_release(ipam, request.container, "released", e);
	return ipam_lease(ipam, &request, IPAM_AUTOMATIC_V4, &lease, e);
}

/**
 * phase_run - do all of them and print what they cost
 * @ipam: borrowed
 * @name: of the phase
 * @release: whether to give up instead of to lease
 * @samples: room for LEASES
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int phase_run(struct ipam *ipam, const char *name, int release, double *samples,
		     struct error *e)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < LEASES; i++) {
		double start = clock_us();
		int r = lease_one(ipam, i, release, e);

		if (r < 0)
			return r;
		samples[i] = clock_us() - start;
	}
	getrusage(RUSAGE_SELF, &after);
	printf("\"%s\": {\"first_us\": %.1f, \"middle_us\": %.1f, \"last_us\": %.1f, "
	       "\"user_us\": %.1f, \"system_us\": %.1f}",
	       name, sample_median(samples), sample_median(samples + LEASES / 2 - SAMPLE / 2),
	       sample_median(samples + LEASES - SAMPLE),
	       (timeval_us(&after.ru_utime) - timeval_us(&before.ru_utime)) / LEASES,
	       (timeval_us(&after.ru_stime) - timeval_us(&before.ru_stime)) / LEASES);
	return 0;
}

/**
 * many_run - lease for all containers, SAMPLE of them in one transaction, and print what one costs
 * @path: of a database that is not there, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int many_run(const char *path, struct error *e)
{
	_cleanup_(freep) struct ipam_lease *requests = calloc(2UL * SAMPLE, sizeof(*requests));
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	double first = 0, last = 0;
	int r = requests ? ipam_open(path, IPAM_WRITE, &ipam, e) : -ENOMEM;

	for (int begin = 0; r >= 0 && begin + SAMPLE <= LEASES; begin += SAMPLE) {
		double start;

		for (int i = 0; i < SAMPLE; i++)
			requests[i] = request_of(begin + i);
		start = clock_us();
		r = ipam_lease_many(ipam, requests, SAMPLE, IPAM_AUTOMATIC_V4, requests + SAMPLE,
				    e);
		last = (clock_us() - start) / SAMPLE;
		if (begin == 0)
			first = last;
	}
	if (r >= 0)
		printf(", \"lease of many\": {\"first_us\": %.1f, \"last_us\": %.1f}", first, last);
	return r < 0 ? r : 0;
}

/* The smallest book there can be: who has an address, and nobody has it twice. */
static const char floor_schema[] = "PRAGMA synchronous = FULL; PRAGMA journal_mode = PERSIST;"
				   "CREATE TABLE lease (name TEXT NOT NULL, addr INTEGER UNIQUE);";

/**
 * floor_insert - one row in one durable transaction
 * @begin, @insert, @commit: statements, borrowed
 * @number: of the address
 *
 * Returns whether it worked.
 */
static bool floor_insert(sqlite3_stmt *begin, sqlite3_stmt *insert, sqlite3_stmt *commit,
			 int number)
{
	sqlite3_stmt *const steps[] = { begin, insert, commit };
	char name[16];

	(void)snprintf(name, sizeof(name), "c%05d", number);
	sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int(insert, 2, number);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (sqlite3_step(steps[i]) != SQLITE_DONE || sqlite3_reset(steps[i]) != SQLITE_OK)
			return false;
	return true;
}

/**
 * floor_run - print what sqlite itself charges for a row in a transaction as durable as ours
 * @path: of a database that is not there, borrowed
 * @samples: room for LEASES
 *
 * No program that leases one address in one such transaction can be quicker.
 *
 * Returns 0 or -1.
 */
static int floor_run(const char *path, double *samples)
{
	sqlite3_stmt *begin = NULL, *insert = NULL, *commit = NULL;
	sqlite3 *sqlite = NULL;
	bool good;

	good = sqlite3_open(path, &sqlite) == SQLITE_OK &&
	       sqlite3_exec(sqlite, floor_schema, NULL, NULL, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(sqlite, "BEGIN IMMEDIATE", -1, &begin, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(sqlite, "INSERT INTO lease VALUES (?, ?)", -1, &insert, NULL) ==
		       SQLITE_OK &&
	       sqlite3_prepare_v2(sqlite, "COMMIT", -1, &commit, NULL) == SQLITE_OK;
	for (int i = 0; good && i < LEASES; i++) {
		double start = clock_us();

		good = floor_insert(begin, insert, commit, i);
		samples[i] = clock_us() - start;
	}
	if (good)
		printf(", \"floor\": {\"first_us\": %.1f, \"last_us\": %.1f}",
		       sample_median(samples), sample_median(samples + LEASES - SAMPLE));
	else
		fprintf(stderr, "ipam-alloc: %s\n", sqlite3_errmsg(sqlite));
	sqlite3_finalize(begin);
	sqlite3_finalize(insert);
	sqlite3_finalize(commit);
	sqlite3_close(sqlite);
	return good ? 0 : -1;
}

int main(int argc, char **argv)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) double *samples = calloc(LEASES, sizeof(*samples));
	char many[PATH_MAX], least[PATH_MAX];
	struct error e = ERROR_INIT;
	int r;

	if (argc != 2 || !samples) {
		fprintf(stderr, "usage: ipam-alloc PATH\n");
		return 2;
	}
	(void)snprintf(many, sizeof(many), "%s.many", argv[1]);
	(void)snprintf(least, sizeof(least), "%s.floor", argv[1]);
	r = ipam_open(argv[1], IPAM_WRITE, &ipam, &e);
	if (r == 0) {
		printf("{\"leases\": %d, ", LEASES);
		r = phase_run(ipam, "lease", 0, samples, &e);
	}
	if (r == 0) {
		printf(", ");
		r = phase_run(ipam, "release", 1, samples, &e);
	}
	if (r == 0)
		r = many_run(many, &e);
	if (r < 0) {
		fprintf(stderr, "ipam-alloc: %s\n", e.text);
		return 1;
	}
	if (floor_run(least, samples) < 0)
		return 1;
	printf("}\n");
	return 0;
}
