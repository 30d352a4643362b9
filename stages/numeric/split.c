#include "numeric/split.h"
#include <inttypes.h>
#include <math.h>
#include "numeric/published.h"

static int
halves_make(struct rmb_arena *arena, int64_t room1, int64_t room2, struct rmb_halves *halves, struct rmb_error *error)
{
	*halves = (struct rmb_halves){
		.half1 = rmb_arena_alloc(arena, (size_t)room1, sizeof(int64_t)),
		.half2 = rmb_arena_alloc(arena, (size_t)room2, sizeof(int64_t)),
	};
	return halves->half1 && halves->half2 ? 0 : rmb_error_nomem(error, "the halves");
}

static void
put(struct rmb_halves *halves, bool first, int64_t row)
{
	if (first)
		halves->half1[halves->n1++] = row;
	else
		halves->half2[halves->n2++] = row;
}

/* 1 in the stripes [0, s), [2s, 3s), ...; the remainder is the floored one, right for negative positions too. */
static bool
even_stripe(const double *p, int64_t i, double spacing)
{
	double at = p ? p[i] : 0, period = 2 * spacing;
	return at - period * floor(at / period) < spacing; /* false for NaN */
}

int
rmb_halves_checkerboard(struct rmb_arena *arena, const double *x, const double *y, int64_t n, double spacing,
                        struct rmb_halves *halves, struct rmb_error *error)
{
	int rc = halves_make(arena, n, n, halves, error);
	for (int64_t i = 0; !rc && i < n; i++)
		put(halves, even_stripe(x, i, spacing) == even_stripe(y, i, spacing), i);
	return rc;
}

int
rmb_halves_random(struct rmb_arena *arena, struct rmb_stream stream, int64_t n, struct rmb_halves *halves,
                  struct rmb_error *error)
{
	int rc = halves_make(arena, n, n, halves, error);
	for (int64_t i = 0; !rc && i < n; i++)
		put(halves, rmb_random_uniform(stream, (uint64_t)i) > 0.5, i);
	return rc;
}

static int
take_list(const char *name, const int64_t *list, int64_t nlist, int64_t n, char *taken, int64_t *to, struct rmb_error *error)
{
	for (int64_t i = 0; i < nlist; i++) {
		if (list[i] < 0 || list[i] >= n)
			return rmb_error_set(error, RMB_EDATA,
			                     "%s names neuron %" PRId64 "; the recording has neurons 0 to %" PRId64
			                     ", counted after neurons were dropped; correct %s",
			                     name, list[i], n - 1, name);
		if (taken[list[i]])
			return rmb_error_set(error, RMB_EDATA,
			                     "%s names neuron %" PRId64 ", which a half holds already; name each neuron once in half1 "
			                     "and half2 together",
			                     name, list[i]);
		taken[list[i]] = 1;
		to[i] = list[i];
	}
	return 0;
}

int
rmb_halves_given(struct rmb_arena *arena, const int64_t *half1, int64_t n1, const int64_t *half2, int64_t n2, int64_t n,
                 struct rmb_halves *halves, struct rmb_error *error)
{
	char *taken = rmb_arena_alloc(arena, (size_t)n, 1);
	int rc = taken ? halves_make(arena, n1, n2, halves, error) : rmb_error_nomem(error, "the halves");
	if (!rc)
		rc = take_list("half1", half1, n1, n, taken, halves->half1, error);
	if (!rc)
		rc = take_list("half2", half2, n2, n, taken, halves->half2, error);
	halves->n1 = n1;
	halves->n2 = n2;
	return rc;
}

enum { TAIL = 5 }; /* the last 5 frames are never used */

/* Starts lie evenly between 0 and T - length - 5, rounded down. */
static int
place_blocks(struct rmb_time_split *split, int64_t nframes, struct rmb_error *error)
{
	int64_t last = nframes - split->length - TAIL;
	double step = (double)last / (double)(split->nblocks - 1);
	for (int64_t i = 0; i < split->nblocks; i++)
		split->start[i] = i == split->nblocks - 1 ? last : (int64_t)((double)i * step);
	for (int64_t i = 1; i < split->nblocks; i++)
		if (split->start[i] < split->start[i - 1] + split->length)
			return rmb_error_set(error, RMB_EDATA,
			                     "training and test blocks of %" PRId64
			                     " frames would overlap in a recording of %" PRId64 "; use a larger pad",
			                     split->length, nframes);
	return 0;
}

int
rmb_time_split_make(struct rmb_arena *arena, int64_t nframes, double fraction, int64_t pad, struct rmb_time_split *split,
                    struct rmb_error *error)
{
	*split = (struct rmb_time_split){ .nblocks = rmb_published_segments(nframes) };
	int64_t ntest = (int64_t)floor((double)split->nblocks * fraction);
	if (ntest < 1 || split->nblocks < 2)
		return rmb_error_set(error, RMB_EDATA,
		                     "too few frames to set any apart for testing: %" PRId64 "; at a test fraction of %g it "
		                     "takes %.0f; use a longer recording, or narrower frames",
		                     nframes, fraction, RMB_PUBLISHED_LEAST * fmax(2, ceil(1 / fraction)));
	split->length = nframes / split->nblocks - pad;
	if (split->length < 1)
		return rmb_error_set(error, RMB_EDATA,
		                     "a gap of %" PRId64 " frame%s leaves nothing of the %" PRId64
		                     " blocks of a recording of %" PRId64 " frames; use a smaller pad",
		                     pad, pad == 1 ? "" : "s", split->nblocks, nframes);
	size_t n = (size_t)split->nblocks;
	split->start = rmb_arena_alloc(arena, n, sizeof *split->start);
	split->label = rmb_arena_alloc(arena, n, sizeof *split->label);
	split->test = rmb_arena_alloc(arena, n, sizeof *split->test);
	split->train = rmb_arena_alloc(arena, n, sizeof *split->train);
	if (!split->start || !split->label || !split->test || !split->train)
		return rmb_error_nomem(error, "the time split");
	int rc = place_blocks(split, nframes, error);
	if (rc)
		return rc;
	rmb_published_labels(split->nblocks, split->nblocks / ntest, split->label);
	for (int64_t i = 0; i < split->nblocks; i++) {
		struct rmb_interval block = { split->start[i], split->length };
		if (split->label[i] == 0)
			split->test[split->ntest++] = block;
		else
			split->train[split->ntrain++] = block;
	}
	if (split->ntest == 0 || split->ntrain == 0)
		return rmb_error_set(error, RMB_EDATA, "a test fraction of %g leaves no block of frames for %s", fraction,
		                     split->ntest == 0 ? "testing" : "training");
	return 0;
}
