#include "analyze/common.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "numeric/split.h"

int
rmb_halves_check(const void *settings, struct rmb_error *error)
{
	const struct halves_settings *set = settings;
	bool given = strcmp(set->halves, "given") == 0, lists = set->half1.n >= 0 && set->half2.n >= 0;
	if (given && !lists)
		return rmb_error_set(error, RMB_ERECIPE, "halves: given needs both half1 and half2");
	if (!given && (set->half1.n >= 0 || set->half2.n >= 0))
		return rmb_error_set(error, RMB_ERECIPE, "half1 and half2 are read only with `halves: given`; halves is '%s'",
		                     set->halves);
	return 0;
}

bool
rmb_halves_draw(const void *settings)
{
	const struct halves_settings *set = settings;
	return strcmp(set->halves, "auto") == 0 || strcmp(set->halves, "random") == 0;
}

const struct rmb_recording *
rmb_zscored_input(struct rmb_call *call, const char *stage)
{
	const struct rmb_recording *in = rmb_input_recording(call, "recording", 0);
	if (!in)
		return NULL;
	if (strncmp(in->scaling, RMB_OUTDATED, strlen(RMB_OUTDATED)) == 0) {
		rmb_fail(call, RMB_EDATA,
		         "%s: recording '%s' was z-scored over more frames than are left of it, so its neurons no longer "
		         "have mean 0 and variance 1; put a zscore stage behind the one that chose frames",
		         stage, rmb_recording_name(call));
		return NULL;
	}
	if (strncmp(in->scaling, "zscore", 6) != 0) {
		rmb_fail(call, RMB_EDATA,
		         "%s: recording '%s' is not z-scored, and its most active neurons would decide the result; put a "
		         "zscore stage before %s",
		         stage, rmb_recording_name(call), stage);
		return NULL;
	}
	if (in->neurons.n < 1 || in->nframes < 2) {
		rmb_fail(call, RMB_EDATA,
		         "%s: recording '%s' is too small (neurons: %" PRId64 ", frames: %" PRId64
		         "); needs 1 neuron and 2 frames or more",
		         stage, rmb_recording_name(call), in->neurons.n, in->nframes);
		return NULL;
	}
	return in;
}

static int
too_small(struct rmb_call *call, const char *stage, const char *how, const struct rmb_halves *halves)
{
	int64_t fewer = halves->n1 < halves->n2 ? halves->n1 : halves->n2;
	return rmb_fail(call, RMB_EDATA,
	                "%s: recording '%s' has %" PRId64 " neuron%s in one half of the %s (%" PRId64 " in all); needs 2 "
	                "or more%s",
	                stage, rmb_recording_name(call), fewer, fewer == 1 ? "" : "s", how, halves->n1 + halves->n2,
	                halves->n1 + halves->n2 < 4 ? "; give a recording of 4 neurons or more"
	                                             : ": name them with `halves: given`, `half1` and `half2`");
}

static void
warn_unplaced(struct rmb_call *call, const struct rmb_neurons *neurons)
{
	int64_t missing = 0, first = -1;
	for (int64_t i = 0; i < neurons->n; i++)
		if ((neurons->x && !isfinite(neurons->x[i])) || (neurons->y && !isfinite(neurons->y[i])))
			first = missing++ ? first : i;
	if (missing)
		rmb_warn(call,
		         "%" PRId64 " of the %" PRId64 " neurons of recording '%s' have no position (the first: %" PRId64
		         "): a coordinate that is missing counts as one in an odd stripe of the checkerboard",
		         missing, neurons->n, rmb_recording_name(call), first);
}

/* Checkerboard where it is asked for or will do; `halves` is left empty where it will not do under auto. */
static int
by_position(struct rmb_call *call, const char *stage, const struct halves_settings *set, const struct rmb_neurons *neurons,
            struct rmb_halves *halves)
{
	bool automatic = strcmp(set->halves, "auto") == 0;
	if (!neurons->x && !neurons->y && automatic) {
		rmb_warn(call, "recording '%s' has no positions: its halves were drawn at random", rmb_recording_name(call));
		return 0;
	}
	if (!neurons->x && !neurons->y)
		return rmb_fail(call, RMB_EDATA,
		                "%s: recording '%s' has no positions for a checkerboard; give x and y where it is loaded, or "
		                "use `halves: random`",
		                stage, rmb_recording_name(call));
	int rc = rmb_halves_checkerboard(rmb_call_arena(call), neurons->x, neurons->y, neurons->n, set->spacing, halves,
	                                 rmb_call_error(call));
	if (!rc && halves->n1 >= 2 && halves->n2 >= 2)
		warn_unplaced(call, neurons);
	if (rc || (halves->n1 >= 2 && halves->n2 >= 2))
		return rc;
	if (!automatic)
		return too_small(call, stage, "checkerboard", halves);
	rmb_warn(call,
	         "a checkerboard of %g um splits recording '%s' into %" PRId64 " and %" PRId64
	         " neuron%s: its halves were drawn at random",
	         set->spacing, rmb_recording_name(call), halves->n1, halves->n2, halves->n2 == 1 ? "" : "s");
	halves->n1 = halves->n2 = 0;
	return 0;
}

/* Lists name rows. Once neurons have been dropped, a row is no longer the number that a neuron has in its file. */
static void
warn_renumbered(struct rmb_call *call, const struct halves_settings *set, const struct rmb_neurons *neurons)
{
	const struct rmb_ints *lists[] = { &set->half1, &set->half2 };
	for (int l = 0; l < 2; l++)
		for (int64_t i = 0; neurons->id && i < lists[l]->n; i++) {
			int64_t row = lists[l]->v[i];
			if (row < 0 || row >= neurons->n || neurons->id[row] == row)
				continue;
			rmb_warn(call,
			         "half1 and half2 name rows of recording '%s' as it arrives here, after neurons were dropped "
			         "or chosen: row %" PRId64 " is neuron %" PRId64 " of the file",
			         rmb_recording_name(call), row, neurons->id[row]);
			return;
		}
}

static int
choose(struct rmb_call *call, const char *stage, const struct halves_settings *set, const struct rmb_neurons *neurons,
       struct rmb_halves *halves)
{
	struct rmb_arena *arena = rmb_call_arena(call);
	struct rmb_error *error = rmb_call_error(call);
	const char *how = "split at random";
	int rc = 0;
	if (strcmp(set->halves, "given") == 0) {
		warn_renumbered(call, set, neurons);
		rc = rmb_halves_given(arena, set->half1.v, set->half1.n, set->half2.v, set->half2.n, neurons->n, halves, error);
		how = "split given";
	} else if (strcmp(set->halves, "random") != 0) {
		rc = by_position(call, stage, set, neurons, halves);
		how = "checkerboard";
	}
	if (!rc && halves->n1 + halves->n2 == 0) {
		rc = rmb_halves_random(arena, rmb_shared_stream(call, "halves", neurons->n), neurons->n, halves, error);
		how = "split at random";
	}
	return rc ? rc : halves->n1 < 2 || halves->n2 < 2 ? too_small(call, stage, how, halves) : 0;
}

int
rmb_halves_input(struct rmb_call *call, const char *stage, const struct halves_settings *settings, struct rmb_recording *first,
                 struct rmb_recording *second)
{
	const struct rmb_recording *in = rmb_zscored_input(call, stage);
	struct rmb_halves halves = { 0 };
	if (!in)
		return rmb_fail(call, RMB_EDATA, "%s: no recording", stage);
	int rc = choose(call, stage, settings, &in->neurons, &halves);
	if (!rc)
		rc = rmb_view_neurons(rmb_call_arena(call), in, halves.half1, halves.n1, first, rmb_call_error(call));
	return rc ? rc : rmb_view_neurons(rmb_call_arena(call), in, halves.half2, halves.n2, second, rmb_call_error(call));
}

int
rmb_decomposable(struct rmb_call *call, const char *stage, int64_t side)
{
	if (side <= RMB_LAPACK_MAX)
		return 0;
	return rmb_fail(call, RMB_ELIMIT,
	                "%s: recording '%s' needs the decomposition of a matrix of %" PRId64
	                " a side; more than %d is beyond what LAPACK handles safely: select neurons",
	                stage, rmb_recording_name(call), side, RMB_LAPACK_MAX);
}

int
rmb_part_progress(void *argument, double done)
{
	const struct rmb_part *part = argument;
	return rmb_progress(part->call, part->from + (part->to - part->from) * done, 1);
}

void
rmb_warn_rank(struct rmb_call *call, const char *what, int64_t stand, int64_t n, bool in_double)
{
	static const char causes[] = "fewer frames than components, or neurons that are silent or repeat each other";
	if (stand >= n)
		return;
	if (in_double)
		rmb_warn(call,
		         "%" PRId64 " of %" PRId64
		         " %s stand above rounding level, %g of the largest; the others are not defined by the data (%s)",
		         stand, n, what, rmb_rounding_level(true), causes);
	else
		rmb_warn(call,
		         "%" PRId64 " of %" PRId64
		         " %s stand above %g of the largest; single precision cannot resolve the others. `precision: double` "
		         "can, if the data define them (they do not if there are %s)",
		         stand, n, what, rmb_rounding_level(false), causes);
}

int
rmb_solver_check(const char *solver, const char *precision, struct rmb_error *error)
{
	if (strcmp(solver, "block") == 0 && strcmp(precision, "double") == 0)
		return rmb_error_set(error, RMB_ERECIPE,
		                     "solver: block works in single precision; with `precision: double` leave solver away, "
		                     "or say `solver: exact`");
	return 0;
}

enum rmb_solver
rmb_solver_of(const char *solver, const char *precision)
{
	bool in_double = strcmp(precision, "double") == 0;
	return in_double || strcmp(solver, "exact") == 0 ? RMB_SOLVER_EXACT
	       : strcmp(solver, "block") == 0            ? RMB_SOLVER_BLOCK
	                                                 : RMB_SOLVER_AUTO;
}

void
rmb_warn_solver(struct rmb_call *call, const char *solver, const struct rmb_krylov *how)
{
	if (strcmp(solver, "block") != 0 || how->accepted)
		return;
	if (how->width == 0)
		rmb_warn(call, "solver: block would need as many vectors as the matrix has rows for so many components: it "
		               "was decomposed exactly");
	else if (isinf(how->residual))
		rmb_warn(call,
		         "solver: block could not go on after %" PRId64
		         " vectors, as where neurons repeat each other: the matrix was decomposed exactly",
		         how->width);
	else
		rmb_warn(call,
		         "solver: block did not reach its accuracy with %" PRId64
		         " vectors (relative residual %.2g): the matrix was decomposed exactly",
		         how->width, how->residual);
}

int64_t
rmb_components_wanted(int64_t components, int64_t n)
{
	return components == INT64_MIN || components > n ? n : components;
}

int
rmb_output_scalars(struct rmb_call *call, const struct rmb_scalar *scalar, size_t n)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < n; i++)
		rc = rmb_output_scalar(call, scalar[i].port, scalar[i].value);
	return rc;
}
