/* Binning and moments against the reference implementation, closed forms and what must be conserved. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/binning.h"
#include "numeric/moments.h"
#include "rumble/random.h"
#include "support/check.h"
#include "support/golden.h"

/* ---- spikes ---- */

/* The spikes of neuron i, in order, into time; returns how many. */
static int64_t
spikes_of(const struct golden_array *unit, const struct golden_array *all, int64_t i, double *time)
{
	int64_t n = 0;
	for (int64_t s = 0; s < all->n; s++)
		if (unit->data[s] == (double)i)
			time[n++] = all->data[s];
	for (int64_t s = 1; s < n; s++) /* nearly sorted already */
		for (int64_t k = s; k > 0 && time[k] < time[k - 1]; k--) {
			double swap = time[k];
			time[k] = time[k - 1];
			time[k - 1] = swap;
		}
	return n;
}

/* The reference counts every spike; we leave the last, incomplete bin of rule floor away. */
static void
one_count(const struct golden_case *golden)
{
	struct golden_array unit = golden_input(golden, "unit"), time = golden_input(golden, "time"),
	                    expected = golden_expected(golden, "counts");
	int64_t n = (int64_t)golden_number(golden, "n_units", 0);
	double width = golden_number(golden, "width", 0), first = INFINITY, last = -INFINITY, rest;
	if (strcmp(golden->file, "ephys151.h5") == 0 && strcmp(golden->name, "binspikes_round") == 0) {
		assert_null(expected.data); /* it keeps only which neurons are active */
		return;
	}
	assert_non_null(expected.data);
	for (int64_t s = 0; s < time.n; s++) {
		first = fmin(first, time.data[s]);
		last = fmax(last, time.data[s]);
	}
	struct rmb_bins run;
	bool floor_rule = golden_is(golden, "rule", "floor");
	struct rmb_binning binning = floor_rule ? rmb_bins_observed((double[]){ first, last }, 1, width, &run, &rest)
	                                        : rmb_bins_published(first, last, width, &run);
	assert_int_equal(binning.nbins, expected.columns - floor_rule);
	double *own = rmb_arena_alloc(golden->arena, (size_t)time.n, sizeof *own);
	for (int64_t i = 0; i < n; i++) {
		float *count = rmb_arena_alloc(golden->arena, (size_t)binning.nbins, sizeof *count);
		int64_t spikes = spikes_of(&unit, &time, i, own), counted = rmb_bin_spikes(&binning, own, spikes, count);
		for (int64_t b = 0; b < binning.nbins; b++, counted -= (int64_t)count[b - 1])
			assert_true(count[b] == expected.data[i * expected.columns + b]);
		assert_int_equal(counted, 0);
	}
}

static void
counts_are_those_of_the_reference(void **state)
{
	(void)state;
	assert_int_equal(golden_each("binspikes", one_count), 6);
}

static void
a_time_on_an_edge_begins_its_bin(void **state)
{
	(void)state;
	/* 0.3 / 0.1 is 2.999...; 22 Hz from clocks of 30 kHz; far from zero */
	assert_int_equal(rmb_bin_of(0.3, 0, 0.1, false), 3);
	assert_int_equal(rmb_bin_of(0.3 - 1e-12, 0, 0.1, false), 2);
	for (int64_t k = 0; k < 100000; k++) {
		assert_int_equal(rmb_bin_of((double)k * 0.1, 0, 0.1, false), k);
		assert_int_equal(rmb_bin_of((double)k / 22, 0, 1. / 22, false), k);
		assert_int_equal(rmb_bin_of(86400.7 + (double)k * 0.01, 86400.7, 0.01, false), k);
		assert_int_equal(rmb_bin_of(86400.7 + ((double)k + 0.5) * 0.01, 86400.7, 0.01, false), k);
	}
	assert_int_equal(rmb_bin_of(-0.05, 0, 0.1, false), -1);
	/* published: halves go to the even bin */
	assert_int_equal(rmb_bin_of(0.5, 0, 1, true), 0);
	assert_int_equal(rmb_bin_of(1.5, 0, 1, true), 2);
	assert_int_equal(rmb_bin_of(2.5, 0, 1, true), 2);
	assert_int_equal(rmb_bin_of(2.51, 0, 1, true), 3);
	/* an hour of 22 Hz has all its bins; hostile numbers are merely far away */
	double observed[] = { 0, 3600 }, rest;
	struct rmb_bins run;
	assert_int_equal(rmb_bins_observed(observed, 1, 1. / 22, &run, &rest).nbins, 79200);
	assert_true(rest < 1e-9);
	assert_int_equal(rmb_bin_of(1e300, -1e300, 1e-6, false), (int64_t)1 << 53);
	assert_int_equal(rmb_bin_of(-1e300, 1e300, 1e-6, true), -((int64_t)1 << 53));
}

static void
spikes_are_counted_inside_observed_intervals_only(void **state)
{
	double observed[] = { 10, 12.5, 20, 20.4, 30, 33, 33, 34 }, rest;
	double time[] = { 9.9, 10, 10.99, 11, 12.2, 15, 20.1, 30, 32.999, 33, 33.5, 34, 40 };
	float count[6] = { 0 }, expected[6] = { 2, 1, 1, 0, 1, 2 };
	struct rmb_bins run[4];
	(void)state;
	struct rmb_binning binning = rmb_bins_observed(observed, 4, 1, run, &rest);
	assert_true(binning.nruns == 3 && binning.nbins == 6); /* 0.4 s hold no bin */
	assert_true(run[1].first == 2 && run[1].start == 30 && run[2].first == 5);
	assert_true(fabs(rest - 0.9) < 1e-12);
	assert_int_equal(rmb_bin_spikes(&binning, time, 13, count), 7);
	assert_memory_equal(count, expected, sizeof count);
	binning = rmb_bins_observed(observed, 4, 100, run, &rest);
	assert_true(binning.nbins == 0 && rmb_bin_spikes(&binning, time, 13, count) == 0);
}

static void
binning_conserves_spikes(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		char name[32];
		snprintf(name, sizeof name, "spikes %d", (int)seed);
		struct rmb_stream stream = rmb_stream_named(name);
		double time[300], observed[8], rest, t = -3, width = 0.01 + rmb_random_uniform(stream, 9999);
		for (uint64_t s = 0; s < 300; s++)
			time[s] = t += -0.1 * log(1 - rmb_random_uniform(stream, s));
		for (uint64_t i = 0; i < 8; i++)
			observed[i] = (i ? observed[i - 1] : -3) + 5 * rmb_random_uniform(stream, 1000 + i);
		struct rmb_bins run[4];
		struct rmb_binning binning = rmb_bins_observed(observed, 4, width, run, &rest);
		float *count = calloc((size_t)binning.nbins + 1, sizeof *count);
		int64_t counted = rmb_bin_spikes(&binning, time, 300, count), inside = 0, sum = 0;
		for (int s = 0; s < 300; s++) /* by the edges instead of by division */
			for (int64_t r = 0; r < binning.nruns; r++)
				inside += time[s] >= run[r].start && time[s] < run[r].start + (double)run[r].n * width;
		for (int64_t b = 0; b < binning.nbins; b++)
			sum += (int64_t)count[b];
		if (counted != inside || sum != counted)
			fail_msg("stream '%s': counted %d, inside %d, sum %d", name, (int)counted, (int)inside, (int)sum);
		free(count);
	}
}

/* ---- frames ---- */

static void
one_join(const struct golden_case *golden)
{
	struct rmb_recording recording = golden_recording(golden);
	struct golden_array expected = golden_must(golden, "X");
	int64_t factor = (int64_t)golden_number(golden, "width", 0), nruns, all = recording.nframes;
	int64_t *runs = golden_input_ints(golden, "runs", &nruns), nrows = expected.rows;
	if (!runs) {
		runs = &all;
		nruns = 1;
	}
	double *x = rmb_arena_alloc(golden->arena, (size_t)all, sizeof *x);
	double *out = rmb_arena_alloc(golden->arena, (size_t)(nrows * expected.columns), sizeof *out);
	for (int64_t i = 0, at = 0; i < nrows; i++) {
		rmb_read_block_double(&recording, i, 1, 0, all, x);
		for (int64_t r = 0, start = 0; r < nruns; start += runs[r++]) {
			rmb_bin_frames(x + start, runs[r] / factor, factor, golden_is(golden, "how", "sum"), out + at);
			at += runs[r] / factor;
		}
	}
	golden_close(golden, "X", out, nrows * expected.columns, 1e-14 * (double)factor); /* a rounding for each term */
}

static void
joined_frames_are_those_of_the_reference(void **state)
{
	(void)state;
	assert_int_equal(golden_each("bin", one_join), 8);
	assert_int_equal(golden_compared(), 8);
}

static void
factors_are_whole_within_one_percent(void **state)
{
	(void)state;
	assert_int_equal(rmb_bin_factor(22), 22);
	assert_int_equal(rmb_bin_factor(22.2), 22);
	assert_int_equal(rmb_bin_factor(21.8), 22);
	assert_int_equal(rmb_bin_factor(22.3), 0);
	assert_int_equal(rmb_bin_factor(2.5), 0);
	assert_int_equal(rmb_bin_factor(1.005), 1);
	assert_int_equal(rmb_bin_factor(0.5), 0);
	assert_int_equal(rmb_bin_factor(0), 0);
	assert_int_equal(rmb_bin_factor(INFINITY), 0);
	assert_int_equal(rmb_bin_factor(NAN), 0);
}

static void
a_bin_of_several_states_has_none(void **state)
{
	(void)state;
	static const int64_t in[] = { 2, 2, 2, 1, 1, 0, 0, 0, 0, 3, 1, 3, 7 }, expected[] = { 2, -1, 0, -1 };
	int64_t out[4];
	rmb_bin_states(in, 4, 3, out);
	assert_memory_equal(out, expected, sizeof out);
	rmb_bin_states(in, 4, 1, out);
	assert_memory_equal(out, in, sizeof out);
}

/* ---- moments ---- */

static void
one_zscore(const struct golden_case *golden)
{
	struct rmb_recording recording = golden_recording(golden);
	double ddof = golden_number(golden, "ddof", 0), eps = golden_number(golden, "eps", 0), chunk[RMB_MOMENTS_CHUNK];
	int64_t nt = recording.nframes;
	double *z = rmb_arena_alloc(golden->arena, (size_t)(recording.neurons.n * nt), sizeof *z);
	for (int64_t i = 0; i < recording.neurons.n; i++) {
		struct rmb_moments moments = rmb_row_moments(&recording, i, chunk);
		rmb_read_block_double(&recording, i, 1, 0, nt, z + i * nt);
		for (int64_t t = 0; t < nt; t++)
			z[i * nt + t] = (z[i * nt + t] - moments.mean) / (eps + sqrt(moments.deviation / ((double)nt - ddof)));
	}
	golden_close(golden, "Z", z, recording.neurons.n * nt, 1e-13);
}

static void
z_scores_are_those_of_the_reference(void **state)
{
	(void)state;
	assert_int_equal(golden_each("zscore", one_zscore), 3);
	assert_int_equal(golden_compared(), 3);
}

static void
one_mask(const struct golden_case *golden)
{
	struct rmb_recording recording = golden_recording(golden);
	double chunk[RMB_MOMENTS_CHUNK];
	int64_t n, *mask = golden_expected_ints(golden, "mask", &n);
	assert_int_equal(n, recording.neurons.n);
	for (int64_t i = 0; i < n; i++) {
		struct rmb_moments moments = rmb_row_moments(&recording, i, chunk);
		assert_int_equal(moments.finite && !rmb_row_constant(&moments), mask[i]);
	}
}

static void
unusable_rows_are_those_of_the_reference(void **state)
{
	(void)state;
	assert_int_equal(golden_each("usable", one_mask), 1);
}

/* x = a + b s(t), s = 1 and -1 by turns: mean a, deviation b^2 T, whatever the length of the last chunk. */
static void
moments_of_a_square_wave(void **state)
{
	static const int64_t lengths[] = { 2, 8, 4096, 4098, 12290 };
	static float x[12290];
	double chunk[RMB_MOMENTS_CHUNK];
	(void)state;
	for (int k = 0; k < 5; k++) {
		int64_t nt = lengths[k];
		for (int64_t t = 0; t < nt; t++)
			x[t] = t % 2 ? 97 : 103;
		struct rmb_recording recording = rmb_test_recording(x, 1, nt);
		struct rmb_moments moments = rmb_row_moments(&recording, 0, chunk);
		assert_true(moments.mean == 100 && moments.deviation == 9. * (double)nt && moments.least == 97 && moments.largest == 103);
		x[nt - 1] = NAN;
		assert_false(rmb_row_moments(&recording, 0, chunk).finite);
		x[nt - 1] = -INFINITY;
		assert_false(rmb_row_moments(&recording, 0, chunk).finite);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_those_of_the_reference),
		cmocka_unit_test(a_time_on_an_edge_begins_its_bin),
		cmocka_unit_test(spikes_are_counted_inside_observed_intervals_only),
		cmocka_unit_test(binning_conserves_spikes),
		cmocka_unit_test(joined_frames_are_those_of_the_reference),
		cmocka_unit_test(factors_are_whole_within_one_percent),
		cmocka_unit_test(a_bin_of_several_states_has_none),
		cmocka_unit_test(z_scores_are_those_of_the_reference),
		cmocka_unit_test(unusable_rows_are_those_of_the_reference),
		cmocka_unit_test(moments_of_a_square_wave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
