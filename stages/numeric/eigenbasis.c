#include "numeric/eigenbasis.h"
#include <complex.h>
#include <math.h>
#include <string.h>
#include "numeric/lapack.h"
#include "rumble/parallel.h"

static const char what[] = "the eigenvectors of a network";

/* ---- the basis ---- */

/* Whether z' = W Q W' z for a vector of signs. t[2][n]: scratch. */
static bool
is_sound(const struct rmb_eigenbasis *basis, double *t)
{
	int64_t n = basis->n;
	double *u = t + n, apart = 0;
	for (int64_t k = 0; k < n; k++) {
		t[k] = 0;
		for (int64_t i = 0; i < n; i++)
			t[k] += basis->w[i * n + k] * (i * i % 7 < 3 ? 1 : -1);
	}
	for (int64_t k = 0; k < n; k++) {
		u[k] = 0;
		for (int64_t j = 0; j < n; j++)
			u[k] += basis->noise[k * n + j] * t[j];
	}
	for (int64_t i = 0; i < n; i++) {
		double z = 0;
		for (int64_t k = 0; k < n; k++)
			z += basis->w[i * n + k] * u[k];
		apart = fmax(apart, fabs(z - (i * i % 7 < 3 ? 1 : -1)));
	}
	return apart < 1e-9; /* false for NaN */
}

static void
find_blocks(struct rmb_eigenbasis *basis)
{
	int64_t k = 0;
	for (basis->nblocks = 0; k < basis->n; k += basis->imaginary[k] != 0 ? 2 : 1)
		basis->block[basis->nblocks++] = k;
	basis->block[basis->nblocks] = k;
}

int
rmb_eigenbasis_make(double *v, const double *real, const double *imaginary, int64_t n, int threads, struct rmb_arena *arena,
                    struct rmb_eigenbasis *basis, struct rmb_error *error)
{
	size_t count = (size_t)(n * n);
	double rcond, *t = rmb_arena_alloc(arena, (size_t)n, 2 * sizeof *t);
	*basis = (struct rmb_eigenbasis){ .n = n, .real = real, .imaginary = imaginary, .threads = threads };
	basis->w = rmb_arena_alloc(arena, count, sizeof *basis->w);
	basis->inverse = rmb_arena_alloc(arena, count, sizeof *basis->inverse);
	basis->noise = rmb_arena_alloc(arena, count, sizeof *basis->noise);
	basis->block = rmb_arena_alloc(arena, (size_t)n + 1, sizeof *basis->block);
	if (!t || !basis->w || !basis->inverse || !basis->noise || !basis->block)
		return rmb_error_nomem(error, what);
	find_blocks(basis);
	for (int64_t k = 0; k < n; k++) {
		for (int64_t i = 0; i < n; i++)
			basis->w[i * n + k] = v[k * n + i];
		basis->inverse[k * n + k] = 1;
	}
	memcpy(v, basis->w, count * sizeof *v);
	int rc = rmb_right_divide(basis->inverse, n, v, n, &rcond, error);
	if (rc || !(rcond > 0))
		return rc;
	rc = rmb_square_product(basis->inverse, basis->inverse, true, 0, basis->noise, n, threads, error);
	basis->sound = !rc && is_sound(basis, t);
	return rc;
}

/* ---- two modes and a bin ---- */

/* Of a mode on the left and the conjugate of one on the right, for noises of covariance 1: what numeric/blocks.h has of
 * matrices. */
struct pair { double complex pl, pr, bl, br, ee, me, em, mm; };

/* w steps, then the same w steps again; me and mm are sums without 1/w, and b = a + ... + a^w. */
static struct pair
twice(struct pair q)
{
	q.mm = 2 * q.mm + q.bl * q.ee * q.br + q.bl * q.em + q.me * q.br;
	q.me += (q.bl * q.ee + q.me) * q.pr;
	q.em += q.pl * (q.ee * q.br + q.em);
	q.ee += q.pl * q.ee * q.pr;
	q.bl += q.bl * q.pl;
	q.br += q.br * q.pr;
	q.pl *= q.pl;
	q.pr *= q.pr;
	return q;
}

/* One step, then the w steps. */
static struct pair
once_more(struct pair q, double complex l, double complex r, double noise)
{
	q.mm += noise * (q.bl * q.br + q.bl + q.br + 1);
	q.me += noise * (q.bl + 1) * q.pr;
	q.em += noise * q.pl * (q.br + 1);
	q.ee += noise * q.pl * q.pr;
	q.bl = q.bl * l + l;
	q.br = q.br * r + r;
	q.pl *= l;
	q.pr *= r;
	return q;
}

/* From gaps g = 1 - eigenvalue. */
static struct pair
bin_of(double complex gl, double complex gr, struct rmb_steps steps)
{
	double h = steps.step, noise = h * h, w = (double)steps.width;
	double complex l = 1 - h * gl, r = 1 - h * gr;
	struct pair q = { l, r, l, r, noise, noise, noise, noise };
	int64_t bit = 1;
	while (bit <= steps.width / 2)
		bit *= 2;
	for (bit /= 2; bit > 0; bit /= 2) {
		q = twice(q);
		if (steps.width & bit)
			q = once_more(q, l, r, noise);
	}
	q.bl /= w;
	q.br /= w;
	q.me /= w;
	q.em /= w;
	q.mm /= w * w;
	return q;
}

/* v = h^2 / (1 - a a*), without the difference. */
static double complex
start_of(double complex gl, double complex gr, double h)
{
	return h / (gl + gr - h * gl * gr);
}

/* ---- matrices ---- */

enum which { START, EE, ME, MM, COVARIANCE };

struct fill {
	const struct rmb_eigenbasis *basis;
	struct rmb_steps steps;
	enum which which;
	int64_t first, last; /* COVARIANCE: lags */
	double *k;
};

/* Mean over the lags of b p^(k - 1) (p v b* + em), or of b v b* + mm at lag 0. */
static double complex
covariance(const struct fill *fill, const struct pair *q, double complex v)
{
	double complex sum = 0, power = q->bl * (q->pl * v * q->br + q->em);
	for (int64_t k = 0; k <= fill->last; k++) {
		double complex here = k == 0 ? q->bl * v * q->br + q->mm : power;
		if (k > 0)
			power *= q->pl;
		if (k >= fill->first)
			sum += here;
	}
	return sum / (double)(fill->last - fill->first + 1);
}

static double complex
factor(const struct fill *fill, double complex gl, double complex gr)
{
	double complex v = start_of(gl, gr, fill->steps.step);
	if (fill->which == START)
		return v;
	struct pair q = bin_of(gl, gr, fill->steps);
	return fill->which == EE ? q.ee : fill->which == ME ? q.me : fill->which == MM ? q.mm : covariance(fill, &q, v);
}

/* The block of K of two eigenvalues, or pairs of them, that begin at i and j. A pair of real coordinates x, y is z = (x -
 * iy) / 2 and its conjugate; z z* and z z' are what factors are for. */
static void
fill_block(const struct fill *fill, int64_t i, int64_t j)
{
	const struct rmb_eigenbasis *basis = fill->basis;
	int64_t n = basis->n;
	bool left = basis->imaginary[i] != 0, right = basis->imaginary[j] != 0;
	const double *q = basis->noise + i * n + j;
	double xx = q[0], xy = right ? q[1] : 0, yx = left ? q[n] : 0, yy = left && right ? q[n + 1] : 0,
	       *k = fill->k + i * n + j;
	double complex gl = 1 - basis->real[i] - I * basis->imaginary[i], gr = 1 - basis->real[j] - I * basis->imaginary[j];
	double complex across = factor(fill, gl, conj(gr)), along = right ? factor(fill, gl, gr) : across;
	across *= ((xx + yy) + I * (xy - yx)) / 2;
	along *= ((xx - yy) - I * (xy + yx)) / 2;
	k[0] = creal(across) + creal(along);
	if (right)
		k[1] = cimag(across) - cimag(along);
	if (left)
		k[n] = -cimag(across) - cimag(along);
	if (left && right)
		k[n + 1] = creal(across) - creal(along);
}

enum { BLOCKS = 16 };

static int
fill_rows(void *argument, int64_t piece, int thread)
{
	const struct fill *fill = argument;
	const struct rmb_eigenbasis *basis = fill->basis;
	int64_t end = (piece + 1) * BLOCKS < basis->nblocks ? (piece + 1) * BLOCKS : basis->nblocks;
	(void)thread;
	for (int64_t i = piece * BLOCKS; i < end; i++)
		for (int64_t j = 0; j < basis->nblocks; j++)
			fill_block(fill, basis->block[i], basis->block[j]);
	return 0;
}

/* c = W K W'. scratch[2 n n]. */
static int
make(struct fill fill, double *c, double *scratch, struct rmb_error *error)
{
	const struct rmb_eigenbasis *basis = fill.basis;
	int64_t n = basis->n;
	double *t = scratch + n * n;
	fill.k = scratch;
	int rc = rmb_parallel(basis->threads, (basis->nblocks + BLOCKS - 1) / BLOCKS, fill_rows, &fill);
	if (!rc)
		rc = rmb_square_product(fill.k, basis->w, true, 0, t, n, basis->threads, error);
	return rc ? rc : rmb_square_product(basis->w, t, false, 0, c, n, basis->threads, error);
}

int
rmb_eigenbasis_covariance(const struct rmb_eigenbasis *basis, struct rmb_steps steps, int64_t first, int64_t last, double *c,
                          double *scratch, struct rmb_error *error)
{
	return make((struct fill){ basis, steps, COVARIANCE, first, last, NULL }, c, scratch, error);
}

/* p = W a^w W^-1, or b of the means; t[n][n]: scratch. */
static int
make_operator(const struct rmb_eigenbasis *basis, struct rmb_steps steps, bool mean, double *t, double *to,
              struct rmb_error *error)
{
	int64_t n = basis->n;
	for (int64_t b = 0; b < basis->nblocks; b++) {
		int64_t k = basis->block[b];
		double complex gap = 1 - basis->real[k] - I * basis->imaginary[k];
		struct pair q = bin_of(gap, gap, steps);
		double complex e = mean ? q.bl : q.pl;
		for (int64_t i = 0; i < n; i++) {
			const double *w = basis->w + i * n + k;
			bool turns = basis->imaginary[k] != 0;
			t[i * n + k] = creal(e) * w[0] - (turns ? cimag(e) * w[1] : 0);
			if (turns)
				t[i * n + k + 1] = cimag(e) * w[0] + creal(e) * w[1];
		}
	}
	return rmb_square_product(t, basis->inverse, false, 0, to, n, basis->threads, error);
}

int
rmb_eigenbasis_blocks(const struct rmb_eigenbasis *basis, struct rmb_steps steps, struct rmb_arena *arena,
                      struct rmb_blocks *o, double *s, double *scratch, struct rmb_error *error)
{
	double **made[] = { &o->p, &o->b, &o->ee, &o->me, &o->mm };
	*o = (struct rmb_blocks){ .n = basis->n, .width = steps.width };
	for (int i = 0; i < 5; i++)
		if (!(*made[i] = rmb_arena_alloc(arena, (size_t)(basis->n * basis->n), sizeof(double))))
			return rmb_error_nomem(error, "the operators of a bin");
	const struct { enum which which; double *to; } covariances[] = { { EE, o->ee }, { ME, o->me }, { MM, o->mm },
	                                                                 { START, s } };
	int rc = make_operator(basis, steps, false, scratch, o->p, error);
	if (!rc)
		rc = make_operator(basis, steps, true, scratch, o->b, error);
	for (int i = 0; !rc && i < 4; i++)
		rc = make((struct fill){ basis, steps, covariances[i].which, 0, 0, NULL }, covariances[i].to, scratch, error);
	return rc;
}
