/* Connectivity, modes and the propagation of bins against the reference implementation: every case of these analyses in all
 * golden files. */
#include <math.h>
#include "numeric/blocks.h"
#include "numeric/network.h"
#include "numeric/population.h"
#include "numeric/recovery.h"
#include "numeric/theory.h"
#include "support/check.h"
#include "support/golden.h"

enum { THREADS = 2 };

static const double tolerance = 1e-10;

static void
describe(const struct golden_case *test, struct rmb_network *net)
{
	static const struct { const char *name; enum rmb_entries entries; } laws[] = {
		{ "uniform", RMB_UNIFORM }, { "binary", RMB_BINARY }, { "gaussian", RMB_GAUSSIAN }, { "trunc_gaussian", RMB_HALF_NORMAL },
		{ "exponential", RMB_EXPONENTIAL } };
	for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
		if (golden_is(test, "distribution", laws[i].name))
			net->entries = laws[i].entries;
	if (golden_is(test, "kind", "sparse"))
		net->family = RMB_SPARSE;
	if (golden_is(test, "kind", "clustered"))
		net->family = RMB_CLUSTERED;
	if (!golden_is(test, "kind", "local"))
		return;
	net->family = RMB_LOCAL;
	net->space = (struct rmb_space){ .axis = { golden_input(test, "xpos").data, golden_input(test, "ypos").data }, .naxes = 2, .box = 8000,
	                                 .geometry = golden_is(test, "mode", "unitbox") ? RMB_UNIT_BOX : RMB_TORUS };
}

static void
one_matrix(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct golden_array raw = golden_input(test, "raw");
	struct rmb_network net = {
		.n = raw.rows, .asymmetry = golden_number(test, "nonsym", 0), .published = true, .probability = golden_number(test, "p", 0),
		.peak = 0.5, .cluster = (int64_t)golden_number(test, "size", 500), .width = golden_number(test, "sig", 250), .inhibition = 1,
		.edge = golden_number(test, "edge", 0.999), .threads = THREADS };
	describe(test, &net);
	double *real = golden_reals(test, net.n), *imaginary = golden_reals(test, net.n), *spare = golden_reals(test, net.n * net.n);
	must(rmb_network_shape(&net, raw.data, &error), &error);
	must(rmb_network_normalise(&net, raw.data, spare, real, imaginary, &error), &error);
	golden_close(test, "A", raw.data, raw.n, tolerance);
	golden_close(test, "eig_real", real, net.n, tolerance);
	golden_close(test, "eig_imag", imaginary, net.n, tolerance);
}

static void
one_regularised(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct golden_array a = golden_input(test, "A");
	bool symmetric = golden_number(test, "nonsym", 0) == 0;
	struct rmb_network net = { .n = a.rows, .family = symmetric ? RMB_DENSE : RMB_CLIPPED, .edge = symmetric ? 1 / 1.01 : 0.99,
	                           .asymmetry = symmetric ? 0 : 1, .threads = THREADS };
	double *real = golden_reals(test, net.n), *imaginary = golden_reals(test, net.n), *spare = golden_reals(test, net.n * net.n);
	must(rmb_network_normalise(&net, a.data, spare, real, imaginary, &error), &error);
	golden_close(test, "A", a.data, a.n, tolerance);
}

static void
one_block(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct golden_array a = golden_input(test, "A");
	int64_t n = a.rows, nlags = 1 + (int64_t)golden_number(test, "n_lags", 5);
	double step = golden_number(test, "dt", 2) / golden_number(test, "tau", 50);
	struct rmb_blocks o;
	double *s = golden_reals(test, n * n), *scratch = golden_reals(test, 3 * n * n), *c = golden_reals(test, nlags * n * n);
	must(rmb_blocks_make(a.data, n, step, (int64_t)golden_number(test, "width", 23), THREADS, test->arena, &o, &error), &error);
	must(rmb_stationary(a.data, n, step, THREADS, s, scratch, &error), &error);
	must(rmb_blocks_covariances(&o, s, nlags, THREADS, c, scratch, &error), &error);
	const struct { const char *name; const double *found; } same[] = {
		{ "P", o.p }, { "B", o.b }, { "qee", o.ee }, { "qme", o.me }, { "qmm", o.mm }, { "S", s } };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		golden_close(test, same[i].name, same[i].found, n * n, 1e-12);
	struct golden_array expected = golden_must(test, "cov");
	assert_int_equal(expected.n, nlags * n * n);
	rmb_test_close("cov", c, expected.data, nlags * n * n, 1e-12);
}

static struct rmb_steps
steps_of(const struct golden_case *test, double width)
{
	return (struct rmb_steps){ golden_number(test, "dt", 2) / golden_number(test, "tau", 50), (int64_t)golden_number(test, "width", width) };
}

/* Each value by itself: they differ by orders of magnitude. */
static void
golden_each_close(double found, double expected)
{
	if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
		fail_msg("%.17g, expected %.17g", found, expected);
}

static void
one_binned(const struct golden_case *test)
{
	struct golden_array gap = golden_input(test, "gap");
	int64_t nlags = 1 + (int64_t)golden_number(test, "n_lags", 10);
	double *variance = golden_reals(test, gap.n), *rho = golden_reals(test, gap.n * nlags);
	for (int64_t i = 0; i < gap.n; i++) {
		rmb_mode_binned(gap.data[i], steps_of(test, 23), nlags, rho + i * nlags);
		variance[i] = rho[i * nlags];
		for (int64_t k = 0; k < nlags; k++)
			rho[i * nlags + k] /= variance[i];
		golden_each_close(variance[i], golden_must(test, "variance").data[i]);
	}
	golden_close(test, "rho", rho, gap.n * nlags, 1e-12);
}

static void
one_stationary(const struct golden_case *test)
{
	struct golden_array lam = golden_input(test, "lam");
	for (int64_t i = 0; i < lam.n; i++) {
		double variance;
		rmb_mode_binned(1 - lam.data[i], steps_of(test, 1), 1, &variance);
		golden_each_close(variance, golden_must(test, "variance").data[i]);
	}
}

/* The correlation matrix of bin means, by its eigenvalues. */
static void
one_spectrum(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct golden_array a = golden_input(test, "A");
	struct rmb_population found;
	must(rmb_population_make(a.data, a.rows, steps_of(test, 1), 1, false, THREADS, test->arena, &found, &error), &error);
	golden_close(test, "corr_evals", found.spectrum, a.rows, tolerance);
}

static void
one_recovery(const struct golden_case *test)
{
	struct rmb_error error = { 0 };
	struct golden_array a = golden_input(test, "A"), covariance = golden_input(test, "cov"), top = golden_input(test, "fractions");
	double *fraction = golden_reals(test, top.n);
	bool corrected = golden_number(test, "drop_self", 0) > 0;
	must(rmb_recovery(a.data, covariance.data, a.rows, top.data, top.n, !corrected, THREADS, fraction, &error), &error);
	for (int64_t k = 0; k < top.n; k++) /* NaN where that is no partner */
		assert_true(isnan(fraction[k]) == isnan(golden_must(test, "fraction").data[k]));
	golden_close(test, "fraction", fraction, top.n, 1e-14);
}

static void
matrices(void **state)
{
	(void)state;
	assert_int_equal(golden_each("connectivity", one_matrix), 16);
	assert_int_equal(golden_each("regularize", one_regularised), 2);
	assert_int_equal(golden_each("recovery", one_recovery), 2);
}

static void
blocks(void **state)
{
	(void)state;
	assert_int_equal(golden_each("block", one_block), 4);
	assert_int_equal(golden_each("statcov", one_spectrum), 4);
}

static void
modes(void **state)
{
	(void)state;
	assert_int_equal(golden_each("binned", one_binned), 3);
	assert_true(golden_each("stationary", one_stationary) >= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrices),
		cmocka_unit_test(modes),
		cmocka_unit_test(blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
