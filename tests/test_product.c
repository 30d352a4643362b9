/* Products by tiles and chunks, spectra and shared variance: slow loops, the same bytes for any number of threads, and
 * properties. */
#include <float.h>
#include <math.h>
#include "numeric/lapack.h"
#include "numeric/product.h"
#include "numeric/shared.h"
#include "numeric/split.h"
#include "support/arena.h"
#include "support/slow.h"

/* nn neurons that follow 3 common signals, and noise of their own. */
static struct rmb_recording
make(int64_t nn, int64_t nt)
{
	struct rmb_stream stream = rmb_stream_named("a recording");
	float *x = rmb_arena_alloc(arena, (size_t)(nn * nt), sizeof *x);
	double *signal = reals(3 * nt);
	uint64_t draw = 0;
	for (int64_t i = 0; i < 3 * nt; i++)
		signal[i] = rmb_random_normal(stream, draw++);
	for (int64_t i = 0; i < nn; i++) {
		double a = rmb_random_normal(stream, draw++), b = rmb_random_normal(stream, draw++), c = rmb_random_normal(stream, draw++);
		for (int64_t t = 0; t < nt; t++)
			x[i * nt + t] = (float)(a * signal[t] + b * signal[nt + t] + c * signal[2 * nt + t] + rmb_random_normal(stream, draw++));
	}
	return rmb_test_recording(x, nn, nt);
}

/* Shifted and scaled, so that the product sees a view and not the samples. */
static struct rmb_recording
view_of(const struct rmb_recording *raw)
{
	struct rmb_error error = { 0 };
	struct rmb_recording shifted, scaled;
	int64_t nn = raw->neurons.n, *shift = rmb_arena_alloc(arena, (size_t)nn, sizeof *shift);
	double *offset = reals(nn), *scale = reals(nn);
	for (int64_t i = 0; i < nn; i++) {
		shift[i] = i * 37;
		offset[i] = 0.1 * (double)(i % 5);
		scale[i] = 1 / (1 + 0.01 * (double)(i % 7));
	}
	must(rmb_view_shift(arena, raw, shift, &shifted, &error), &error);
	must(rmb_view_scale(arena, &shifted, offset, scale, "zscore test", &scaled, &error), &error);
	return scaled;
}

static void
halve(const struct rmb_recording *recording, struct rmb_recording *first, struct rmb_recording *second)
{
	struct rmb_error error = { 0 };
	struct rmb_halves halves;
	must(rmb_halves_random(arena, rmb_stream_named("halves"), recording->neurons.n, &halves, &error), &error);
	must(rmb_view_neurons(arena, recording, halves.half1, halves.n1, first, &error), &error);
	must(rmb_view_neurons(arena, recording, halves.half2, halves.n2, second, &error), &error);
}

/* ---- products ----------------------------------------------------------------------------------------------------- */

/* Frames 0..T-lag-1 in one interval, and ragged ones, some of a single frame, more than a chunk in all. */
static void
products_agree_with_loops(void **state)
{
	(void)state;
	struct rmb_recording raw = make(23, 2900), z = view_of(&raw), first, second;
	halve(&z, &first, &second);
	int64_t n1 = first.neurons.n, n2 = second.neurons.n;
	const struct rmb_interval all[] = { { 0, 2900 } }, lagged[] = { { 0, 2893 } };
	const struct rmb_interval ragged[] = { { 3, 1 }, { 5, 2046 }, { 2052, 1 }, { 2055, 1 }, { 2060, 800 } };
	const struct { const struct rmb_interval *interval; int64_t n, given, lead; } cases[] = {
		{ all, 1, 0, 0 }, { lagged, 1, 0, 7 }, { ragged, 5, 5, 0 }, { ragged, 5, 5, 4 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int in_double = 0; in_double < 2; in_double++) {
			struct rmb_error error = { 0 };
			double *c = reals(n1 * n2), *slow = reals(n1 * n2);
			struct rmb_sweep sweep = { .first = &first, .second = &second, .interval = cases[i].interval,
			                           .nintervals = cases[i].given,
			                           .lead = cases[i].lead, .in_double = in_double, .threads = 2 };
			must(rmb_product(&sweep, c, &error), &error);
			slow_product(&first, &second, cases[i].interval, cases[i].n, cases[i].lead, slow);
			/* a sum of 2,900 rounded products: sqrt(2900) times the rounding of one, and a margin of 4 */
			rmb_test_close(in_double ? "product, double" : "product, single", c, slow, n1 * n2,
			               4 * sqrt(2900) * (in_double ? DBL_EPSILON : (double)FLT_EPSILON / 2));
		}
}

/* Z Z' by frames and by neurons have the same eigenvalues, the rest are zero: the shorter side will do. */
static void
both_sides_have_one_spectrum(void **state)
{
	(void)state;
	struct rmb_recording z = make(2100, 45); /* more neurons than a chunk holds */
	struct rmb_error error = { 0 };
	double *frames = reals(45 * 45), *neurons = reals(2100 * 2100), *w = reals(45), *all = reals(2100);
	struct rmb_sweep sweep = { .first = &z, .by_neuron = true, .in_double = true, .threads = 2 };
	must(rmb_product(&sweep, frames, &error), &error);
	must(rmb_eigenvalues(frames, 45, w, &error), &error);
	sweep.by_neuron = false;
	must(rmb_product(&sweep, neurons, &error), &error);
	must(rmb_eigenvalues(neurons, 2100, all, &error), &error);
	rmb_test_close("eigenvalues of Z'Z and of Z Z'", w, all, 45, 1e-12);
	assert_true(fabs(all[45]) < 1e-11 * all[0]);
}

/* One tile edge and one chunk edge are crossed; threads take pieces in any order. */
static void
any_number_of_threads_gives_the_same_bytes(void **state)
{
	(void)state;
	struct rmb_recording raw = make(2200, 2100), z = view_of(&raw), first, second;
	halve(&z, &first, &second);
	int64_t n1 = first.neurons.n, n2 = second.neurons.n, nk = n1 < n2 ? n1 : n2;
	const int threads[] = { 1, 2, 3, 8 };
	double *kept = NULL, *spectrum = NULL;
	for (int i = 0; i < 4; i++) {
		struct rmb_error error = { 0 };
		double *c = reals(n1 * n2), *s = reals(nk);
		struct rmb_sweep sweep = { .first = &first, .second = &second, .threads = threads[i] };
		must(rmb_product(&sweep, c, &error), &error);
		double *copy = rmb_arena_copy(arena, c, (size_t)(n1 * n2), sizeof *c);
		must(rmb_spectrum_of(c, n1, n2, false, threads[i], s, &error), &error);
		if (kept)
			assert_memory_equal(kept, copy, (size_t)(n1 * n2) * sizeof *c);
		if (spectrum)
			assert_memory_equal(spectrum, s, (size_t)nk * sizeof *s);
		kept = copy;
		spectrum = s;
	}
}

/* More components than a band, more test frames than a chunk. */
static void
any_number_of_threads_gives_the_same_shared_variance(void **state)
{
	(void)state;
	struct rmb_recording raw = make(620, 9000), z = view_of(&raw), first, second;
	halve(&z, &first, &second);
	int64_t nk = first.neurons.n < second.neurons.n ? first.neurons.n : second.neurons.n, neff;
	const int threads[] = { 1, 2, 3, 8 };
	struct rmb_time_split split;
	struct rmb_error error = { 0 };
	double *kept = NULL;
	must(rmb_time_split_make(arena, 9000, 0.25, 3, &split, &error), &error);
	for (int i = 0; i < 4; i++) {
		double *s = reals(3 * nk);
		struct rmb_shared shared = { .sweep = { .first = &first, .second = &second, .threads = threads[i] },
		                             .train = split.train, .ntrain = split.ntrain, .test = split.test, .ntest = split.ntest };
		must(rmb_shared_variance(&shared, s, s + nk, s + 2 * nk, &neff, &error), &error);
		assert_int_equal(neff, nk);
		if (kept)
			assert_memory_equal(kept, s, (size_t)(3 * nk) * sizeof *s);
		kept = s;
	}
}

/* Inputs are read, never written. */
static void
samples_are_left_alone(void **state)
{
	(void)state;
	struct rmb_recording raw = make(20, 300), z = view_of(&raw), first, second;
	float *before = rmb_arena_copy(arena, raw.samples, 20 * 300, sizeof *before);
	struct rmb_error error = { 0 };
	halve(&z, &first, &second);
	struct rmb_sweep sweep = { .first = &first, .second = &second, .threads = 2 };
	must(rmb_product(&sweep, reals(400), &error), &error);
	assert_memory_equal(before, raw.samples, 20 * 300 * sizeof *before);
}

static int
stop_at_half(void *argument, double part)
{
	*(double *)argument = part;
	return part >= 0.5 ? RMB_EINTERRUPTED : 0;
}

static void
a_product_stops_between_chunks(void **state)
{
	(void)state;
	struct rmb_recording z = make(4, 40000);
	struct rmb_error error = { 0 };
	double part = 0;
	struct rmb_sweep sweep = { .first = &z, .threads = 2, .progress = stop_at_half, .progress_argument = &part };
	assert_int_equal(rmb_product(&sweep, reals(16), &error), RMB_EINTERRUPTED);
	assert_true(part == 0.5);
}

/* ---- spectra ------------------------------------------------------------------------------------------------------ */

/* Squaring in double costs nothing above 1e-8 of the largest. */
static void
spectra_agree_with_rotations(void **state)
{
	(void)state;
	const int64_t sizes[][2] = { { 19, 33 }, { 33, 19 }, { 25, 25 } };
	for (int i = 0; i < 3; i++)
		for (int in_double = 0; in_double < 2; in_double++) {
			int64_t m = sizes[i][0], n = sizes[i][1], nk = m < n ? m : n;
			struct rmb_error error = { 0 };
			struct rmb_stream stream = rmb_stream_named("matrix");
			double *c = reals(m * n), *s = reals(nk), *slow = reals(nk);
			for (int64_t k = 0; k < m * n; k++)
				c[k] = rmb_random_normal(stream, (uint64_t)k);
			slow_singular(c, m, n, slow, reals(nk * m), reals(nk * n));
			must(rmb_spectrum_of(c, m, n, in_double, 2, s, &error), &error);
			rmb_test_close("spectrum", s, slow, nk, 1e-12);
		}
}

/* Every neuron twice, one of each pair in either half: C = Z Z', rank of Z, no NaN (and D35 of the catalogue). */
static void
neurons_that_repeat_leave_zeros(void **state)
{
	(void)state;
	struct rmb_recording z = make(30, 500), first, second;
	struct rmb_error error = { 0 };
	int64_t keep[60];
	for (int64_t i = 0; i < 60; i++)
		keep[i] = i / 2 % 15; /* 15 neurons, each four times */
	must(rmb_view_neurons(arena, &z, keep, 30, &first, &error), &error);
	must(rmb_view_neurons(arena, &z, keep + 30, 30, &second, &error), &error);
	for (int in_double = 0; in_double < 2; in_double++) {
		double *c = reals(900), *s = reals(30);
		struct rmb_sweep sweep = { .first = &first, .second = &second, .in_double = in_double, .threads = 2 };
		must(rmb_product(&sweep, c, &error), &error);
		must(rmb_spectrum_of(c, 30, 30, in_double, 2, s, &error), &error);
		assert_int_equal(rmb_clear_rounding(s, 30, in_double), 15);
		for (int k = 0; k < 30; k++)
			assert_true(k < 15 ? s[k] > 0 : s[k] == 0);
	}
}

/* 1e-10 of the largest in double, 1e-6 in single, wherever the scale lies; a value at the level falls. */
static void
the_levels_of_rounding(void **state)
{
	(void)state;
	for (int in_double = 0; in_double < 2; in_double++) {
		double level = in_double ? 1e-10 : 1e-6;
		double s[] = { 4, 1, 4.001 * level, 3.999 * level, level }, at[] = { 1, level };
		assert_int_equal(rmb_clear_rounding(s, 5, in_double), 3);
		assert_true(s[2] > 0 && s[3] == 0 && s[4] == 0);
		assert_int_equal(rmb_clear_rounding(at, 2, in_double), 1);
	}
}

/* The order of neurons is no property of a spectrum. */
static void
order_of_neurons_leaves_a_spectrum_alone(void **state)
{
	(void)state;
	struct rmb_recording z = make(40, 600), turned;
	struct rmb_error error = { 0 };
	int64_t order[40];
	double *s[2] = { reals(40), reals(40) };
	rmb_random_permutation(rmb_stream_named("order"), 40, order);
	must(rmb_view_neurons(arena, &z, order, 40, &turned, &error), &error);
	for (int i = 0; i < 2; i++) {
		double *c = reals(1600);
		struct rmb_sweep sweep = { .first = i ? &turned : &z, .in_double = true, .threads = 2 };
		must(rmb_product(&sweep, c, &error), &error);
		must(rmb_eigenvalues(c, 40, s[i], &error), &error);
	}
	rmb_test_close("spectrum of neurons in another order", s[0], s[1], 40, 1e-13);
}

/* ---- shared variance ---------------------------------------------------------------------------------------------- */

static void
shared_variance_agrees_with_loops(void **state)
{
	(void)state;
	struct rmb_recording raw = make(27, 900), z = view_of(&raw), first, second;
	halve(&z, &first, &second);
	int64_t nk = first.neurons.n < second.neurons.n ? first.neurons.n : second.neurons.n, neff;
	struct rmb_time_split split;
	struct rmb_error error = { 0 };
	must(rmb_time_split_make(arena, 900, 0.25, 3, &split, &error), &error);
	double *slow[3] = { reals(nk), reals(nk), reals(nk) }, *s[3] = { reals(nk), reals(nk), reals(nk) };
	slow_shared(&first, &second, split.train, split.ntrain, split.test, split.ntest, slow[0], slow[1], slow[2]);
	for (int in_double = 0; in_double < 2; in_double++) {
		struct rmb_shared shared = { .sweep = { .first = &first, .second = &second, .in_double = in_double, .threads = 2 },
		                             .train = split.train, .ntrain = split.ntrain, .test = split.test, .ntest = split.ntest };
		must(rmb_shared_variance(&shared, s[0], s[1], s[2], &neff, &error), &error);
		assert_int_equal(neff, nk);
		for (int i = 0; i < 3; i++)
			rmb_test_close("training, reliable, total", s[i], slow[i], nk, in_double ? 1e-10 : 1e-4);
	}
}

/* Halves of either size first: the roles of the two are the same. */
static void
halves_may_be_exchanged(void **state)
{
	(void)state;
	struct rmb_recording z = make(31, 800), first, second;
	struct rmb_error error = { 0 };
	int64_t rows[31], neff;
	for (int64_t i = 0; i < 31; i++)
		rows[i] = i;
	must(rmb_view_neurons(arena, &z, rows, 11, &first, &error), &error);
	must(rmb_view_neurons(arena, &z, rows + 11, 20, &second, &error), &error);
	struct rmb_time_split split;
	must(rmb_time_split_make(arena, 800, 0.25, 3, &split, &error), &error);
	double *s[2][3];
	for (int i = 0; i < 2; i++) {
		struct rmb_shared shared = { .sweep = { .first = i ? &second : &first, .second = i ? &first : &second, .threads = 2 },
		                             .train = split.train, .ntrain = split.ntrain, .test = split.test, .ntest = split.ntest };
		for (int j = 0; j < 3; j++)
			s[i][j] = reals(11);
		must(rmb_shared_variance(&shared, s[i][0], s[i][1], s[i][2], &neff, &error), &error);
		assert_int_equal(neff, 11);
	}
	for (int j = 0; j < 3; j++)
		rmb_test_close("halves exchanged", s[1][j], s[0][j], 11, 1e-5);
}

/* 6 training frames: 6 components at most, whatever rounding says. */
static void
components_end_with_the_training_frames(void **state)
{
	(void)state;
	struct rmb_recording z = make(40, 60), first, second;
	struct rmb_error error = { 0 };
	halve(&z, &first, &second);
	const struct rmb_interval train[] = { { 0, 4 }, { 10, 2 } }, test[] = { { 20, 30 } };
	int64_t nk = first.neurons.n < second.neurons.n ? first.neurons.n : second.neurons.n, neff;
	for (int in_double = 0; in_double < 2; in_double++) {
		struct rmb_shared shared = { .sweep = { .first = &first, .second = &second, .in_double = in_double, .threads = 2 },
		                             .train = train, .ntrain = 2, .test = test, .ntest = 1 };
		double *s = reals(nk), *scov = reals(nk), *varcov = reals(nk);
		must(rmb_shared_variance(&shared, s, scov, varcov, &neff, &error), &error);
		assert_int_equal(neff, 6);
		for (int64_t k = 0; k < 6; k++)
			assert_true(isfinite(scov[k]) && varcov[k] > 0 && fabs(scov[k]) <= varcov[k] * (1 + 1e-6));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(products_agree_with_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(both_sides_have_one_spectrum, setup, teardown),
		cmocka_unit_test_setup_teardown(any_number_of_threads_gives_the_same_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(any_number_of_threads_gives_the_same_shared_variance, setup, teardown),
		cmocka_unit_test_setup_teardown(samples_are_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_product_stops_between_chunks, setup, teardown),
		cmocka_unit_test_setup_teardown(spectra_agree_with_rotations, setup, teardown),
		cmocka_unit_test_setup_teardown(neurons_that_repeat_leave_zeros, setup, teardown),
		cmocka_unit_test(the_levels_of_rounding),
		cmocka_unit_test_setup_teardown(order_of_neurons_leaves_a_spectrum_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_variance_agrees_with_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(halves_may_be_exchanged, setup, teardown),
		cmocka_unit_test_setup_teardown(components_end_with_the_training_frames, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
