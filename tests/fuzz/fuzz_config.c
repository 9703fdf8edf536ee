// SPDX-License-Identifier: BSD-3-Clause
// A configuration as it comes: mistakes if and only if there is none, each within the text, and what
// was read renders to what reads back.
#include "internal/config.h"

#include <stdlib.h>

static void check_problems(const struct jg_problems *problems, uint32_t size)
{
	for (uint32_t i = 0; i < problems->n; i++) {
		const struct jg_problem *problem = &problems->list[i];
		if (problem->line > size + 1 || problem->column > size + 1)
			abort();
		if (problem->text[0] == '\0' || (i > 0 && problem->line < problem[-1].line))
			abort();
	}
}

static void check_app(const struct jg_app *app)
{
	char *rendered = jg_config_app_render(app, true);
	char *text = NULL;
	struct jg_problems problems = {0};
	if (rendered == NULL || asprintf(&text, "{\"apps\": [%s]}", rendered) < 0)
		abort();
	struct jg_config *again = jg_config_parse((struct jg_str){text, (uint32_t)strlen(text)},
		"/nonexistent", JG_CONFIG_APPS, &problems);
	if (again == NULL)
		abort();
	char *twice = jg_config_app_render(&again->apps[0], true);
	if (twice == NULL || strcmp(rendered, twice) != 0)
		abort();
	free(twice);
	jg_config_free(again);
	jg_problems_free(&problems);
	free(text);
	free(rendered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jg_problems problems = {0};
	struct jg_config *config =
		jg_config_parse((struct jg_str){(const char *)data, (uint32_t)size}, "/nonexistent",
			JG_CONFIG_ALL, &problems);
	if ((config == NULL) != (problems.mistakes > 0))
		abort();
	check_problems(&problems, (uint32_t)size);
	for (uint32_t i = 0; config != NULL && i < config->apps_n; i++)
		check_app(&config->apps[i]);
	jg_config_free(config);
	jg_problems_free(&problems);
	return 0;
}
