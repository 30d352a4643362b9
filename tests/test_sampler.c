/* Frames of simulated networks: their covariances against theory, methods against each other, the same bytes for any threads.
 *
 * Statistical bounds: streams are fixed, so a test passes always or never; each bound says how far chance may go. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/lapack.h"
#include "numeric/measurement.h"
#include "numeric/modes.h"
#include "numeric/moments.h"
#include "numeric/network.h"
#include "numeric/propagate.h"
#include "support/check.h"

static void *
room(struct rmb_arena *arena, int64_t n, size_t size)
{
	void *memory = rmb_arena_alloc(arena, (size_t)n, size);
	assert_non_null(memory);
	return memory;
}

/* ---- the eigenvectors ---- */

static void
eigenvectors_in_single_are_those_in_double_to_rounding(void **state)
{
	enum { N = 150 };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_error error = { 0 };
	struct rmb_stream stream = rmb_stream_named("matrix");
	double *a = room(arena, N * N, sizeof *a), *w = room(arena, N, sizeof *w), *values = room(arena, N, sizeof *values);
	float *v = room(arena, N * N, sizeof *v);
	(void)state;
	for (int64_t i = 0; i < N; i++)
		for (int64_t j = 0; j <= i; j++)
			a[i * N + j] = a[j * N + i] = rmb_random_normal(stream, (uint64_t)(i * N + j));
	for (int64_t i = 0; i < N * N; i++)
		v[i] = (float)a[i];
	must(rmb_eigenvectors_single(v, N, w, 1, &error), &error);
	double largest = 0, skew = 0;
	for (int64_t k = 0; k < N; k++)
		for (int64_t i = 0; i < N; i++) {
			double residual = -w[k] * (double)v[k * N + i], dot = i == k ? -1 : 0;
			for (int64_t j = 0; j < N; j++) {
				residual += a[i * N + j] * (double)v[k * N + j];
				dot += (double)v[k * N + j] * (double)v[i * N + j];
			}
			largest = fmax(largest, fabs(residual));
			skew = fmax(skew, fabs(dot));
		}
	must(rmb_eigenvalues(a, N, values, &error), &error);
	rmb_test_close("eigenvalues", w, values, N, 1e-6); /* backward error of some 10 units of 6e-8 */
	if (!(largest < 2e-6 * values[0] * sqrt(N)) || !(skew < 1e-5))
		fail_msg("residual %g, orthogonality %g", largest, skew);
	v[7] = NAN;
	assert_int_equal(rmb_eigenvectors_single(v, N, w, 1, &error), RMB_EDATA);
	rmb_arena_free(arena);
}

/* ---- a simulation that keeps covariances ---- */

enum { LAGS = 6 };

struct sums {
	int64_t n, frames;
	double *previous; /* [LAGS][nruns][n]: last frames of each run */
	double *sum;      /* [LAGS][n][n] */
	int64_t nruns, count[LAGS];
};

static int
add_block(void *argument, const struct rmb_block *block)
{
	struct sums *sums = argument;
	int64_t n = block->n;
	for (int64_t a = 0; a < block->nruns; a++)
		for (int64_t j = 0; j < block->nframes; j++) {
			int64_t t = block->frame + j, r = block->run[a];
			double *now = sums->previous + ((t % LAGS) * sums->nruns + r) * n;
			for (int64_t i = 0; i < n; i++)
				now[i] = (double)block->x[i * block->ld + j * block->nruns + a];
			for (int64_t k = 0; k < LAGS && k <= t; k++) {
				const double *then = sums->previous + (((t - k) % LAGS) * sums->nruns + r) * n;
				double *c = sums->sum + k * n * n;
				for (int64_t i = 0; i < n; i++)
					for (int64_t l = 0; l < n; l++)
						c[i * n + l] += now[i] * then[l];
				sums->count[k]++;
			}
		}
	return 0;
}

/* |measured - expected| / |expected|, both [n][n]. */
static double
frobenius(const double *sum, int64_t count, const double *expected, int64_t n)
{
	double apart = 0, size = 0;
	for (int64_t i = 0; i < n * n; i++) {
		apart += pow(sum[i] / (double)count - expected[i], 2);
		size += pow(expected[i], 2);
	}
	return sqrt(apart / size);
}

/* A network, its modes, operators and theory. */
struct network {
	struct rmb_arena *arena;
	int64_t n;
	struct rmb_steps steps;
	double *a, *gap, *s;
	float *vectors, *matrix;   /* rows of eigenvectors; A */
	struct rmb_modes modes;
	struct rmb_propagator_roots roots;
	double *covariance;        /* [LAGS][n][n] */
};

static struct network
make_network(int64_t n, double asymmetry, double edge, const char *name)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct network net = { arena, n, { 0.04, 23 }, .gap = room(arena, n, sizeof(double)) };
	struct rmb_network what = { .n = n, .asymmetry = asymmetry, .edge = edge, .stream = rmb_stream_named(name), .threads = 1 };
	double *imaginary = room(arena, n, sizeof *imaginary), *scratch = room(arena, 3 * n * n, sizeof *scratch),
	       *w = room(arena, n, sizeof *w);
	struct rmb_error error = { 0 };
	struct rmb_blocks blocks;
	net.a = room(arena, n * n, sizeof *net.a);
	net.s = room(arena, n * n, sizeof *net.s);
	net.vectors = room(arena, n * n, sizeof *net.vectors);
	net.matrix = room(arena, n * n, sizeof *net.matrix);
	net.covariance = room(arena, LAGS * n * n, sizeof *net.covariance);
	must(rmb_network_matrix(&what, net.a, w, imaginary, &error), &error);
	for (int64_t i = 0; i < n * n; i++)
		net.vectors[i] = net.matrix[i] = (float)net.a[i];
	must(rmb_blocks_make(net.a, n, net.steps.step, net.steps.width, 1, arena, &blocks, &error), &error);
	must(rmb_stationary(net.a, n, net.steps.step, 1, net.s, scratch, &error), &error);
	must(rmb_blocks_covariances(&blocks, net.s, LAGS, 1, net.covariance, scratch, &error), &error);
	must(rmb_propagate_roots(arena, &blocks, net.s, 1, &net.roots, &error), &error);
	if (asymmetry == 0) {
		must(rmb_eigenvectors_single(net.vectors, n, w, 1, &error), &error);
		for (int64_t k = 0; k < n; k++)
			net.gap[k] = 1 - w[k];
		must(rmb_modes_make(arena, net.gap, n, net.steps, &net.modes, &error), &error);
	}
	return net;
}

enum method { MODES, BLOCKS, STEPS };

static int
simulate(const struct network *net, enum method method, const struct rmb_simulation *what, int64_t burn)
{
	struct rmb_error error = { 0 };
	struct rmb_stepping stepping = { net->matrix, net->steps.step, net->steps.width, burn };
	int rc = method == MODES ? rmb_modes_simulate(what, &net->modes, net->vectors, &error)
	         : method == BLOCKS ? rmb_propagate_blocks(what, &net->roots, &error) : rmb_propagate_steps(what, &stepping, &error);
	if (rc && error.code)
		fail_msg("%s", error.text);
	return rc;
}

static struct rmb_simulation
simulation(int64_t n, int64_t nruns, const int64_t *length, const char *name, int threads)
{
	return (struct rmb_simulation){ .n = n, .nruns = nruns, .length = length, .stream = rmb_stream_named(name),
		                        .beside = rmb_stream_named("beside"), .threads = threads };
}

/* Largest Frobenius error over the lags 0, 1 and 5. */
static double
error_of(const struct network *net, enum method method, int64_t nruns, int64_t nframes, int64_t burn)
{
	struct rmb_arena *arena = rmb_arena_new();
	int64_t n = net->n, *length = room(arena, nruns, sizeof *length);
	struct sums sums = { .n = n, .nruns = nruns, .previous = room(arena, LAGS * nruns * n, sizeof(double)),
		             .sum = room(arena, LAGS * n * n, sizeof(double)) };
	for (int64_t r = 0; r < nruns; r++)
		length[r] = nframes;
	struct rmb_simulation what = simulation(n, nruns, length, "covariances", 2);
	what.take = add_block;
	what.taker = &sums;
	assert_int_equal(simulate(net, method, &what, burn), 0);
	double worst = 0;
	static const int lag[] = { 0, 1, 5 };
	for (int i = 0; i < 3; i++) {
		int64_t at = lag[i] * n * n;
		double apart = frobenius(sums.sum + at, sums.count[lag[i]], net->covariance + at, n);
		print_message("method %d, lag %d: %.3g\n", (int)method, lag[i], apart);
		worst = fmax(worst, apart);
		assert_int_equal(sums.count[lag[i]], nruns * (nframes - lag[i]));
	}
	rmb_arena_free(arena);
	return worst;
}

/* The bounds: twice what the same number of frames gave in the reference's own check, or of its order where frames are fewer. */
static void
a_symmetric_network_has_its_covariances_by_every_method(void **state)
{
	struct network net = make_network(60, 0, 0.95, "symmetric");
	(void)state;
	assert_true(error_of(&net, MODES, 400, 400, 0) < 0.05);
	assert_true(error_of(&net, BLOCKS, 100, 400, 0) < 0.1);
	assert_true(error_of(&net, STEPS, 64, 100, 2000) < 0.2);
	rmb_arena_free(net.arena);
}

static void
a_network_that_is_not_symmetric_has_them_too(void **state)
{
	struct network net = make_network(50, 1, 0.95, "nonsymmetric");
	(void)state;
	assert_true(error_of(&net, BLOCKS, 300, 200, 0) < 0.05);
	assert_true(error_of(&net, STEPS, 64, 100, 2000) < 0.2);
	rmb_arena_free(net.arena);
}

/* Both ways to the covariances of frames agree: the operators of blocks, and the modes. */
static void
blocks_and_modes_have_one_theory(void **state)
{
	struct network net = make_network(40, 0, 0.97, "both");
	int64_t n = net.n;
	double *v = room(net.arena, n * n, sizeof *v), *w = room(net.arena, n, sizeof *w),
	       *c = room(net.arena, LAGS * n * n, sizeof *c), b[LAGS];
	struct rmb_error error = { 0 };
	(void)state;
	memcpy(v, net.a, (size_t)(n * n) * sizeof *v);
	must(rmb_eigenvectors(v, n, w, &error), &error);
	for (int64_t k = 0; k < n; k++) {
		rmb_mode_binned(1 - w[k], net.steps, LAGS, b);
		for (int64_t lag = 0; lag < LAGS; lag++)
			for (int64_t i = 0; i < n; i++)
				for (int64_t j = 0; j < n; j++)
					c[(lag * n + i) * n + j] += b[lag] * v[k * n + i] * v[k * n + j];
	}
	rmb_test_close("covariances", c, net.covariance, LAGS * n * n, 1e-10);
	/* stationarity: decay^2 v + kick^2 = v, and the variance and first lag of means */
	for (int64_t k = 0; k < n; k++) {
		const struct rmb_modes *m = &net.modes;
		double before = m->spread[k] * m->spread[k], mean = m->mean[k];
		double stays = m->decay[k] * m->decay[k] * before + m->kick[k] * m->kick[k];
		double variance = mean * mean * before + m->first[k] * m->first[k] + m->second[k] * m->second[k];
		double next = mean * (m->decay[k] * mean * before + m->kick[k] * m->first[k]);
		rmb_mode_binned(net.gap[k], net.steps, 2, b);
		assert_true(fabs(stays / before - 1) < 1e-12 && fabs(variance / b[0] - 1) < 1e-12 && fabs(next / b[1] - 1) < 1e-11);
	}
	rmb_arena_free(net.arena);
}

/* The printed table of the theory: P, c_m, V_ee, V_mm, V_em, to its last digit. */
static void
coefficients_are_those_printed(void **state)
{
	static const double gap[] = { 0.001, 0.01, 0.1, 1, 1.9 }, table[][5] = {
		{ 0.9990804047, 0.9995201408, 3.67676348e-2, 1.30695715e-2, 1.91831125e-2 },
		{ 0.9908403669, 0.9952140505, 3.64780303e-2, 1.29916818e-2, 1.90318874e-2 },
		{ 0.9119368888, 0.9533788992, 3.37417056e-2, 1.22430072e-2, 1.75924535e-2 },
		{ 0.3910554653, 0.6354203840, 1.72872576e-2, 7.04749097e-3, 8.43697182e-3 },
		{ 0.1623511383, 0.4427846385, 1.06537051e-2, 4.35506820e-3, 4.45691612e-3 } };
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_error error = { 0 };
	struct rmb_modes m;
	(void)state;
	must(rmb_modes_make(arena, gap, 5, (struct rmb_steps){ 0.04, 23 }, &m, &error), &error);
	for (int k = 0; k < 5; k++) {
		double found[] = { m.decay[k], m.mean[k], m.kick[k] * m.kick[k], m.first[k] * m.first[k] + m.second[k] * m.second[k],
			           m.kick[k] * m.first[k] };
		for (int i = 0; i < 5; i++)
			assert_true(fabs(found[i] / table[k][i] - 1) < 4e-9);
	}
	must(rmb_modes_make(arena, (double[]){ 1.9 }, 1, (struct rmb_steps){ 0.9, 3 }, &m, &error), &error); /* it alternates */
	assert_true(fabs(*m.decay + 0.71 * 0.71 * 0.71) < 1e-15 && fabs(*m.mean - (-0.71 + 0.71 * 0.71 - 0.71 * 0.71 * 0.71) / 3) < 1e-15);
	assert_true(fabs((*m.decay * *m.decay - 1) * *m.spread * *m.spread + *m.kick * *m.kick) < 1e-14);
	assert_int_equal(rmb_modes_make(arena, (double[]){ -0.02 }, 1, (struct rmb_steps){ 0.04, 23 }, &m, &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "unstable: an eigenvalue is 1.02, all must be below 1"));
	error = (struct rmb_error){ 0 };
	assert_int_equal(rmb_modes_make(arena, (double[]){ 1.5 }, 1, (struct rmb_steps){ 1.5, 3 }, &m, &error), RMB_EDATA);
	rmb_arena_free(arena);
}

/* ---- whole distributions ---- */

struct last { int64_t nframes; double *projection; const float *weights; };

/* The last frame of every run, projected. */
static int
keep_last(void *argument, const struct rmb_block *block)
{
	struct last *last = argument;
	for (int64_t a = 0; a < block->nruns; a++)
		for (int64_t j = 0; j < block->nframes; j++) {
			double sum = 0;
			for (int64_t i = 0; i < block->n; i++)
				sum += (double)last->weights[i] * (double)block->x[i * block->ld + j * block->nruns + a];
			if (block->frame + j + 1 == last->nframes)
				last->projection[block->run[a]] = sum;
		}
	return 0;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance of two samples of n. */
static double
distance(double *x, double *y, int64_t n)
{
	double largest = 0;
	qsort(x, (size_t)n, sizeof *x, ascending);
	qsort(y, (size_t)n, sizeof *y, ascending);
	for (int64_t i = 0, j = 0; i < n && j < n;) {
		if (x[i] <= y[j])
			i++;
		else
			j++;
		largest = fmax(largest, fabs((double)(i - j)) / (double)n);
	}
	return largest;
}

/* The slowest and the fastest mode of a network, by modes and by steps from standard normals after five time constants: 600
 * independent samples each. Equal laws exceed 1.95 sqrt(2 / n) once in a thousand. */
static void
samples_are_those_of_stepping(void **state)
{
	enum { RUNS = 600, FRAMES = 2 };
	struct network net = make_network(30, 0, 0.9, "two samples");
	int64_t length[RUNS];
	double *x = room(net.arena, RUNS, sizeof *x), *y = room(net.arena, RUNS, sizeof *y);
	static const int mode[] = { 0, 29 };
	(void)state;
	for (int r = 0; r < RUNS; r++)
		length[r] = FRAMES;
	for (int m = 0; m < 2; m++)
		for (int method = MODES; method <= BLOCKS; method++) {
			struct last last = { FRAMES, x, net.vectors + mode[m] * net.n };
			struct rmb_simulation what = simulation(net.n, RUNS, length, "one sample", 2);
			what.take = keep_last;
			what.taker = &last;
			assert_int_equal(simulate(&net, (enum method)method, &what, 0), 0);
			last.projection = y;
			what.stream = rmb_stream_named("another");
			assert_int_equal(simulate(&net, STEPS, &what, 1250), 0); /* 50 s / 2 ms / 0.1 */
			double apart = distance(x, y, RUNS), allowed = 1.95 * sqrt(2. / RUNS);
			print_message("mode %d, method %d: %.3f of %.3f\n", mode[m], method, apart, allowed);
			assert_true(apart < allowed);
			for (int r = 0; r < RUNS; r++) /* the test sees a spread that is larger by half */
				y[r] *= 1.5;
			assert_true(distance(x, y, RUNS) > allowed / 1.5);
		}
	rmb_arena_free(net.arena);
}

/* ---- any number of threads ---- */

struct kept { float *x; const int64_t *start; int64_t nframes; };

static int
keep_all(void *argument, const struct rmb_block *block)
{
	struct kept *kept = argument;
	for (int64_t i = 0; i < block->n; i++)
		for (int64_t a = 0; a < block->nruns; a++)
			for (int64_t j = 0; j < block->nframes; j++)
				kept->x[i * kept->nframes + kept->start[block->run[a]] + block->frame + j] =
					block->x[i * block->ld + j * block->nruns + a];
	return 0;
}

static int
give_up(void *argument, double part)
{
	(void)argument;
	return part > 0 ? -77 : 0;
}

static void
threads_change_no_byte_and_runs_of_any_length_are_filled(void **state)
{
	enum { RUNS = 20 };
	struct network net = make_network(300, 0, 0.99, "threads");
	int64_t length[RUNS], start[RUNS], nframes = 0;
	(void)state;
	for (int r = 0; r < RUNS; r++) {
		length[r] = r == 7 ? 1 : 3 + (r * 31) % 17;
		start[r] = nframes;
		nframes += length[r];
	}
	for (int method = MODES; method <= STEPS; method++) {
		float *x[3];
		for (int t = 0; t < 3; t++) {
			x[t] = room(net.arena, net.n * nframes, sizeof *x[t]);
			struct kept kept = { x[t], start, nframes };
			struct rmb_simulation what = simulation(net.n, RUNS, length, "threads", t + 1);
			what.take = keep_all;
			what.taker = &kept;
			assert_int_equal(simulate(&net, (enum method)method, &what, 10), 0);
			assert_memory_equal(x[0], x[t], (size_t)(net.n * nframes) * sizeof **x);
		}
		for (int64_t i = 0; i < net.n * nframes; i++)
			assert_true(x[0][i] != 0); /* nothing was left out */
	}
	struct kept kept = { room(net.arena, net.n * nframes, sizeof(float)), start, nframes };
	struct rmb_simulation what = simulation(net.n, RUNS, length, "threads", 1);
	what.take = keep_all;
	what.taker = &kept;
	what.progress = give_up;
	assert_int_equal(simulate(&net, MODES, &what, 0), -77);
	rmb_arena_free(net.arena);
}

/* ---- measurement ---- */

static void
counts_are_poisson(void **state)
{
	static const double means[] = { 0.01, 0.7, 12, 59, 400 };
	enum { N = 20000 };
	struct rmb_stream stream = rmb_stream_named("counts");
	(void)state;
	for (int m = 0; m < 5; m++) {
		double sum = 0, square = 0, none = 0;
		for (uint64_t i = 0; i < N; i++) {
			double k = (double)rmb_random_poisson(stream, i + (uint64_t)m * N, means[m]);
			sum += k / N;
			square += k * k / N;
			none += k == 0;
		}
		/* five standard errors of mean, variance (fourth moment mu + 3 mu^2) and of the zeros */
		double mu = means[m], zero = exp(-mu);
		assert_true(fabs(sum - mu) < 5 * sqrt(mu / N));
		assert_true(fabs(square - sum * sum - mu) < 5 * sqrt((mu + 2 * mu * mu) / N) + 0.1 * (mu > 60));
		assert_true(fabs(none / N - zero) <= 5 * sqrt(zero / N) + 1e-12);
	}
	assert_true(rmb_random_poisson(stream, 0, 0) == 0 && rmb_random_poisson(stream, 0, -1) == 0 && rmb_random_poisson(stream, 0, NAN) == 0);
}

/* Of a white signal. What is left in scratch does not matter, and the result may take the place of the signal. */
static void
measurements_keep_the_rate(void **state)
{
	enum { NT = 6000, HALF = 6 };
	static double x[NT], a[NT], room[NT + 2 * HALF];
	double unit = 3, rate = 0.4, gain = 0.5, drive = 0;
	(void)state;
	for (int kind = RMB_SIGNAL; kind <= RMB_CALCIUM; kind++)
		for (int smooth = 0; smooth < 2; smooth++) {
			struct rmb_measurement measure = {
				.kind = (enum rmb_measure)kind, .unit = &unit, .noise = 0.75, .rate = &rate, .drive = &drive,
				.decay = 0.8, .gain = &gain,
				.noise_stream = rmb_stream_named("n"), .spike_stream = rmb_stream_named("s"),
				.photon_stream = rmb_stream_named("p") };
			rmb_measurement_smooth(&measure, smooth ? 1.5 : 0);
			assert_true(measure.half == (smooth ? HALF : 0));
			for (int t = 0; t < NT; t++)
				x[t] = 3 * rmb_random_normal(rmb_stream_named("signal"), (uint64_t)t);
			for (int t = 0; t < NT + 2 * HALF; t++)
				room[t] = 1e9; /* whatever was there */
			drive = rmb_measure_drive(&measure, 0, 100, NT, x, room) / NT;
			rmb_measure(&measure, 0, 100, NT, x, room, a);
			rmb_measure(&measure, 0, 100, NT, x, room, x);
			assert_memory_equal(a, x, sizeof a);
			double mean = 0, square = 0;
			for (int t = 10; t < NT - 10; t++) {
				mean += a[t] / (NT - 20);
				square += a[t] * a[t] / (NT - 20);
			}
			double variance = square - mean * mean;
			/* brightness 400 and 8 at rest and for the mean rate, less a filter of sum 1 / (1 - 0.8) */
			double expected = kind == RMB_SIGNAL ? 0 : kind == RMB_CALCIUM ? 408 * 0.2 : rate;
			if (!(fabs(mean - expected) < 5 * sqrt(fmax(variance, smooth ? 3 * variance : 0) / NT)))
				fail_msg("kind %d, smooth %d: mean %g, expected %g", kind, smooth, mean, expected);
			if (kind == RMB_SIGNAL && !smooth)
				assert_true(fabs(variance / (1 + 0.75 * 0.75) - 1) < 5 * sqrt(2. / NT));
			if (kind == RMB_SPIKES_POISSON && !smooth) /* of rate f: f + f^2 (pi - 1), for max(y, 0) of a normal y */
				assert_true(fabs(variance / (rate + rate * rate * (M_PI - 1)) - 1) < 5 * sqrt(8. / NT));
		}
}

static void
moments_of_pieces_are_those_of_the_row(void **state)
{
	enum { NT = 5000 };
	double x[NT], sum = 0, square = 0;
	struct rmb_moments moments = RMB_MOMENTS_NONE;
	(void)state;
	for (int t = 0; t < NT; t++) {
		x[t] = 1000 + rmb_random_normal(rmb_stream_named("row"), (uint64_t)t);
		sum += x[t] / NT;
	}
	for (int t = 0; t < NT; t++)
		square += (x[t] - sum) * (x[t] - sum);
	for (int64_t t = 0, n; t < NT; t += n) {
		n = NT - t < 1 + t % 97 ? NT - t : 1 + t % 97;
		rmb_moments_add(&moments, t, x + t, n);
	}
	assert_true(fabs(moments.mean / sum - 1) < 1e-14 && fabs(moments.deviation / square - 1) < 1e-12 && moments.finite);
	rmb_moments_add(&moments, NT, (double[]){ NAN }, 1);
	assert_false(moments.finite);
}

static void
roots_are_roots(void **state)
{
	enum { N = 40 };
	double a[N * N], b[N * N], x[3 * N], y[3 * N];
	struct rmb_error error = { 0 };
	(void)state;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			a[i * N + j] = b[i * N + j] = exp(-abs(i - j) / 5.) + (i == j);
	must(rmb_cholesky(a, N, &error), &error);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			double sum = 0;
			for (int k = 0; k < N; k++)
				sum += a[i * N + k] * a[j * N + k];
			assert_true(fabs(sum - b[i * N + j]) < 1e-14 && (j <= i || a[i * N + j] == 0));
		}
	for (int i = 0; i < 3 * N; i++)
		x[i] = y[i] = sin(i);
	must(rmb_divide_root(x, 3, a, N, &error), &error);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < N; j++) {
			double sum = 0;
			for (int k = 0; k < N; k++)
				sum += x[i * N + k] * a[j * N + k];
			assert_true(fabs(sum - y[i * N + j]) < 1e-13);
		}
	b[0] = -1;
	assert_int_equal(rmb_cholesky(b, N, &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "not positive definite"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eigenvectors_in_single_are_those_in_double_to_rounding),
		cmocka_unit_test(coefficients_are_those_printed),
		cmocka_unit_test(blocks_and_modes_have_one_theory),
		cmocka_unit_test(a_symmetric_network_has_its_covariances_by_every_method),
		cmocka_unit_test(a_network_that_is_not_symmetric_has_them_too),
		cmocka_unit_test(samples_are_those_of_stepping),
		cmocka_unit_test(threads_change_no_byte_and_runs_of_any_length_are_filled),
		cmocka_unit_test(counts_are_poisson),
		cmocka_unit_test(measurements_keep_the_rate),
		cmocka_unit_test(moments_of_pieces_are_those_of_the_row),
		cmocka_unit_test(roots_are_roots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
