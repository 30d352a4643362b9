/* Correlograms, propagators and what they stand on: closed forms, planted dynamics, loops, and the same bytes for any number
 * of threads. */
#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "numeric/correlogram.h"
#include "numeric/fft.h"
#include "numeric/lapack.h"
#include "numeric/propagator.h"
#include "numeric/timescale.h"
#include "rumble/random.h"
#include "support/arena.h"
#include "support/slow.h"

static double *
normal(const char *name, int64_t n)
{
	double *x = reals(n);
	struct rmb_stream stream = rmb_stream_named(name);
	for (int64_t i = 0; i < n; i++)
		x[i] = rmb_random_normal(stream, (uint64_t)i);
	return x;
}

/* Neurons that are random mixtures of `nstates` signals[state][frame], and noise of their own. */
static struct rmb_recording
mixture(const double *signal, int64_t nstates, int64_t nn, int64_t nt, double noise)
{
	float *x = rmb_arena_alloc(arena, (size_t)(nn * nt), sizeof *x);
	double *weight = normal("weights", nn * nstates), *own = normal("noise", nn * nt);
	for (int64_t i = 0; i < nn; i++)
		for (int64_t t = 0; t < nt; t++) {
			double sum = noise * own[i * nt + t];
			for (int64_t s = 0; s < nstates; s++)
				sum += weight[i * nstates + s] * signal[s * nt + t];
			x[i * nt + t] = (float)sum;
		}
	return rmb_test_recording(x, nn, nt);
}

static void
halve(const struct rmb_recording *recording, struct rmb_recording *first, struct rmb_recording *second)
{
	struct rmb_error error = { 0 };
	int64_t n = recording->neurons.n, *row = rmb_arena_alloc(arena, (size_t)n, sizeof *row);
	for (int64_t i = 0; i < n; i++)
		row[i] = i;
	must(rmb_view_neurons(arena, recording, row, n / 2, first, &error), &error);
	must(rmb_view_neurons(arena, recording, row + n / 2, n - n / 2, second, &error), &error);
}

/* ---- transforms and solvers ---------------------------------------------------------------------------------------- */

static void
circular_correlations_agree_with_sums(void **state)
{
	(void)state;
	const int64_t lengths[] = { 1, 2, 3, 7, 16, 97, 100, 201 };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		int64_t n = lengths[i];
		struct rmb_error error = { 0 };
		struct rmb_correlator *correlator = rmb_correlator_new(n, &error);
		assert_non_null(correlator);
		double *x = normal("x", n), *y = normal("y", n), *slow = reals(n), *scratch = reals(rmb_correlator_scratch(correlator));
		for (int64_t l = 0; l < n; l++)
			for (int64_t t = 0; t < n; t++)
				slow[l] += x[(t + l) % n] * y[t];
		for (int again = 0; again < 2; again++) {
			memcpy(rmb_correlator_x(correlator, scratch), x, (size_t)n * sizeof *x);
			memcpy(rmb_correlator_y(correlator, scratch), y, (size_t)n * sizeof *y);
			/* a sum of n products, and some for each of log n stages */
			rmb_test_close("circular correlation", rmb_correlate(correlator, scratch), slow, n, 64 * sqrt((double)n) * DBL_EPSILON);
		}
		rmb_correlator_free(correlator);
	}
	struct rmb_error error = { 0 };
	assert_null(rmb_correlator_new((int64_t)1 << 40, &error));
	assert_int_equal(error.code, RMB_ELIMIT);
}

/* A companion matrix has the roots of its polynomial: here all roots of 1 of order n. */
static void
roots_of_one(void **state)
{
	(void)state;
	for (int64_t n = 1; n <= 40; n += 3) {
		struct rmb_error error = { 0 };
		double *a = reals(n * n), *re = reals(n), *im = reals(n), worst = 0;
		for (int64_t i = 0; i < n; i++)
			a[i * n + (i + 1) % n] = 1;
		must(rmb_general_eigenvalues(a, n, re, im, &error), &error);
		for (int64_t k = 0; k < n; k++) {
			double complex root = cexp(2 * M_PI * I * (double)k / (double)n);
			double nearest = INFINITY;
			for (int64_t i = 0; i < n; i++)
				nearest = fmin(nearest, cabs(re[i] + I * im[i] - root));
			worst = fmax(worst, nearest);
		}
		assert_true(worst < 64 * (double)n * DBL_EPSILON);
	}
}

static void
division_leaves_no_residual(void **state)
{
	(void)state;
	const int64_t m = 5, n = 30;
	struct rmb_error error = { 0 };
	double *x = normal("dividend", m * n), *b = normal("divisor", n * n), *b_kept = rmb_arena_copy(arena, b, (size_t)(n * n), sizeof *b);
	double *q = rmb_arena_copy(arena, x, (size_t)(m * n), sizeof *x), *back = reals(m * n), rcond;
	must(rmb_right_divide(q, m, b, n, &rcond, &error), &error);
	assert_true(rcond > 1e-8 && rcond < 1);
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < n; j++)
			for (int64_t k = 0; k < n; k++)
				back[i * n + j] += q[i * n + k] * b_kept[k * n + j];
	rmb_test_close("x b^-1 b", back, x, m * n, 16 * (double)n * DBL_EPSILON / rcond);
	memset(b, 0, (size_t)(n * n) * sizeof *b);
	must(rmb_right_divide(q, m, b, n, &rcond, &error), &error);
	assert_true(rcond == 0);
	b[7] = NAN;
	assert_int_equal(rmb_right_divide(q, m, b, n, &rcond, &error), RMB_EDATA);
	assert_int_equal(rmb_general_eigenvalues(b, n, q, back, &error), RMB_EDATA);
}

/* Some of the eigenvectors are the same as the first of all, up to their sign; also of a matrix with equal eigenvalues. */
static void
leading_eigenvectors_are_the_first_of_all(void **state)
{
	(void)state;
	const struct { int64_t n, step; } sizes[] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 70, 23 } };
	for (int i = 0; i < 8; i++) {
		int64_t n = sizes[i / 2].n;
		bool equal = i % 2;
		for (int64_t k = 1; k <= n; k += sizes[i / 2].step) {
			struct rmb_error error = { 0 };
			double *x = normal("factors", n * n), *a = reals(n * n), *all = reals(n * n), *w = reals(n),
			       *some = reals(n), *v = reals(k * n);
			int64_t rank = equal && n > 3 ? 3 : equal ? 1 : n; /* many eigenvalues are zero, to rounding */
			for (int64_t p = 0; p < n; p++)
				for (int64_t j = 0; j < n; j++)
					for (int64_t r = 0; r < rank; r++)
						a[p * n + j] += x[p * n + r] * x[j * n + r];
			memcpy(all, a, (size_t)(n * n) * sizeof *a);
			double *kept = rmb_arena_copy(arena, a, (size_t)(n * n), sizeof *a), worst = 0;
			must(rmb_eigenvectors(all, n, w, &error), &error);
			must(rmb_top_eigenvectors(a, n, k, some, v, &error), &error);
			for (int64_t p = 0; p < k; p++) {
				assert_true(fabs(some[p] - w[p]) < 64 * (double)n * DBL_EPSILON * w[0]);
				for (int64_t j = 0; j < n; j++) {
					double residual = -some[p] * v[p * n + j];
					for (int64_t l = 0; l < n; l++)
						residual += kept[j * n + l] * v[p * n + l];
					worst = fmax(worst, fabs(residual));
				}
				for (int64_t j = 0; j <= p; j++) {
					double dot = p == j ? -1 : 0;
					for (int64_t l = 0; l < n; l++)
						dot += v[p * n + l] * v[j * n + l];
					worst = fmax(worst, fabs(dot) * w[0]);
				}
			}
			printf("%d of %d, rank %d: %.2g\n", (int)k, (int)n, (int)rank, worst / w[0]);
			assert_true(worst < 256 * (double)n * DBL_EPSILON * w[0]);
		}
	}
}

/* ---- propagators --------------------------------------------------------------------------------------------------- */

static const double complex planted[] = { 0.97, 0.985 * 0.955336489125606 + 0.985 * 0.29552020666133955 * I, 0.9 };

/* Trajectories of a real mode, a pair that turns by 0.3 a frame, and a faster mode, started anew in every segment. */
static double *
trajectories(const int64_t *segment, int64_t nsegments, int64_t nt)
{
	double *x = reals(4 * nt);
	for (int64_t t = 0, s = 0; t < nt; t++) {
		while (s + 1 < nsegments && t >= segment[s + 1])
			s++;
		double age = (double)(t - segment[s]), kick = 1 + 0.37 * (double)s;
		double complex turning = cpow(planted[1], age) * cexp(1.3 * I * (double)s);
		x[t] = kick * pow(creal(planted[0]), age);
		x[nt + t] = creal(turning);
		x[2 * nt + t] = cimag(turning);
		x[3 * nt + t] = (s % 2 ? -1 : 1) * pow(creal(planted[2]), age);
	}
	return x;
}

static double
distance_from_planted(const struct rmb_propagator *found, int64_t lag)
{
	double worst = 0;
	for (int i = 0; i < 4; i++) {
		double complex e = cpow(i == 3 ? conj(planted[1]) : planted[i], (double)lag);
		double nearest = INFINITY;
		for (int64_t j = 0; j < found->n; j++)
			nearest = fmin(nearest, cabs(found->real[j] + I * found->imaginary[j] - e));
		worst = fmax(worst, nearest);
	}
	return worst;
}

/* Without noise both estimators are exact as long as no pair crosses a joint or the edge of a block; one that ignores joints
 * is not. */
static void
planted_rotations_are_found_inside_segments(void **state)
{
	(void)state;
	static const int64_t segment[] = { 0, 83, 150, 151, 190 };
	const int64_t nt = 260, nsegments = 5;
	struct rmb_recording z = mixture(trajectories(segment, nsegments, nt), 4, 12, nt, 0);
	z.segment = segment;
	z.nsegments = nsegments;
	struct rmb_error error = { 0 };
	struct rmb_sweep sweep = { .first = &z, .in_double = true, .threads = 2 };
	struct rmb_courses courses;
	must(rmb_principal_courses(&sweep, 4, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
	for (int64_t lag = 1; lag <= 5; lag += 4)
		for (int instrumented = 0; instrumented < 2; instrumented++)
			for (int64_t block = 30; block <= 10000; block *= 20) {
				struct rmb_propagator_options options = { .lag = lag, .block = block,
				                                          .instrumented = instrumented, .nsegments = nsegments,
				                                          .segment = segment, .threads = 2 };
				struct rmb_propagator found;
				must(rmb_propagator_make(&courses, &options, arena, &found, &error), &error);
				double distance = distance_from_planted(&found, lag);
				printf("lag %d, block %d, %s: distance %.2g\n", (int)lag, (int)block,
				       instrumented ? "instrumented" : "standard", distance);
				/* samples are rounded to single precision; errors of 6e-8 grow in weak directions */
				assert_true(distance < 1e-6);
			}
	struct rmb_propagator_options published = { .lag = 5, .block = 100, .pairs = RMB_PAIRING_PAPER, .nsegments = nsegments,
	                                            .segment = segment, .threads = 2 };
	struct rmb_propagator found;
	must(rmb_propagator_make(&courses, &published, arena, &found, &error), &error);
	assert_true(distance_from_planted(&found, 5) > 0.02);
}

/* Courses made a window at a time, as a long recording needs: pairs that reach from one window into the next count once,
 * whether the lag is shorter or longer than a window. */
static void
windows_of_courses_are_the_courses(void **state)
{
	(void)state;
	const int64_t nt = 21000, segments[] = { 0, 8190, 12000 };
	double *drive = normal("drive", 3 * nt), *x = reals(3 * nt);
	for (int64_t s = 0; s < 3; s++)
		for (int64_t t = 1; t < nt; t++)
			x[s * nt + t] = (0.9 - 0.2 * (double)s) * x[s * nt + t - 1] + drive[s * nt + t];
	struct rmb_recording z = mixture(x, 3, 8, nt, 0.3);
	for (int in_double = 0; in_double < 2; in_double++) {
		struct rmb_error error = { 0 };
		struct rmb_sweep sweep = { .first = &z, .in_double = in_double, .threads = 2 };
		struct rmb_courses whole, windows;
		must(rmb_principal_courses(&sweep, 5, RMB_SOLVER_EXACT, false, arena, &whole, &error), &error);
		must(rmb_principal_courses(&sweep, 5, RMB_SOLVER_EXACT, true, arena, &windows, &error), &error);
		assert_non_null(whole.x);
		assert_null(windows.x);
		for (int64_t lag = 3; lag <= 9000; lag += 8997)
			for (int64_t block = 5000; block <= 40000; block += 35000) {
				struct rmb_propagator_options options = { .lag = lag, .block = block,
				                                          .nsegments = lag == 3 ? 3 : 1, .segment = segments,
				                                          .pairs = block == 5000 ? RMB_PAIRING_PAPER : RMB_PAIRING_BLOCKS, .threads = 2 };
				struct rmb_propagator a, b;
				must(rmb_propagator_make(&whole, &options, arena, &a, &error), &error);
				must(rmb_propagator_make(&windows, &options, arena, &b, &error), &error);
				assert_int_equal(a.npairs, b.npairs);
				rmb_test_close("real parts", b.real, a.real, a.n, in_double ? 1e-12 : 1e-5);
			}
	}
}

/* Independent noise as large as the signal: the standard estimate shrinks, the instrumented one does not. */
static void
instruments_are_free_of_noise(void **state)
{
	(void)state;
	const int64_t nt = 40000;
	double *drive = normal("drive", nt), *x = reals(nt);
	for (int64_t t = 1; t < nt; t++)
		x[t] = 0.95 * x[t - 1] + sqrt(1 - 0.95 * 0.95) * drive[t];
	struct rmb_recording z = mixture(x, 1, 6, nt, 2);
	struct rmb_error error = { 0 };
	struct rmb_sweep sweep = { .first = &z, .threads = 2 };
	struct rmb_courses courses;
	must(rmb_principal_courses(&sweep, 1, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
	double found[2], truth = pow(0.95, 5);
	for (int instrumented = 0; instrumented < 2; instrumented++) {
		struct rmb_propagator_options options = { .lag = 5, .block = 10000, .instrumented = instrumented, .nsegments = 1,
		                                          .segment = z.segment, .threads = 2 };
		struct rmb_propagator propagator;
		must(rmb_propagator_make(&courses, &options, arena, &propagator, &error), &error);
		found[instrumented] = propagator.real[0];
	}
	printf("eigenvalue %.4f: standard %.4f, instrumented %.4f\n", truth, found[0], found[1]);
	assert_true(found[0] < truth - 0.1);
	assert_true(fabs(found[1] - truth) < 0.05);
}

/* Rows that are zero change nothing but the side on which the covariance is decomposed. */
static void
frames_and_neurons_give_one_propagator(void **state)
{
	(void)state;
	const int64_t nt = 60, nn = 20, wide = 90;
	struct rmb_recording z = mixture(normal("signals", 8 * nt), 8, nn, nt, 0.3), padded = z;
	float *x = rmb_arena_alloc(arena, (size_t)(wide * nt), sizeof *x);
	memcpy(x, z.samples, (size_t)(nn * nt) * sizeof *x);
	padded.samples = x;
	padded.neurons.n = padded.stored_rows = wide;
	struct rmb_propagator found[2];
	struct rmb_propagator_options options = { .lag = 2, .block = 25, .ridge = 0.01, .nsegments = 1, .segment = z.segment, .threads = 2 };
	for (int i = 0; i < 2; i++) {
		struct rmb_error error = { 0 };
		struct rmb_sweep sweep = { .first = i ? &padded : &z, .in_double = true, .threads = 2 };
		struct rmb_courses courses;
		must(rmb_principal_courses(&sweep, 1000, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
		assert_int_equal(courses.nk, nn);
		must(rmb_propagator_make(&courses, &options, arena, &found[i], &error), &error);
	}
	rmb_test_close("real parts", found[1].real, found[0].real, nn, 1e-9);
	rmb_test_close("imaginary parts", found[1].imaginary, found[0].imaginary, nn, 1e-9);
}

static void
truncation_ends_before_noise(void **state)
{
	(void)state;
	const int64_t nt = 3000;
	double *x = reals(2 * nt), *drive = normal("drive", 2 * nt);
	for (int64_t t = 1; t < nt; t++) {
		x[t] = 0.9 * x[t - 1] + drive[t];
		x[nt + t] = 0.3 * (drive[nt + t] - 0.9 * drive[nt + t - 1]); /* differences: no variance lasts, what is there is negative */
	}
	struct rmb_recording z = mixture(x, 2, 10, nt, 0);
	struct rmb_error error = { 0 };
	struct rmb_sweep sweep = { .first = &z, .in_double = true, .threads = 1 };
	struct rmb_courses courses;
	struct rmb_propagator found;
	must(rmb_principal_courses(&sweep, 2, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
	for (int truncate = 0; truncate < 2; truncate++) {
		struct rmb_propagator_options options = { .lag = 1, .block = 10000, .instrumented = true, .truncate = truncate, .nsegments = 1,
		                                          .segment = z.segment, .threads = 1 };
		must(rmb_propagator_make(&courses, &options, arena, &found, &error), &error);
		assert_int_equal(found.n, truncate ? 1 : 2);
	}
	assert_true(fabs(found.real[0] - 0.9) < 0.03);
}

static void
pairs_that_do_not_exist_are_named(void **state)
{
	(void)state;
	static const int64_t segment[] = { 0, 5, 9 };
	const struct { struct rmb_propagator_options options; int64_t nframes; const char *says; } cases[] = {
		{ { .lag = 5, .block = 10000, .nsegments = 3, .segment = segment }, 14, "pairs of frames 5 apart" },
		{ { .lag = 4, .block = 10000, .nsegments = 3, .segment = segment, .instrumented = true }, 14, "pairs of frames 5 apart" },
		{ { .lag = 5, .block = 5, .nsegments = 1, .segment = segment }, 100, "no block of 5 frames" },
		{ { .lag = 5, .block = 10000, .nsegments = 1, .segment = segment, .pairs = RMB_PAIRING_PAPER }, 10004, "10005 frames or more" },
		{ { .lag = 50, .block = 40, .nsegments = 1, .segment = segment, .pairs = RMB_PAIRING_REVISED }, 200,
		  "longer than the lag of 50" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_propagator_pairs(&cases[i].options, cases[i].nframes, &error), RMB_EDATA);
		if (!strstr(error.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", error.text, cases[i].says);
	}
	struct rmb_error error = { 0 };
	struct rmb_propagator_options enough = { .lag = 5, .block = 10000, .nsegments = 1, .segment = segment, .pairs = RMB_PAIRING_PAPER };
	must(rmb_propagator_pairs(&enough, 10005, &error), &error);
}

/* Copies of neurons leave fewer components than asked; a covariance that cannot be inverted is an error. */
static void
copies_and_singular_moments(void **state)
{
	(void)state;
	const int64_t nt = 400;
	struct rmb_recording z = mixture(normal("signals", 3 * nt), 3, 8, nt, 0);
	memcpy((float *)(uintptr_t)z.samples + 4 * nt, z.samples, (size_t)(4 * nt) * sizeof(float));
	struct rmb_error error = { 0 };
	struct rmb_sweep sweep = { .first = &z, .threads = 1 };
	struct rmb_courses courses;
	struct rmb_propagator found;
	must(rmb_principal_courses(&sweep, 1000, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
	assert_in_range(courses.nk, 3, 4);
	courses.nk = 3;
	courses.nframes = 400;
	double *flat = reals(3 * nt);
	for (int64_t t = 0; t < nt; t++)
		flat[t] = flat[nt + t] = (double)(t % 7);
	courses.x = flat;
	courses.in_double = true;
	struct rmb_propagator_options options = { .lag = 1, .block = 10000, .nsegments = 1, .segment = z.segment, .threads = 1 };
	assert_int_equal(rmb_propagator_make(&courses, &options, arena, &found, &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "singular"));
	struct rmb_error none = { 0 };
	options.ridge = 0.01;
	must(rmb_propagator_make(&courses, &options, arena, &found, &none), &none);
}

/* ---- correlograms -------------------------------------------------------------------------------------------------- */

/* Two sines a quarter of a period apart, so that one component leads the other nowhere: period 20 in blocks of 200. */
static void
a_sine_repeats_after_its_period(void **state)
{
	(void)state;
	const int64_t nt = 2000;
	double *x = reals(nt);
	for (int64_t t = 0; t < nt; t++)
		x[t] = sin(2 * M_PI * (double)t / 20);
	struct rmb_recording z = mixture(x, 1, 20, nt, 0.05), first, second;
	halve(&z, &first, &second);
	for (int unit = 0; unit < 2; unit++)
		for (int both = 0; both < 2; both++) {
			struct rmb_error error = { 0 };
			struct rmb_correlogram_options options = { .nblocks = 10, .nlags = 60, .components = 1, .unit = unit, .both = both };
			struct rmb_sweep sweep = { .first = &first, .second = &second, .in_double = true, .threads = 2 };
			struct rmb_correlograms found;
			must(rmb_correlograms_make(&sweep, &options, arena, &found, &error), &error);
			assert_int_equal(found.width, 200);
			assert_int_equal(found.ntest, 5);
			for (int64_t l = 0; l < 60; l++)
				assert_true(fabs(found.g[l] - cos(2 * M_PI * (double)l / 20)) < 0.01);
		}
}

/* Correlograms of block-wise z-scores by loops, with the components of the fit found by rotations. */
static void
correlograms_agree_with_loops(void **state)
{
	(void)state;
	enum { NN = 9, NT = 130, BLOCKS = 4, LAGS = 12 };
	struct rmb_recording z = mixture(normal("signals", 3 * NT), 3, NN, NT, 0.4), first, second;
	halve(&z, &first, &second);
	int64_t n1 = first.neurons.n, n2 = second.neurons.n, width = NT / BLOCKS;
	double score[BLOCKS][NN][NT], *c = reals(n1 * n2), *s = reals(n1), *u = reals(n1 * n1), *v = reals(n1 * n2), *slow = reals(n1 * LAGS);
	for (int64_t b = 0; b < BLOCKS; b++)
		for (int64_t i = 0; i < NN; i++) {
			double mean = 0, square = 0;
			for (int64_t t = 0; t < width; t++)
				mean += slow_value(&z, i, b * width + t) / (double)width;
			for (int64_t t = 0; t < width; t++)
				square += pow(slow_value(&z, i, b * width + t) - mean, 2) / (double)width;
			for (int64_t t = 0; t < width; t++)
				score[b][i][t] = (slow_value(&z, i, b * width + t) - mean) / (1e-3 + sqrt(square));
		}
	for (int64_t i = 0; i < n1; i++)
		for (int64_t j = 0; j < n2; j++)
			for (int64_t b = 0; b < BLOCKS; b += 2)
				for (int64_t t = 0; t < width; t++)
					c[i * n2 + j] += score[b][i][t] * score[b][n1 + j][t];
	slow_singular(c, n1, n2, s, u, v);
	for (int64_t k = 0; k < n1; k++)
		for (int64_t b = 1; b < BLOCKS; b += 2) {
			double p[NT] = { 0 }, q[NT] = { 0 };
			for (int64_t t = 0; t < width; t++) {
				for (int64_t i = 0; i < n1; i++)
					p[t] += u[k * n1 + i] * score[b][i][t];
				for (int64_t j = 0; j < n2; j++)
					q[t] += v[k * n2 + j] * score[b][n1 + j][t];
			}
			for (int64_t l = 0; l < LAGS; l++)
				for (int64_t t = 0; t < width; t++)
					slow[k * LAGS + l] += p[(t + l) % width] * q[t] / (BLOCKS / 2);
		}
	struct rmb_error error = { 0 };
	struct rmb_correlogram_options options = { .nblocks = BLOCKS, .nlags = LAGS, .components = 100 };
	struct rmb_sweep sweep = { .first = &first, .second = &second, .in_double = true, .threads = 2 };
	struct rmb_correlograms found;
	must(rmb_correlograms_make(&sweep, &options, arena, &found, &error), &error);
	assert_int_equal(found.nk, n1);
	double *whole = reals(n1 * LAGS);
	for (int64_t k = 0; k < n1; k++)
		for (int64_t l = 0; l < LAGS; l++)
			whole[k * LAGS + l] = found.g[k * LAGS + l] * found.lag0[k];
	rmb_test_close("correlograms", whole, slow, n1 * LAGS, 1e-10);
}

static void
blocks_lie_inside_segments(void **state)
{
	(void)state;
	struct rmb_stream stream = rmb_stream_named("segments");
	for (uint64_t round = 0; round < 300; round++) {
		int64_t segment[8], nsegments = 1 + (int64_t)rmb_random_below(stream, round * 20, 7), nt = 0;
		for (int64_t s = 0; s < nsegments; s++) {
			segment[s] = nt;
			nt += 1 + (int64_t)rmb_random_below(stream, round * 20 + 1 + (uint64_t)s, 60);
		}
		int64_t wanted = 2 + (int64_t)rmb_random_below(stream, round * 20 + 10, 11), *start, n, width;
		struct rmb_error error = { 0 };
		int rc = rmb_correlogram_blocks(segment, nsegments, nt, wanted, arena, &start, &n, &width, &error);
		if (nt < wanted) {
			assert_int_equal(rc, RMB_EDATA);
			continue;
		}
		must(rc, &error);
		assert_true(n >= wanted && width >= 1);
		int64_t wider = 0;
		for (int64_t s = 0; s < nsegments; s++)
			wider += ((s + 1 < nsegments ? segment[s + 1] : nt) - segment[s]) / (width + 1);
		assert_true(wider < wanted);
		for (int64_t b = 0; b < n; b++) {
			assert_true(start[b] >= (b ? start[b - 1] + width : 0) && start[b] + width <= nt);
			for (int64_t s = 1; s < nsegments; s++)
				assert_false(start[b] < segment[s] && start[b] + width > segment[s]);
		}
	}
}

static void
recordings_too_short_are_named(void **state)
{
	(void)state;
	const struct { int64_t nt; struct rmb_correlogram_options options; const char *says; } cases[] = {
		{ 9, { .nblocks = 10, .nlags = 7, .components = 5 }, "10 blocks do not fit into 9 frames" },
		{ 500, { .nblocks = 10, .nlags = 100, .components = 5 }, "100 lags need blocks of as many frames" },
		{ 300, { .nblocks = 10, .nlags = 20, .components = 5, .smooth = 2 }, "shorter than the 41 of the smoothing kernel" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_recording z = mixture(normal("x", 500), 1, 8, cases[i].nt, 1), first, second;
		halve(&z, &first, &second);
		struct rmb_sweep sweep = { .first = &first, .second = &second, .threads = 1 };
		struct rmb_correlograms found;
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_correlograms_make(&sweep, &cases[i].options, arena, &found, &error), RMB_EDATA);
		if (!strstr(error.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", error.text, cases[i].says);
	}
}

/* ---- timescales ---------------------------------------------------------------------------------------------------- */

static void
decays_are_found_with_their_error(void **state)
{
	(void)state;
	enum { LAGS = 100, PARTS = 5 };
	double part[PARTS][LAGS], scratch[LAGS], *noise = normal("parts", PARTS);
	const double taus[] = { 0.7, 3, 25, 180 };
	for (size_t i = 0; i < sizeof taus / sizeof *taus; i++) {
		double tau[PARTS], mean = 0, square = 0;
		for (int p = 0; p < PARTS; p++) {
			tau[p] = taus[i] * (1 + 1e-3 * noise[p]);
			mean += tau[p] / PARTS;
			for (int l = 0; l < LAGS; l++)
				part[p][l] = l == 0 ? 7 : 2 * exp(-l / tau[p]); /* lag 0 does not enter */
		}
		for (int p = 0; p < PARTS; p++)
			square += pow(tau[p] - mean, 2);
		struct rmb_decay decay = rmb_decay_fit(part[0], PARTS, LAGS, LAGS, scratch);
		/* to first order tau of the mean is the mean of the taus, and the jackknife gives its standard error */
		double error = sqrt(square / (PARTS * (PARTS - 1.0)));
		printf("tau %g: %g +- %g, expected %g\n", taus[i], decay.tau, decay.error, error);
		assert_true(fabs(decay.tau - mean) < 1e-4 * mean);
		assert_true(fabs(decay.error - error) < 0.02 * error);
	}
	for (int l = 0; l < LAGS; l++)
		part[0][l] = 1;
	assert_true(isnan(rmb_decay_fit(part[0], 1, LAGS, LAGS, scratch).tau)); /* never decays */
	for (int l = 0; l < LAGS; l++)
		part[0][l] = -exp(-l / 9.0);
	assert_true(isnan(rmb_decay_fit(part[0], 1, LAGS, LAGS, scratch).tau));
}

static void
ranks_are_left_out_of_r(void **state)
{
	(void)state;
	double index[50];
	bool usable[50];
	int64_t left_out;
	for (int k = 0; k < 50; k++) {
		index[k] = 3 * pow(k + 1, -0.4);
		usable[k] = true;
	}
	assert_true(fabs(rmb_timescale_r(index, NULL, 1, 50, &left_out) + 1) < 1e-12);
	index[10] = -1;
	usable[20] = false;
	index[20] = 100;
	assert_true(isnan(rmb_timescale_r(index, NULL, 1, 50, &left_out)));
	assert_true(fabs(rmb_timescale_r(index, usable, 1, 50, &left_out) + 1) < 1e-12);
	assert_int_equal(left_out, 2);
	assert_true(fabs(rmb_timescale_r(index, usable, 12, 50, &left_out) + 1) < 1e-12);
	assert_int_equal(left_out, 1);
	assert_true(isnan(rmb_timescale_r(index, usable, 11, 12, &left_out)));
}

/* ---- threads and precision ----------------------------------------------------------------------------------------- */

static void
any_number_of_threads_gives_the_same_bytes(void **state)
{
	(void)state;
	const int64_t nn = 560, nt = 5200; /* more than a band of components, a tile of moments, a chunk of frames in a block */
	double *drive = normal("drive", 30 * nt), *x = reals(30 * nt);
	for (int64_t s = 0; s < 30; s++)
		for (int64_t t = 1; t < nt; t++)
			x[s * nt + t] = (0.98 - 0.02 * (double)s) * x[s * nt + t - 1] + drive[s * nt + t];
	struct rmb_recording z = mixture(x, 30, nn, nt, 1), first, second;
	halve(&z, &first, &second);
	const int threads[] = { 1, 2, 3, 8 };
	double *kept = NULL, *lag0 = NULL;
	struct rmb_propagator before = { 0 };
	for (int i = 0; i < 4; i++) {
		struct rmb_error error = { 0 };
		struct rmb_correlogram_options options = { .nblocks = 2, .nlags = 50, .components = 260, .smooth = 2 };
		struct rmb_sweep halves = { .first = &first, .second = &second, .threads = threads[i] };
		struct rmb_sweep all = { .first = &z, .threads = threads[i] };
		struct rmb_correlograms found;
		must(rmb_correlograms_make(&halves, &options, arena, &found, &error), &error);
		assert_int_equal(found.nk, 260);
		struct rmb_courses courses;
		struct rmb_propagator propagator;
		struct rmb_propagator_options set = { .lag = 5, .block = 1000, .ridge = 0.01, .nsegments = 1, .segment = z.segment,
		                                      .threads = threads[i] };
		must(rmb_principal_courses(&all, 300, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
		must(rmb_propagator_make(&courses, &set, arena, &propagator, &error), &error);
		if (kept) {
			assert_memory_equal(kept, found.g, (size_t)(260 * 50) * sizeof *kept);
			assert_memory_equal(lag0, found.lag0, 260 * sizeof *lag0);
			assert_memory_equal(before.real, propagator.real, 300 * sizeof *before.real);
			assert_memory_equal(before.imaginary, propagator.imaginary, 300 * sizeof *before.imaginary);
		}
		kept = found.g;
		lag0 = found.lag0;
		before = propagator;
	}
}

static void
single_precision_is_near_double(void **state)
{
	(void)state;
	const int64_t nt = 3000;
	double *drive = normal("drive", 6 * nt), *x = reals(6 * nt);
	for (int64_t s = 0; s < 6; s++)
		for (int64_t t = 1; t < nt; t++)
			x[s * nt + t] = (0.98 - 0.1 * (double)s) * x[s * nt + t - 1] + drive[s * nt + t];
	struct rmb_recording z = mixture(x, 6, 40, nt, 0.5), first, second;
	halve(&z, &first, &second);
	struct rmb_correlograms found[2];
	struct rmb_propagator propagator[2];
	for (int i = 0; i < 2; i++) {
		struct rmb_error error = { 0 };
		struct rmb_correlogram_options options = { .nblocks = 10, .nlags = 100, .components = 6 };
		struct rmb_sweep halves = { .first = &first, .second = &second, .in_double = i, .threads = 2 };
		struct rmb_sweep all = { .first = &z, .in_double = i, .threads = 2 };
		must(rmb_correlograms_make(&halves, &options, arena, &found[i], &error), &error);
		struct rmb_courses courses;
		struct rmb_propagator_options set = { .lag = 5, .block = 1000, .ridge = 0.01, .nsegments = 1,
		                                      .segment = z.segment, .threads = 2 };
		must(rmb_principal_courses(&all, 6, RMB_SOLVER_EXACT, false, arena, &courses, &error), &error);
		must(rmb_propagator_make(&courses, &set, arena, &propagator[i], &error), &error);
	}
	rmb_test_close("correlograms in single precision", found[0].g, found[1].g, 600, 1e-4);
	rmb_test_close("eigenvalues in single precision", propagator[0].real, propagator[1].real, 6, 1e-4);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(circular_correlations_agree_with_sums), TEST(roots_of_one), TEST(division_leaves_no_residual),
		TEST(leading_eigenvectors_are_the_first_of_all),
		TEST(planted_rotations_are_found_inside_segments), TEST(windows_of_courses_are_the_courses),
		TEST(instruments_are_free_of_noise), TEST(frames_and_neurons_give_one_propagator),
		TEST(truncation_ends_before_noise), TEST(pairs_that_do_not_exist_are_named), TEST(copies_and_singular_moments),
		TEST(a_sine_repeats_after_its_period), TEST(correlograms_agree_with_loops), TEST(blocks_lie_inside_segments),
		TEST(recordings_too_short_are_named), TEST(decays_are_found_with_their_error), TEST(ranks_are_left_out_of_r),
		TEST(any_number_of_threads_gives_the_same_bytes), TEST(single_precision_is_near_double),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
