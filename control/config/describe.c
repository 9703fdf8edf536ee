// SPDX-License-Identifier: BSD-3-Clause
// The table of settings for people.
#include "settings.h"

static void print_setting(FILE *out, const char *where, const struct setting *s)
{
	char expected[160];
	jg_config_expected(s, expected, sizeof(expected));
	fprintf(out, "  %s%s", where, s->path);
	if (expected[0] != '\0')
		fprintf(out, "  (%s)", expected);
	if (s->preset[0] == '!')
		fprintf(out, "  required");
	else if (s->preset[0] != '\0')
		fprintf(out, "  default %s", s->preset);
	fprintf(out, "%s\n      %s\n", s->reload ? "" : "  [restart]", s->help);
}

void jg_config_describe(FILE *out)
{
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		const struct section *section = &jg_config_sections[i];
		for (size_t k = 0; k < section->n; k++)
			print_setting(out, section->where, &section->settings[k]);
	}
}
