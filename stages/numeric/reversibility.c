#include "numeric/reversibility.h"
#include <inttypes.h>
#include <math.h>
#include "numeric/blas.h"
#include "numeric/lapack.h"

/* ---- lagged covariances ------------------------------------------------------------------------------------------ */

struct frames { const struct rmb_courses *courses; int64_t nsegments; const int64_t *segment; int64_t lag; int threads; };

/* c = mean over pairs inside segments of which both frames lie in from..to-1. */
static int
covariance(const struct frames *f, int64_t from, int64_t to, double *c, struct rmb_arena *arena, struct rmb_error *error)
{
	struct rmb_interval *interval = rmb_arena_alloc(arena, (size_t)f->nsegments, sizeof *interval);
	int64_t n = 0, npairs = 0;
	if (!interval)
		return rmb_error_nomem(error, "pairs of frames");
	for (int64_t s = 0; s < f->nsegments; s++) {
		int64_t start = f->segment[s] > from ? f->segment[s] : from,
		        end = rmb_segment_end(f->segment, f->nsegments, f->courses->nframes, s);
		int64_t pairs = (end < to ? end : to) - start - f->lag;
		if (pairs < 1)
			continue;
		interval[n++] = (struct rmb_interval){ start, pairs };
		npairs += pairs;
	}
	if (npairs == 0)
		return rmb_error_set(error, RMB_EDATA,
		                     "pairs of frames %" PRId64
		                     " apart are needed in each half of the recording, and no segment of one is longer than "
		                     "that",
		                     f->lag);
	return rmb_courses_moment(f->courses, interval, n, f->lag, (double)npairs, f->threads, c, arena, error);
}

static double
course(const struct rmb_courses *of, int64_t k, int64_t t)
{
	return of->in_double ? ((const double *)of->x)[k * of->nframes + t] : (double)((const float *)of->x)[k * of->nframes + t];
}

/* One over the root mean square of each course. */
static void
find_scale(const struct rmb_courses *of, double *scale)
{
	for (int64_t k = 0; k < of->nk; k++) {
		double sum = 0;
		for (int64_t t = 0; t < of->nframes; t++)
			sum += course(of, k, t) * course(of, k, t);
		scale[k] = sqrt((double)of->nframes / sum);
	}
}

static void
scale_both_sides(double *c, int64_t n, const double *scale)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			c[i * n + j] *= scale[i] * scale[j];
}

/* ---- what they say ----------------------------------------------------------------------------------------------- */

double
rmb_parts_product(const double *a, const double *b, int64_t n, int sign)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			sum += (a[i * n + j] + sign * a[j * n + i]) * (b[i * n + j] + sign * b[j * n + i]);
	return sum;
}

/* a becomes a - a'. */
static void
antisymmetric_part(const double *c, int64_t n, double *a)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			a[i * n + j] = c[i * n + j] - c[j * n + i];
}

/* noise = I - (c c' + c' c)/2; spare[n][n] holds its eigenvalues' matrix in between. Whether it is positive definite. */
static int
step_noise(const double *c, int64_t n, double *noise, double *spare, double *w, bool *sound, struct rmb_error *error)
{
	struct rmb_matrix plain = { c, n, false }, turned = { c, n, true };
	int rc = rmb_gemm_double(n, n, n, plain, turned, 0, noise, n, error);
	rc = rc ? rc : rmb_gemm_double(n, n, n, turned, plain, 1, noise, n, error);
	for (int64_t i = 0; !rc && i < n * n; i++)
		spare[i] = noise[i] = (i % (n + 1) == 0) - noise[i] / 2;
	rc = rc ? rc : rmb_eigenvalues(spare, n, w, error);
	*sound = !rc && w[n - 1] > 1e-12;
	return rc;
}

int
rmb_step_entropy(const double *c, const double *c1, const double *c2, int64_t n, struct rmb_arena *arena, double *entropy,
                 struct rmb_error *error)
{
	double *noise = rmb_arena_alloc(arena, (size_t)(n * n), 4 * sizeof *noise),
	       *w = rmb_arena_alloc(arena, (size_t)n, sizeof *w), rcond;
	if (!noise || !w)
		return rmb_error_nomem(error, "the entropy production");
	double *first = noise + n * n, *second = first + n * n, *product = second + n * n;
	bool sound;
	int rc = step_noise(c, n, noise, product, w, &sound, error);
	*entropy = NAN;
	if (rc || !sound)
		return rc;
	antisymmetric_part(c1, n, first);
	antisymmetric_part(c2, n, second);
	rc = rmb_gemm_double(n, n, n, (struct rmb_matrix){ first, n, false }, (struct rmb_matrix){ second, n, true }, 0,
	                     product, n, error);
	rc = rc ? rc : rmb_right_divide(product, n, noise, n, &rcond, error);
	if (rc || !(rcond > 0))
		return rc;
	*entropy = 0;
	for (int64_t i = 0; i < n; i++)
		*entropy += product[i * n + i] / 2;
	return 0;
}

int
rmb_reversibility(const struct rmb_courses *courses, bool whiten, int64_t nsegments, const int64_t *segment, int64_t lag,
                  int threads, struct rmb_arena *arena, struct rmb_reversibility *to, struct rmb_error *error)
{
	int64_t n = courses->nk, cut = courses->nframes / 2;
	double *c[3] = { rmb_arena_alloc(arena, (size_t)(n * n), 3 * sizeof(double)) },
	*scale = rmb_arena_alloc(arena, (size_t)n, sizeof *scale);
	struct frames frames = { courses, nsegments, segment, lag, threads };
	const int64_t range[3][2] = { { 0, courses->nframes }, { 0, cut }, { cut, courses->nframes } };
	if (!c[0] || !scale)
		return rmb_error_nomem(error, "lagged covariances");
	find_scale(courses, scale);
	for (int i = 0, rc; i < 3; i++) {
		c[i] = c[0] + i * n * n;
		if ((rc = covariance(&frames, range[i][0], range[i][1], c[i], arena, error)))
			return rc;
		if (whiten)
			scale_both_sides(c[i], n, scale);
	}
	to->odd = rmb_parts_product(c[1], c[2], n, -1);
	to->even = rmb_parts_product(c[1], c[2], n, 1);
	to->ratio = to->odd / to->even;
	to->plain = sqrt(rmb_parts_product(c[0], c[0], n, -1) / rmb_parts_product(c[0], c[0], n, 1));
	for (int i = 0; i < 3 && !whiten; i++)
		scale_both_sides(c[i], n, scale);
	int rc = rmb_step_entropy(c[0], c[1], c[2], n, arena, &to->entropy, error);
	to->entropy /= (double)lag;
	return rc;
}
