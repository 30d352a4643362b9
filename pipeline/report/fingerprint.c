/* pipeline/report/fingerprint.c -- how nodes stand, and whether a report would say anything new. */
#include <stdlib.h>
#include "pipeline/report/asset.h"
#include "pipeline/report/content.h"
#include "rumble/hash.h"

enum { PAGE_VERSION = 12 }; /* raise when page.c or content.c say the same things in another way */

const char *
rmb_unusable(struct rmb_arena *arena, const char *why)
{
	return rmb_arena_printf(arena, "cannot be used (%s); run again to compute it anew", why);
}

struct rmb_standing *
rmb_standings(struct rmb_arena *arena, const struct rmb_graph *graph, const struct rmb_cache *cache,
              const struct rmb_result *result)
{
	struct rmb_standing *standing = rmb_arena_alloc(arena, (size_t)graph->nnodes, sizeof *standing);
	for (int i = 0; standing && i < graph->nnodes; i++) {
		const struct rmb_node *node = graph->node[i];
		const struct rmb_result *r = result ? &result[i] : NULL;
		struct rmb_error error = { 0 };
		if (r && (r->outcome == RMB_FAILED || r->outcome == RMB_BLOCKED))
			standing[i] = (struct rmb_standing){ RMB_BROKEN, r->text };
		else if (rmb_cache_check(cache, node->key, NULL, &error) == 0)
			standing[i] = (struct rmb_standing){ RMB_HERE, NULL };
		else if (error.code == RMB_EDAMAGE)
			standing[i] = (struct rmb_standing){ RMB_MISSING, rmb_unusable(arena, error.text) };
		else if (!node->keep)
			standing[i] = (struct rmb_standing){ RMB_GONE, NULL };
		else if (r && r->outcome == RMB_CANCELLED)
			standing[i] = (struct rmb_standing){ RMB_MISSING, "was stopped before it finished" };
		else
			standing[i] = (struct rmb_standing){ RMB_MISSING, "has not been computed" };
	}
	return standing;
}

/* Texts are told apart by a byte that none of them holds. */
static void
add(FILE *to, const char *text)
{
	fputs(text ? text : "\1", to);
	fputc(0, to);
}

static void
add_stage(FILE *to, const struct rmb_stage *stage)
{
	add(to, stage->brief), add(to, stage->caption), add(to, stage->cite), add(to, stage->headline),
	        add(to, stage->summary), add(to, stage->tables);
	for (const struct rmb_port *p = stage->out; p && p->name; p++)
		add(to, p->name), add(to, p->unit), add(to, p->help);
	for (const struct rmb_figure *f = stage->figures; f && f->name; f++) {
		add(to, f->name), add(to, f->kind), add(to, f->x), add(to, f->y), add(to, f->z), add(to, f->image),
		        add(to, f->split), add(to, f->caption);
		fprintf(to, "%d%d%d%d %a %a %a %a ", f->logx, f->logy, f->logz, f->equal, f->xwindow[0], f->xwindow[1],
		        f->ywindow[0], f->ywindow[1]);
		for (size_t s = 0; s < sizeof f->series / sizeof *f->series && f->series[s].y; s++) {
			const struct rmb_series *one = &f->series[s];
			add(to, one->y), add(to, one->x), add(to, one->style), add(to, one->label);
			add(to, one->low), add(to, one->high), add(to, one->spread), add(to, one->z), add(to, one->flag);
		}
		for (size_t i = 0; i < sizeof f->guide / sizeof *f->guide && f->guide[i].shape; i++) {
			const struct rmb_guide *one = &f->guide[i];
			add(to, one->shape), add(to, one->at), add(to, one->to), add(to, one->label);
			fprintf(to, "%a %a ", one->through[0], one->through[1]);
		}
	}
}

static void
add_recipe(FILE *to, const struct rmb_recipe *recipe)
{
	add(to, recipe->name), add(to, recipe->title), add(to, recipe->text);
	for (int s = 0; s < recipe->nsources; s++) {
		const struct rmb_source *source = &recipe->source[s];
		add(to, source->name);
		for (int i = 0; i < source->nlabels; i++)
			add(to, source->label[i].name), add(to, source->label[i].value);
		for (int i = 0; i < source->ntags; i++)
			add(to, source->tag[i]);
	}
	for (int e = 0; e < recipe->nentries; e++)
		add_stage(to, recipe->entry[e].stage);
}

int
rmb_content_fingerprint(const struct rmb_graph *graph, const struct rmb_standing *standing, bool gnuplot, char *hex,
                        struct rmb_error *error)
{
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);
	if (!to)
		return rmb_error_nomem(error, "the report");
	fprintf(to, "%s %d %d %d %zu", RUMBLE_VERSION, PAGE_VERSION, gnuplot, graph->nnodes, rmb_asset_plotly().length);
	add(to, rmb_asset_css().text), add(to, rmb_asset_script().text);
	add_recipe(to, graph->recipe);
	for (int i = 0; i < graph->nnodes; i++) {
		add(to, graph->node[i]->id), add(to, graph->node[i]->key);
		add(to, standing[i].stand == RMB_HERE ? "here" : standing[i].stand == RMB_GONE ? "gone" : standing[i].text);
	}
	int code = fclose(to);
	if (!code)
		rmb_sha256(text, length, hex);
	free(text);
	return code ? rmb_error_nomem(error, "the report") : 0;
}
