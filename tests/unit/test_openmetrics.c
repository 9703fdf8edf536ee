// SPDX-License-Identifier: BSD-3-Clause
#include "exposition.h"
#include "fake_channel.h" // the archive brings the publisher along
#include "figures_sample.h"
#include "openmetrics.h"

#include <criterion/criterion.h>

#include <math.h>

static char *render(enum jg_exposition exposition)
{
	struct jg_figures *figures = sample_figures();
	char *text;
	size_t len = jg_openmetrics_render(figures, exposition, &text);
	free(figures);
	cr_assert_gt(len, 0);
	cr_assert_eq(len, strlen(text));
	return text;
}

static char *read_file(const char *path)
{
	static char content[1 << 18];
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s is missing", path);
	content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	fclose(file);
	return content;
}

// JG_GOLDEN_WRITE=1 writes what is rendered in place of comparing: read the difference, then commit.
static void same_as_golden(const char *name, enum jg_exposition exposition)
{
	char path[512];
	char *text = render(exposition);
	snprintf(path, sizeof(path), "%s/%s", getenv("JG_GOLDEN"), name);
	if (getenv("JG_GOLDEN_WRITE") != NULL) {
		FILE *file = fopen(path, "w");
		fputs(text, file);
		fclose(file);
	}
	const char *golden = read_file(path);
	size_t at = 0;
	while (text[at] != '\0' && text[at] == golden[at])
		at++;
	cr_assert_eq(text[at], golden[at], "%s differs at byte %zu: rendered %.60s, golden %.60s",
		name, at, text + at, golden + at);
	free(text);
}

Test(openmetrics, the_old_format_is_the_golden_file)
{
	same_as_golden("metrics.txt", JG_EXPOSITION_TEXT);
}

Test(openmetrics, the_new_format_is_the_golden_file)
{
	same_as_golden("openmetrics.txt", JG_EXPOSITION_OPENMETRICS);
}

static unsigned count(const char *text, const char *words)
{
	unsigned n = 0;
	for (; (text = strstr(text, words)) != NULL; text++)
		n++;
	return n;
}

Test(openmetrics, every_counter_is_there_for_every_member)
{
	char *text = render(JG_EXPOSITION_TEXT);
	for (unsigned i = 0; i < JG_COUNTER_COUNT; i++) {
		char line[128];
		const char *name = jg_counter_name(i);
		bool fate = jg_counter_kind(i) == JG_COUNTER_KIND_FATE;
		bool time = strcmp(jg_counter_unit(i), "cycles") == 0;
		bool gauge = jg_counter_kind(i) == JG_COUNTER_KIND_GAUGE;
		if (fate)
			snprintf(line, sizeof(line),
				"\njoingate_packets_total{worker=\"lane\",fate=\"%s\"} %u\n", name,
				2000 + i);
		else if (time)
			snprintf(line, sizeof(line), "\njoingate_worker_%s_seconds_total{worker=",
				name + strlen("cycles_"));
		else
			snprintf(line, sizeof(line), "\njoingate_worker_%s%s{worker=\"lane\"} %u\n",
				name, gauge ? "" : "_total", 2000 + i);
		cr_assert_eq(count(text, line), time ? 2 : 1, "%s", line);
	}
	free(text);
}

Test(openmetrics, every_vendor_has_every_reason)
{
	char *text = render(JG_EXPOSITION_TEXT);
	cr_assert_eq(count(text, "\njoingate_verdicts_total{"), JG_VENDOR_COUNT * JG_REASON_COUNT);
	for (unsigned r = 0; r < JG_REASON_COUNT; r++) {
		char line[160];
		snprintf(line, sizeof(line), "{vendor=\"agora\",verdict=\"%s\",reason=\"%s\"} %u\n",
			r == 0 ? "admit" : "reject", jg_reason_name(r), JG_VENDOR_AGORA * 100 + r);
		cr_assert_eq(count(text, line), 1, "%s", line);
	}
	free(text);
}

Test(openmetrics, a_packet_beyond_all_bounds_is_in_the_last_bucket_alone)
{
	char *text = render(JG_EXPOSITION_TEXT);
	cr_assert_not_null(strstr(text, "verify_duration_seconds_bucket{le=\"1.0\"} 198\n"));
	cr_assert_not_null(strstr(text, "verify_duration_seconds_bucket{le=\"+Inf\"} 200\n"));
	cr_assert_not_null(strstr(text, "verify_duration_seconds_count 200\n"));
	free(text);
}

Test(openmetrics, without_a_known_clock_there_are_no_times)
{
	struct jg_figures *figures = sample_figures();
	char *text;
	figures->cycles_per_second = 0;
	cr_assert_gt(jg_openmetrics_render(figures, JG_EXPOSITION_TEXT, &text), 0);
	cr_assert_not_null(strstr(text, "verify_duration_seconds_bucket{le=\"1.0\"} 0\n"));
	cr_assert_not_null(strstr(text, "verify_duration_seconds_bucket{le=\"+Inf\"} 200\n"));
	cr_assert_null(strstr(text, "nan"));
	free(text);
	free(figures);
}

Test(openmetrics, only_the_new_format_has_units_and_an_end)
{
	char *text = render(JG_EXPOSITION_TEXT);
	cr_assert_null(strstr(text, "# UNIT"));
	cr_assert_null(strstr(text, "# EOF"));
	free(text);
	text = render(JG_EXPOSITION_OPENMETRICS);
	cr_assert_str_eq(text + strlen(text) - 7, "\n# EOF\n");
	cr_assert_gt(count(text, "# UNIT"), 5);
	free(text);
}

// What was written to a memory file.
static const char *written(void (*write)(struct jg_writer *w), bool openmetrics)
{
	static char text[512];
	struct jg_writer w = {.out = fmemopen(text, sizeof(text), "w"), .openmetrics = openmetrics};
	write(&w);
	fclose(w.out);
	return text;
}

static void write_hostile_label(struct jg_writer *w)
{
	w->name = "x";
	jg_sample(w, "_total");
	jg_label(w, "app", "a\"} 1\nfake\\ \x7f\xff\r");
	jg_label(w, "b", "");
	jg_count_value(w, 2);
}

Test(openmetrics, a_label_cannot_break_out)
{
	cr_assert_str_eq(written(write_hostile_label, true),
		"joingate_x_total{app=\"a\\\"} 1\\nfake\\\\ ???\",b=\"\"} 2\n");
}

static void write_hostile_help(struct jg_writer *w)
{
	jg_family(w, "x", "gauge", "", "a\n\\\"b");
}

Test(openmetrics, help_is_escaped_as_each_format_has_it)
{
	cr_assert_str_eq(written(write_hostile_help, true),
		"# HELP joingate_x a\\n\\\\\\\"b\n# TYPE joingate_x gauge\n");
	cr_assert_str_eq(written(write_hostile_help, false),
		"# HELP joingate_x a\\n\\\\\"b\n# TYPE joingate_x gauge\n");
}

Test(openmetrics, quantiles_are_upper_ends_of_buckets)
{
	struct jg_figures *figures = sample_figures();
	uint64_t buckets[JG_TIME_BUCKETS];
	jg_figures_service_time(figures, buckets);
	cr_assert_float_eq(jg_figures_quantile(figures, buckets, 0.05),
		jg_figures_bucket_s(figures, jg_time_bucket(100)), 1e-12);
	cr_assert_float_eq(jg_figures_quantile(figures, buckets, 0.5),
		jg_figures_bucket_s(figures, jg_time_bucket(3000)), 1e-12);
	cr_assert_float_eq(jg_figures_quantile(figures, buckets, 0.99),
		jg_figures_bucket_s(figures, jg_time_bucket(1000000)), 1e-9);
	cr_assert(isinf(jg_figures_quantile(figures, buckets, 1)));
	memset(figures->members, 0, sizeof(figures->members));
	jg_figures_service_time(figures, buckets);
	cr_assert_eq(jg_figures_quantile(figures, buckets, 0.5), 0);
	free(figures);
}
