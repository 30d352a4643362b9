/* tests/test_page.c -- the report page: whatever things are called, the page says it and does nothing else. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/report/asset.h"
#include "pipeline/report/gnuplot.h"
#include "pipeline/report/html.h"
#include "support/check.h"
#include "support/specimen.h"

static const char *const hostile[] = {
	"' onclick='alert(1)'", "`touch pwned`", "$(touch pwned)", "&lt;script&gt;", "{x} %s %n %d", "]]>", "\xff\xfe\xc0\x80 bytes",
	"\x01\x1b[31m\x7f control", "javascript:alert(1)", "\xe2\x80\xa8 line separator", "'; system 'touch pwned'; '", "@macro \\n \\",
};

static char *
page_text(const char *name, bool pictures, size_t *length)
{
	struct rmb_arena *arena = rmb_arena_new();
	const struct rmb_page *page = rmb_test_page(arena, name);
	struct rmb_error error = { 0 };
	char *text = NULL;
	for (int i = 0; i < page->nsections && pictures; i++)
		(void)!rmb_gnuplot(arena, page->section[i].figure, page->section[i].nfigures, AT_FDCWD);
	FILE *to = open_memstream(&text, length);
	assert_int_equal(rmb_page_write(to, page, &error), 0);
	assert_int_equal(fclose(to), 0);
	rmb_arena_free(arena);
	return text;
}

static int
count(const char *text, const char *what)
{
	int n = 0;
	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The part of the page that is made anew each time: without style, Plotly and script. */
static int
count_own(const char *text, const char *what)
{
	int n = count(text, what);
	n -= count(rmb_asset_plotly().length ? rmb_asset_plotly().text : "", what);
	return n;
}

static void
test_names_make_no_tags(void **state)
{
	(void)state;
	static const char *const mark[] = { "<", ">", "<script", "</script", "\"", "'", "<!--" };
	size_t length;
	char *plain = page_text("plain", false, &length);
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		char *text = page_text(hostile[i], false, &length);
		for (size_t m = 0; m < sizeof mark / sizeof *mark; m++) {
			bool json = *mark[m] == '"' || *mark[m] == '\'' || *mark[m] == '>'; /* stand as they are in JSON, within a string */
			if (!json && count_own(text, mark[m]) != count_own(plain, mark[m]))
				fail_msg("'%s' changes how often %s stands in the page: %d, plain %d", hostile[i], mark[m],
				         count_own(text, mark[m]), count_own(plain, mark[m]));
		}
		free(text);
	}
	free(plain);
}

/* Outside JSON blocks no quote of a name may stand as it is either. */
static void
test_quotes_are_escaped(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	rmb_html(to, "<a title=\"%s\">%d%%</a>", "\"'`<>&\x01\xff\xc3\xa9", 7);
	fclose(to);
	assert_string_equal(text, "<a title=\"&quot;&#39;&#96;&lt;&gt;&amp;&#xfffd;?\xc3\xa9\">7%</a>");
	free(text);
}

static void
test_json_has_no_less_than(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	json_t *json = json_pack("{s:s}", "b</script>", "<!-- \xe2\x80\xa8");
	assert_int_equal(rmb_html_json(to, json), 0);
	fclose(to);
	json_decref(json);
	assert_string_equal(text, "{\"b\\u003c/script>\":\"\\u003c!-- \\u2028\"}");
	free(text);
}

static void
test_same_page_same_bytes(void **state)
{
	(void)state;
	size_t first, second;
	char *one = page_text("T181", true, &first), *two = page_text("T181", true, &second);
	assert_int_equal(first, second);
	assert_memory_equal(one, two, first);
	assert_non_null(memmem(one, RMB_PAGE_HEAD, "rumble-fingerprint\" content=\"0123\"", 34));
	free(one);
	free(two);
}

/* Every picture is drawn whatever the labels say, holds them as text, and gnuplot ran nothing. */
static void
test_gnuplot_takes_any_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_figure_data **figure = rmb_test_figures(arena, hostile[i]);
		const char *note = rmb_gnuplot(arena, figure, RMB_TEST_FIGURES, AT_FDCWD);
		if (note)
			fail_msg("'%s': %s", hostile[i], note);
		for (int f = 0; f < RMB_TEST_FIGURES; f++)
			assert_null(strstr(figure[f]->svg, "<script"));
		rmb_arena_free(arena);
	}
	assert_null(fopen("pwned", "r"));
}

static void
test_no_gnuplot_is_said(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	const char *path = getenv("PATH");
	char *before = strdup(path ? path : "");
	setenv("PATH", "/nowhere", 1);
	struct rmb_figure_data **figure = rmb_test_figures(arena, "plain");
	const char *note = rmb_gnuplot(arena, figure, RMB_TEST_FIGURES, AT_FDCWD);
	setenv("PATH", before, 1);
	assert_non_null(note);
	assert_non_null(strstr(note, "gnuplot is not installed"));
	assert_null(figure[0]->svg);
	free(before);
	rmb_arena_free(arena);
}

static void
test_no_room_is_said(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_figure_data **figure = rmb_test_figures(arena, "plain");
	int nowhere = open("/proc/self", O_RDONLY | O_DIRECTORY); /* nobody makes folders there */
	const char *note = rmb_gnuplot(arena, figure, RMB_TEST_FIGURES, nowhere);
	close(nowhere);
	assert_non_null(note);
	assert_non_null(strstr(note, "no room in figures/"));
	assert_null(figure[0]->svg);
	rmb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "names make no tags", test_names_make_no_tags, NULL, NULL, NULL },
		{ "text is escaped for elements and attributes", test_quotes_are_escaped, NULL, NULL, NULL },
		{ "JSON in a script holds no less-than sign", test_json_has_no_less_than, NULL, NULL, NULL },
		{ "the same report is the same bytes", test_same_page_same_bytes, NULL, NULL, NULL },
		{ "gnuplot draws whatever the names are", test_gnuplot_takes_any_name, NULL, NULL, NULL },
		{ "a report without gnuplot says so", test_no_gnuplot_is_said, NULL, NULL, NULL },
		{ "a report without room to draw in says so", test_no_room_is_said, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
