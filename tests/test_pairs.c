/* Pairs of neurons against distance: obvious loops, the same bytes for any number of threads, and what must not matter. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/pairs.h"
#include "rumble/random.h"
#include "support/arena.h"
#include "support/slow.h"

/* Neurons at random places of a box of 1,000 um; each follows signals that fall off with the distance to two sources. Whole
 * numbers of 1/64, and 64 frames: every correlation is exact in either precision, so that counts must be the same. */
static struct rmb_recording
make(int64_t nn, const char *name)
{
	enum { NT = 64 };
	struct rmb_stream stream = rmb_stream_named(name);
	float *x = rmb_arena_alloc(arena, (size_t)(nn * NT), sizeof *x);
	double *place = reals(2 * nn);
	for (int64_t i = 0; i < 2 * nn; i++)
		place[i] = (double)rmb_random_below(stream, (uint64_t)i, 1000);
	for (int64_t i = 0; i < nn; i++)
		for (int64_t t = 0; t < NT; t++) {
			double near = exp(-place[i] / 300), signal = rmb_random_normal(stream, (uint64_t)(1000000 + t));
			double own = rmb_random_normal(stream, (uint64_t)(2000000 + i * NT + t));
			x[i * NT + t] = (float)(rint(16 * (near * signal + own)) / 64);
		}
	return rmb_test_placed(x, nn, NT, place);
}

static struct rmb_pairs
pairs_of(const struct rmb_recording *recording)
{
	return (struct rmb_pairs){ .recording = recording, .space = { .axis = { recording->neurons.x, recording->neurons.y }, .naxes = 2 },
	                           .top = 0.02, .nearest = 30, .width = 100, .nbins = 12, .threads = 2 };
}

static struct rmb_pair_table
tabulate(const struct rmb_pairs *what)
{
	struct rmb_error error = { 0 };
	struct rmb_pair_table table;
	must(rmb_pair_table_make(arena, what, &table, &error), &error);
	must(rmb_pairs_tabulate(what, &table, &error), &error);
	return table;
}

static bool
same(const void *a, const void *b, int64_t n, size_t size)
{
	return memcmp(a, b, (size_t)n * size) == 0;
}

static void
assert_same_counts(const struct rmb_pair_table *a, const struct rmb_pair_table *b)
{
	assert_true(same(a->strong, b->strong, a->n * a->nbins, sizeof *a->strong) &&
	            same(a->other, b->other, a->n * a->nbins, sizeof *a->other));
	assert_int_equal(a->admitted_strong, b->admitted_strong);
	assert_int_equal(a->admitted_other, b->admitted_other);
}

/* ---- loops -------------------------------------------------------------------------------------------------------- */

struct partner { double r; int64_t index; double distance; };

static int
by_strength(const void *a, const void *b)
{
	const struct partner *p = a, *q = b;
	return p->r > q->r ? -1 : p->r < q->r ? 1 : p->index < q->index ? -1 : 1;
}

static double
slow_gap(double a, double b, const struct rmb_space *space)
{
	double box = space->geometry == RMB_TORUS ? space->box : 1, d = fabs(a - b);
	return space->geometry == RMB_PLANE ? d : fmin(d, box - d);
}

/* All partners of a neuron sorted by correlation, the excluded left out. */
static int64_t
slow_partners(const struct rmb_pairs *what, int64_t i, struct partner *partner)
{
	const struct rmb_recording *z = what->recording;
	int64_t n = 0;
	for (int64_t j = 0; j < z->neurons.n; j++) {
		double r = 0, square = 0;
		for (int a = 0; a < what->space.naxes; a++)
			square += pow(slow_gap(what->space.axis[a][i], what->space.axis[a][j], &what->space), 2);
		for (int64_t t = 0; t < z->nframes; t++)
			r += slow_value(z, i, t) * slow_value(z, j, t);
		if (j != i && sqrt(square) > what->nearest)
			partner[n++] = (struct partner){ r / (double)z->nframes, j, sqrt(square) };
	}
	qsort(partner, (size_t)n, sizeof *partner, by_strength);
	return n;
}

static struct rmb_pair_table
slow_table(const struct rmb_pairs *what)
{
	struct rmb_error error = { 0 };
	struct rmb_pair_table table;
	int64_t n = what->recording->neurons.n, nstrong = (int64_t)rint(what->top * (double)n);
	struct partner *partner = rmb_arena_alloc(arena, (size_t)n, sizeof *partner);
	must(rmb_pair_table_make(arena, what, &table, &error), &error);
	for (int64_t i = 0; i < n; i++) {
		int64_t npartners = slow_partners(what, i, partner);
		for (int64_t p = 0; p < npartners; p++) {
			int64_t bin = (int64_t)floor(partner[p].distance / what->width), cell = i * what->nbins + bin;
			*(p < nstrong ? &table.admitted_strong : &table.admitted_other) += 1;
			if (bin >= what->nbins)
				continue;
			(p < nstrong ? table.strong : table.other)[cell]++;
			table.mean[cell] += partner[p].r;
		}
		for (int64_t c = i * what->nbins; c < (i + 1) * what->nbins; c++)
			table.mean[c] /= (double)(table.strong[c] + table.other[c]);
	}
	return table;
}

static void
tables_agree_with_loops(void **state)
{
	(void)state;
	struct rmb_recording z = make(300, "loops");
	const enum rmb_geometry geometry[] = { RMB_PLANE, RMB_TORUS, RMB_UNIT_BOX };
	for (int i = 0; i < 12; i++) {
		struct rmb_pairs what = pairs_of(&z);
		what.space.geometry = geometry[i % 3];
		what.space.box = 1000;
		what.in_double = i / 3 % 2;
		what.width = i < 6 ? 100 : 40;   /* most lie beyond the last bin */
		what.nearest = i < 9 ? 30 : 650; /* some neurons have fewer partners than would be strong */
		struct rmb_pair_table fast = tabulate(&what), slow = slow_table(&what);
		assert_same_counts(&fast, &slow);
		/* sums of at most 300 exact numbers below 1 */
		rmb_test_close("mean correlation in bins", fast.mean, slow.mean, slow.n * slow.nbins, 300 * DBL_EPSILON);
	}
}

/* ---- blocks, bands and threads ------------------------------------------------------------------------------------ */

/* More neurons than two blocks hold, scaled so that nothing is exact and the order of sums shows. */
static void
any_number_of_threads_gives_the_same_bytes(void **state)
{
	(void)state;
	struct rmb_recording exact = make(2 * RMB_PAIR_BLOCK + 77, "threads"), z;
	struct rmb_error error = { 0 };
	double *offset = reals(exact.neurons.n), *scale = reals(exact.neurons.n);
	for (int64_t i = 0; i < exact.neurons.n; i++) {
		offset[i] = 0.1;
		scale[i] = 1 / (3 + (double)(i % 11));
	}
	must(rmb_view_scale(arena, &exact, offset, scale, "zscore", &z, &error), &error);
	struct rmb_pairs what = pairs_of(&z);
	struct rmb_pair_table kept = { 0 };
	const int threads[] = { 1, 2, 3, 8 };
	for (int i = 0; i < 4; i++) {
		what.threads = threads[i];
		struct rmb_pair_table found = tabulate(&what);
		if (i > 0) {
			assert_same_counts(&found, &kept);
			assert_true(same(found.mean, kept.mean, kept.n * kept.nbins, sizeof(double)));
		}
		kept = found;
	}
}

/* With little memory for strong partners, neurons are done block by block: each pair twice, the same table. */
static void
bands_change_nothing(void **state)
{
	(void)state;
	struct rmb_recording z = make(2 * RMB_PAIR_BLOCK + 77, "threads");
	int64_t n = z.neurons.n, sample[500];
	for (int64_t s = 0; s < 500; s++)
		sample[s] = rmb_random_below(rmb_stream_named("sample"), (uint64_t)s, n * n);
	struct rmb_pairs what = pairs_of(&z);
	what.sample = sample;
	what.nsample = 500;
	struct rmb_pair_table whole = tabulate(&what);
	what.memory = 1;
	struct rmb_pair_table bands = tabulate(&what);
	assert_same_counts(&bands, &whole);
	rmb_test_close("mean correlation in bins", bands.mean, whole.mean, whole.n * whole.nbins, 1e-13);
	assert_true(same(bands.sample_distance, whole.sample_distance, 500, sizeof(double)));
	assert_true(same(bands.sample_correlation, whole.sample_correlation, 500, sizeof(double)));
}

/* Of both orders of a pair, of pairs that are too near, and of a neuron with itself. */
static void
a_sample_is_what_the_pairs_are(void **state)
{
	(void)state;
	struct rmb_recording z = make(40, "sample");
	int64_t sample[1600], excluded = 0;
	for (int64_t s = 0; s < 1600; s++)
		sample[s] = s;
	struct rmb_pairs what = pairs_of(&z);
	what.top = 0.1;
	what.sample = sample;
	what.nsample = 1600;
	struct rmb_pair_table table = tabulate(&what);
	for (int64_t s = 0; s < 1600; s++) {
		double r = 0, d = rmb_space_distance(&what.space, s / 40, s % 40);
		for (int64_t t = 0; t < z.nframes; t++)
			r += slow_value(&z, s / 40, t) * slow_value(&z, s % 40, t) / (double)z.nframes;
		if (d <= what.nearest) {
			excluded++;
			assert_true(isnan(table.sample_distance[s]) && table.sample_correlation[s] == -INFINITY);
		} else
			assert_true(table.sample_distance[s] == d && fabs(table.sample_correlation[s] - r) < 1e-12);
	}
	assert_true(excluded >= 40);
	assert_int_equal(table.admitted_strong + table.admitted_other, 1600 - excluded);
}

/* ---- what must not matter ----------------------------------------------------------------------------------------- */

static void
order_of_neurons_does_not_matter(void **state)
{
	(void)state;
	enum { N = 400 };
	struct rmb_recording z = make(N, "order"), mixed;
	struct rmb_error error = { 0 };
	int64_t order[N];
	rmb_random_permutation(rmb_stream_named("order"), N, order);
	must(rmb_view_neurons(arena, &z, order, N, &mixed, &error), &error);
	struct rmb_pairs what = pairs_of(&z), other = pairs_of(&mixed);
	/* ties would go to the lower index: none at the cut, or the counts below tell */
	struct rmb_pair_table a = tabulate(&what), b = tabulate(&other);
	int64_t differ = 0;
	for (int64_t i = 0; i < N; i++)
		differ += !same(b.strong + i * b.nbins, a.strong + order[i] * a.nbins, a.nbins, sizeof *a.strong);
	struct rmb_pair_curves p = { reals(12), reals(12), reals(12), reals(12), 0 }, q = { reals(12), reals(12), reals(12), reals(12), 0 };
	rmb_pair_curves(&a, false, &p);
	rmb_pair_curves(&b, false, &q);
	rmb_test_close("correlation, neurons in another order", q.mean, p.mean, 12, 1e-13);
	rmb_test_close("its spread", q.sd, p.sd, 12, 1e-13);
	assert_int_equal(differ, 0);
	rmb_test_close("odds", q.odds, p.odds, 12, 1e-13);
}

/* Places are whole numbers, so that shifts by whole numbers are exact. On the torus the shift wraps. */
static void
shifting_all_places_does_not_matter(void **state)
{
	(void)state;
	enum { N = 300 };
	struct rmb_recording z = make(N, "shift");
	for (int torus = 0; torus < 2; torus++) {
		struct rmb_pairs what = pairs_of(&z), moved = what;
		double *x = reals(N), *y = reals(N);
		for (int64_t i = 0; i < N; i++) {
			x[i] = z.neurons.x[i] + 617;
			y[i] = z.neurons.y[i] - 250;
			x[i] = torus ? fmod(x[i], 1000) : x[i];
			y[i] = torus ? fmod(y[i] + 1000, 1000) : y[i];
		}
		what.space.geometry = torus ? RMB_TORUS : RMB_PLANE;
		what.space.box = 1000;
		moved.space = what.space;
		moved.space.axis[0] = x;
		moved.space.axis[1] = y;
		struct rmb_pair_table a = tabulate(&what), b = tabulate(&moved);
		assert_same_counts(&a, &b);
	}
}

static void
distances_wrap_around_the_torus(void **state)
{
	(void)state;
	const double x[] = { 10, 990, 500 }, y[] = { 5, 5, 5 };
	struct rmb_space space = { .axis = { x, y }, .naxes = 2, .geometry = RMB_TORUS, .box = 1000 };
	assert_true(rmb_space_distance(&space, 0, 1) == 20 && rmb_space_distance(&space, 0, 2) == 490);
	space.geometry = RMB_PLANE;
	assert_true(rmb_space_distance(&space, 0, 1) == 980);
	space.geometry = RMB_UNIT_BOX; /* min(980, 1 - 980) */
	assert_true(rmb_space_distance(&space, 0, 1) == 979);
	const double depth[] = { 3, 0, 0 };
	struct rmb_space cube = { .axis = { x, y, depth }, .naxes = 3 };
	assert_true(rmb_space_distance(&cube, 0, 2) == sqrt(490 * 490 + 9));
}

/* Four neurons in a row: correlations planted, everything known by hand. A distance of exactly one bin is in the next. */
static void
ties_go_to_the_lower_index(void **state)
{
	(void)state;
	static const float x[] = { 1, 1, -1, -1,  1, 1, -1, -1,  1, 1, -1, -1,  1, -1, 1, -1 };
	const double place[] = { 0, 100, 200, 350 };
	struct rmb_recording z = rmb_test_recording(x, 4, 4);
	struct rmb_pairs what = { .recording = &z, .space = { .axis = { place }, .naxes = 1 }, .top = 0.25, .nearest = 20, .width = 100,
	                          .nbins = 4, .threads = 1 };
	struct rmb_pair_table table = tabulate(&what);
	/* strong partners: 0 -> 1, 1 -> 0, 2 -> 0, 3 -> 0 */
	const int64_t strong[] = { 0, 1, 0, 0,  0, 1, 0, 0,  0, 0, 1, 0,  0, 0, 0, 1 };
	const int64_t other[] = { 0, 0, 1, 1,  0, 1, 1, 0,  0, 2, 0, 0,  0, 1, 1, 0 };
	assert_true(same(table.strong, strong, 16, sizeof *strong) && same(table.other, other, 16, sizeof *other));
	assert_true(table.admitted_strong == 4 && table.admitted_other == 8 && isnan(table.mean[0]) && table.mean[1] == 1);
}

static void
too_few_neurons_are_refused(void **state)
{
	(void)state;
	struct rmb_recording z = make(24, "few"), one = z;
	struct rmb_pairs what = pairs_of(&z);
	what.top = 0.02; /* 0.48 of a neuron */
	struct rmb_error few = { 0 }, alone = { 0 };
	struct rmb_pair_table table;
	must(rmb_pair_table_make(arena, &what, &table, &few), &few);
	assert_int_equal(rmb_pairs_tabulate(&what, &table, &few), RMB_EDATA);
	assert_non_null(strstr(few.text, "24 neurons"));
	one.neurons.n = 1;
	what.recording = &one;
	assert_int_equal(rmb_pairs_tabulate(&what, &table, &alone), RMB_EDATA);
}

static int
stop(void *argument, double part)
{
	(void)argument;
	assert_true(part >= 0 && part <= 1 + 1e-9);
	return RMB_EINTERRUPTED;
}

static void
progress_can_stop_it(void **state)
{
	(void)state;
	struct rmb_recording z = make(100, "stop");
	struct rmb_pairs what = pairs_of(&z);
	struct rmb_error error = { 0 };
	struct rmb_pair_table table;
	what.progress = stop;
	must(rmb_pair_table_make(arena, &what, &table, &error), &error);
	assert_int_equal(rmb_pairs_tabulate(&what, &table, &error), RMB_EINTERRUPTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tables_agree_with_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(any_number_of_threads_gives_the_same_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(bands_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sample_is_what_the_pairs_are, setup, teardown),
		cmocka_unit_test_setup_teardown(order_of_neurons_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(shifting_all_places_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(distances_wrap_around_the_torus, setup, teardown),
		cmocka_unit_test_setup_teardown(ties_go_to_the_lower_index, setup, teardown),
		cmocka_unit_test_setup_teardown(too_few_neurons_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(progress_can_stop_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
