/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/suggestion.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 32 /* longer words than any of ours are near to none */

/**
 * smaller - the smaller of two numbers
 * @a, @b: the numbers
 */
static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/**
 * suggestion_distance - how many slips of the finger lie between two words
 * @a, @b: borrowed
 *
 * A slip is a letter too many, one missing, a wrong one, or two neighbours in the wrong order
 * (optimal string alignment).
 *
 * Returns their number; WORD_MAX when a word is that long.
 */
unsigned suggestion_distance(const char *a, const char *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	if (length_a >= WORD_MAX || length_b >= WORD_MAX)
		return WORD_MAX;
	for (unsigned i = 0; i <= length_a; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= length_b; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= length_a; i++) {
		for (size_t j = 1; j <= length_b; j++) {
			d[i][j] = smaller(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = smaller(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[length_a][length_b];
}

/**
 * suggestion_init - begin to look for a word like another
 * @suggestion: filled
 * @word: as typed, borrowed for as long as @suggestion is used
 *
 * One slip is allowed in a short word, three in a long one.
 */
void suggestion_init(struct suggestion *suggestion, const char *word)
{
	size_t length = strlen(word);

	*suggestion = (struct suggestion){ .word = word };
	suggestion->distance = length < 2 ? 0 : length < 4 ? 2 : length < 8 ? 3 : 4;
}

/**
 * suggestion_try - look at one candidate; among equals the first one stays
 * @suggestion: changed when it is nearer than the best so far
 * @candidate: borrowed for as long as @suggestion is used
 *
 * Returns 1 when it is the best now, 0 otherwise.
 */
int suggestion_try(struct suggestion *suggestion, const char *candidate)
{
	unsigned distance = suggestion_distance(suggestion->word, candidate);

	if (distance >= suggestion->distance)
		return 0;
	suggestion->best = candidate;
	suggestion->distance = distance;
	return 1;
}

/**
 * suggestion_link - the link of this host whose name is nearest to a word
 * @word: as typed, borrowed
 * @ret_name: its name
 *
 * Returns whether there is one that is near.
 */
bool suggestion_link(const char *word, char ret_name[IFNAMSIZ])
{
	struct if_nameindex *links = if_nameindex();
	struct suggestion suggestion;

	suggestion_init(&suggestion, word);
	for (size_t i = 0; links && links[i].if_index; i++)
		suggestion_try(&suggestion, links[i].if_name);
	if (suggestion.best)
		(void)snprintf(ret_name, IFNAMSIZ, "%s", suggestion.best);
	if (links)
		if_freenameindex(links);
	return suggestion.best != NULL;
}
