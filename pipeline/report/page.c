/* pipeline/report/page.c -- one HTML file that needs nothing else: no server, no network, no second file.
 *
 * Its policy allows exactly two scripts, ours and Plotly's, by their hashes: whatever a recording is called, nothing else
 * runs. A figure is there twice: as a static picture (for paper, and where scripts are off) and as numbers that our script
 * hands to Plotly. */
#include <openssl/sha.h>
#include "pipeline/report/asset.h"
#include "pipeline/report/figure_json.h"
#include "pipeline/report/html.h"
#include "pipeline/report/page.h"
#include "pipeline/report/svg.h"

/* What 'sha256-...' in a policy says of a script. */
static const char *
script_hash(struct rmb_arena *arena, struct rmb_asset script)
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)script.text, script.length, sum);
	return rmb_base64(arena, sum, sizeof sum);
}

static void
head(FILE *to, const struct rmb_page *page, struct rmb_arena *arena)
{
	struct rmb_asset css = rmb_asset_css();
	rmb_html(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-%s' 'sha256-%s'; "
	         "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'\">\n",
	         script_hash(arena, rmb_asset_script()), script_hash(arena, rmb_asset_plotly()));
	rmb_html(to,
	         "<meta name=\"rumble-fingerprint\" content=\"%s\">\n<meta name=\"generator\" content=\"%s\">\n"
	         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
	         "content=\"light dark\">\n"
	         "<title>%s</title>\n<style>\n",
	         page->fingerprint, page->program, page->title);
	fwrite(css.text, 1, css.length, to);
	rmb_html(to, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
}

static void
table(FILE *to, const struct rmb_table *t)
{
	bool helped = false;
	rmb_html(to, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>\n",
	         t->title ? t->title : "table");
	if (t->title)
		rmb_html(to, "<caption>%s</caption>\n", t->title);
	rmb_html(to, "<thead><tr>");
	for (int c = 0; c < t->ncolumns; c++) {
		rmb_html(to, t->column[c].number ? "<th scope=\"col\" class=\"number\">%s</th>" : "<th scope=\"col\">%s</th>",
		         t->column[c].title);
		helped = helped || t->column[c].help;
	}
	rmb_html(to, "</tr></thead>\n<tbody>\n");
	for (int r = 0; r < t->nrows; r++) {
		rmb_html(to, "<tr>");
		for (int c = 0; c < t->ncolumns; c++) {
			const char *cell = t->cell[r * t->ncolumns + c];
			if (c == 0)
				rmb_html(to, "<th scope=\"row\">%s</th>", cell);
			else
				rmb_html(to, t->column[c].number ? "<td class=\"number\">%s</td>" : "<td>%s</td>", cell);
		}
		rmb_html(to, "</tr>\n");
	}
	rmb_html(to, "</tbody></table></div>\n");
	if (helped)
		rmb_html(to, "<p class=\"help\">");
	for (int c = 0; c < t->ncolumns; c++)
		if (t->column[c].help)
			rmb_html(to, "<span><b>%s</b> %s</span>\n", t->column[c].title, t->column[c].help);
	if (helped)
		rmb_html(to, "</p>\n");
}

static void
remarks(FILE *to, const char *title, const char *class, const struct rmb_remark *remark, int n)
{
	if (!n)
		return;
	rmb_html(to, "<aside class=\"%s\"><h3>%s</h3>\n<ul>\n", class, title);
	for (int i = 0; i < n; i++) {
		rmb_html(to, "<li><b>%s</b> ", remark[i].who);
		if (remark[i].more)
			rmb_html(to, "and %d more: ", remark[i].more);
		rmb_html(to, remark[i].varies ? "%s (the numbers are those of the first)</li>\n" : "%s</li>\n", remark[i].text);
	}
	rmb_html(to, "</ul></aside>\n");
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static void
static_picture(FILE *to, const struct rmb_figure_data *f)
{
	struct rmb_grid grid;
	rmb_figure_grid(f, &grid);
	if (f->svg) {
		rmb_html(to, "<img class=\"static\" width=\"%d\" height=\"%d\" alt=\"%s\" src=\"", grid.width, grid.height,
		         f->findings);
		rmb_svg_uri(to, f->svg, f->svg_length);
		rmb_html(to, "\">\n");
	} else
		rmb_html(to, "<p class=\"static none\">%s</p>\n", f->findings);
}

static int
figure(FILE *to, struct rmb_arena *arena, const struct rmb_figure_data *f, int number)
{
	rmb_html(to, f->npanels > 1 ? "<figure id=\"f%d\" class=\"wide\">" : "<figure id=\"f%d\">", number);
	rmb_html(to, "\n<h4 id=\"f%d-title\">%s</h4>\n<p class=\"spoken\" id=\"f%d-words\">%s</p>\n", number, f->title,
	         number, f->findings);
	static_picture(to, f);
	rmb_html(to, "<div class=\"plot\" role=\"img\" aria-labelledby=\"f%d-words\"></div>\n<figcaption>%s</figcaption>\n",
	         number, f->caption);
	rmb_html(to, "<div class=\"tools\" role=\"group\" aria-label=\"Save %s\">", f->title);
	static const char *const format[] = { "SVG", "PNG", "CSV" };
	for (int i = 0; i < 3; i++)
		rmb_html(to, "<button type=\"button\" data-save=\"%s\" aria-label=\"Save %s as %s\">%s</button>", format[i],
		         f->title, format[i], format[i]);
	rmb_html(to, "</div>\n<details class=\"data\"><summary>Data of this figure</summary></details>\n<script "
	             "type=\"application/json\">");
	json_t *json = rmb_figure_json(arena, f);
	int code = rmb_html_json(to, json);
	json_decref(json);
	rmb_html(to, "</script>\n</figure>\n");
	return code;
}

/* ---- the parts of the page, from top to bottom ------------------------------------------------------------------- */

static void
contents(FILE *to, const struct rmb_page *page)
{
	rmb_html(to, "<nav aria-label=\"Contents\"><details open><summary>Contents</summary>\n<ul>\n");
	if (page->nverdicts)
		rmb_html(to, "<li><a href=\"#verdicts\">Verdicts</a></li>\n");
	int first = page->nsections && page->section[0].all;
	if (first)
		rmb_html(to, "<li><a href=\"#s1\">%s</a></li>\n", page->section[0].title);
	if (page->nsummaries > page->nverdicts)
		rmb_html(to, "<li><a href=\"#summary\">Summary</a></li>\n");
	for (int i = first; i < page->nsections; i++)
		rmb_html(to, "<li><a href=\"#s%d\">%s</a></li>\n", i + 1, page->section[i].title);
	rmb_html(to, "<li><a href=\"#recipe\">Recipe</a></li>\n<li><a href=\"#provenance\">Provenance</a></li>\n"
	         "<li><a href=\"#cite\">How to cite</a></li>\n</ul></details></nav>\n");
}

static int
section(FILE *to, struct rmb_arena *arena, const struct rmb_section *s, int number, int *figures)
{
	int code = 0;
	rmb_html(to, "<section id=\"s%d\">\n<h2>%s</h2>\n<p class=\"about\">%s</p>\n", number, s->title, s->about);
	for (int i = 0; i < s->nheadlines; i++)
		rmb_html(to, "<p class=\"headline\"><b>%s</b> %s</p>\n", s->headline[i].who, s->headline[i].text);
	remarks(to, "Mind when reading", "warnings", s->remark, s->nremarks);
	if (s->nfigures)
		rmb_html(to, "<div class=\"figures\">\n");
	for (int i = 0; i < s->nfigures && !code; i++)
		code = figure(to, arena, s->figure[i], ++*figures);
	if (s->nfigures)
		rmb_html(to, "</div>\n");
	for (int i = 0; i < s->ntables; i++)
		table(to, &s->table[i]);
	if (s->numbers.nrows)
		table(to, &s->numbers);
	if (s->data.nrows)
		table(to, &s->data);
	rmb_html(to, "</section>\n");
	return code;
}

/* Tables from..end - 1 over all recordings; nothing if there are none. */
static void
summary(FILE *to, const struct rmb_page *page, const char *id, const char *title, int from, int end)
{
	if (from < end)
		rmb_html(to, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
	for (int i = from; i < end; i++)
		table(to, &page->summary[i]);
	if (from < end)
		rmb_html(to, "</section>\n");
}

static void
last_parts(FILE *to, const struct rmb_page *page)
{
	rmb_html(to,
	         "<section id=\"recipe\">\n<h2>Recipe</h2>\n<p class=\"about\">%s as it stood; what each result was made "
	         "with, defaults and --set included, is listed below</p>\n<pre tabindex=\"0\"><code>%s</code></pre>\n"
	         "</section>\n<section id=\"provenance\">\n<h2>Provenance</h2>\n",
	         page->recipe_name, page->recipe);
	table(to, &page->build);
	rmb_html(to, "<details><summary>Every result with its stage, settings and key</summary>\n");
	table(to, &page->nodes);
	rmb_html(to,
	         "</details>\n</section>\n<section id=\"cite\">\n<h2>How to cite</h2>\n<ul>\n<li>%s, the program that made "
	         "this report.</li>\n",
	         page->program);
	for (int i = 0; i < page->ncites; i++)
		rmb_html(to, "<li>%s</li>\n", page->cite[i]);
	rmb_html(to, "</ul>\n</section>\n");
}

static void
scripts(FILE *to)
{
	struct rmb_asset plotly = rmb_asset_plotly(), licence = rmb_asset_plotly_licence(), script = rmb_asset_script();
	if (plotly.length) {
		rmb_html(to,
		         "<details class=\"licence\"><summary>Charts: Plotly, under the MIT "
		         "licence</summary><pre>%s</pre></details>\n<script>",
		         licence.text);
		fwrite(plotly.text, 1, plotly.length, to);
		rmb_html(to, "</script>\n");
	}
	rmb_html(to, "<script>");
	fwrite(script.text, 1, script.length, to);
	rmb_html(to, "</script>\n</body>\n</html>\n");
}

int
rmb_page_write(FILE *to, const struct rmb_page *page, struct rmb_error *error)
{
	int code = 0, figures = 0;
	struct rmb_arena *arena = rmb_arena_new();
	if (!arena)
		return rmb_error_nomem(error, "the report");
	head(to, page, arena);
	rmb_html(to, "<header><h1>%s</h1>\n<p>%s</p></header>\n", page->title, page->lead);
	contents(to, page);
	rmb_html(to, "<main id=\"main\">\n");
	if (page->note)
		rmb_html(to, "<p class=\"note\">%s</p>\n", page->note);
	remarks(to, "Not everything is here", "problems", page->problem, page->nproblems);
	summary(to, page, "verdicts", "Verdicts", 0, page->nverdicts);
	int first = page->nsections && page->section[0].all; /* what is over all recordings comes before the numbers of each */
	if (first)
		code = section(to, arena, &page->section[0], 1, &figures);
	summary(to, page, "summary", "Summary", page->nverdicts, page->nsummaries);
	for (int i = first; i < page->nsections && !code; i++)
		code = section(to, arena, &page->section[i], i + 1, &figures);
	last_parts(to, page);
	rmb_html(to, "</main>\n");
	scripts(to);
	rmb_arena_free(arena);
	return code || ferror(to) ? rmb_error_nomem(error, "the report") : 0;
}
