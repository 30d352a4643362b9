/* Weights of components, their locality, and what a spectrum says in one number. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "numeric/lapack.h"
#include "numeric/locality.h"
#include "numeric/variance.h"
#include "rumble/random.h"
#include "support/arena.h"
#include "support/slow.h"

/* Neurons at random places of a box of 1,000 um. Component k is heavy within 100 um of (200 k + 100, 500), for k = 0..4, and
 * wraps around the box; the first has the most variance. Private noise besides. */
static struct rmb_recording
make(int64_t nn, int64_t nt)
{
	struct rmb_stream stream = rmb_stream_named("local components");
	float *x = rmb_arena_alloc(arena, (size_t)(nn * nt), sizeof *x);
	double *place = reals(2 * nn);
	uint64_t draw = 0;
	double *signal = reals(5 * nt);
	for (int64_t i = 0; i < 5 * nt; i++)
		signal[i] = rmb_random_normal(stream, draw++) * (6 - (double)(i / nt));
	for (int64_t i = 0; i < 2 * nn; i++)
		place[i] = (double)rmb_random_below(stream, draw++, 1000);
	for (int64_t i = 0; i < nn; i++)
		for (int64_t t = 0; t < nt; t++) {
			double sum = 0.1 * rmb_random_normal(stream, draw++);
			for (int k = 0; k < 5; k++) {
				double dx = fabs(place[i] - 200 * k - 100), dy = place[nn + i] - 500;
				dx = fmin(dx, 1000 - dx);
				sum += exp(-(dx * dx + dy * dy) / (2 * 60 * 60)) * signal[k * nt + t];
			}
			x[i * nt + t] = (float)sum;
		}
	return rmb_test_placed(x, nn, nt, place);
}

struct found { int64_t nk; double *w, *value; struct rmb_locality locality; };

static struct found
find(const struct rmb_recording *z, const struct rmb_space *space, int64_t nk, bool in_double, int threads, double radius)
{
	struct rmb_error error = { 0 };
	struct found found = { .nk = nk, .w = reals(nk * z->neurons.n), .value = reals(nk),
	                       .locality = { .ratio = reals(nk), .centre = { reals(nk), reals(nk) },
	                                     .near = rmb_arena_alloc(arena, (size_t)nk, sizeof(int64_t)) } };
	struct rmb_sweep activity = { .first = z, .in_double = in_double, .threads = threads };
	struct rmb_krylov how;
	must(rmb_weights(&activity, RMB_SOLVER_EXACT, &found.nk, found.w, found.value, &how, &error), &error);
	rmb_locality_find(found.w, found.nk, z->neurons.n, space, false, radius, &found.locality);
	return found;
}

static struct rmb_space
plane_of(const struct rmb_recording *z)
{
	return (struct rmb_space){ .axis = { z->neurons.x, z->neurons.y }, .naxes = 2 };
}

/* ---- weights ------------------------------------------------------------------------------------------------------ */

/* More neurons than frames, and fewer; in both precisions. Signs are free. */
static void
weights_are_singular_vectors(void **state)
{
	(void)state;
	const int64_t sizes[][2] = { { 40, 90 }, { 90, 40 } };
	for (int i = 0; i < 4; i++) {
		int64_t nn = sizes[i / 2][0], nt = sizes[i / 2][1];
		struct rmb_recording z = make(nn, nt);
		struct rmb_space space = plane_of(&z);
		bool in_double = i % 2;
		struct found found = find(&z, &space, 5, in_double, 2, 100);
		double *c = reals(nn * nt), *s = reals(40), *u = reals(40 * nn), *v = reals(40 * nt);
		for (int64_t e = 0; e < nn * nt; e++)
			c[e] = slow_value(&z, e / nt, e % nt);
		slow_singular(c, nn, nt, s, u, v);
		assert_int_equal(found.nk, 5);
		for (int64_t k = 0; k < 5; k++) {
			double dot = 0, square = s[k] * s[k];
			for (int64_t n = 0; n < nn; n++)
				dot += found.w[k * nn + n] * u[k * nn + n];
			dot = fabs(dot);
			rmb_test_close("agreement with the singular vector", &dot, (double[]){ 1 }, 1, in_double ? 1e-12 : 1e-5);
			rmb_test_close("its squared singular value", &found.value[k], &square, 1, in_double ? 1e-12 : 1e-5);
		}
	}
}

/* Two neurons that are copies, and three frames: what is not defined is not given. */
static void
undefined_components_are_left_out(void **state)
{
	(void)state;
	struct rmb_recording z = make(30, 3);
	struct rmb_space space = plane_of(&z);
	assert_int_equal(find(&z, &space, 20, true, 1, 100).nk, 3);
	int64_t twice[] = { 4, 4, 9 };
	struct rmb_recording all = make(30, 50), copies;
	struct rmb_error error = { 0 };
	must(rmb_view_neurons(arena, &all, twice, 3, &copies, &error), &error);
	space = plane_of(&copies);
	assert_int_equal(find(&copies, &space, 3, true, 1, 100).nk, 2);
}

static void
any_number_of_threads_gives_the_same_bytes(void **state)
{
	(void)state;
	const int64_t sizes[][2] = { { 1100, 1300 }, { 2400, 300 } };
	const int threads[] = { 1, 2, 3, 8 };
	for (int size = 0; size < 2; size++) {
		struct rmb_recording z = make(sizes[size][0], sizes[size][1]);
		struct rmb_space space = plane_of(&z);
		struct found kept = find(&z, &space, 10, false, 1, 100);
		for (int i = 1; i < 4; i++) {
			struct found found = find(&z, &space, 10, false, threads[i], 100);
			assert_int_equal(found.nk, kept.nk);
			assert_memory_equal(found.w, kept.w, (size_t)(kept.nk * z.neurons.n) * sizeof(double));
			assert_memory_equal(found.locality.ratio, kept.locality.ratio, (size_t)kept.nk * sizeof(double));
		}
	}
}

static void
largest_eigenvectors_are_those_of_the_whole(void **state)
{
	(void)state;
	enum { N = 60 };
	double *a = reals(N * N), *all = reals(N * N), *w = reals(N), *top = reals(7), *v = reals(7 * N);
	struct rmb_stream stream = rmb_stream_named("a symmetric matrix");
	struct rmb_error error = { 0 };
	for (int i = 0; i < N; i++)
		for (int j = i; j < N; j++)
			a[i * N + j] = a[j * N + i] = rmb_random_normal(stream, (uint64_t)(i * N + j));
	memcpy(all, a, N * N * sizeof *a);
	double *copy = reals(N * N);
	memcpy(copy, a, N * N * sizeof *a);
	must(rmb_eigenvectors(all, N, w, &error), &error);
	must(rmb_top_eigenvectors(copy, N, 7, top, v, &error), &error);
	rmb_test_close("largest eigenvalues", top, w, 7, N * DBL_EPSILON * 10);
	for (int k = 0; k < 7; k++)
		for (int i = 0; i < N; i++) {
			double residual = -top[k] * v[k * N + i];
			for (int j = 0; j < N; j++)
				residual += a[i * N + j] * v[k * N + j];
			assert_true(fabs(residual) < 1e-12 * w[0]);
		}
	a[3] = NAN;
	assert_int_equal(rmb_top_eigenvectors(a, N, 7, top, v, &error), RMB_EDATA);
}

/* The sign that makes a few heavy weights positive. */
static void
signs_are_fixed(void **state)
{
	(void)state;
	double skewed[] = { 0.1, 0.2, -0.9, 0.1 }, even[] = { -0.7, 0, 0.7, 0 }, low[] = { 0.5, -0.5, 0, 0 };
	rmb_weights_orient(skewed, 4);
	assert_true(skewed[2] == 0.9);
	rmb_weights_orient(even, 4);
	rmb_weights_orient(low, 4);
	assert_true(even[0] == 0.7 && low[0] == 0.5);
}

/* ---- locality ----------------------------------------------------------------------------------------------------- */

static void
planted_places_are_found(void **state)
{
	(void)state;
	struct rmb_recording z = make(900, 400);
	struct rmb_space torus = plane_of(&z);
	torus.geometry = RMB_TORUS;
	torus.box = 1000;
	struct found found = find(&z, &torus, 5, false, 2, 150);
	/* neighbouring sources overlap a little, and so do components; the centre of the first is near its source */
	assert_true(fabs(found.locality.centre[0][0] - 100) < 40 && fabs(found.locality.centre[1][0] - 500) < 40);
	for (int k = 0; k < 5; k++)
		assert_true(found.locality.ratio[k] > 3);
	assert_int_equal(found.locality.empty, 0);
}

/* Equal weights everywhere: a ratio of one wherever the centre is. */
static void
weights_that_are_equal_have_no_locality(void **state)
{
	(void)state;
	enum { N = 500 };
	struct rmb_recording z = make(N, 2);
	struct rmb_space space = plane_of(&z);
	double *w = reals(N), ratio, centre[2];
	int64_t near;
	for (int i = 0; i < N; i++)
		w[i] = i % 2 ? 0.3 : -0.3;
	struct rmb_locality found = { .ratio = &ratio, .centre = { &centre[0], &centre[1] }, .near = &near };
	rmb_locality_find(w, 1, N, &space, false, 300, &found);
	rmb_test_close("ratio", &ratio, (double[]){ 1 }, 1, N * DBL_EPSILON);
	assert_true(near > 50 && near < N && found.mean == ratio);
}

static void
order_of_neurons_does_not_matter(void **state)
{
	(void)state;
	enum { N = 120 };
	struct rmb_recording z = make(N, 300), mixed;
	struct rmb_error error = { 0 };
	int64_t order[N];
	rmb_random_permutation(rmb_stream_named("order"), N, order);
	must(rmb_view_neurons(arena, &z, order, N, &mixed, &error), &error);
	struct rmb_space a = plane_of(&z), b = plane_of(&mixed);
	struct found first = find(&z, &a, 5, true, 2, 150), second = find(&mixed, &b, 5, true, 2, 150);
	rmb_test_close("ratio, neurons in another order", second.locality.ratio, first.locality.ratio, 5, 1e-10);
	assert_memory_equal(first.locality.near, second.locality.near, 5 * sizeof(int64_t));
}

/* In the plane by any amount, on the torus around its edges. */
static void
shifting_all_places_does_not_matter(void **state)
{
	(void)state;
	enum { N = 150 };
	struct rmb_recording z = make(N, 300);
	for (int torus = 0; torus < 2; torus++) {
		struct rmb_space space = plane_of(&z), moved;
		double *x = reals(N), *y = reals(N);
		for (int64_t i = 0; i < N; i++) {
			x[i] = torus ? fmod(z.neurons.x[i] + 640, 1000) : z.neurons.x[i] + 640;
			y[i] = torus ? fmod(z.neurons.y[i] + 930, 1000) : z.neurons.y[i] - 2048;
		}
		space.geometry = torus ? RMB_TORUS : RMB_PLANE;
		space.box = 1000;
		moved = space;
		moved.axis[0] = x;
		moved.axis[1] = y;
		struct found a = find(&z, &space, 5, true, 1, 133.3), b = find(&z, &moved, 5, true, 1, 133.3);
		rmb_test_close("ratio, all places shifted", b.locality.ratio, a.locality.ratio, 5, 1e-10);
		assert_memory_equal(a.locality.near, b.locality.near, 5 * sizeof(int64_t));
	}
}

/* ---- one number --------------------------------------------------------------------------------------------------- */

static void
dimensions_of_known_spectra(void **state)
{
	(void)state;
	double equal[40], part[40], one[] = { 7, 0, 0 }, signs[] = { 3, 2, -1 }, none[] = { 1, -2 }, halves[] = { 2, 1, 1 };
	for (int i = 0; i < 40; i++)
		equal[i] = 0.1;
	double found = rmb_participation(equal, 40);
	rmb_test_close("participation of equal values", &found, (double[]){ 40 }, 1, 40 * DBL_EPSILON);
	assert_true(rmb_participation(one, 3) == 1 && fabs(rmb_participation(signs, 3) - 16.0 / 14) < 1e-15);
	assert_true(isnan(rmb_participation((double[]){ 0, 0 }, 2)));
	assert_true(rmb_cumulative(equal, 40, part) > 0);
	assert_int_equal(rmb_rank_of_part(part, 40, 0.5), 20);
	assert_int_equal(rmb_rank_of_part(part, 40, 0.8), 32);
	assert_int_equal(rmb_rank_of_part(part, 40, 0.95), 38);
	assert_true(rmb_cumulative(halves, 3, part) == 4 && rmb_rank_of_part(part, 3, 0.5) == 1 && rmb_rank_of_part(part, 3, 0.51) == 2);
	assert_true(rmb_cumulative(signs, 3, part) == 4 && part[1] == 1.25 && part[2] == 1);
	assert_true(rmb_cumulative(none, 2, part) == -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(weights_are_singular_vectors, setup, teardown),
		cmocka_unit_test_setup_teardown(undefined_components_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(any_number_of_threads_gives_the_same_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(largest_eigenvectors_are_those_of_the_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(signs_are_fixed, setup, teardown),
		cmocka_unit_test_setup_teardown(planted_places_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(weights_that_are_equal_have_no_locality, setup, teardown),
		cmocka_unit_test_setup_teardown(order_of_neurons_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(shifting_all_places_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(dimensions_of_known_spectra, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
