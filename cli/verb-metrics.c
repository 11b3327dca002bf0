/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/metric.h"
#include "cli/verb.h"

#define PREFIX "nixctr_net_"

struct metrics_verb_options {
	const char *file;
};

static const struct option_spec specs[] = {
	{ "file", 0, OPTION_TEXT, offsetof(struct metrics_verb_options, file), "FILE",
	  "replace this file, all at once" },
};

const struct option_table metrics_options = OPTION_TABLE(specs, struct metrics_verb_options);

static const struct metric_label no_labels[] = { { NULL, NULL } };

/**
 * write_program - write what this program is, and what it could read
 * @writer: changed
 * @metrics: borrowed
 */
static void write_program(struct metric_writer *writer, const struct metrics *metrics)
{
	const struct metric_label version[] = { { "version", NIXCTR_NET_VERSION }, { NULL, NULL } };

	metric_family(writer, PREFIX "build", METRIC_INFO, NULL, "The version of nixctr-net.");
	metric_sample(writer, version, 1);
	metric_family(writer, PREFIX "read_success", METRIC_GAUGE, NULL,
		      "Whether a part of these metrics could be read.");
	for (size_t i = 0; i < METRICS_PARTS; i++) {
		const struct metric_label part[] = { { "part", metrics_part_name(i) },
						     { NULL, NULL } };

		metric_sample(writer, part, metrics->errors[i].number == 0);
	}
	metric_family(writer, PREFIX "containers", METRIC_GAUGE, NULL, "Containers defined.");
	if (metrics->errors[METRICS_CONTAINERS].number == 0)
		metric_sample(writer, no_labels, metrics->containers);
	metric_family(writer, PREFIX "cables", METRIC_GAUGE, NULL, "Containers attached.");
	if (metrics->errors[METRICS_CABLES].number == 0)
		metric_sample(writer, no_labels, metrics->cables.count);
}

/**
 * write_pools - write how full the pools of a kind are
 * @writer: changed
 * @metrics: borrowed
 * @kind: of them; they count different things
 * @name, @help: of their family
 */
static void write_pools(struct metric_writer *writer, const struct metrics *metrics,
			enum ipam_kind kind, const char *name, const char *help)
{
	metric_family(writer, name, METRIC_GAUGE, NULL, help);
	for (size_t i = 0; i < metrics->n_pools; i++) {
		const struct ipam_usage *pool = &metrics->pools[i];
		char prefix[PREFIX_TEXT];
		const struct {
			const char *name;
			uint32_t value;
		} states[] = {
			{ "bound", pool->leased - pool->reserved },
			{ "reserved", pool->reserved },
			{ "blocked", pool->blocked },
			{ "cooling", pool->cooling },
			{ "free", pool->free },
		};

		prefix_format(&pool->prefix, prefix);
		for (size_t j = 0; pool->kind == kind && j < ARRAY_SIZE(states); j++) {
			const struct metric_label labels[] = { { "pool", pool->pool },
							       { "prefix", prefix },
							       { "state", states[j].name },
							       { NULL, NULL } };

			metric_sample(writer, labels, states[j].value);
		}
	}
}

/**
 * write_book - write how full the pools are
 * @writer: changed
 * @metrics: borrowed
 */
static void write_book(struct metric_writer *writer, const struct metrics *metrics)
{
	static const struct metric_label bound[] = { { "state", "bound" }, { NULL, NULL } };
	static const struct metric_label reserved[] = { { "state", "reserved" }, { NULL, NULL } };

	metric_family(writer, PREFIX "leases", METRIC_GAUGE, NULL, "Leases by state.");
	metric_sample(writer, bound, metrics->bound);
	metric_sample(writer, reserved, metrics->reserved);
	write_pools(writer, metrics, IPAM_PAIRS, PREFIX "pool_pairs",
		    "Pairs of addresses of a pool by state.");
	write_pools(writer, metrics, IPAM_SUBNET, PREFIX "pool_addresses",
		    "Addresses of a pool for ports of a bridge by state.");
}

/* What is told of each cable. The host receives what the container sends. */
static const struct traffic {
	const char *name, *unit, *help;
	size_t offset; /* in struct veth_link */
} traffic[] = {
	{ PREFIX "container_sent_bytes", "bytes", "Sent by the container.",
	  offsetof(struct veth_link, rx_bytes) },
	{ PREFIX "container_received_bytes", "bytes", "Received by the container.",
	  offsetof(struct veth_link, tx_bytes) },
	{ PREFIX "container_sent_packets", "packets", "Sent by the container.",
	  offsetof(struct veth_link, rx_packets) },
	{ PREFIX "container_received_packets", "packets", "Received by the container.",
	  offsetof(struct veth_link, tx_packets) },
	{ PREFIX "container_sent_dropped_packets", "packets",
	  "Sent by the container, and dropped by its link.",
	  offsetof(struct veth_link, rx_dropped) },
	{ PREFIX "container_received_dropped_packets", "packets",
	  "Sent to the container, and dropped by its link.",
	  offsetof(struct veth_link, tx_dropped) },
	{ PREFIX "container_sent_errors", NULL, "Errors of the link with what the container sends.",
	  offsetof(struct veth_link, rx_errors) },
	{ PREFIX "container_received_errors", NULL,
	  "Errors of the link with what the container receives.",
	  offsetof(struct veth_link, tx_errors) },
};

/**
 * write_traffic - write what went through the cables
 * @writer: changed
 * @metrics: borrowed
 */
static void write_traffic(struct metric_writer *writer, const struct metrics *metrics)
{
	for (size_t i = 0; i < ARRAY_SIZE(traffic); i++) {
		metric_family(writer, traffic[i].name, METRIC_COUNTER, traffic[i].unit,
			      traffic[i].help);
		for (size_t j = 0; j < metrics->cables.count; j++) {
			const struct veth_link *link = &metrics->cables.list[j];
			const struct metric_label labels[] = { { "container", link->container },
							       { "link", link->name },
							       { NULL, NULL } };

			metric_sample(writer, labels,
				      *(const uint64_t *)(const void *)((const char *)link +
									traffic[i].offset));
		}
	}
}

/* What rules count, by what they do with it. */
static const struct verdict {
	const char *name;
	size_t offset; /* in struct nat_state */
	bool bridged;  /* the table for bridges counts it too */
} verdicts[] = {
	{ "masqueraded", offsetof(struct nat_state, masqueraded), false },
	{ "outgoing", offsetof(struct nat_state, outgoing), false },
	{ "incoming", offsetof(struct nat_state, incoming), false },
	{ "published", offsetof(struct nat_state, published), false },
	{ "linked", offsetof(struct nat_state, linked), true },
	{ "between", offsetof(struct nat_state, between), true },
	{ "spoofed", offsetof(struct nat_state, spoofed), true },
	{ "rogue", offsetof(struct nat_state, rogue), true },
	{ "dropped", offsetof(struct nat_state, dropped), true },
};

/**
 * write_counters - write what one table has counted
 * @writer: changed, within a family
 * @table: borrowed
 * @family: of the table
 * @bytes: whether bytes are told; else packets
 */
static void write_counters(struct metric_writer *writer, const struct nat_state *table,
			   const char *family, bool bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		const struct nat_counter *counter =
			(const void *)((const char *)table + verdicts[i].offset);
		const struct metric_label labels[] = { { "family", family },
						       { "verdict", verdicts[i].name },
						       { NULL, NULL } };

		if (family[0] == 'i' || verdicts[i].bridged)
			metric_sample(writer, labels, bytes ? counter->bytes : counter->packets);
	}
}

/**
 * write_nat - write what the rules have counted
 * @writer: changed
 * @metrics: borrowed
 */
static void write_nat(struct metric_writer *writer, const struct metrics *metrics)
{
	static const char *const names[] = { PREFIX "nat_packets", PREFIX "nat_bytes" };
	static const char *const units[] = { "packets", "bytes" };
	static const struct metric_label tcp[] = { { "protocol", "tcp" }, { NULL, NULL } };
	static const struct metric_label udp[] = { { "protocol", "udp" }, { NULL, NULL } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		metric_family(writer, names[i], METRIC_COUNTER, units[i],
			      "Seen by the rules, by what they did with it.");
		if (metrics->has_table)
			write_counters(writer, &metrics->table, "inet", i == 1);
		if (metrics->has_bridge)
			write_counters(writer, &metrics->bridge, "bridge", i == 1);
	}
	metric_family(writer, PREFIX "published_ports", METRIC_GAUGE, NULL,
		      "Ports of the host that lead to containers.");
	metric_sample(writer, tcp, metrics->tcp_ports);
	metric_sample(writer, udp, metrics->udp_ports);
}

/**
 * write_all - write all metrics
 * @writer: changed
 * @metrics: borrowed
 */
static void write_all(struct metric_writer *writer, const struct metrics *metrics)
{
	write_program(writer, metrics);
	if (metrics->errors[METRICS_ADDRESSES].number == 0)
		write_book(writer, metrics);
	write_traffic(writer, metrics);
	if (metrics->errors[METRICS_NAT].number == 0)
		write_nat(writer, metrics);
	metric_end(writer);
}

/**
 * text_make - all metrics as text
 * @metrics: borrowed
 * @ret_text, @ret_length: the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int text_make(const struct metrics *metrics, char **ret_text, size_t *ret_length,
		     struct error *e)
{
	struct metric_writer writer = { .text = open_memstream(ret_text, ret_length) };

	if (writer.text)
		write_all(&writer, metrics);
	if (!writer.text || fclose(writer.text) != 0)
		return error_errno(e, ENOMEM, "cannot write the metrics");
	return 0;
}

/**
 * metrics_tell - print the metrics, or write them to a file
 * @in: the call, borrowed
 * @metrics: borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
static int metrics_tell(const struct invocation *in, const struct metrics *metrics, struct error *e)
{
	const struct metrics_verb_options *options = in->options;
	_cleanup_(freep) char *text = NULL;
	size_t length = 0;
	int r;

	if (in->session->json && !options->file) {
		struct metric_writer writer = { .json = json_array() };

		write_all(&writer, metrics);
		if (!writer.json || writer.failed)
			return error_errno(e, ENOMEM, "cannot write the metrics");
		return json_print(json_pack("{s:o}", "metrics", writer.json), e);
	}
	r = text_make(metrics, &text, &length, e);
	if (r == 0 && options->file)
		r = file_replace(options->file, text, length, 0644, e);
	else if (r == 0 && fwrite(text, 1, length, stdout) != length)
		r = error_errno(e, EIO, "cannot write the metrics");
	return r < 0 ? r : 0;
}

/**
 * verb_metrics - print what is counted
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * A part that cannot be read is left out, named, and the exit status says so.
 *
 * Returns 0 or -errno.
 */
int verb_metrics(const struct invocation *in, struct error *e)
{
	struct metrics metrics;
	int r;

	metrics_read(&in->session->paths, &metrics);
	r = metrics_tell(in, &metrics, e);
	for (size_t i = 0; r == 0 && i < METRICS_PARTS; i++) {
		if (metrics.errors[i].number == 0)
			continue;
		*e = metrics.errors[i];
		r = error_wrap(e, -e->number, "metrics of %s", metrics_part_name(i));
	}
	metrics_free(&metrics);
	return r;
}
