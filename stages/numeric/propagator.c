#include "numeric/propagator.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "rumble/parallel.h"

/* ---- principal components ------------------------------------------------------------------------------------------ */

/* Rows v[nk][n] of the frames' Gram matrix, each scaled by the root of its eigenvalue: these are the courses. */
static void
courses_from_frames(const double *v, const double *w, struct rmb_courses *courses, void *x)
{
	for (int64_t k = 0; k < courses->nk; k++)
		for (int64_t t = 0, at = k * courses->nframes; t < courses->nframes; t++, at++) {
			double value = sqrt(w[k]) * v[at];
			if (courses->in_double)
				((double *)x)[at] = value;
			else
				((float *)x)[at] = (float)value;
		}
}

struct principal {
	const struct rmb_sweep *sweep; /* by_neuron if there are fewer frames */
	int64_t side, wanted;
	double *w, *v;                 /* [wanted], [wanted][side]: eigenvalues, and eigenvectors by row */
};

/* Eigenvectors of Z Z' or Z' Z, which is gone when this returns. */
static int
decompose(struct principal *all, enum rmb_solver solver, struct rmb_krylov *how, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	double *c = arena ? rmb_arena_alloc(arena, (size_t)(all->side * all->side), sizeof *c) : NULL;
	int rc = c ? rmb_product(all->sweep, c, error) : rmb_error_nomem(error, "a covariance");
	if (!rc)
		rc = rmb_leading_eigenvectors(c, all->side, all->wanted, solver, all->sweep->in_double, all->sweep->threads,
		                              all->w, all->v, how, error);
	rmb_arena_free(arena);
	return rc;
}

static int
make_courses(struct principal *all, bool later, struct rmb_arena *arena, struct rmb_courses *courses, struct rmb_error *error)
{
	struct rmb_sweep sweep = *all->sweep;
	size_t item = sweep.in_double ? sizeof(double) : sizeof(float);
	courses->nk = rmb_clear_rounding(all->w, all->wanted, sweep.in_double);
	if (courses->nk < 1)
		return rmb_error_set(error, RMB_EDATA, "no neuron varies, so there are no principal components");
	if (later && !sweep.by_neuron) {
		courses->basis = rmb_arena_copy(arena, sweep.in_double ? all->v : rmb_to_single(all->v, courses->nk * all->side),
		                                (size_t)(courses->nk * all->side), item);
		return courses->basis ? 0 : rmb_error_nomem(error, "principal components");
	}
	void *x = rmb_arena_alloc(arena, (size_t)(courses->nk * courses->nframes), item);
	courses->x = x;
	if (!x)
		return rmb_error_nomem(error, "principal components");
	if (sweep.by_neuron) {
		courses_from_frames(all->v, all->w, courses, x);
		return 0;
	}
	if (!sweep.in_double)
		rmb_to_single(all->v, courses->nk * all->side);
	struct rmb_projection projection = { .nk = courses->nk, .ld = courses->nframes, .u = all->v, .p = x };
	return rmb_project(&sweep, &projection, error);
}

int
rmb_principal_courses(const struct rmb_sweep *what, int64_t components, enum rmb_solver solver, bool later,
                      struct rmb_arena *arena, struct rmb_courses *courses, struct rmb_error *error)
{
	int64_t nn = what->first->neurons.n, nt = what->first->nframes, side = nn < nt ? nn : nt;
	struct rmb_sweep sweep = *what;
	struct rmb_stretch covariance = { what, 0, 0.6 }, projecting = { what, 0.7, 1 };
	sweep.by_neuron = nt < nn;
	sweep.progress = rmb_stretch_progress;
	sweep.progress_argument = &covariance;
	*courses = (struct rmb_courses){ .nframes = nt, .in_double = what->in_double, .sweep = *what };
	struct rmb_arena *early = rmb_arena_new();
	struct principal all = { .sweep = &sweep, .side = side, .wanted = components < side ? components : side };
	all.w = early ? rmb_arena_alloc(early, (size_t)all.wanted, sizeof *all.w) : NULL;
	all.v = early ? rmb_arena_alloc(early, (size_t)(all.wanted * side), sizeof *all.v) : NULL;
	int rc = all.w && all.v ? decompose(&all, solver, &courses->how, error) : rmb_error_nomem(error, "principal components");
	sweep.progress_argument = &projecting;
	if (!rc)
		rc = make_courses(&all, later, arena, courses, error);
	rmb_arena_free(early);
	return rc;
}

/* ---- moments ------------------------------------------------------------------------------------------------------- */

/* Side of a tile, frames of a partial sum. */
enum { TILE = 256, STEP = 2048 };

struct moment {
	const struct rmb_courses *courses;
	const struct rmb_interval *interval; /* the t of the pairs */
	int64_t nintervals, lag, side;       /* side: tiles along one side */
	double *m;                           /* sums are added to it; with lag 0 only on and above the diagonal of tiles */
	float *sum;                          /* a thread: one tile */
};

static int
add_pairs(const struct moment *moment, int64_t i, int64_t ni, int64_t j, int64_t nj, int64_t t, int64_t n, float *sum)
{
	const struct rmb_courses *of = moment->courses;
	int64_t nk = of->nk, nt = of->nframes, late = i * nt + t + moment->lag, early = j * nt + t;
	double *m = moment->m + i * nk + j;
	if (of->in_double)
		return rmb_gemm_double(ni, nj, n, (struct rmb_matrix){ (const double *)of->x + late, nt, false },
		                       (struct rmb_matrix){ (const double *)of->x + early, nt, true }, 1, m, nk, NULL);
	int rc = rmb_gemm_single(ni, nj, n, (struct rmb_matrix){ (const float *)of->x + late, nt, false },
	                         (struct rmb_matrix){ (const float *)of->x + early, nt, true }, sum, nj, NULL);
	for (int64_t a = 0; a < ni; a++)
		for (int64_t b = 0; b < nj; b++)
			m[a * nk + b] += (double)sum[a * nj + b];
	return rc;
}

static int
moment_tile(void *argument, int64_t piece, int thread)
{
	const struct moment *moment = argument;
	int64_t nk = moment->courses->nk, i = piece / moment->side * TILE, j = piece % moment->side * TILE;
	if (moment->lag == 0 && j < i)
		return 0; /* the mirror image of another */
	int64_t ni = nk - i < TILE ? nk - i : TILE, nj = nk - j < TILE ? nk - j : TILE;
	int rc = 0;
	for (int64_t s = 0; s < moment->nintervals; s++)
		for (int64_t t = 0, n; !rc && t < moment->interval[s].n; t += n) {
			n = moment->interval[s].n - t < STEP ? moment->interval[s].n - t : STEP;
			rc = add_pairs(moment, i, ni, j, nj, moment->interval[s].start + t, n,
			               moment->sum + (int64_t)thread * TILE * TILE);
		}
	return rc;
}

/* Frames whose courses are made at a time, where they are not all there. */
enum { WINDOW = 4 * STEP };

/* The parts of intervals that lie in frames start .. start + n - 1, counted from there. */
static int64_t
clip(const struct rmb_interval *interval, int64_t nintervals, int64_t start, int64_t n, struct rmb_interval *to)
{
	int64_t found = 0;
	for (int64_t i = 0; i < nintervals; i++) {
		int64_t first = interval[i].start, last = first + interval[i].n;
		first = first > start ? first : start;
		last = last < start + n ? last : start + n;
		if (last > first)
			to[found++] = (struct rmb_interval){ first - start, last - first };
	}
	return found;
}

/* The courses of n frames from `start` on, in x. */
static int
make_window(const struct rmb_courses *courses, int64_t start, int64_t n, void *x, struct rmb_courses *window,
            struct rmb_error *error)
{
	struct rmb_interval frames = { start, n };
	struct rmb_sweep sweep = courses->sweep;
	double whole = (double)courses->nframes;
	struct rmb_stretch stretch = { &courses->sweep, 0.7 + 0.3 * (double)start / whole,
	                               0.7 + 0.3 * (double)(start + n) / whole };
	sweep.interval = &frames;
	sweep.nintervals = 1;
	sweep.progress = rmb_stretch_progress;
	sweep.progress_argument = &stretch;
	*window = *courses;
	window->x = x;
	window->nframes = n;
	struct rmb_projection projection = { .nk = courses->nk, .ld = n, .u = courses->basis, .p = x };
	return rmb_project(&sweep, &projection, error);
}

/* Moments for up to two ascending lags, each m[nk][nk], of courses that are there or are made window by window. */
struct moments { const struct rmb_interval *interval; int64_t nintervals, lag[2]; int nlags; double divisor, *m[2]; };

static int
add_windows(const struct rmb_courses *courses, const struct moments *all, struct moment *moment, int threads,
            struct rmb_interval *interval, void *x, int64_t step, int64_t room, struct rmb_error *error)
{
	int rc = 0;
	for (int64_t start = 0; !rc && start < courses->nframes; start += step) {
		struct rmb_courses window = *courses;
		int64_t left = courses->nframes - start;
		if (!courses->x)
			rc = make_window(courses, start, room < left ? room : left, x, &window, error);
		moment->courses = &window;
		moment->interval = interval;
		moment->nintervals = clip(all->interval, all->nintervals, start, step, interval);
		rmb_blas_threads(1);
		for (int i = 0; !rc && i < all->nlags; i++) {
			moment->lag = all->lag[i];
			moment->m = all->m[i];
			rc = rmb_parallel(threads, moment->side * moment->side, moment_tile, moment);
		}
	}
	return rc;
}

static int
moments_make(const struct rmb_courses *courses, const struct moments *all, int threads, struct rmb_arena *arena,
             struct rmb_error *error)
{
	threads = threads < 1 ? 1 : threads > 64 ? 64 : threads;
	int64_t nk = courses->nk, nt = courses->nframes, reach = all->lag[all->nlags - 1];
	int64_t step = courses->x ? nt : reach > WINDOW ? reach : WINDOW, room = step < nt - reach ? step + reach : nt;
	struct moment moment = { .side = (nk + TILE - 1) / TILE, .sum = rmb_arena_alloc(arena, (size_t)threads * TILE * TILE,
	        sizeof(float)) };
	struct rmb_interval *interval = rmb_arena_alloc(arena, (size_t)all->nintervals, sizeof *interval);
	void *x = courses->x
	          ? NULL
	          : rmb_arena_alloc(arena, (size_t)(nk * room), courses->in_double ? sizeof(double) : sizeof(float));
	if (!moment.sum || !interval || (!courses->x && !x))
		return rmb_error_nomem(error, "lagged moments");
	if (!rmb_blas_fits("lagged moments", (int64_t[]){ nk, nt }, 2, error))
		return RMB_ELIMIT;
	for (int i = 0; i < all->nlags; i++)
		memset(all->m[i], 0, (size_t)(nk * nk) * sizeof *all->m[i]);
	int rc = add_windows(courses, all, &moment, threads, interval, x, step, room, error);
	for (int i = 0; !rc && i < all->nlags; i++)
		for (int64_t a = 0; a < nk; a++)
			for (int64_t b = 0; b < nk; b++) {
				double *m = all->m[i];
				m[a * nk + b] = all->lag[i] == 0 && b < a ? m[b * nk + a] : m[a * nk + b] / all->divisor;
			}
	return rc;
}

int
rmb_courses_moment(const struct rmb_courses *courses, const struct rmb_interval *interval, int64_t nintervals, int64_t lag,
                   double divisor, int threads, double *m, struct rmb_arena *arena, struct rmb_error *error)
{
	struct moments one = { interval, nintervals, { lag, 0 }, 1, divisor, { m, NULL } };
	return moments_make(courses, &one, threads, arena, error);
}

/* ---- pairs --------------------------------------------------------------------------------------------------------- */

struct pairs {
	struct rmb_interval *interval; /* the earlier frames of the pairs */
	int64_t n, npairs;
	double divisor;
};

static void
add_interval(struct pairs *pairs, int64_t start, int64_t n)
{
	if (n < 1)
		return;
	pairs->interval[pairs->n++] = (struct rmb_interval){ start, n };
	pairs->npairs += n;
}

/* Pairs that lie `reach` frames apart, inside blocks that start anew in every segment. */
static int
pairs_inside(const struct rmb_propagator_options *set, int64_t nframes, int64_t reach, struct pairs *pairs,
             struct rmb_error *error)
{
	for (int64_t s = 0; s < set->nsegments; s++) {
		int64_t end = rmb_segment_end(set->segment, set->nsegments, nframes, s);
		for (int64_t t = set->segment[s]; t < end; t += set->block)
			add_interval(pairs, t, (end - t < set->block ? end - t : set->block) - reach);
	}
	pairs->divisor = (double)pairs->npairs;
	if (pairs->npairs == 0)
		return rmb_error_set(error, RMB_EDATA,
		                     "pairs of frames %" PRId64 " apart are needed, and no block of %" PRId64
		                     " frames or segment of the recording is longer than that; "
		                     "take a smaller `lag`, larger blocks, or a longer recording",
		                     reach, set->block);
	return 0;
}

static int
pairs_published(const struct rmb_propagator_options *set, int64_t nframes, struct pairs *pairs, struct rmb_error *error)
{
	int64_t left = nframes - set->lag, block = set->block, nblocks = left > 0 ? left / block : 0;
	if (set->pairs == RMB_PAIRING_PAPER && nblocks < 1)
		return rmb_error_set(error, RMB_EDATA,
		                     "the published variant needs %" PRId64 " frames or more, a block and the lag, and the "
		                     "recording has %" PRId64 "; give a shorter `block`, or use `variant: blocks`",
		                     block + set->lag, nframes);
	if (set->pairs == RMB_PAIRING_PAPER) {
		add_interval(pairs, 0, nblocks * block);
		pairs->divisor = (double)pairs->npairs;
		return 0;
	}
	nblocks = nblocks > 1 ? nblocks : 1;
	block = block < left ? block : left;
	if (block <= set->lag)
		return rmb_error_set(error, RMB_EDATA,
		                     "the revised variant needs blocks longer than the lag of %" PRId64
		                     " frames; blocks have %" PRId64 " and the recording has %" PRId64 " frames",
		                     set->lag, set->block, nframes);
	for (int64_t b = 0; b < nblocks; b++)
		add_interval(pairs, b * block, block - set->lag);
	pairs->divisor = (double)nblocks;
	return 0;
}

static int
pairs_make(const struct rmb_propagator_options *set, int64_t nframes, struct rmb_arena *arena, struct pairs *pairs,
           struct rmb_error *error)
{
	*pairs = (struct pairs){ .interval = rmb_arena_alloc(arena, (size_t)(nframes / set->block + set->nsegments + 1),
	                                                     sizeof *pairs->interval) };
	if (!pairs->interval)
		return rmb_error_nomem(error, "pairs of frames");
	if (set->instrumented || set->pairs == RMB_PAIRING_BLOCKS)
		return pairs_inside(set, nframes, set->lag + set->instrumented, pairs, error);
	return pairs_published(set, nframes, pairs, error);
}

int
rmb_propagator_pairs(const struct rmb_propagator_options *options, int64_t nframes, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct pairs pairs;
	int rc = arena ? pairs_make(options, nframes, arena, &pairs, error) : rmb_error_nomem(error, "pairs of frames");
	rmb_arena_free(arena);
	return rc;
}

/* ---- the propagator ------------------------------------------------------------------------------------------------ */

/* Leading components whose variance one frame apart is positive: where it is not, noise is all there is. */
static int64_t
leading_positive(const double *m, int64_t nk)
{
	int64_t n = 0;
	while (n < nk && m[n * nk + n] > 0)
		n++;
	return n;
}

/* The leading n x n of m[nk][nk], in place. */
static void
shrink(double *m, int64_t nk, int64_t n)
{
	for (int64_t i = 0; i < n && n < nk; i++)
		memmove(m + i * n, m + i * nk, (size_t)n * sizeof *m);
}

static int
propagate(const struct rmb_propagator_options *set, bool in_double, double *near, double *far, int64_t nk,
          struct rmb_propagator *to, struct rmb_error *error)
{
	/* Components are kept down to the rounding level of their variance, so what can be inverted stands far above this. */
	double singular = in_double ? (double)nk * DBL_EPSILON : 1e-4 * rmb_rounding_level(false);
	to->n = set->instrumented && set->truncate ? leading_positive(near, nk) : nk;
	if (to->n < 1)
		return rmb_error_set(error, RMB_EDATA,
		                     "the first component has no variance that lasts from one frame to the next: there is "
		                     "nothing but noise to propagate; widen the frames, or use `estimator: standard`");
	shrink(near, nk, to->n);
	shrink(far, nk, to->n);
	for (int64_t i = 0; i < to->n && !set->instrumented; i++)
		near[i * to->n + i] += set->ridge;
	/* A = far near^-1 */
	int rc = rmb_right_divide(far, to->n, near, to->n, &to->rcond, error);
	if (!rc && !(to->rcond > singular))
		return rmb_error_set(error, RMB_EDATA,
		                     "the covariance of %" PRId64
		                     " components is singular (reciprocal condition %.2g); ask for fewer components%s",
		                     to->n, to->rcond, set->instrumented ? "" : " or a larger ridge");
	return rc ? rc : rmb_general_eigenvalues(far, to->n, to->real, to->imaginary, error);
}

int
rmb_propagator_make(const struct rmb_courses *courses, const struct rmb_propagator_options *options, struct rmb_arena *arena,
                    struct rmb_propagator *propagator, struct rmb_error *error)
{
	int64_t nk = courses->nk, near_lag = options->instrumented ? 1 : 0;
	double *near = rmb_arena_alloc(arena, (size_t)(nk * nk), sizeof *near),
	       *far = rmb_arena_alloc(arena, (size_t)(nk * nk), sizeof *far);
	struct pairs pairs;
	*propagator = (struct rmb_propagator){ .real = rmb_arena_alloc(arena, (size_t)nk, sizeof(double)),
	                                       .imaginary = rmb_arena_alloc(arena, (size_t)nk, sizeof(double)) };
	if (!near || !far || !propagator->real || !propagator->imaginary)
		return rmb_error_nomem(error, "lagged moments");
	int rc = pairs_make(options, courses->nframes, arena, &pairs, error);
	struct moments both = { pairs.interval, pairs.n, { near_lag, near_lag + options->lag }, 2, pairs.divisor, { near, far } };
	if (!rc)
		rc = moments_make(courses, &both, options->threads, arena, error);
	if (!rc)
		rc = propagate(options, courses->in_double, near, far, nk, propagator, error);
	propagator->npairs = pairs.npairs;
	return rc;
}
