/* Propagators, rotations and correlograms against the reference implementation: every case of these analyses in all golden
 * files. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include "numeric/correlogram.h"
#include "numeric/propagator.h"
#include "numeric/reversibility.h"
#include "numeric/rotation.h"
#include "numeric/split.h"
#include "numeric/timescale.h"
#include "support/check.h"
#include "support/golden.h"

enum { THREADS = 2 };

static const double tolerance = 1e-8;

static void
same_int(const struct golden_case *test, const char *name, int64_t found)
{
	int64_t n, *expected = golden_expected_ints(test, name, &n);
	assert_non_null(expected);
	if (found != *expected)
		fail_msg("%s: %lld, expected %lld", name, (long long)found, (long long)*expected);
}

/* First frames of the segments of a case; one segment if it has no `runs`. */
static int64_t *
segments_of(const struct golden_case *test, int64_t *n)
{
	int64_t *runs = golden_input_ints(test, "runs", n), start = 0;
	if (!runs) {
		*n = 1;
		return rmb_arena_alloc(test->arena, 1, sizeof *runs);
	}
	for (int64_t s = 0; s < *n; s++) {
		int64_t length = runs[s];
		runs[s] = start;
		start += length;
	}
	return runs;
}

/* Summaries under the names of the analysis `rotations`, or of `dmd`. */
static void
compare_rotations(const struct golden_case *test, const double *real, const double *imaginary, int64_t n, bool of_dmd)
{
	struct rmb_rotations found;
	rmb_rotations(real, imaginary, n, golden_number(test, "floor", 0.25), !golden_is(test, "outside", "drop"),
	              golden_reals(test, n), &found);
	golden_close(test, of_dmd ? "rot_percentiles" : "percentiles", found.percentile, RMB_ROTATION_PERCENTILES, tolerance);
	golden_close(test, of_dmd ? "rot_mean" : "mean", &found.mean, 1, tolerance);
	golden_close(test, of_dmd ? "rot_sd" : "sd", &found.sd, 1, tolerance);
	golden_close(test, "complex_fraction", &found.complex_fraction, 1, tolerance);
	same_int(test, of_dmd ? "rot_n" : "n", found.n);
	same_int(test, "n_outside", found.outside);
}

static void
one_rotations(const struct golden_case *test)
{
	struct golden_array real = golden_input(test, "eig_real"), imaginary = golden_input(test, "eig_imag");
	compare_rotations(test, real.data, imaginary.data, real.n, false);
}

/* Each expected value takes the nearest found one that is still free. */
static void
same_set(const double *real, const double *imaginary, const double *expected_real, const double *expected_imaginary, int64_t n)
{
	double worst = 0, largest = 0;
	bool taken[1024] = { false };
	assert_true(n <= 1024);
	for (int64_t i = 0; i < n; i++) {
		double complex e = expected_real[i] + I * expected_imaginary[i];
		int64_t nearest = -1;
		for (int64_t j = 0; j < n; j++)
			if (!taken[j] && (nearest < 0 || cabs(real[j] + I * imaginary[j] - e) <
			                                         cabs(real[nearest] + I * imaginary[nearest] - e)))
				nearest = j;
		taken[nearest] = true;
		worst = fmax(worst, cabs(real[nearest] + I * imaginary[nearest] - e));
		largest = fmax(largest, cabs(e));
	}
	printf("%-40s distance %.2g, allowed %.2g\n", "eigenvalues as a set", worst / largest, tolerance);
	assert_true(worst <= tolerance * largest);
}

static void
one_dmd(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct rmb_recording z = golden_zscored(test, NULL, 0, (int)golden_number(test, "ddof", 0), golden_number(test, "eps", 1e-3));
	struct rmb_sweep sweep = { .first = &z, .in_double = true, .threads = THREADS };
	struct rmb_courses courses;
	must(rmb_principal_courses(&sweep, (int64_t)golden_number(test, "n_pc", 1000), RMB_SOLVER_EXACT, false, test->arena,
	                           &courses, &error),
	     &error);
	struct rmb_propagator_options options = {
		.lag = (int64_t)golden_number(test, "lag", 5), .block = (int64_t)golden_number(test, "block", 10000),
		.ridge = golden_number(test, "ridge", 0.01), .instrumented = golden_is(test, "estimator", "instrumented"), .threads = THREADS,
		.pairs = golden_is(test, "variant", "blocks") ? RMB_PAIRING_BLOCKS : golden_is(test, "variant", "revised") ? RMB_PAIRING_REVISED
		                                                                                                         : RMB_PAIRING_PAPER,
	};
	options.segment = segments_of(test, &options.nsegments);
	struct rmb_propagator found;
	must(rmb_propagator_make(&courses, &options, test->arena, &found, &error), &error);
	struct golden_array real = golden_expected(test, "eig_real"), imaginary = golden_expected(test, "eig_imag");
	assert_int_equal(found.n, real.n);
	same_set(found.real, found.imaginary, real.data, imaginary.data, real.n);
	compare_rotations(test, found.real, found.imaginary, found.n, true);
}

static void
compare_timescales(const struct golden_case *test, const struct rmb_correlograms *found)
{
	int64_t nflags, left_out, *flags = golden_expected_ints(test, "flag", &nflags);
	int64_t limit = (int64_t)golden_number(test, "n_max", 400), last = limit < found->nk ? limit : found->nk;
	double *index = golden_reals(test, found->nk);
	bool *usable = rmb_arena_alloc(test->arena, (size_t)found->nk, sizeof *usable), skip = golden_number(test, "skip", 0) != 0;
	assert_int_equal(nflags, found->nk);
	for (int64_t k = 0; k < found->nk; k++) {
		usable[k] = found->lag0[k] > 0;
		assert_int_equal(flags[k], !usable[k]);
		index[k] = rmb_timescale_index(found->g + k * found->nlags);
	}
	golden_close(test, "index", index, last, tolerance);
	double r = rmb_timescale_r(index, skip ? usable : NULL, 1, last, &left_out);
	golden_close(test, "r", &r, 1, tolerance);
	same_int(test, "left_out", left_out);
}

static void
one_timescales(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct rmb_recording z = golden_zscored(test, NULL, 0, 0, 1e-3), first, second;
	struct rmb_halves halves;
	int64_t nruns;
	must(rmb_halves_checkerboard(test->arena, z.neurons.x, z.neurons.y, z.neurons.n, golden_number(test, "spacing", 25), &halves, &error),
	     &error);
	z.segment = segments_of(test, &z.nsegments);
	must(rmb_view_neurons(test->arena, &z, halves.half1, halves.n1, &first, &error), &error);
	must(rmb_view_neurons(test->arena, &z, halves.half2, halves.n2, &second, &error), &error);
	struct rmb_correlogram_options options = {
		.nblocks = (int64_t)golden_number(test, "nblocks", 10), .nlags = (int64_t)golden_number(test, "n_lags", 100),
		.components = (int64_t)golden_number(test, "n_pc", 1000), .smooth = golden_number(test, "sig", 0),
		.square_inside = !golden_is(test, "sort", "correct"), .unit = golden_is(test, "norm", "unit"),
		.both = golden_is(test, "sided", "both"), .joined = !golden_input_ints(test, "runs", &nruns),
	};
	struct rmb_sweep sweep = { .first = &first, .second = &second, .in_double = true, .threads = THREADS };
	struct rmb_correlograms found;
	must(rmb_correlograms_make(&sweep, &options, test->arena, &found, &error), &error);
	golden_close(test, "acg", found.g, found.nk * found.nlags, tolerance);
	golden_close(test, "lag0", found.lag0, found.nk, tolerance);
	same_int(test, "width", found.width);
	same_int(test, "n_blocks", found.nblocks);
	compare_timescales(test, &found);
}

static void
one_reversibility(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct rmb_recording z = golden_zscored(test, NULL, 0, (int)golden_number(test, "ddof", 0), golden_number(test, "eps", 0));
	struct rmb_sweep sweep = { .first = &z, .in_double = true, .threads = THREADS };
	struct rmb_courses courses;
	struct rmb_reversibility found;
	int64_t first = (int64_t)golden_number(test, "first_pc", 0), nsegments, *segment = segments_of(test, &nsegments);
	must(rmb_principal_courses(&sweep, (int64_t)golden_number(test, "n_pc", 1000), RMB_SOLVER_EXACT, false, test->arena,
	                           &courses, &error),
	     &error);
	courses.x = (const double *)courses.x + first * courses.nframes;
	courses.nk -= first;
	must(rmb_reversibility(&courses, golden_number(test, "whiten", 0) > 0, nsegments, segment,
	                       (int64_t)golden_number(test, "lag", 1), THREADS, test->arena, &found, &error),
	     &error);
	double r = found.ratio >= 0 ? sqrt(found.ratio) : NAN;
	golden_close(test, "plain", &found.plain, 1, tolerance);
	golden_close(test, "odd", &found.odd, 1, tolerance);
	golden_close(test, "even", &found.even, 1, tolerance);
	golden_close(test, "ratio", &found.ratio, 1, tolerance);
	golden_close(test, "r", &r, 1, tolerance);
}

static void
reversibility_agrees(void **state)
{
	(void)state;
	assert_int_equal(golden_each("reversibility", one_reversibility), 11);
}

static void
rotations_agree(void **state)
{
	(void)state;
	assert_int_equal(golden_each("rotations", one_rotations), 4);
}

static void
dmd_agrees(void **state)
{
	(void)state;
	assert_int_equal(golden_each("dmd", one_dmd), 19);
}

static void
timescales_agree(void **state)
{
	(void)state;
	assert_int_equal(golden_each("timescales", one_timescales), 18);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rotations_agree), cmocka_unit_test(dmd_agrees), cmocka_unit_test(timescales_agree),
		cmocka_unit_test(reversibility_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
