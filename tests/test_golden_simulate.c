/* Samplers, stepping and smoothing against the reference implementation, fed with its stored normals. */
#include <math.h>
#include "numeric/measurement.h"
#include "numeric/modes.h"
#include "numeric/propagate.h"
#include "support/check.h"
#include "support/golden.h"

/* Coefficients are made in double; samples are float, and so are the normals they are made of. */
static const double in_double = 1e-10, in_single = 2e-6;

static struct rmb_steps
steps_of(const struct golden_case *test)
{
	return (struct rmb_steps){ golden_number(test, "dt", 2) / golden_number(test, "tau", 50), (int64_t)golden_number(test, "width", 23) };
}

static void *
room(const struct golden_case *test, int64_t n, size_t size)
{
	void *memory = rmb_arena_alloc(test->arena, (size_t)n, size);
	assert_non_null(memory);
	return memory;
}

/* Column c of values[rows][columns] as floats. */
static void
column(const double *values, int64_t rows, int64_t columns, int64_t c, float *to)
{
	for (int64_t i = 0; i < rows; i++)
		to[i] = (float)values[i * columns + c];
}

static float *
singles(const struct golden_case *test, const double *values, int64_t n)
{
	float *to = room(test, n, sizeof *to);
	column(values, n, 1, 0, to);
	return to;
}

/* ---- modes ---- */

static void
one_sampler(const struct golden_case *test)
{
	struct golden_array gap = golden_input(test, "gap");
	struct rmb_modes modes;
	struct rmb_error error = { 0 };
	must(rmb_modes_make(test->arena, gap.data, gap.n, steps_of(test), &modes, &error), &error);
	double *vee = room(test, gap.n, sizeof *vee), *vem = room(test, gap.n, sizeof *vem), *vmm = room(test, gap.n, sizeof *vmm);
	double *v = room(test, gap.n, sizeof *v);
	for (int64_t k = 0; k < gap.n; k++) {
		vee[k] = modes.kick[k] * modes.kick[k];
		vem[k] = modes.kick[k] * modes.first[k];
		vmm[k] = modes.first[k] * modes.first[k] + modes.second[k] * modes.second[k];
		v[k] = modes.spread[k] * modes.spread[k];
	}
	golden_close(test, "P", modes.decay, gap.n, in_double);
	golden_close(test, "cm", modes.mean, gap.n, in_double);
	golden_close(test, "vee", vee, gap.n, in_double);
	golden_close(test, "vem", vem, gap.n, in_double);
	golden_close(test, "vmm", vmm, gap.n, in_double);
	golden_close(test, "v", v, gap.n, in_double);
}

static void
one_sample_of_modes(const struct golden_case *test)
{
	struct golden_array gap = golden_input(test, "gap"), z1 = golden_input(test, "z1"), z2 = golden_input(test, "z2");
	double *s = golden_input(test, "s0").data;
	struct rmb_modes modes;
	struct rmb_error error = { 0 };
	must(rmb_modes_make(test->arena, gap.data, gap.n, steps_of(test), &modes, &error), &error);
	int64_t n = gap.n, nt = z1.columns;
	float *a = room(test, n, sizeof *a), *b = room(test, n, sizeof *b), *m = room(test, n, sizeof *m);
	double *x = room(test, n * nt, sizeof *x);
	for (int64_t t = 0; t < nt; t++) {
		column(z1.data, n, nt, t, a);
		column(z2.data, n, nt, t, b);
		rmb_modes_advance(&modes, 0, 2, a, b, s, m); /* a tile at a time is the same */
		rmb_modes_advance(&modes, 2, n - 2, a + 2, b + 2, s + 2, m + 2);
		for (int64_t k = 0; k < n; k++)
			x[k * nt + t] = (double)m[k];
	}
	golden_close(test, "X", x, n * nt, in_single);
}

/* ---- any matrix ---- */

/* Runs as rows: [n][runs] becomes [runs][n]. */
static float *
turned(const struct golden_case *test, const double *values, int64_t n, int64_t runs)
{
	float *to = room(test, n * runs, sizeof *to);
	for (int64_t r = 0; r < runs; r++)
		column(values, n, runs, r, to + r * n);
	return to;
}

static void
one_sample_of_blocks(const struct golden_case *test)
{
	struct golden_array a = golden_input(test, "A"), x0 = golden_input(test, "x0"), z1 = golden_input(test, "z1"),
	                    z2 = golden_input(test, "z2");
	int64_t n = a.rows, runs = x0.columns, nt = z1.rows;
	struct rmb_steps steps = steps_of(test);
	struct rmb_blocks blocks;
	struct rmb_propagator_roots roots;
	struct rmb_error error = { 0 };
	double *s = room(test, n * n, sizeof *s), *scratch = room(test, 3 * n * n, sizeof *scratch),
	       *out = room(test, n * runs * nt, sizeof *out);
	must(rmb_blocks_make(a.data, n, steps.step, steps.width, 2, test->arena, &blocks, &error), &error);
	must(rmb_stationary(a.data, n, steps.step, 2, s, scratch, &error), &error);
	must(rmb_propagate_roots(test->arena, &blocks, s, 2, &roots, &error), &error);
	float *x = turned(test, x0.data, n, runs), *y = room(test, n * runs, sizeof *y), *m = room(test, n * runs, sizeof *m);
	for (int64_t t = 0; t < nt; t++) {
		const float *first = turned(test, z1.data + t * n * runs, n, runs), *second = turned(test, z2.data + t * n * runs, n, runs);
		must(rmb_propagate_frame(&roots, n, runs, first, second, x, y, m, &error), &error);
		for (int64_t i = 0; i < n; i++)
			for (int64_t r = 0; r < runs; r++)
				out[i * runs * nt + r * nt + t] = (double)m[r * n + i];
	}
	golden_close(test, "X", out, n * runs * nt, 1e-5); /* some hundred float operations, states kept in float */
}

static void
one_stepping(const struct golden_case *test)
{
	struct golden_array a = golden_input(test, "A"), x0 = golden_input(test, "x0"), noise = golden_input(test, "noise");
	struct rmb_steps steps = steps_of(test);
	int64_t n = a.rows, runs = x0.columns, skip = (int64_t)golden_number(test, "skip", 4000), nt = (noise.rows - skip) / steps.width;
	struct rmb_error error = { 0 };
	float *matrix = singles(test, a.data, n * n), *x = turned(test, x0.data, n, runs), *y = room(test, n * runs, sizeof *y);
	double *out = room(test, n * runs * nt, sizeof *out);
	for (int64_t t = 0; t < noise.rows; t++) {
		int64_t frame = (t - skip) / steps.width;
		const float *e = turned(test, noise.data + t * n * runs, n, runs);
		must(rmb_propagate_step(matrix, n, runs, steps.step, e, x, y, 2, &error), &error);
		for (int64_t i = 0; t >= skip && frame < nt && i < n; i++)
			for (int64_t r = 0; r < runs; r++)
				out[i * runs * nt + r * nt + frame] += (double)x[r * n + i] / (double)steps.width;
	}
	golden_close(test, "X", out, n * runs * nt, 1e-5);
}

/* ---- smoothing ---- */

static void
standardise(double *x, int64_t n)
{
	double mean = 0, square = 0;
	for (int64_t t = 0; t < n; t++)
		mean += x[t] / (double)n;
	for (int64_t t = 0; t < n; t++)
		square += (x[t] - mean) * (x[t] - mean);
	for (int64_t t = 0; t < n; t++)
		x[t] = (x[t] - mean) / sqrt(square / (double)(n - 1));
}

/* The reference z-scores, adds noise, convolves and z-scores again. */
static void
one_smoothing(const struct golden_case *test)
{
	struct golden_array x = golden_input(test, "X"), noise = golden_input(test, "noise");
	int64_t n = x.rows, nt = x.columns, nruns, *runs = golden_input_ints(test, "runs", &nruns), whole = nt;
	if (!runs) {
		runs = &whole;
		nruns = 1;
	}
	struct rmb_measurement measure = { .unit = (double[]){ 1 } };
	rmb_measurement_kernel(&measure, golden_number(test, "sig", 1), 4, golden_is(test, "kernel", "paper"));
	double *out = room(test, n * nt, sizeof *out), *scratch = room(test, nt + 2 * 4, sizeof *scratch);
	for (int64_t i = 0; i < n; i++) {
		double *row = x.data + i * nt;
		standardise(row, nt);
		for (int64_t t = 0; t < nt; t++)
			row[t] += noise.data[i * nt + t];
		for (int64_t r = 0, start = 0; r < nruns; start += runs[r++])
			rmb_measure(&measure, 0, start, runs[r], row + start, scratch, out + i * nt + start);
		standardise(out + i * nt, nt);
	}
	golden_close(test, "X", out, n * nt, in_double);
}

static void
modes(void **state)
{
	(void)state;
	assert_int_equal(golden_each("sampler", one_sampler), 3);
	assert_int_equal(golden_each("samplemodes", one_sample_of_modes), 1);
}

static void
matrices(void **state)
{
	(void)state;
	assert_int_equal(golden_each("sampleblocks", one_sample_of_blocks), 2);
	assert_int_equal(golden_each("simulate", one_stepping), 3);
}

static void
smoothing(void **state)
{
	(void)state;
	assert_int_equal(golden_each("smooth", one_smoothing), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(modes), cmocka_unit_test(matrices), cmocka_unit_test(smoothing) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
