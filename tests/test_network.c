/* Connectivity by its definition: what each family must be whatever was drawn, and what cannot be made. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "numeric/blocks.h"
#include "numeric/lapack.h"
#include "numeric/network.h"
#include "support/check.h"

enum { N = 150 };

static double a[N * N], b[N * N], real[N], imaginary[N], x[N], y[N];

static struct rmb_network
network(enum rmb_family family, double asymmetry)
{
	struct rmb_stream stream = rmb_stream_named("test");
	rmb_network_places(rmb_stream_named("places"), N, 1000, x, y);
	return (struct rmb_network){
		.n = N, .family = family, .asymmetry = asymmetry, .probability = 0.05, .peak = 0.5, .cluster = 40, .width = 100, .inhibition = 1,
		.space = { .axis = { x, y }, .naxes = 2, .geometry = RMB_TORUS, .box = 1000 }, .edge = 0.99, .stream = stream, .threads = 1 };
}

static void
draw(const struct rmb_network *net, double *to)
{
	struct rmb_error error = { 0 };
	must(rmb_network_raw(net, to, &error), &error);
	must(rmb_network_shape(net, to, &error), &error);
}

static void
fails(int rc, int code, const struct rmb_error *error, const char *word)
{
	assert_int_equal(rc, code);
	if (!strstr(error->text, word))
		fail_msg("'%s' does not say '%s'", error->text, word);
}

/* Means of products of entries above the diagonal, and of those with their mirror images. */
struct moments { double up, low, cross; };

static struct moments
moments(const double *m)
{
	struct moments sum = { 0 };
	double pairs = N * (N - 1) / 2.0;
	for (int i = 0; i < N; i++)
		for (int j = i + 1; j < N; j++) {
			sum.up += m[i * N + j] * m[i * N + j] / pairs;
			sum.low += m[j * N + i] * m[j * N + i] / pairs;
			sum.cross += m[i * N + j] * m[j * N + i] / pairs;
		}
	return sum;
}

static void
threads_change_nothing(void **state)
{
	(void)state;
	for (int family = RMB_DENSE; family <= RMB_CLIPPED; family++)
		for (int entries = RMB_UNIFORM; entries <= (family == RMB_DENSE ? RMB_EXPONENTIAL : RMB_UNIFORM); entries++)
			for (int p = 0; p <= 2; p++) {
				struct rmb_network net = network((enum rmb_family)family, p / 2.0);
				net.entries = (enum rmb_entries)entries;
				net.inhibition = 2;
				draw(&net, a);
				net.threads = 3;
				draw(&net, b);
				assert_memory_equal(a, b, sizeof a);
				for (int i = 0; i < N; i++)
					assert_true((a[i * N + i] == 0) == (family != RMB_CLIPPED));
				for (int i = 0; p == 0 && family != RMB_CLIPPED && i < N * N; i++)
					assert_true(a[i] == a[i % N * N + i / N]);
			}
}

/* 11,175 pairs: a correlation is known to 0.01. */
static void
asymmetry_is_what_it_says(void **state)
{
	(void)state;
	for (int k = 0; k <= 4; k++) {
		double p = k / 4.0;
		struct rmb_network net = network(RMB_DENSE, p);
		draw(&net, a);
		struct moments equal = moments(a);
		assert_true(fabs(equal.cross / sqrt(equal.up * equal.low) - (1 - p)) < 0.04);
		assert_true(fabs(equal.up * 3 - 1) < 0.05 && fabs(equal.low * 3 - 1) < 0.05);
		net.published = true;
		draw(&net, a);
		struct moments published = moments(a);
		double part = (1 - p) * (1 - p) + p * p;
		assert_true(fabs(published.low / published.up - (k == 0 ? 1 : part)) < 0.05);
		assert_true(fabs(published.cross / sqrt(published.up * published.low) - (1 - p) / sqrt(part)) < 0.04);
	}
}

/* Connections of sparse networks are as probable as asked for, and as alike in both directions. */
static void
sparse_asymmetry_keeps_the_probability(void **state)
{
	(void)state;
	for (int k = 0; k <= 4; k++) {
		struct rmb_network net = network(RMB_SPARSE, k / 4.0);
		net.probability = 0.3;
		draw(&net, a);
		struct moments m = moments(a);
		int there = 0;
		for (int i = 0; i < N * N; i++) {
			assert_true(i / N == i % N || fabs(a[i] + 0.3) < 1e-12 || fabs(a[i] - 0.7) < 1e-12);
			there += a[i] > 0;
		}
		assert_true(fabs(there / (double)(N * (N - 1)) - 0.3) < 0.02);
		assert_true(fabs(m.cross / sqrt(m.up * m.low) - (1 - k / 4.0)) < 0.04);
	}
}

/* Connected entries are B - P = 1 - P: positive. 150 = 3 clusters of 40 and 30 neurons in none. */
static void
clusters_leave_the_remainder_out(void **state)
{
	(void)state;
	struct rmb_network net = network(RMB_CLUSTERED, 0);
	net.probability = 0.001;
	draw(&net, a);
	double inside = 0, rest = 0;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < i; j++) {
			inside += i < 120 && i / 40 == j / 40 && a[i * N + j] > 0;
			rest += i >= 120 && a[i * N + j] > 0;
		}
	assert_true(fabs(inside / (3 * 40 * 39 / 2.0) - 0.5) < 0.05);
	assert_true(rest < 20);
}

/* What is subtracted is the probability itself, so it can be read from the entries that are not connected. */
static void
local_networks_wrap(void **state)
{
	(void)state;
	struct rmb_network net = network(RMB_LOCAL, 0);
	draw(&net, a);
	int near_by_wrapping = 0;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < i; j++) {
			double dx = fabs(x[i] - x[j]), dy = fabs(y[i] - y[j]), plain = hypot(dx, dy),
			       wrapped = hypot(fmin(dx, 1000 - dx), fmin(dy, 1000 - dy));
			double p = fmax(0.5 * exp(-wrapped / 100), 0.05), found = a[i * N + j] > 0 ? 1 - a[i * N + j] : -a[i * N + j];
			assert_true(fabs(found - p) < 1e-12);
			near_by_wrapping += p > 0.05 && plain > 500;
		}
	assert_true(near_by_wrapping > 10);
}

static void
inhibition_balances_excitation(void **state)
{
	(void)state;
	struct rmb_network net = network(RMB_LOCAL, 0);
	double mean = 0, expected = 0;
	net.inhibition = 3;
	net.probability = 1e-9; /* so low that it cuts neither profile off */
	draw(&net, a);
	for (int i = 0; i < N * N; i++)
		mean += a[i] / (N * (N - 1));
	for (int i = 0; i < N; i++)
		for (int j = 0; j < i; j++)
			expected += 2 * 0.5 * exp(-rmb_space_distance(&net.space, i, j) / 100) / (N * (N - 1));
	assert_true(expected > 0.02);
	assert_true(fabs(mean) < 0.2 * expected);
}

static void
eigenvectors_fit(void **state)
{
	(void)state;
	struct rmb_error error = { 0 };
	struct rmb_network net = network(RMB_DENSE, 0);
	must(rmb_network_matrix(&net, b, real, imaginary, &error), &error);
	assert_true(fabs(real[0] - 0.99) < 1e-15);
	memcpy(a, b, sizeof a);
	static double value[N];
	must(rmb_eigenvectors(a, N, value, &error), &error);
	double worst = 0;
	for (int k = 0; k < N; k++)
		for (int i = 0; i < N; i++) {
			double residual = -real[k] * a[k * N + i];
			for (int j = 0; j < N; j++)
				residual += b[i * N + j] * a[k * N + j];
			worst = fmax(worst, fabs(residual));
		}
	assert_true(worst < N * DBL_EPSILON * 10);
	net.asymmetry = 1;
	draw(&net, b);
	static double v[N * N], copy[N * N];
	memcpy(copy, b, sizeof copy);
	must(rmb_general_eigenvectors(copy, N, real, imaginary, v, &error), &error);
	for (int k = 0; k < N; k++)
		for (int i = 0; i < N && imaginary[k] >= 0; i++) {
			double left = 0, partner = imaginary[k] > 0 ? v[(k + 1) * N + i] : 0;
			for (int j = 0; j < N; j++)
				left += b[i * N + j] * v[k * N + j];
			assert_true(fabs(left - real[k] * v[k * N + i] + imaginary[k] * partner) < 1e-12);
		}
}

/* The same eigenvalues with and without the matrix, and the matrix has them. */
static void
the_edge_is_met(void **state)
{
	(void)state;
	static double r[N], i[N], spare[N * N];
	struct rmb_error error = { 0 };
	for (int family = RMB_DENSE; family <= RMB_CLIPPED; family++) {
		struct rmb_network net = network((enum rmb_family)family, 1);
		double largest = 0, modulus = 0;
		must(rmb_network_eigenvalues(&net, a, r, i, &error), &error);
		must(rmb_network_matrix(&net, a, real, imaginary, &error), &error);
		rmb_test_close("real", r, real, N, 1e-12);
		memcpy(spare, a, sizeof a);
		must(rmb_general_eigenvalues(spare, N, r, i, &error), &error);
		for (int k = 0; k < N; k++) {
			largest = fmax(largest, r[k]);
			modulus = fmax(modulus, hypot(r[k], i[k]));
		}
		assert_true(fabs((family == RMB_CLIPPED ? modulus : largest) - 0.99) < 1e-11);
	}
}

static void
steps_have_a_limit(void **state)
{
	(void)state;
	const double re[] = { 0.999, 0.999, -0.5, 0.2 }, im[] = { 0.3, -0.3, 0, 0 };
	struct rmb_error error = { 0 };
	double most = rmb_network_largest_step(re, im, 4);
	assert_true(fabs(most - 2 * 0.001 / (1e-6 + 0.09)) < 1e-15);
	assert_true(hypot(1 - most * 1.001 * 0.001, most * 1.001 * 0.3) > 1);
	assert_true(hypot(1 - most * 0.999 * 0.001, most * 0.999 * 0.3) < 1);
	assert_int_equal(rmb_network_stable(re, im, 4, 0.02, &error), 0);
	fails(rmb_network_stable(re, im, 4, 0.04, &error), RMB_EDATA, &error, "0.999 +0.3i");
	struct rmb_error beyond = { 0 };
	const double one[] = { 1.02 };
	fails(rmb_network_stable(one, NULL, 1, 0.04, &beyond), RMB_EDATA, &beyond, "must have a real part below 1");
}

/* A rotation that grows in steps of 0.04 time constants, for all that its eigenvalue lies left of 1. */
static void
unstable_networks_are_refused(void **state)
{
	(void)state;
	const double grows[] = { 0.99, 0.8, -0.8, 0.99 };
	double s[4], scratch[12];
	struct rmb_error error = { 0 };
	fails(rmb_stationary(grows, 2, 0.04, 1, s, scratch, &error), RMB_EDATA, &error, "without bound");
	assert_int_equal(rmb_stationary(grows, 2, 0.004, 1, s, scratch, &error), 0);
}

static void
what_cannot_be_made(void **state)
{
	(void)state;
	static double turn[] = { 0, 1, -1, 0 };
	const struct { struct rmb_network net; const char *word; } wrong[] = {
		{ { .n = 1, .edge = 0.9 }, "2 neurons or more" },
		{ { .n = 30000, .edge = 0.9 }, "30000 neurons" },
		{ { .n = 10, .edge = 1 }, "edge" },
		{ { .n = 10, .edge = 0.9, .asymmetry = 2 }, "asymmetry" },
		{ { .n = 10, .edge = 0.9, .family = RMB_SPARSE, .probability = 1.5 }, "probability" },
		{ { .n = 10, .edge = 0.9, .family = RMB_SPARSE }, "probability" },
		{ { .n = 10, .edge = 0.9, .family = RMB_CLUSTERED, .probability = 0.1, .peak = 0.5, .cluster = 20 }, "clusters of 20" },
		{ { .n = 10, .edge = 0.9, .family = RMB_CLUSTERED, .probability = 0.1, .peak = 1.5, .cluster = 5 }, "inside a cluster" },
		{ { .n = 10, .edge = 0.9, .family = RMB_LOCAL, .probability = 0.1, .peak = 0.5 }, "places" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct rmb_error error = { 0 };
		int rc = rmb_network_check(&wrong[i].net, &error);
		fails(rc, wrong[i].net.n > 1000 ? RMB_ELIMIT : RMB_EDATA, &error, wrong[i].word);
	}
	struct rmb_error empty = { 0 }, rotation = { 0 }, place = { 0 };
	struct rmb_network net = network(RMB_SPARSE, 0);
	net.probability = 1e-12;
	assert_int_equal(rmb_network_raw(&net, a, &empty), 0);
	fails(rmb_network_shape(&net, a, &empty), RMB_EDATA, &empty, "none of the 150 neurons is connected");
	struct rmb_network two = { .n = 2, .asymmetry = 1, .edge = 0.9, .threads = 1 };
	fails(rmb_network_normalise(&two, turn, a, real, imaginary, &rotation), RMB_EDATA, &rotation, "cannot be normalised");
	net = network(RMB_LOCAL, 0);
	x[17] = NAN;
	fails(rmb_network_check(&net, &place), RMB_EDATA, &place, "neuron 17");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_change_nothing), cmocka_unit_test(asymmetry_is_what_it_says),
		cmocka_unit_test(sparse_asymmetry_keeps_the_probability),
		cmocka_unit_test(clusters_leave_the_remainder_out), cmocka_unit_test(local_networks_wrap),
		cmocka_unit_test(inhibition_balances_excitation), cmocka_unit_test(eigenvectors_fit), cmocka_unit_test(the_edge_is_met),
		cmocka_unit_test(steps_have_a_limit), cmocka_unit_test(unstable_networks_are_refused), cmocka_unit_test(what_cannot_be_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
