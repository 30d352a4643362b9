/* Pairs against distance, and locality, against the reference implementation: every case in all golden files. */
#include <math.h>
#include <string.h>
#include "numeric/locality.h"
#include "numeric/pairs.h"
#include "support/check.h"
#include "support/golden.h"

enum { THREADS = 2 };

static void
same_ints(const struct golden_case *test, const char *name, const int64_t *found, int64_t n)
{
	int64_t nexpected, *expected = golden_expected_ints(test, name, &nexpected);
	assert_non_null(expected);
	assert_int_equal(n, nexpected);
	for (int64_t i = 0; i < n; i++)
		if (found[i] != expected[i])
			fail_msg("%s: entry %d of %s is %d, and should be %d", test->name, (int)i, name, (int)found[i], (int)expected[i]);
}

/* ---- pairs -------------------------------------------------------------------------------------------------------- */

static void
compare_sample(const struct golden_case *test, const struct rmb_pairs *what, struct rmb_pair_table *table)
{
	int64_t n = what->nsample;
	if (golden_is(test, "variant", "corrected")) /* excluded pairs are skipped, order kept */
		for (int64_t i = n = 0; i < what->nsample; i++)
			if (isfinite(table->sample_correlation[i])) {
				table->sample_distance[n] = table->sample_distance[i];
				table->sample_correlation[n++] = table->sample_correlation[i];
			}
	golden_close(test, "pair_dist", table->sample_distance, n, 1e-8);
	golden_close(test, "pair_cov", table->sample_correlation, n, 1e-8);
}

static void
one_strongpairs(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct rmb_recording z = golden_zscored(test, NULL, 0, 0, 0);
	int64_t n = z.neurons.n, nbins = (int64_t)golden_number(test, "n_bins", 15), npairs;
	int64_t *pairs = golden_input_ints(test, "pairs", &npairs);
	struct rmb_pairs what = {
		.recording = &z, .space = { .axis = { z.neurons.x, z.neurons.y }, .naxes = 2, .box = golden_number(test, "box", 0),
		.geometry = golden_is(test, "mode", "circular") ? RMB_TORUS : golden_is(test, "mode", "unitbox") ? RMB_UNIT_BOX : RMB_PLANE },
		.top = golden_number(test, "top", 0.01), .nearest = golden_number(test, "dist_min", 20), .nbins = nbins,
		.width = golden_number(test, "bin_size", 200), .sample = pairs, .nsample = pairs ? npairs : 0, .in_double = true,
		.threads = THREADS,
	};
	struct rmb_pair_table table;
	must(rmb_pair_table_make(test->arena, &what, &table, &error), &error);
	must(rmb_pairs_tabulate(&what, &table, &error), &error);
	same_ints(test, "strong", table.strong, n * nbins);
	same_ints(test, "other", table.other, n * nbins);
	same_ints(test, "n_strong", &table.nstrong, 1);
	same_ints(test, "admitted_strong", &table.admitted_strong, 1);
	same_ints(test, "admitted_other", &table.admitted_other, 1);
	golden_close(test, "cov_bin", table.mean, n * nbins, 1e-8);
	if (pairs)
		compare_sample(test, &what, &table);

	struct rmb_pair_curves curves = { golden_reals(test, nbins), golden_reals(test, nbins), golden_reals(test, nbins),
	                                  golden_reals(test, nbins), 0 };
	rmb_pair_curves(&table, !golden_is(test, "variant", "corrected"), &curves);
	golden_close(test, "odds", curves.odds, nbins, 1e-8);
	golden_close(test, "curve_mean", curves.mean, nbins, 1e-8);
	golden_close(test, "curve_sd", curves.sd, nbins, 1e-8);
	golden_close(test, "cov_pooled", curves.pooled, nbins, 1e-8);
	golden_close(test, "near_far", &curves.near_far, 1, 1e-8);
}

static void
strongpairs_agree(void **state)
{
	(void)state;
	assert_int_equal(golden_each("strongpairs", one_strongpairs), 8);
}

/* ---- locality ----------------------------------------------------------------------------------------------------- */

static void
one_locality(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct rmb_recording z = golden_zscored(test, NULL, 0, 0, 0);
	int64_t n = z.neurons.n, nk = (int64_t)golden_number(test, "n_pc", 100), wanted = nk;
	double *w = golden_reals(test, nk * n);
	struct rmb_sweep activity = { .first = &z, .in_double = true, .threads = THREADS };
	struct rmb_krylov how;
	must(rmb_weights(&activity, RMB_SOLVER_EXACT, &nk, w, golden_reals(test, nk), &how, &error), &error);
	assert_int_equal(nk, wanted);
	struct rmb_space space = { .axis = { z.neurons.x, z.neurons.y }, .naxes = 2, .box = golden_number(test, "box", 0),
	                           .geometry = RMB_PLANE };
	if (golden_is(test, "gap", "circular"))
		space.geometry = RMB_TORUS;
	else if (golden_is(test, "gap", "unit"))
		space.geometry = RMB_UNIT_BOX;
	struct rmb_locality found = { .ratio = golden_reals(test, nk), .near = rmb_arena_alloc(test->arena, (size_t)nk, sizeof(int64_t)),
	                              .centre = { golden_reals(test, nk), golden_reals(test, nk) } };
	rmb_locality_find(w, nk, n, &space, golden_is(test, "com", "circular"), golden_number(test, "radius", 375), &found);
	golden_close(test, "ratio", found.ratio, nk, 1e-8);
	golden_close(test, "mean", golden_is(test, "empty", "skip") ? &found.mean : &found.published, 1, 1e-8);
	same_ints(test, "n_near", found.near, nk);
	same_ints(test, "n_empty", &found.empty, 1);
}

static void
locality_agrees(void **state)
{
	(void)state;
	assert_int_equal(golden_each("locality", one_locality), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(strongpairs_agree), cmocka_unit_test(locality_agrees) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
