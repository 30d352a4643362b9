/* Memory that runs out while pairs are tabulated or components weighed: at every allocation, one after another. The call fails
 * and says so; it never ends the program. */
#include "numeric/locality.h"
#include "numeric/pairs.h"
#include "rumble/random.h"
#include "support/check.h"
#include "support/scarce.h"

enum { N = 70, T = 20 };

static float samples[N * T];
static double place[N];

static struct rmb_recording
recording(int64_t n, int64_t nt)
{
	for (int64_t i = 0; i < N * T; i++)
		samples[i] = (float)rmb_random_normal(rmb_stream_named("scarce"), (uint64_t)i);
	for (int64_t i = 0; i < N; i++)
		place[i] = 10 * (double)i;
	return rmb_test_recording(samples, n, nt);
}

static int
pairs(struct rmb_error *error)
{
	struct rmb_recording z = recording(N, T);
	const int64_t sample[] = { 3, 700 };
	struct rmb_pairs what = { .recording = &z, .space = { .axis = { place }, .naxes = 1 }, .top = 0.1, .width = 100, .nbins = 7,
	                          .sample = sample, .nsample = 2, .threads = 2 };
	struct rmb_pair_table table;
	struct rmb_arena *arena = calloc(1, sizeof *arena);
	int rc = rmb_pair_table_make(arena, &what, &table, error);
	if (!rc)
		rc = rmb_pairs_tabulate(&what, &table, error);
	if (!rc)
		assert_true(table.admitted_strong == 7 * N && table.admitted_other == N * (N - 1) - 7 * N);
	rmb_arena_free(arena);
	return rc;
}

static int
weights(struct rmb_error *error, int64_t n, int64_t nt)
{
	struct rmb_recording z = recording(n, nt);
	double w[5 * N], value[5];
	int64_t nk = 5;
	struct rmb_sweep activity = { .first = &z, .threads = 2 };
	struct rmb_krylov how;
	int rc = rmb_weights(&activity, RMB_SOLVER_EXACT, &nk, w, value, &how, error);
	if (!rc)
		assert_true(nk == 5 && value[0] >= value[4] && value[4] > 0);
	return rc;
}

static int
by_neurons(struct rmb_error *error)
{
	return weights(error, 15, T);
}

static int
by_frames(struct rmb_error *error)
{
	return weights(error, N, T);
}

static void
pairs_without_memory(void **state)
{
	(void)state;
	fails_and_says_so(pairs);
}

static void
weights_without_memory(void **state)
{
	(void)state;
	fails_and_says_so(by_neurons);
	fails_and_says_so(by_frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pairs_without_memory), cmocka_unit_test(weights_without_memory) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
