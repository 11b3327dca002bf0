/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a lease costs, from the first to the last of the pool: ipam-alloc PATH, where PATH is a
 * database that is not there yet. On tmpfs nothing of it is the disk's. Prints one JSON object:
 * medians of 1,000 calls in microseconds, and the processor's time of one call on the average, in
 * the program and in the kernel.
 */
#include <inttypes.h>
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
	struct ipam_lease request = { 0 };
	struct ipam_lease lease;

	(void)snprintf(request.container, sizeof(request.container), "c%05d", number);
	request.mac = (struct mac){ { 2, 0, 0, (uint8_t)(number * 7), (uint8_t)(number >> 8),
				      (uint8_t)number } };
	if (release)
		return ipam_release(ipam, request.container, e);
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

int main(int argc, char **argv)
{
	_cleanup_(ipam_closep) struct ipam *ipam = NULL;
	_cleanup_(freep) double *samples = calloc(LEASES, sizeof(*samples));
	struct error e = ERROR_INIT;
	int r;

	if (argc != 2 || !samples) {
		fprintf(stderr, "usage: ipam-alloc PATH\n");
		return 2;
	}
	r = ipam_open(argv[1], IPAM_WRITE, &ipam, &e);
	if (r == 0) {
		printf("{\"leases\": %d, ", LEASES);
		r = phase_run(ipam, "lease", 0, samples, &e);
	}
	if (r == 0) {
		printf(", ");
		r = phase_run(ipam, "release", 1, samples, &e);
	}
	if (r < 0) {
		fprintf(stderr, "ipam-alloc: %s\n", e.text);
		return 1;
	}
	printf("}\n");
	return 0;
}
