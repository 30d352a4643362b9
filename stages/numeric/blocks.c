#include "numeric/blocks.h"
#include <assert.h>
#include <math.h>
#include <string.h>
#include "numeric/blas.h"
#include "rumble/parallel.h"

/* Rows of a product that are one piece of work. */
enum { ROWS = 256 };

struct product {
	const double *a, *b;
	bool transposed;
	double beta, *c;
	int64_t n;
};

static int
product_rows(void *argument, int64_t piece, int thread)
{
	const struct product *p = argument;
	int64_t first = piece * ROWS, rows = p->n - first < ROWS ? p->n - first : ROWS;
	(void)thread;
	return rmb_gemm_double(rows, p->n, p->n, (struct rmb_matrix){ p->a + first * p->n, p->n, false },
	                       (struct rmb_matrix){ p->b, p->n, p->transposed }, p->beta, p->c + first * p->n, p->n, NULL);
}

int
rmb_square_product(const double *a, const double *b, bool transposed, double beta, double *c, int64_t n, int threads,
                   struct rmb_error *error)
{
	struct product product = { a, b, transposed, beta, c, n };
	if (!rmb_blas_fits("matrix product", &n, 1, error))
		return RMB_ELIMIT;
	rmb_blas_threads(1);
	return rmb_parallel(threads, (n + ROWS - 1) / ROWS, product_rows, &product);
}

/* m = I - step (I - a). */
static void
make_step(const double *a, int64_t n, double step, double *m)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			m[i * n + j] = step * a[i * n + j] + (i == j ? 1 - step : 0);
}

/* a += factor (b + c), or b alone. */
static void
add(double *a, const double *b, const double *c, double factor, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		a[i] += factor * (b[i] + (c ? c[i] : 0));
}

static void
add_diagonal(double *a, double value, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		a[i * n + i] += value;
}

static void
add_transpose(double *a, const double *b, double factor, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			a[i * n + j] += factor * b[j * n + i];
}

/* ---- operators: until the end b is M + ... + M^w, and me and mm are sums without 1/w ---- */

struct builder {
	struct rmb_blocks *o;
	double *m, *t, *u;   /* one step; scratch */
	double noise;        /* h^2 */
	int threads;
	struct rmb_error *error;
};

static int
times(const struct builder *k, const double *a, const double *b, bool transposed, double *c)
{
	return rmb_square_product(a, b, transposed, 0, c, k->o->n, k->threads, k->error);
}

/* w steps, then the same w steps again. */
static int
twice(const struct builder *k)
{
	struct rmb_blocks *o = k->o;
	int64_t n = o->n, count = n * n;
	int rc = times(k, o->b, o->ee, false, k->t);
	if (!rc && !(rc = times(k, k->t, o->b, true, k->u)))
		add(o->mm, o->mm, k->u, 1, count);
	if (!rc && !(rc = times(k, o->b, o->me, true, k->u))) {
		add(o->mm, k->u, NULL, 1, count);
		add_transpose(o->mm, k->u, 1, n);
		add(k->t, o->me, NULL, 1, count);
		rc = times(k, k->t, o->p, true, k->u);
	}
	if (!rc) {
		add(o->me, k->u, NULL, 1, count);
		rc = times(k, o->p, o->ee, false, k->t);
	}
	if (!rc && !(rc = times(k, k->t, o->p, true, k->u)))
		add(o->ee, k->u, NULL, 1, count);
	if (!rc && !(rc = times(k, o->b, o->p, false, k->t))) {
		add(o->b, k->t, NULL, 1, count);
		rc = times(k, o->p, o->p, false, k->t);
	}
	if (!rc)
		memcpy(o->p, k->t, (size_t)count * sizeof *o->p);
	return rc;
}

/* One step, then the w steps. */
static int
once_more(const struct builder *k)
{
	struct rmb_blocks *o = k->o;
	int64_t n = o->n, count = n * n;
	int rc = times(k, o->b, o->b, true, k->t);
	if (!rc) {
		add(o->mm, k->t, o->b, k->noise, count);
		add_transpose(o->mm, o->b, k->noise, n);
		add_diagonal(o->mm, k->noise, n);
		rc = times(k, o->b, o->p, true, k->t);
	}
	if (!rc) {
		add(o->me, k->t, NULL, k->noise, count);
		add_transpose(o->me, o->p, k->noise, n);
		rc = times(k, o->p, o->p, true, k->t);
	}
	if (!rc) {
		add(o->ee, k->t, NULL, k->noise, count);
		rc = times(k, o->b, k->m, false, k->t);
	}
	if (!rc) {
		memcpy(o->b, k->t, (size_t)count * sizeof *o->b);
		add(o->b, k->m, NULL, 1, count);
		rc = times(k, o->p, k->m, false, k->t);
	}
	if (!rc)
		memcpy(o->p, k->t, (size_t)count * sizeof *o->p);
	return rc;
}

static int
build(const struct builder *k)
{
	struct rmb_blocks *o = k->o;
	int64_t n = o->n, count = n * n, bit = 1;
	int rc = 0;
	memcpy(o->p, k->m, (size_t)count * sizeof *o->p);
	memcpy(o->b, k->m, (size_t)count * sizeof *o->b);
	add_diagonal(o->ee, k->noise, n);
	add_diagonal(o->me, k->noise, n);
	add_diagonal(o->mm, k->noise, n);
	while (bit <= o->width / 2)
		bit *= 2;
	for (bit /= 2; !rc && bit > 0; bit /= 2) {
		rc = twice(k);
		if (!rc && o->width & bit)
			rc = once_more(k);
	}
	double w = (double)o->width;
	for (int64_t i = 0; i < count; i++) {
		o->b[i] /= w;
		o->me[i] /= w;
		o->mm[i] /= w * w;
	}
	return rc;
}

double
rmb_blocks_memory(double n)
{
	return 3 * n * n * sizeof(double);
}

int
rmb_blocks_make(const double *a, int64_t n, double step, int64_t width, int threads, struct rmb_arena *arena,
                struct rmb_blocks *o, struct rmb_error *error)
{
	static const char what[] = "the operators of a bin";
	assert(step > 0 && width >= 1);
	struct rmb_arena *scratch = rmb_arena_new();
	size_t count = (size_t)(n * n);
	double *made[8];
	int rc = scratch ? 0 : rmb_error_nomem(error, what);
	for (int i = 0; !rc && i < 8; i++)
		if (!(made[i] = rmb_arena_alloc(i < 5 ? arena : scratch, count, sizeof *made[i])))
			rc = rmb_error_nomem(error, what);
	if (!rc) {
		*o = (struct rmb_blocks){ .n = n, .width = width, .p = made[0], .b = made[1], .ee = made[2], .me = made[3],
		                          .mm = made[4] };
		struct builder builder = { .o = o, .m = made[5], .t = made[6], .u = made[7], .noise = step * step,
		                           .threads = threads, .error = error };
		make_step(a, n, step, made[5]);
		rc = build(&builder);
	}
	rmb_arena_free(scratch);
	if (!rc && (rmb_first_nonfinite(o->p, n * n) >= 0 || rmb_first_nonfinite(o->mm, n * n) >= 0))
		rc = rmb_error_set(error, RMB_EDATA,
		                   "the network is unstable: its activity grows without bound within %lld steps",
		                   (long long)width);
	return rc;
}

/* ---- covariances ---- */

static double
norm(const double *a, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++)
		sum += a[i] * a[i];
	return sqrt(sum);
}

int
rmb_stationary(const double *a, int64_t n, double step, int threads, double *s, double *scratch, struct rmb_error *error)
{
	enum { MOST = 60 };
	int64_t count = n * n;
	double *t = scratch, *d = t + count, *u = d + count;
	int rc = 0;
	make_step(a, n, step, t);
	memset(s, 0, (size_t)count * sizeof *s);
	add_diagonal(s, step * step, n);
	for (int i = 0; !rc && i < MOST; i++) {
		rc = rmb_square_product(t, s, false, 0, u, n, threads, error);
		if (!rc)
			rc = rmb_square_product(u, t, true, 0, d, n, threads, error);
		add(s, d, NULL, 1, count);
		double change = norm(d, count), size = norm(s, count);
		if (rc || change < 1e-13 * size)
			return rc;
		if (!isfinite(size))
			break;
		rc = rmb_square_product(t, t, false, 0, u, n, threads, error);
		double *swap = t;
		t = u;
		u = swap;
	}
	return rc ? rc
	          : rmb_error_set(error, RMB_EDATA,
	                          "the network is unstable in steps of %.4g time constants: the covariance of its activity "
	                          "grows without bound",
	                          step);
}

int
rmb_blocks_covariances(const struct rmb_blocks *o, const double *s, int64_t nlags, int threads, double *c, double *scratch,
                       struct rmb_error *error)
{
	int64_t n = o->n, count = n * n;
	double *t = scratch, *g = t + count, *u = g + count;
	int rc = rmb_square_product(s, o->b, true, 0, t, n, threads, error);
	if (!rc)
		rc = rmb_square_product(o->b, t, false, 0, c, n, threads, error);
	if (!rc) {
		add(c, o->mm, NULL, 1, count);
		rc = rmb_square_product(o->p, t, false, 0, g, n, threads, error);
	}
	if (!rc)
		add_transpose(g, o->me, 1, n);
	for (int64_t k = 1; !rc && k < nlags; k++) {
		rc = rmb_square_product(o->b, g, false, 0, c + k * count, n, threads, error);
		if (!rc && k + 1 < nlags)
			rc = rmb_square_product(o->p, g, false, 0, u, n, threads, error);
		double *swap = g;
		g = u;
		u = swap;
	}
	return rc;
}
