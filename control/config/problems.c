// SPDX-License-Identifier: BSD-3-Clause
// What is wrong with a file, kept in the order of its lines.
#include "settings.h"

#include <stdarg.h>
#include <stdlib.h>

static struct jg_problem *add(struct jg_problems *problems, uint32_t line, uint32_t column)
{
	// Grow at powers of two.
	if ((problems->n & (problems->n + 1)) == 0) {
		size_t room = ((size_t)problems->n + 1) * 2;
		struct jg_problem *list = realloc(problems->list, room * sizeof(*list));
		if (list == NULL)
			return NULL;
		problems->list = list;
	}
	struct jg_problem *problem = &problems->list[problems->n++];
	*problem = (struct jg_problem){.line = line, .column = column};
	return problem;
}

static void clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void jg_problems_add(
	struct jg_problems *problems, uint32_t line, uint32_t column, const char *format, ...)
{
	problems->mistakes++;
	struct jg_problem *problem = add(problems, line, column);
	if (problem == NULL)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	clean(problem->text);
}

static JG_PRINTF(4, 0) void add_at(struct loader *loader, const struct place *place, bool warning,
	const char *format, va_list args)
{
	uint32_t line, column;
	jg_config_locate(loader->text, place, &line, &column);
	if (!warning)
		loader->problems->mistakes++;
	struct jg_problem *problem = add(loader->problems, line, column);
	if (problem == NULL)
		return;
	problem->warning = warning;
	jg_config_spell(place, problem->text, sizeof(problem->text) / 2);
	size_t used = strlen(problem->text);
	if (used > 0)
		problem->text[used++] = ' ';
	(void)vsnprintf(problem->text + used, sizeof(problem->text) - used, format, args);
	clean(problem->text);
}

void jg_config_mistake(struct loader *loader, const struct place *place, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_at(loader, place, false, format, args);
	va_end(args);
}

void jg_config_warning(struct loader *loader, const struct place *place, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_at(loader, place, true, format, args);
	va_end(args);
}

void jg_problems_free(struct jg_problems *problems)
{
	free(problems->list);
	*problems = (struct jg_problems){0};
}

void jg_problems_print(const struct jg_problems *problems, const char *file, FILE *out)
{
	for (uint32_t i = 0; i < problems->n; i++) {
		const struct jg_problem *problem = &problems->list[i];
		if (problem->line == 0)
			fprintf(out, "%s: ", file);
		else
			fprintf(out, "%s:%u:%u: ", file, problem->line, problem->column);
		fprintf(out, "%s%s\n", problem->warning ? "warning: " : "", problem->text);
	}
}
