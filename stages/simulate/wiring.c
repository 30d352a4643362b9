#include "simulate/wiring.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "rumble/units.h"

/* What each word of `connectivity` means, and which settings go with it. */
static const struct kind {
	const char *word;
	enum rmb_family family;
	double asymmetry;      /* unless it is set */
	bool needs_asymmetry, takes_asymmetry, needs_probability;
} kinds[] = {
	{ "symmetric", RMB_DENSE, 0, false, false, false },
	{ "partial", RMB_DENSE, 0, true, true, false },
	{ "nonsymmetric", RMB_DENSE, 1, false, false, false },
	{ "sparse", RMB_SPARSE, 0, false, true, true },
	{ "clustered", RMB_CLUSTERED, 0, false, true, true },
	{ "local", RMB_LOCAL, 0, false, true, true },
	{ "clipped", RMB_CLIPPED, 1, false, false, false },
};

static const struct { const char *word; enum rmb_entries entries; } laws[] = {
	{ "uniform", RMB_UNIFORM }, { "binary", RMB_BINARY }, { "gaussian", RMB_GAUSSIAN }, { "half_normal", RMB_HALF_NORMAL },
	{ "trunc_gaussian", RMB_HALF_NORMAL }, { "exponential", RMB_EXPONENTIAL },
};

static const struct kind *
kind_of(const struct wiring_settings *set)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].word, set->connectivity) == 0)
			return &kinds[i];
	return &kinds[0];
}

/* ---- settings that a network has no use for ---- */

enum { DENSE = 1 << RMB_DENSE, CLUSTERED = 1 << RMB_CLUSTERED, LOCAL = 1 << RMB_LOCAL };
static const struct rmb_param params[] = { RMB_WIRING_PARAMS, { 0 } };
static const struct { const char *name; unsigned families; const char *readers; } readers[] = {
	{ "entries", DENSE, "symmetric, partial or nonsymmetric" }, { "peak", CLUSTERED | LOCAL, "clustered or local" },
	{ "cluster", CLUSTERED, "clustered" }, { "width", LOCAL, "local" }, { "inhibition", LOCAL, "local" },
	{ "positions", LOCAL, "local" }, { "geometry", LOCAL, "local" }, { "box", LOCAL, "local" } };

static bool
at_default(const struct rmb_param *p, const void *settings)
{
	const char *field = (const char *)settings + p->at;
	double number = NAN;
	if (p->kind == RMB_WORD)
		return strcmp(*(const char *const *)field, p->def) == 0;
	if (rmb_quantity_parse(p->def, p->unit ? p->unit : "1", &number, NULL))
		return false;
	return number == (p->kind == RMB_INT ? (double)*(const int64_t *)field : *(const double *)field);
}

static int
check_readers(const struct wiring_settings *set, const struct kind *kind, struct rmb_error *error)
{
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		const struct rmb_param *p = params;
		while (strcmp(p->name, readers[i].name) != 0)
			p++;
		if (!(readers[i].families & 1u << kind->family) && !at_default(p, set))
			return rmb_error_set(error, RMB_ERECIPE, "%s is read only with connectivity %s; connectivity is '%s'", p->name,
			                     readers[i].readers, kind->word);
	}
	if (!kind->takes_asymmetry && strcmp(set->definition, "equal") != 0)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "definition is of asymmetry, which is not read with `connectivity: %s`; use `connectivity: "
		                     "partial`",
		                     kind->word);
	return 0;
}

int
rmb_wiring_check(const void *settings, struct rmb_error *error)
{
	const struct wiring_settings *set = settings;
	const struct kind *kind = kind_of(set);
	if (kind->needs_asymmetry && isnan(set->asymmetry))
		return rmb_error_set(error, RMB_ERECIPE, "connectivity: %s needs asymmetry, between 0 (symmetric) and 1",
		                     kind->word);
	if (!kind->takes_asymmetry && !isnan(set->asymmetry))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "asymmetry is not read with `connectivity: %s`; use `connectivity: partial`",
		                     kind->word);
	if (kind->needs_probability && !(set->probability > 0 && set->probability < 1))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "connectivity: %s needs probability, of a connection, above 0 and below 1", kind->word);
	if (!kind->needs_probability && !isnan(set->probability))
		return rmb_error_set(error, RMB_ERECIPE,
		                     "probability is read only with connectivity sparse, clustered or local; connectivity is "
		                     "'%s'",
		                     kind->word);
	if (kind->family == RMB_LOCAL && strcmp(set->positions, "drawn") == 0 && strcmp(set->geometry, "plane") == 0)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "positions: drawn are drawn on a torus; `geometry: plane` goes with those of a recording");
	return check_readers(set, kind, error);
}

struct rmb_network
rmb_wiring_network(const struct wiring_settings *set)
{
	const struct kind *kind = kind_of(set);
	struct rmb_network net = {
		.family = kind->family, .asymmetry = isnan(set->asymmetry) ? kind->asymmetry : set->asymmetry,
		.published = strcmp(set->definition, "paper") == 0, .probability = set->probability, .peak = set->peak,
		.cluster = set->cluster,
		.width = set->width, .inhibition = set->inhibition, .edge = set->edge, .threads = 1 };
	for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
		if (strcmp(laws[i].word, set->entries) == 0)
			net.entries = laws[i].entries;
	return net;
}

int
rmb_wiring_check_size(const struct wiring_settings *set, int64_t n, struct rmb_error *error)
{
	struct rmb_network net = rmb_wiring_network(set);
	struct rmb_error found = { 0 };
	net.n = n;
	if (n == INT64_MIN || net.family == RMB_LOCAL || !rmb_network_check(&net, &found))
		return 0;
	return rmb_error_set(error, RMB_ERECIPE, "%s", found.text);
}

/* Places of a local network: the recording's, or drawn. */
static int
place(struct rmb_call *call, const char *stage, const struct wiring_settings *set, const struct rmb_neurons *neurons,
      struct rmb_stream stream, struct rmb_network *net)
{
	bool there = neurons && (neurons->x || neurons->y), drawn = strcmp(set->positions, "drawn") == 0;
	struct rmb_space *space = &net->space;
	if (!there && strcmp(set->positions, "recording") == 0)
		return rmb_fail(call, RMB_EDATA,
		                "%s: recording '%s' has no positions for the %" PRId64
		                " neurons of a local network; give x and y where it is loaded and let the network be as "
		                "large as it, or use `positions: drawn`",
		                stage, rmb_recording_name(call), net->n);
	if (there && !drawn) {
		if (neurons->x)
			space->axis[space->naxes++] = neurons->x;
		if (neurons->y)
			space->axis[space->naxes++] = neurons->y;
	} else {
		double *x = rmb_scratch(call, (size_t)net->n, sizeof *x), *y = rmb_scratch(call, (size_t)net->n, sizeof *y);
		if (!x || !y)
			return RMB_ELIMIT;
		if (!drawn && neurons)
			rmb_warn(call,
			         "recording '%s' has no positions: places of the network were drawn on a torus of %g um",
			         rmb_recording_name(call), set->box);
		rmb_network_places(stream, net->n, set->box, x, y);
		*space = (struct rmb_space){ .axis = { x, y }, .naxes = 2 };
		drawn = true;
	}
	space->box = set->box;
	space->geometry = strcmp(set->geometry, "paper") == 0 ? RMB_UNIT_BOX
	                  : strcmp(set->geometry, "circular") == 0 || (drawn && strcmp(set->geometry, "auto") == 0)
	                          ? RMB_TORUS
	                          : RMB_PLANE;
	return 0;
}

struct wiring_streams
rmb_wiring_streams(const struct rmb_call *call)
{
	return (struct wiring_streams){ rmb_node_stream(call, "network"), rmb_node_stream(call, "places") };
}

struct wiring_streams
rmb_wiring_streams_common(const struct rmb_call *call, int64_t n)
{
	return (struct wiring_streams){ rmb_shared_stream(call, "network", n), rmb_shared_stream(call, "places", n) };
}

int
rmb_wiring_make(struct rmb_call *call, const char *stage, const struct wiring_settings *set,
                const struct rmb_neurons *neurons, int64_t n, struct wiring_streams streams, struct rmb_network *net)
{
	struct rmb_error error = { 0 };
	*net = rmb_wiring_network(set);
	net->n = n;
	net->stream = streams.network;
	net->threads = rmb_threads(call);
	int rc = net->family == RMB_LOCAL ? place(call, stage, set, neurons, streams.places, net) : 0;
	if (!rc && (rc = rmb_network_check(net, &error)))
		return rmb_fail(call, rc, "%s: recording '%s': %s", stage, rmb_recording_name(call), error.text);
	if (!rc && net->family == RMB_CLUSTERED && n % net->cluster != 0)
		rmb_warn(call,
		         "%" PRId64 " neurons are not a multiple of the %" PRId64 " of a cluster: the last %" PRId64
		         " are in none",
		         n, net->cluster, n % net->cluster);
	return rc;
}
