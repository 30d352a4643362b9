/* pipeline/report/report.c -- from graph and cache to report.html and the files in figures/. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/report.h"
#include "pipeline/report/asset.h"
#include "pipeline/report/content.h"
#include "pipeline/report/gnuplot.h"
#include "pipeline/report/prune.h"
#include "pipeline/inside.h"

/* Whether the page that stands there says that it was made from the same things. */
static bool
stands(const char *directory, const char *name, const char *fingerprint, struct rmb_error *error)
{
	static const char mark[] = "<meta name=\"rumble-fingerprint\" content=\"";
	char text[RMB_PAGE_HEAD];
	const char *last;
	int at = rmb_inside_open(directory, name, &last, error);
	if (at < 0)
		return false;
	int file = openat(at, last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = file < 0 ? 0 : read(file, text, sizeof text);
	bool figures = faccessat(at, "figures", F_OK, 0) == 0;
	if (file >= 0)
		close(file);
	close(at);
	const char *found = n > 0 ? memmem(text, (size_t)n, mark, sizeof mark - 1) : NULL;
	size_t rest = found ? (size_t)(text + n - found) - (sizeof mark - 1) : 0, length = strlen(fingerprint);
	return figures && rest > length && memcmp(found + sizeof mark - 1, fingerprint, length) == 0;
}

/* All figures of all sections, drawn at once and stored under figures/. *drawn: gnuplot had nothing to complain of. */
static int
pictures(struct rmb_arena *arena, struct rmb_page *page, const char *directory, bool *drawn, struct rmb_error *error)
{
	int n = 0, stored = 0, code = 0;
	for (int s = 0; s < page->nsections; s++)
		n += page->section[s].nfigures;
	struct rmb_figure_data **figure = rmb_arena_alloc(arena, (size_t)n, sizeof *figure);
	if (!figure)
		return rmb_error_nomem(error, "the figures");
	n = 0;
	for (int s = 0; s < page->nsections; s++)
		for (int f = 0; f < page->section[s].nfigures; f++)
			figure[n++] = page->section[s].figure[f];
	int folder = rmb_inside_mkdir(directory, "figures", error);
	if (folder < 0)
		return folder;
	page->note = rmb_gnuplot(arena, figure, n, folder);
	*drawn = !page->note && rmb_gnuplot_found();
	close(folder);
	for (int f = 0; f < n && !code; f++)
		if (figure[f]->svg) {
			stored++;
			code = rmb_inside_write(directory, rmb_arena_printf(arena, "figures/%s.svg", figure[f]->file),
			                        figure[f]->svg, figure[f]->svg_length, error);
		}
	if (!code && (stored || !n)) /* where nothing could be drawn there may be no room for a list, either */
		code = rmb_figures_prune(arena, figure, n, directory, error);
	if (!rmb_asset_plotly().length)
		page->note = rmb_arena_printf(arena, "%s%sThis program was built without Plotly: the figures are still pictures.",
		                              page->note ? page->note : "", page->note ? " " : "");
	return code;
}

static int
write_page(const struct rmb_page *page, const char *directory, const char *name, struct rmb_error *error)
{
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);
	if (!to)
		return rmb_error_nomem(error, "the report");
	int code = rmb_page_write(to, page, error);
	if (fclose(to) && !code)
		code = rmb_error_nomem(error, "the report");
	if (!code)
		code = rmb_inside_write(directory, name, text, length, error);
	free(text);
	return code;
}

int
rmb_report_write(const struct rmb_graph *graph, const struct rmb_cache *cache, const struct rmb_result *result,
                 const char *directory, bool *changed, struct rmb_error *error)
{
	const char *name = graph->recipe->report;
	char fingerprint[65];
	*changed = false;
	if (!name)
		return 0;
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_standing *standing = arena ? rmb_standings(arena, graph, cache, result) : NULL;
	struct rmb_error trouble = { 0 };
	int code = standing ? rmb_content_fingerprint(graph, standing, rmb_gnuplot_found(), fingerprint, error)
	                    : rmb_error_nomem(error, "the report");
	if (!code && !stands(directory, name, fingerprint, &trouble)) {
		struct rmb_page *page = NULL;
		if ((code = trouble.code))
			rmb_error_set(error, trouble.code, "%s", trouble.text);
		else if (!(page = rmb_content(arena, graph, cache, standing, error)))
			code = error->code;
		bool drawn = false;
		if (page && !(code = pictures(arena, page, directory, &drawn, error))) {
			/* what proved unusable on opening stands otherwise now; what could not be drawn is tried again */
			code = rmb_content_fingerprint(graph, standing, drawn, fingerprint, error);
			page->fingerprint = fingerprint;
		}
		if (!code && !(code = write_page(page, directory, name, error)))
			*changed = true;
	}
	rmb_arena_free(arena);
	return code;
}
