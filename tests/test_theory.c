/* Theory of linear networks against itself: other routes to the same numbers, and the published ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/blocks.h"
#include "numeric/eigenbasis.h"
#include "numeric/lapack.h"
#include "numeric/network.h"
#include "numeric/population.h"
#include "numeric/powerlaw.h"
#include "numeric/theory.h"
#include "numeric/variance.h"
#include "rumble/parallel.h"
#include "support/check.h"

/* ---- any network, N = 80 ---- */

enum { N = 80, LAGS = 7 };
static double a[N * N], s[N * N], c[LAGS * N * N], scratch[3 * N * N], re[N], im[N];
static const struct rmb_steps paper = { 0.04, 23 };

static struct rmb_blocks
solve(struct rmb_arena *arena, double asymmetry, double edge)
{
	struct rmb_error error = { 0 };
	struct rmb_network net = { .n = N, .asymmetry = asymmetry, .edge = edge, .threads = 2, .stream = rmb_stream_named("solve") };
	struct rmb_blocks o;
	must(rmb_network_matrix(&net, a, re, im, &error), &error);
	must(rmb_network_stable(re, im, N, paper.step, &error), &error);
	must(rmb_blocks_make(a, N, paper.step, paper.width, 2, arena, &o, &error), &error);
	must(rmb_stationary(a, N, paper.step, 2, s, scratch, &error), &error);
	must(rmb_blocks_covariances(&o, s, LAGS, 2, c, scratch, &error), &error);
	return o;
}

/* to = x y, or x y'. */
static void
multiply(const double *x, const double *y, bool transposed, double *to)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			double sum = 0;
			for (int k = 0; k < N; k++)
				sum += x[i * N + k] * (transposed ? y[j * N + k] : y[k * N + j]);
			to[i * N + j] = sum;
		}
}

/* P S P' + ee = S, and the operators by their definition, step after step. */
static void
operators_are_the_sums_of_steps(void **state)
{
	(void)state;
	static double m[N * N], power[N * N], total[N * N], t[N * N], ee[N * N], me[N * N], mm[N * N];
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_blocks o = solve(arena, 1, 0.97);
	double h = paper.step, n = (double)paper.width;
	for (int i = 0; i < N * N; i++) {
		m[i] = h * a[i] + (i % (N + 1) == 0 ? 1 - h : 0);
		power[i] = total[i] = i % (N + 1) == 0;
	}
	for (int r = 0; r < paper.width; r++) {
		multiply(power, power, true, t);
		for (int i = 0; i < N * N; i++)
			ee[i] += h * h * t[i];
		multiply(total, power, true, t);
		for (int i = 0; i < N * N; i++)
			me[i] += h * h / n * t[i];
		multiply(total, total, true, t);
		for (int i = 0; i < N * N; i++)
			mm[i] += h * h / (n * n) * t[i];
		multiply(m, power, false, t);
		memcpy(power, t, sizeof t);
		for (int i = 0; i < N * N; i++)
			total[i] += power[i];
	}
	for (int i = 0; i < N; i++)
		total[i * N + i] -= 1;
	for (int i = 0; i < N * N; i++)
		total[i] /= n;
	rmb_test_close("P", o.p, power, N * N, 1e-12);
	rmb_test_close("B", o.b, total, N * N, 1e-12);
	rmb_test_close("ee", o.ee, ee, N * N, 1e-12);
	rmb_test_close("me", o.me, me, N * N, 1e-12);
	rmb_test_close("mm", o.mm, mm, N * N, 1e-12);
	multiply(o.p, s, false, t);
	multiply(t, o.p, true, m);
	for (int i = 0; i < N * N; i++)
		m[i] += o.ee[i];
	rmb_test_close("P S P' + ee = S", m, s, N * N, 1e-12);
	rmb_arena_free(arena);
}

/* A symmetric network has the covariances of its modes, rotated. */
static void
both_routes_agree(void **state)
{
	(void)state;
	static double u[N * N], value[N], expected[LAGS * N * N];
	struct rmb_error error = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	solve(arena, 0, 0.999);
	struct rmb_network net = { .n = N, .edge = 0.999, .threads = 1, .stream = rmb_stream_named("solve") };
	must(rmb_network_matrix(&net, u, re, im, &error), &error);
	must(rmb_eigenvectors(u, N, value, &error), &error);
	for (int k = 0; k < N; k++) {
		double b[LAGS];
		rmb_mode_binned(1 - value[k], paper, LAGS, b);
		for (int l = 0; l < LAGS; l++)
			for (int i = 0; i < N; i++)
				for (int j = 0; j < N; j++)
					expected[(l * N + i) * N + j] += b[l] * u[k * N + i] * u[k * N + j];
	}
	rmb_test_close("blocks and modes", c, expected, LAGS * N * N, 1e-10);
	rmb_arena_free(arena);
}

/* C(6) C(1)^-1 has the eigenvalues a^(5 n) exactly, for any network. */
static void
instrumented_propagators_are_exact(void **state)
{
	(void)state;
	for (int asymmetry = 0; asymmetry <= 1; asymmetry++) {
		static double found_re[N], found_im[N];
		struct rmb_error error = { 0 };
		struct rmb_arena *arena = rmb_arena_new();
		double rcond, worst = 0;
		solve(arena, asymmetry, 0.97);
		must(rmb_right_divide(c + 6 * N * N, N, c + N * N, N, &rcond, &error), &error);
		must(rmb_general_eigenvalues(c + 6 * N * N, N, found_re, found_im, &error), &error);
		for (int k = 0; k < N; k++) {
			double nearest = INFINITY, x, y;
			rmb_mode_decay(re[k], im[k], paper, 5, &x, &y);
			for (int j = 0; j < N; j++)
				nearest = fmin(nearest, hypot(found_re[j] - x, found_im[j] - y));
			worst = fmax(worst, nearest);
		}
		printf("a^(5 n) from C(6) C(1)^-1, asymmetry %d: %.2g\n", asymmetry, worst);
		assert_true(worst < 1e-9);
		rmb_arena_free(arena);
	}
}

/* The network of `solve` by its eigenvectors. */
static void
from_eigenvectors_too(const struct rmb_population *expected)
{
	static double v[N * N], x[N * N], real[N], imaginary[N];
	struct rmb_error error = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_eigenbasis basis;
	struct rmb_population found;
	memcpy(x, a, sizeof x);
	must(rmb_general_eigenvectors(x, N, real, imaginary, v, &error), &error);
	must(rmb_eigenbasis_make(v, real, imaginary, N, 2, arena, &basis, &error), &error);
	must(rmb_population_of_basis(&basis, paper, 5, true, arena, &found, &error), &error);
	rmb_test_close("spectrum", found.spectrum, expected->spectrum, N, 1e-9);
	rmb_test_close("index", found.index, expected->index, N, 1e-9);
	rmb_test_close("regression", found.standard_real, expected->standard_real, N, 1e-8);
	rmb_arena_free(arena);
}

/* Regression on bins finds b(5) / b(0) in a symmetric network, and an index is the mean of three correlations of its
 * component: together with the variances they give the traces of the correlations themselves. */
static void
populations_fit_their_covariances(void **state)
{
	(void)state;
	for (int asymmetry = 0; asymmetry <= 1; asymmetry++) {
		struct rmb_error error = { 0 };
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_population found;
		double variance = 0, later = 0, trace = 0;
		solve(arena, asymmetry, 0.97);
		must(rmb_population_make(a, N, paper, 5, true, 2, arena, &found, &error), &error);
		if (asymmetry == 1)
			from_eigenvectors_too(&found);
		for (int k = 0; k < N; k++) {
			double b[6];
			rmb_mode_binned(1 - re[k], paper, 6, b);
			variance += found.spectrum[k];
			later += found.spectrum[k] * found.index[k];
			for (int l = 4; l <= 6; l++)
				trace += c[(l * N + k) * N + k] / c[k * N + k] / 3;
			assert_true(asymmetry == 1 || (fabs(found.standard_real[k] - b[5] / b[0]) < 1e-9 &&
			                               fabs(found.standard_imaginary[k]) < 1e-9));
			assert_true(k == 0 || found.spectrum[k] <= found.spectrum[k - 1]);
		}
		assert_true(fabs(variance - N) < 1e-10);
		assert_true(fabs(later - trace) < 1e-10);
		assert_true(found.index[0] > found.index[N / 2] && found.index[0] < 1);
		rmb_arena_free(arena);
	}
}

/* By eigenvectors and by powers of the matrix. Errors of the former grow with the square of the condition of the eigenvectors,
 * some 1e2 here, and those of both with 1 / (1 - edge). */
static void
eigenvectors_give_the_same_covariances(void **state)
{
	(void)state;
	static const struct { struct rmb_network net; int64_t width; } cases[] = {
		{ { .asymmetry = 1, .edge = 0.999 }, 23 }, { { .asymmetry = 1, .edge = 0.97 }, 1 }, { { .asymmetry = 1, .edge = 0.999 }, 23000 },
		{ { .asymmetry = 1.0 / 3, .edge = 0.999, .published = true }, 38 }, { { .asymmetry = 0.01, .edge = 0.9999 }, 23 },
		{ { .family = RMB_SPARSE, .probability = 0.1, .asymmetry = 1, .edge = 0.99 }, 5 },
		{ { .family = RMB_CLIPPED, .edge = 0.99 }, 9 } };
	static double v[N * N], l[N * N], r[N * N];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_error error = { 0 };
		struct rmb_arena *arena = rmb_arena_new();
		struct rmb_network net = cases[i].net;
		struct rmb_eigenbasis basis;
		struct rmb_blocks o, q;
		struct rmb_steps steps = { 0.01, cases[i].width };
		net.n = N, net.threads = 2, net.stream = rmb_stream_named("basis");
		must(rmb_network_eigenvectors(&net, a, v, re, im, &error), &error);
		must(rmb_eigenbasis_make(v, re, im, N, 2, arena, &basis, &error), &error);
		assert_true(basis.sound);
		must(rmb_eigenbasis_blocks(&basis, steps, arena, &q, l, scratch, &error), &error);
		must(rmb_network_matrix(&net, a, v, r, &error), &error);
		must(rmb_network_stable(v, r, N, steps.step, &error), &error);
		must(rmb_blocks_make(a, N, steps.step, steps.width, 2, arena, &o, &error), &error);
		must(rmb_stationary(a, N, steps.step, 2, s, scratch, &error), &error);
		must(rmb_blocks_covariances(&o, s, LAGS, 2, c, scratch, &error), &error);
		rmb_test_close("P", q.p, o.p, N * N, 1e-9);
		rmb_test_close("B", q.b, o.b, N * N, 1e-9);
		rmb_test_close("ee", q.ee, o.ee, N * N, 1e-9);
		rmb_test_close("me", q.me, o.me, N * N, 1e-9);
		rmb_test_close("mm", q.mm, o.mm, N * N, 1e-9);
		rmb_test_close("S", l, s, N * N, 1e-9);
		must(rmb_eigenbasis_covariance(&basis, steps, 0, 0, l, scratch, &error), &error);
		rmb_test_close("C(0)", l, c, N * N, 1e-9);
		must(rmb_eigenbasis_covariance(&basis, steps, 4, 6, l, scratch, &error), &error);
		for (int k = 0; k < N * N; k++)
			r[k] = (c[4 * N * N + k] + c[5 * N * N + k] + c[6 * N * N + k]) / 3;
		rmb_test_close("C(4..6)", l, r, N * N, 1e-9);
		rmb_arena_free(arena);
	}
}

/* A matrix without enough eigenvectors has no such basis. */
static void
dependent_eigenvectors_are_found_out(void **state)
{
	(void)state;
	struct rmb_error error = { 0 };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_eigenbasis basis;
	double chain[] = { 0.5, 1, 0, 0, 0.5, 1, 0, 0, 0.5 }, v[9];
	must(rmb_general_eigenvectors(chain, 3, re, im, v, &error), &error);
	must(rmb_eigenbasis_make(v, re, im, 3, 1, arena, &basis, &error), &error);
	assert_false(basis.sound);
	rmb_arena_free(arena);
}

/* ---- one mode ---- */

/* The covariance of bins as a double sum over steps, and the table of what regression on bins finds (delta = 5 and 1). */
static void
modes_are_right(void **state)
{
	(void)state;
	static const double table[][5] = { { 0.001, 0.99541, 0.99572, 0.99908, 0.99939 }, { 0.01, 0.95503, 0.95797, 0.99084, 0.99388 },
		{ 0.1, 0.63070, 0.65065, 0.91194, 0.94078 }, { 0.3, 0.24949, 0.27481, 0.75755, 0.83444 },
		{ 1, 0.00915, 0.01313, 0.39106, 0.56146 } };
	double b[6], x, y;
	for (int i = 0; i < 5; i++) {
		double gap = table[i][0], factor = 0.04 * 0.04 / ((1 - (1 - 0.04 * gap) * (1 - 0.04 * gap)) * 23 * 23);
		rmb_mode_binned(gap, paper, 6, b);
		for (int lag = 0; lag < 6; lag++) {
			double sum = 0;
			for (int s1 = 0; s1 < 23; s1++)
				for (int s2 = 0; s2 < 23; s2++)
					sum += pow(1 - 0.04 * gap, abs(23 * lag + s1 - s2));
			assert_true(fabs(b[lag] / (factor * sum) - 1) < 1e-11);
		}
		for (int d = 0; d < 2; d++) {
			int lag = d == 0 ? 5 : 1;
			rmb_mode_decay(1 - gap, 0, paper, lag, &x, &y);
			assert_true(fabs(x - table[i][1 + 2 * d]) < 6e-6 && y == 0);
			assert_true(fabs(b[lag] / b[0] - table[i][2 + 2 * d]) < 6e-6);
		}
	}
}

/* Steps longer than a mode lasts, which alternate; and so many that only their sum in closed form ends: 2 (q - 1 + e^-q) / q^2. */
static void
modes_are_right_for_any_steps(void **state)
{
	(void)state;
	double b[2], sum = 0, next = 0, v = 0.9 * 0.9 / (1 - 0.71 * 0.71), q = 3;
	for (int s1 = 0; s1 < 5; s1++)
		for (int s2 = 0; s2 < 5; s2++) {
			sum += pow(-0.71, abs(s1 - s2));
			next += pow(-0.71, 5 + s1 - s2);
		}
	rmb_mode_binned(1.9, (struct rmb_steps){ .step = 0.9, .width = 5 }, 2, b);
	assert_true(fabs(b[0] / (v * sum / 25) - 1) < 1e-12 && fabs(b[1] / (v * next / 25) - 1) < 1e-12);
	rmb_mode_binned(0.001, (struct rmb_steps){ .step = 3e-6, .width = 1000000000 }, 1, b);
	assert_true(fabs(b[0] / (3e-6 / 0.002 * 2 * (q - 1 + exp(-q)) / (q * q)) - 1) < 1e-8);
}

static void
bins_are_whole_steps(void **state)
{
	(void)state;
	struct rmb_steps steps = rmb_steps_of(1 / 22.0, 0.002, 0.05), short_bin = rmb_steps_of(0.0005, 0.002, 0.05);
	assert_int_equal(steps.width, 23);
	assert_true(fabs(steps.step * 0.05 * 23 - 1 / 22.0) < 1e-15);
	assert_int_equal(short_bin.width, 1);
	assert_true(fabs(short_bin.step - 0.01) < 1e-15);
	assert_int_equal(rmb_steps_shorten(&steps, 0.05), 1);
	assert_int_equal(rmb_steps_shorten(&steps, 0.03), 3);
	assert_int_equal(steps.width, 69);
	assert_true(steps.step < 0.015 && fabs(steps.step * 0.05 * 69 - 1 / 22.0) < 1e-15);
}

/* ---- spectra ---- */

enum { DRAWS = 40, LARGE = 10000, LAST = 500 };
static double drawn[DRAWS][LARGE], quantile[LARGE];

static double
exponent(const double *eigenvalue, double edge, const struct rmb_steps *steps)
{
	static const struct rmb_powerlaw_options options = { .first = 11, .last = LAST };
	double v[LAST];
	struct rmb_powerlaw fit;
	struct rmb_error error = { 0 };
	for (int k = 0; k < LAST; k++) {
		v[k] = rmb_mode_variance(edge * eigenvalue[k]);
		if (steps)
			rmb_mode_binned(1 - edge * eigenvalue[k], *steps, 1, &v[k]);
	}
	must(rmb_powerlaw_fit(v, LAST, &options, &fit, &error), &error);
	return fit.alpha;
}

/* The quantiles of a semicircle whose largest is 1, at N = 10,000: methods S20, theory T6. */
static void
quantiles_have_the_known_exponents(void **state)
{
	(void)state;
	rmb_semicircle_quantiles(LARGE, quantile);
	double q[LAST];
	for (int k = 0; k < LAST; k++)
		q[k] = quantile[k] / quantile[0];
	struct rmb_steps unbinned = { 0.04, 1 };
	assert_true(fabs(exponent(q, 0.999, NULL) - 0.692) < 0.0006);
	assert_true(fabs(exponent(q, 0.999, &unbinned) - 0.691) < 0.0006);
	assert_true(fabs(exponent(q, 0.999, &paper) - 0.704) < 0.0006);
	static const double sweep[][2] = { { 3, .729 }, { 38, 1.006 }, { 1000, 1.366 } };
	for (int i = 0; i < 3; i++) {
		struct rmb_steps wide = { 0.04, 23 * (int64_t)sweep[i][0] };
		assert_true(fabs(exponent(q, 0.999, &wide) - sweep[i][1]) < 0.0006);
	}
	assert_true(fabs(quantile[LARGE / 2] + quantile[LARGE / 2 - 1]) < 1e-12);
}

static int
draw_one(void *argument, int64_t piece, int thread)
{
	(void)thread;
	return rmb_symmetric_draw(rmb_stream_named("theory"), piece, LARGE, LAST + 20, rmb_symmetric_rows(LARGE, LAST + 20), quantile,
	                          drawn[piece], argument);
}

static void
mean_of(double edge, const struct rmb_steps *steps, double *mean, double *sd)
{
	double v[DRAWS];
	*mean = *sd = 0;
	for (int i = 0; i < DRAWS; i++)
		*mean += (v[i] = exponent(drawn[i], edge, steps)) / DRAWS;
	for (int i = 0; i < DRAWS; i++)
		*sd += (v[i] - *mean) * (v[i] - *mean) / (DRAWS - 1);
	*sd = sqrt(*sd);
}

/* Published: 40 draws; ten simulated networks through the sweep of bins; 12 draws at each edge. */
static void
draws_have_the_published_exponents(void **state)
{
	(void)state;
	static const double sweep[][2] = { { 1, .698 }, { 2, .710 }, { 3, .722 }, { 4, .733 }, { 6, .755 }, { 9, .787 },
	                                   { 13, .825 }, { 18, .866 },
		{ 26, .923 }, { 38, .989 } };
	static const double edges[][3] = { { .9, .228, .002 }, { .95, .343, .004 }, { .98, .488, .008 }, { .99, .571, .011 },
	                                   { .995, .628, .014 },
		{ .9999, .698, .018 } };
	struct rmb_error error = { 0 };
	double mean, sd;
	must(rmb_parallel(2, DRAWS, draw_one, &error), &error);
	mean_of(0.999, NULL, &mean, &sd);
	printf("unbinned %.4f +- %.4f\n", mean, sd);
	assert_true(fabs(mean - 0.689) < 0.010 && fabs(sd - 0.018) < 0.005);
	mean_of(0.999, &paper, &mean, &sd);
	printf("binned %.4f +- %.4f\n", mean, sd);
	assert_true(fabs(mean - 0.701) < 0.010 && fabs(sd - 0.018) < 0.005);
	for (size_t i = 0; i < sizeof sweep / sizeof *sweep; i++) {
		struct rmb_steps wide = { 0.04, 23 * (int64_t)sweep[i][0] };
		mean_of(0.999, &wide, &mean, &sd);
		printf("x%g: %.4f, published %.3f\n", sweep[i][0], mean, sweep[i][1]);
		assert_true(fabs(mean - sweep[i][1]) < 0.02);
	}
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		mean_of(edges[i][0], NULL, &mean, &sd);
		assert_true(fabs(mean - edges[i][1]) < 1.5 * edges[i][2]);
	}
}

/* The leading eigenvalues do not see the rows that are left out; the rest, quantiles, are those of the draw to 2/n. */
static void
rows_beyond_do_not_matter(void **state)
{
	(void)state;
	enum { MIDDLE = 2000, COUNT = 300 };
	static double part[MIDDLE], whole[MIDDLE], q[MIDDLE];
	struct rmb_error error = { 0 };
	int64_t rows = rmb_symmetric_rows(MIDDLE, COUNT);
	assert_true(rows < MIDDLE - 300);
	rmb_semicircle_quantiles(MIDDLE, q);
	for (int64_t draw = 0; draw < 3; draw++) {
		must(rmb_symmetric_draw(rmb_stream_named("rows"), draw, MIDDLE, COUNT, rows, q, part, &error), &error);
		must(rmb_symmetric_draw(rmb_stream_named("rows"), draw, MIDDLE, MIDDLE, MIDDLE, q, whole, &error), &error);
		rmb_test_close("leading eigenvalues", part, whole, COUNT, 1e-12);
		rmb_test_close("the others", part + COUNT, whole + COUNT, MIDDLE - COUNT, 0.01);
		for (int k = 0; k < MIDDLE; k++) {
			rmb_mode_binned(1 - 0.999 * part[k], paper, 1, &part[k]);
			rmb_mode_binned(1 - 0.999 * whole[k], paper, 1, &whole[k]);
		}
		assert_true(fabs(rmb_participation(part, MIDDLE) / rmb_participation(whole, MIDDLE) - 1) < 0.002);
	}
	assert_int_equal(rmb_symmetric_rows(100, 100), 100);
	assert_int_equal(rmb_symmetric_rows(600, 520), 600);
}

/* Against matrices: mean of the largest, and of the 50th, over draws of either kind, N = 200. */
static void
draws_are_those_of_matrices(void **state)
{
	(void)state;
	enum { SMALL = 200, MANY = 60, RANK = 50 };
	static double m[SMALL * SMALL], value[SMALL], q[SMALL];
	struct rmb_error error = { 0 };
	double sum[2] = { 0 }, squares[2] = { 0 };
	rmb_semicircle_quantiles(SMALL, q);
	for (int draw = 0; draw < MANY; draw++)
		for (int kind = 0; kind < 2; kind++) {
			char name[32];
			snprintf(name, sizeof name, "matrix %d", draw);
			struct rmb_network net = { .n = SMALL, .entries = RMB_GAUSSIAN, .edge = 0.9, .threads = 1,
			                           .stream = rmb_stream_named(name) };
			if (kind == 0)
				must(rmb_network_eigenvalues(&net, m, value, NULL, &error), &error);
			else
				must(rmb_symmetric_draw(rmb_stream_named("small"), draw, SMALL, SMALL, SMALL, q, value, &error), &error);
			double ratio = value[RANK - 1] / value[0];
			sum[kind] += ratio / MANY;
			squares[kind] += ratio * ratio / MANY;
		}
	double error_of_mean = sqrt((squares[0] - sum[0] * sum[0] + squares[1] - sum[1] * sum[1]) / MANY);
	printf("rank 50 over rank 1: %.4f, %.4f (%.4f)\n", sum[0], sum[1], error_of_mean);
	assert_true(error_of_mean < 0.005);
	assert_true(fabs(sum[0] - sum[1]) < 3 * error_of_mean);
	int refused = 0; /* of two neurons both eigenvalues may be negative: nothing to scale by */
	for (int draw = 0; draw < MANY; draw++, error = (struct rmb_error){ 0 })
		if (rmb_symmetric_draw(rmb_stream_named("two"), draw, 2, 2, 2, q, value, &error)) {
			assert_non_null(strstr(error.text, "has no edge; use more neurons"));
			refused++;
		} else
			assert_true(value[0] == 1 && value[1] <= 1);
	assert_true(refused > 0 && refused < MANY / 2);
}

/* ---- an exponent on a curve ---- */

static void
exponents_are_inverted(void **state)
{
	(void)state;
	static const double distance[] = { 0.1, 0.01, 0.001, 0.0001 }, mean[] = { 0.2, 0.4, 0.6, 0.7 }, spread[] = { 0.01, 0.01, 0.02, 0.05 };
	struct rmb_inversion found;
	rmb_exponent_inversion(distance, mean, spread, 4, 2, 0.3, &found);
	assert_true(fabs(log10(found.distance) + 1.5) < 1e-12);
	assert_true(fabs(log10(found.high) + 1.4) < 1e-12 && fabs(log10(found.low) + 1.6) < 1e-12);
	assert_false(found.open_low || found.open_high);
	rmb_exponent_inversion(distance, mean, spread, 4, 2, 0.65, &found);
	assert_true(found.open_low && found.low == 0.0001 && found.high < 0.001 && found.high > 0.0001 &&
	            fabs(log10(found.distance) + 3.5) < 1e-12);
	rmb_exponent_inversion(distance, mean, spread, 4, 2, 0.19, &found);
	assert_true(found.open_high && found.high == 0.1 && isnan(found.distance));
	rmb_exponent_inversion(distance, mean, spread, 4, 2, 0.9, &found);
	assert_true(isnan(found.low) && isnan(found.high) && isnan(found.distance));
	rmb_exponent_inversion(distance, mean, spread, 4, 2, 0.1, &found);
	assert_true(isnan(found.low) && isnan(found.high));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_are_the_sums_of_steps), cmocka_unit_test(both_routes_agree),
		cmocka_unit_test(instrumented_propagators_are_exact), cmocka_unit_test(populations_fit_their_covariances),
		cmocka_unit_test(eigenvectors_give_the_same_covariances), cmocka_unit_test(dependent_eigenvectors_are_found_out),
		cmocka_unit_test(modes_are_right),
		cmocka_unit_test(modes_are_right_for_any_steps), cmocka_unit_test(bins_are_whole_steps),
		cmocka_unit_test(quantiles_have_the_known_exponents), cmocka_unit_test(draws_have_the_published_exponents),
		cmocka_unit_test(rows_beyond_do_not_matter), cmocka_unit_test(draws_are_those_of_matrices),
		cmocka_unit_test(exponents_are_inverted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
