/* pipeline/cache_command.c -- `rumble cache ls | verify | gc | du`. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/cache.h"
#include "pipeline/command.h"
#include "pipeline/events.h"
#include "pipeline/table.h"
#include "rumble/units.h"

struct work {                   /* what every action needs */
	const struct rmb_options *options;
	struct rmb_cache cache;
	struct rmb_arena *arena;
	struct rmb_cache_entry *entry;
	int64_t n;
};

static const char *
size_text(struct rmb_arena *arena, double bytes)
{
	char text[64];
	return rmb_arena_strdup(arena, rmb_quantity_print(bytes, "B", text, sizeof text));
}

static const char *
stage_of(const struct rmb_cache_entry *entry)
{
	return entry->stage[0] ? entry->stage : "(damaged)";
}

/* ---- ls */

static void
list_json(const struct rmb_cache_entry *e)
{
	rmb_json_line(stdout, json_pack("{sssosIsIso*}", "key", e->key, "stage", rmb_json_text(e->stage), "bytes",
	                                (json_int_t)e->bytes, "used", (json_int_t)e->used, "named",
	                                e->by ? rmb_json_text(e->by) : NULL));
}

static int
list(struct work *w, struct rmb_error *error)
{
	struct rmb_table *table = rmb_table_new(w->arena, "llrll");
	if (!table)
		return rmb_error_nomem(error, "a table");
	const char *head[] = { "key", "stage", "size", "last used", "named" };
	rmb_table_row(table, head);
	for (int64_t i = 0; i < w->n; i++) {
		const struct rmb_cache_entry *e = &w->entry[i];
		time_t used = (time_t)e->used;
		struct tm tm;
		char when[32] = "", key[16];
		if (w->options->json) {
			list_json(e);
			continue;
		}
		if (localtime_r(&used, &tm))
			strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
		snprintf(key, sizeof key, "%.12s", e->key);
		const char *cell[] = { rmb_arena_strdup(w->arena, key), stage_of(e), size_text(w->arena, (double)e->bytes),
		                       rmb_arena_strdup(w->arena, when), e->by };
		rmb_table_row(table, cell);
	}
	if (!w->options->json)
		rmb_table_print(table, stdout);
	return 0;
}

/* ---- du */

struct share { const char *stage; int64_t objects, bytes; };

static int
compare_shares(const void *a, const void *b)
{
	const struct share *x = a, *y = b;
	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : strcmp(x->stage, y->stage);
}

/* Adds the objects up by stage; returns how many stages there are. */
static size_t
add_up(const struct work *w, struct share *share, struct share *total)
{
	size_t n = 0;
	for (int64_t i = 0; i < w->n; i++) {
		size_t s = 0;
		while (s < n && strcmp(share[s].stage, stage_of(&w->entry[i])))
			s++;
		if (s == n)
			share[n++] = (struct share){ .stage = stage_of(&w->entry[i]) };
		share[s].objects++;
		share[s].bytes += w->entry[i].bytes;
		total->objects++;
		total->bytes += w->entry[i].bytes;
	}
	qsort(share, n, sizeof *share, compare_shares);
	return n;
}

static void
add_share(struct rmb_table *table, struct rmb_arena *arena, const struct share *share)
{
	const char *cell[] = { share->stage, rmb_arena_printf(arena, "%" PRId64, share->objects),
	                       size_text(arena, (double)share->bytes) };
	rmb_table_row(table, cell);
}

static int
measure(struct work *w, struct rmb_error *error)
{
	struct share total = { .stage = "all" }, *share = rmb_arena_alloc(w->arena, (size_t)w->n, sizeof *share);
	struct rmb_table *table = rmb_table_new(w->arena, "lrr");
	if (!share || !table)
		return rmb_error_nomem(error, "a table");
	size_t n = add_up(w, share, &total);
	double left = rmb_cache_free_bytes(&w->cache);
	if (w->options->json) {
		json_t *stages = json_array();
		for (size_t i = 0; i < n; i++)
			json_array_append_new(stages,
			                      json_pack("{sosIsI}", "stage", rmb_json_text(share[i].stage), "objects",
			                                (json_int_t)share[i].objects, "bytes", (json_int_t)share[i].bytes));
		rmb_json_line(stdout,
		              json_pack("{sosIsIsoso}", "cache", rmb_json_text(w->cache.root), "objects",
		                        (json_int_t)total.objects, "bytes", (json_int_t)total.bytes, "free",
		                        isnan(left) ? json_null() : json_integer((json_int_t)left), "stages", stages));
		return 0;
	}
	const char *head[] = { "stage", "objects", "size" };
	rmb_table_row(table, head);
	for (size_t i = 0; i < n; i++)
		add_share(table, w->arena, &share[i]);
	add_share(table, w->arena, &total);
	rmb_table_print(table, stdout);
	printf("\n%s, with %s free\n", rmb_harmless(w->arena, w->cache.root),
	       isnan(left) ? "an unknown amount" : size_text(w->arena, left));
	return 0;
}

/* ---- verify */

/* All objects, bad ones set aside; goes on past each. */
static int
verify(struct work *w, struct rmb_error *error)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t bad = 0, aside = 0, bytes = 0;
	for (int64_t i = 0; i < w->n; i++) {
		struct rmb_error why = { 0 };
		const struct rmb_cache_entry *e = &w->entry[i];
		const char *path = rmb_cache_path(w->arena, &w->cache, e->key);
		if (!path)
			return rmb_error_nomem(error, "a path");
		int code = w->options->quick ? rmb_object_look(path, e->key, NULL, NULL, &why)
		                             : rmb_object_verify(path, e->key, (int)cores, &why);
		bytes += e->bytes;
		if (code == 0 || code == RMB_EINPUT) /* collected meanwhile */
			continue;
		bad++;
		if (w->options->json)
			rmb_json_line(stdout, json_pack("{sssssoso}", "event", "damaged", "key", e->key, "named",
			                                e->by ? rmb_json_text(e->by) : json_null(), "message",
			                                rmb_json_text(why.text)));
		else
			printf("%s%s%s\n", rmb_harmless(w->arena, why.text), e->by ? "; it is named by " : "",
			       e->by ? rmb_harmless(w->arena, e->by) : "");
		aside += code == RMB_EDAMAGE && rmb_cache_set_aside(&w->cache, e->key, why.text);
	}
	if (w->options->json)
		rmb_json_line(stdout, json_pack("{sssIsIsIsb}", "event", "verified", "objects", (json_int_t)w->n, "bytes",
		                                (json_int_t)bytes, "damaged", (json_int_t)bad, "quick", w->options->quick));
	else
		printf("%" PRId64 " objects, %s: %" PRId64 " damaged%s\n", w->n, size_text(w->arena, (double)bytes), bad,
		       bad > aside         ? ", not all of which could be set aside"
		       : bad               ? "; set aside in bad/, the next run makes them again"
		       : w->options->quick ? " (headers and lengths only)"
		                           : "");
	return bad ? rmb_error_set(error, RMB_EDAMAGE, "%" PRId64 " of %" PRId64 " objects in %s %s damaged", bad, w->n,
	                           w->cache.root, bad == 1 ? "was" : "were")
	           : 0;
}

/* ---- gc */

static void
took(void *self, const struct rmb_cache_entry *e)
{
	struct work *w = self;
	if (w->options->json)
		list_json(e);
	else
		printf("%.12s  %s  %s\n", e->key, stage_of(e), size_text(w->arena, (double)e->bytes));
}

static int
collect(struct work *w, struct rmb_error *error)
{
	const struct rmb_options *o = w->options;
	struct rmb_collected c;
	if (o->max_size <= 0 && o->max_age <= 0)
		return rmb_error_set(error, RMB_EUSAGE,
		                     "cache gc needs a limit: --max-size SIZE, such as 20 GB, or --max-age TIME, such as 720 "
		                     "h");
	int code = rmb_cache_collect(&w->cache, o->max_size > 0 ? o->max_size : NAN, o->max_age > 0 ? o->max_age : NAN,
	                             o->dry_run, took, w, &c, error);
	if (code)
		return code;
	if (o->json)
		rmb_json_line(stdout,
		              json_pack("{sssIsIsIsIsIsIsb}", "event", "collected", "objects", (json_int_t)c.objects, "bytes",
		                        (json_int_t)c.bytes, "left_objects", (json_int_t)c.left_objects, "left_bytes",
		                        (json_int_t)c.left_bytes, "spared_objects", (json_int_t)c.spared_objects,
		                        "spared_bytes", (json_int_t)c.spared_bytes, "dry_run", o->dry_run));
	else
		printf("%s %" PRId64 " object%s, %s; %" PRId64 " left, %s; %" PRId64
		       " spared because results name them or a run may need them\n",
		       o->dry_run ? "would take" : "took", c.objects, c.objects == 1 ? "" : "s",
		       size_text(w->arena, (double)c.bytes), c.left_objects, size_text(w->arena, (double)c.left_bytes),
		       c.spared_objects);
	return 0;
}

/* ---- the command */

static const struct {
	const char *name;
	int (*run)(struct work *w, struct rmb_error *error);
	bool lists; /* only looks at the cache; else it takes objects from it */
} actions[] = {
	{ "ls", list, true }, { "verify", verify, true }, { "gc", collect, false }, { "du", measure, true },
};

/* A cache is opened to be changed only if there is one: a mistyped path shall not become one. */
static int
open_cache(struct work *w, bool lists, struct rmb_error *error)
{
	int code = rmb_cache_look(w->options->cache, &w->cache, error);
	if (code == 0 && w->cache.absent && !w->options->quiet)
		fprintf(stderr, "there is no cache at %s yet\n", rmb_harmless(w->arena, w->cache.root));
	if (code || lists || w->cache.absent)
		return code;
	rmb_cache_close(&w->cache);
	return rmb_cache_open(w->options->cache, &w->cache, error);
}

int
rmb_command_cache(const struct rmb_options *options)
{
	struct work w = { .options = options, .arena = rmb_arena_new() };
	struct rmb_error error = { 0 };
	size_t i = 0, n = sizeof actions / sizeof *actions;
	while (i < n && strcmp(actions[i].name, options->arg[0]))
		i++;
	int code = 0;
	if (!w.arena)
		code = rmb_error_nomem(&error, "the cache");
	else if (i == n)
		code = rmb_error_set(&error, RMB_EUSAGE, "cache has no action '%s'; there are ls, verify, gc and du",
		                     options->arg[0]);
	else
		code = open_cache(&w, actions[i].lists, &error);
	if (code == 0 && actions[i].lists)
		code = rmb_cache_list(w.arena, &w.cache, &w.entry, &w.n, &error);
	if (code == 0)
		code = actions[i].run(&w, &error);
	if (w.cache.root)
		rmb_cache_close(&w.cache);
	rmb_arena_free(w.arena);
	return code ? rmb_complain(options, &error) : 0;
}
