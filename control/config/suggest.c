// SPDX-License-Identifier: BSD-3-Clause
// "did you mean": the word at the smallest edit distance.
#include "settings.h"

#define WORD_MAX 48
#define NEAR 3

// Levenshtein distance, two rows.
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[WORD_MAX + 1];
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

void jg_config_consider(struct suggestion *suggestion, const char *candidate)
{
	size_t len = strlen(suggestion->word);
	size_t candidate_len = strcspn(candidate, ".");
	if (len == 0 || len > WORD_MAX || candidate_len > WORD_MAX)
		return;
	unsigned d = distance(suggestion->word, len, candidate, candidate_len);
	// A word of three letters is not near to everything.
	if (d > NEAR || 2 * d > len || (suggestion->nearest != NULL && d >= suggestion->distance))
		return;
	suggestion->nearest = candidate;
	suggestion->nearest_len = (int)candidate_len;
	suggestion->distance = d;
}

const char *jg_config_suggest(const struct suggestion *suggestion, char *text, size_t size)
{
	text[0] = '\0';
	if (suggestion->nearest != NULL)
		(void)snprintf(text, size, "; did you mean %.*s?", suggestion->nearest_len,
			suggestion->nearest);
	return text;
}
