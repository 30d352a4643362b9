/* stages/analyze/split.c -- one number for every area (plane, probe) of a recording.
 *
 * A driver: it looks at the neurons of a recording and proposes one set for each area that has enough of them,
 *     areas: {stage: split, value: alpha.exponent, of: units, vary: {region.area: all}, min_neurons: 50}
 * where `region` is a select. What lies between it and the value is then computed area by area, and the value gathered: mean
 * and standard deviation (divisor n) over replicates. Areas may be listed, also several as one (CP|LS); those with too few
 * neurons in this recording are left out. (Regions with at least 50 units: methods S19.)
 * Cost: nothing; the analyses cost what they cost. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "analyze/sets.h"
#include "prepare/expression.h"
#include "prepare/partition.h"

struct settings { int64_t min_neurons; };

static const struct rmb_param params[] = {
	{ .name = "min_neurons", .kind = RMB_INT, .at = offsetof(struct settings, min_neurons), .def = "50", .min = 1, .max = 1e9,
	  .help = "areas with fewer neurons in the recording `of` are left out" }, { 0 } };

static const struct rmb_port in[] = {
	{ .name = "value", .kinds = RMB_ARRAY, .gather = RMB_SETS, .axes = "",
	  .help = "the number wanted of each area, as alpha.exponent" },
	{ .name = "of", .kinds = RMB_RECORDING | RMB_SPIKES,
	  .help = "recording or spikes whose neurons are counted: what the varied select reads" }, { 0 } };

#define VECTOR(port, what, text) { .name = port, .kinds = RMB_ARRAY, .axes = "part", .type = what, .unit = "1", .help = text }
static const struct rmb_port out[] = {
	VECTOR("value", RMB_FLOAT64, "mean over replicates; not a number where an area failed"),
	VECTOR("spread", RMB_FLOAT64, "standard deviation over replicates, divisor n"),
	VECTOR("n", RMB_INT64, "replicates that the mean is over"),
	VECTOR("part", RMB_TEXT, "area, plane or probe"),
	VECTOR("neurons", RMB_INT64, "neurons that it has"),
	VECTOR("low", RMB_FLOAT64, "value less spread, if there are replicates"),
	VECTOR("high", RMB_FLOAT64, "value plus spread"), { 0 } };

static const struct rmb_figure figures[] = {
	{ .name = "parts", .kind = "forest", .x = "{value}",
	  .caption = "{value} of each part. With replicates, their mean and standard deviation.",
	  .series = { { .y = "part", .x = "value", .low = "low", .high = "high", .style = "points" } } }, { 0 } };

/* ---- what parts there are: of a set, by the text of what is varied in it */

static const struct { const char *setting, *many; enum rmb_by by; } kinds[] = {
	{ "area", "areas", RMB_BY_AREA }, { "plane", "planes", RMB_BY_PLANE }, { "probe", "probes", RMB_BY_PROBE } };
enum { NKINDS = sizeof kinds / sizeof *kinds };

/* Which of the kinds a setting called "region.area" is; NKINDS: none. */
static int
kind_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	int k = 0;
	while (k < NKINDS && strcmp(kinds[k].setting, dot ? dot + 1 : name) != 0)
		k++;
	return k;
}

/* Neurons of the part that a text stands for: names of areas with their patterns, "[0, 2]" of planes. */
static int64_t
count_neurons(int kind, const char *text, const struct rmb_part *part, int64_t n)
{
	int64_t count = 0;
	for (int64_t i = 0; i < n; i++) {
		bool inside = false;
		if (kinds[kind].by == RMB_BY_AREA)
			inside = rmb_pattern_matches(text, part[i].name);
		for (const char *at = text; kinds[kind].by != RMB_BY_AREA && !inside && (at = strpbrk(at, "-0123456789"));
		     at += strspn(at, "-0123456789"))
			inside = strspn(at, "-0123456789") == strlen(part[i].name) &&
			         strncmp(at, part[i].name, strlen(part[i].name)) == 0;
		count += inside ? part[i].n : 0;
	}
	return count;
}

/* A part as one writes it for a select: a name that is no plain pattern in quotes. */
static const char *
written(struct rmb_arena *arena, int kind, const struct rmb_part *part)
{
	const char *name = part->name;
	if (kinds[kind].by != RMB_BY_AREA)
		return rmb_arena_printf(arena, "[%s]", name);
	bool plain = !strpbrk(name, "*?|'\"") && name[0] != ' ' && name[0] != '[' && name[strlen(name) - 1] != ' ' &&
	             strcmp(name, "none") != 0;
	return plain ? name : rmb_arena_printf(arena, strchr(name, '"') ? "'%s'" : "\"%s\"", name);
}

/* ---- what to run */

/* Texts of those with enough neurons, of what the recipe lists or of all there are; *n of them. NULL: no memory. */
static const char **
choose(const struct rmb_search *search, int kind, const struct rmb_part *part, int64_t nparts, int *n)
{
	const struct settings *set = search->settings;
	const struct rmb_varied *varied = &search->varied[0];
	int64_t all = varied->n ? varied->n : nparts;
	const char **text = rmb_arena_alloc(search->arena, (size_t)all, sizeof *text);
	*n = 0;
	for (int64_t i = 0; text && i < all; i++) {
		const char *one = varied->n ? varied->text[i] : written(search->arena, kind, &part[i]);
		if (!one)
			return NULL;
		if ((varied->n ? count_neurons(kind, one, part, nparts) : part[i].n) >= set->min_neurons)
			text[(*n)++] = one;
	}
	return text;
}

static int
propose(struct rmb_search *search, struct rmb_error *error)
{
	const struct settings *set = search->settings;
	const struct rmb_varied *varied = &search->varied[0];
	int64_t nparts;
	int kind = kind_of(varied->name);
	if (search->nvaried != 1 || kind == NKINDS)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "split varies one setting, `area`, `plane` or `probe` of a select, as in vary: "
		                     "{region.area: all}");
	for (int i = 0; i < varied->n && kinds[kind].by == RMB_BY_AREA; i++) {
		int code = rmb_pattern_check(varied->name, varied->text[i], error);
		if (code)
			return code;
	}
	if (!search->neurons)
		return 0;
	const struct rmb_part *part = rmb_parts_find(search->arena, search->neurons, kinds[kind].by, &nparts);
	if (part && nparts == 0)
		return rmb_error_set(error, RMB_EDATA,
		                     "the recording has no %s for its neurons, so it cannot be split by them; name the array of "
		                     "its file that holds them where it is loaded, as `raw: {stage: load, %s: NAME}`",
		                     kinds[kind].many, kinds[kind].setting);
	const char **text = part ? choose(search, kind, part, nparts, &search->nsets) : NULL;
	const char *const **sets = text ? rmb_arena_alloc(search->arena, (size_t)search->nsets, sizeof *sets) : NULL;
	if (!sets)
		return rmb_error_nomem(error, "the parts of a recording");
	if (search->nsets == 0)
		return rmb_error_set(error, RMB_EDATA, "none of the %s%s has %" PRId64 " neurons (min_neurons); there are %s",
		                     varied->n ? "listed " : "", kinds[kind].many, set->min_neurons,
		                     rmb_parts_print(search->arena, part, nparts));
	for (int s = 0; s < search->nsets; s++)
		sets[s] = &text[s];
	search->set = sets;
	search->done = true;
	return 0;
}

/* ---- what came of it */

/* "CP" of "\"CP\"", "2" of "[2]": a part as it is called. */
static const char *
called(struct rmb_call *call, int kind, const char *text)
{
	size_t n = strlen(text);
	bool wrapped = n > 2 && ((kinds[kind].by != RMB_BY_AREA && text[0] == '[') ||
	                         (strchr("'\"", text[0]) && text[n - 1] == text[0] && !strchr(text, '|')));
	const char *name = wrapped ? rmb_arena_printf(rmb_call_arena(call), "%.*s", (int)n - 2, text + 1) : text;
	return name ? name : "";
}

/* Which parts there are of which the recipe wants none, or too few are. */
static void
warn_left_out(struct rmb_call *call, int kind, const struct rmb_neurons *neurons, const struct rmb_part *part, int64_t n)
{
	const struct settings *set = rmb_settings(call);
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_part *left = rmb_scratch(call, (size_t)n, sizeof *left);
	int64_t nleft = 0, known = 0;
	for (int64_t i = 0; left && i < n; i++) {
		bool inside = false;
		known += part[i].n;
		for (int s = 0; s < rmb_set_count(call) && !inside; s++)
			inside = count_neurons(kind, rmb_varied_text(call, s, 0), &part[i], 1) > 0;
		if (!inside)
			left[nleft++] = part[i];
	}
	if (nleft)
		rmb_warn(call, "left out, for want of %" PRId64 " neurons or because they are not listed: %s",
		         set->min_neurons, rmb_parts_print(arena, left, nleft));
	if (known < neurons->n)
		rmb_warn(call, "neurons without any %s, which belong to no part: %" PRId64, kinds[kind].setting,
		         neurons->n - known);
}

static int
publish_parts(struct rmb_call *call, int nsets)
{
	const struct rmb_neurons *neurons = rmb_input_kind(call, "of", 0) == RMB_SPIKES
	                                    ? &rmb_input_spikes(call, "of", 0)->neurons
	                                    : &rmb_input_recording(call, "of", 0)->neurons;
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_axis axis = rmb_axis_make("part", "1", nsets, 1, 1);
	int kind = kind_of(rmb_varied_name(call, 0));
	int64_t n;
	const struct rmb_part *part = rmb_parts_find(arena, neurons, kinds[kind].by, &n);
	const char **name = rmb_scratch(call, (size_t)nsets, sizeof *name);
	struct rmb_array *count = rmb_output(call, "neurons", &axis);
	if (!part || !name || !count)
		return RMB_ELIMIT;
	for (int s = 0; s < nsets; s++) {
		const char *text = rmb_varied_text(call, s, 0);
		((int64_t *)count->data)[s] = count_neurons(kind, text, part, n);
		name[s] = called(call, kind, text);
	}
	warn_left_out(call, kind, neurons, part, n);
	return rmb_output_text_list(call, "part", &axis, nsets, name);
}

static int
run(struct rmb_call *call)
{
	const double *value, *spread;
	const int64_t *n;
	int nsets = rmb_set_count(call), code = rmb_sets_gather(call, "split", "part", &value, &spread, &n);
	struct rmb_axis axis = rmb_axis_make("part", "1", nsets, 1, 1);
	struct rmb_array *low = rmb_output(call, "low", &axis), *high = rmb_output(call, "high", &axis);
	if (code || !low || !high)
		return code ? code : RMB_ELIMIT;
	for (int s = 0; s < nsets; s++) {
		((double *)low->data)[s] = n[s] > 1 ? value[s] - spread[s] : NAN;
		((double *)high->data)[s] = n[s] > 1 ? value[s] + spread[s] : NAN;
	}
	return publish_parts(call, nsets);
}

const struct rmb_stage rmb_stage_split = {
	.name = "split", .version = 1, .folder = "analyze", .brief = "a number for every area, plane or probe of a recording",
	.about = "Looks at which areas the neurons of `of` have and computes a number for each area with at least "
	         "`min_neurons` of them: `vary` names the select that is to take one area at a time, {region.area: all}. "
	         "Everything between it and the number is computed area by area, and stands in the report and in results/ "
	         "under the area's name (svca2@areas+CP). Instead of all, areas can be listed, several as one, with "
	         "patterns: {region.area: [CP|LS, VIS*]}. {region.plane: all} and {region.probe: all} split by these. Areas "
	         "with too few neurons are left out and named in a warning, which is no failure. `summarize` takes the "
	         "values of all recordings by area.",
	.cite = "Pachitariu et al. 2025, revision of 2026: regions of at least 50 units",
	.caption = "{value} of each part.", .tables = "part",
	.params = params, .in = in, .out = out, .figures = figures, .settings_size = sizeof(struct settings),
	.propose = propose, .goes_on = true, .shows_sets = true, .run = run,
};
