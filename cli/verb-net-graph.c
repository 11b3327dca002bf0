/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/json.h"
#include "cli/network-graph.h"

struct net_graph_options {
	const char *format, *file;
};

static const struct option_spec specs[] = {
	{ "format", 0, OPTION_TEXT, offsetof(struct net_graph_options, format), "FORMAT",
	  "text, dot (for Graphviz) or svg" },
	{ "file", 0, OPTION_TEXT, offsetof(struct net_graph_options, file), "FILE",
	  "replace this file, all at once; FILE.dot or FILE.svg says the format" },
};

const struct option_table net_graph_options = OPTION_TABLE(specs, struct net_graph_options);

enum format { FORMAT_TEXT, FORMAT_DOT, FORMAT_SVG };

static const char *const formats[] = { "text", "dot", "svg" };

/**
 * format_choose - in which format the graph is wanted
 * @in: the call, borrowed
 * @ret_format: the format
 * @e: says what is wrong
 *
 * Returns 0 or -EINVAL.
 */
static int format_choose(const struct invocation *in, enum format *ret_format, struct error *e)
{
	const struct net_graph_options *options = in->options;
	const char *dot = options->file ? strrchr(options->file, '.') : NULL;
	const char *word = options->format;

	*ret_format = FORMAT_TEXT;
	if (in->session->json && (word || options->file))
		return verb_usage_error(in->verb, e, "takes no --format and --file with --json");
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (word ? strcmp(word, formats[i]) == 0 : dot && strcmp(dot + 1, formats[i]) == 0)
			*ret_format = (enum format)i;
	if (word && strcmp(word, formats[*ret_format]) != 0)
		return verb_usage_error(in->verb, e, "has the formats text, dot and svg, not '%s'",
					word);
	if (options->file && *ret_format == FORMAT_TEXT)
		return verb_usage_error(in->verb, e,
					"writes files of the formats dot and svg; add --format");
	return 0;
}

/**
 * text_write - make the file of a graph
 * @graph: borrowed
 * @format: FORMAT_DOT or FORMAT_SVG
 * @ret_text, @ret_length: the caller frees it
 * @e: filled on failure
 *
 * Returns 0 or -ENOMEM.
 */
static int text_write(const struct graph *graph, enum format format, char **ret_text,
		      size_t *ret_length, struct error *e)
{
	FILE *out = open_memstream(ret_text, ret_length);
	int r = 0;

	if (!out)
		return error_errno(e, ENOMEM, "cannot draw the network");
	if (format == FORMAT_SVG)
		r = graph_svg(graph, out, e);
	else
		graph_dot(graph, out);
	if (fclose(out) != 0 && r == 0)
		r = error_errno(e, ENOMEM, "cannot draw the network");
	return r;
}

/**
 * file_write_graph - write a graph to a file, or to standard output
 * @graph: borrowed
 * @format: FORMAT_DOT or FORMAT_SVG
 * @path: of the file, borrowed; NULL: standard output
 * @e: filled on failure
 *
 * What is no file, such as /dev/stdout, is not replaced by one.
 *
 * Returns 0 or -errno.
 */
static int file_write_graph(const struct graph *graph, enum format format, const char *path,
			    struct error *e)
{
	_cleanup_(freep) char *text = NULL;
	size_t length = 0;
	struct stat st;
	int r = text_write(graph, format, &text, &length, e);

	if (r < 0)
		return r;
	if (path && stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		r = error_set(e, ERROR_FAILED, EEXIST, "%s is there and is not a file", path);
		return error_remedy(e, r,
				    "have the shell write there: leave --file out, "
				    "and add \"--format %s > %s\"",
				    formats[format], path);
	}
	if (path)
		return file_replace(path, text, length, 0644, e);
	return fwrite(text, 1, length, stdout) == length
		       ? 0
		       : error_errno(e, EIO, "cannot write the graph");
}

/**
 * verb_net_graph - draw the whole network
 * @in: the call, borrowed
 * @e: filled on failure
 *
 * Returns 0 or -errno.
 */
int verb_net_graph(const struct invocation *in, struct error *e)
{
	const struct net_graph_options *options = in->options;
	_cleanup_(graph_deinit) struct graph graph = { .n_containers = 0 };
	enum format format;
	int r = format_choose(in, &format, e);

	if (r == 0)
		r = network_graph_read(in, &graph, e);
	if (r < 0)
		return r;
	if (in->session->json)
		return json_print(network_graph_json(&graph), e);
	if (format == FORMAT_TEXT)
		return network_graph_draw(in->session, &graph, e);
	return file_write_graph(&graph, format, options->file, e);
}
