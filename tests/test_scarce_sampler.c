/* Memory that runs out while networks are simulated: at every allocation, one after another. The call fails and says so. */
#include "numeric/lapack.h"
#include "numeric/modes.h"
#include "numeric/population.h"
#include "numeric/propagate.h"
#include "support/scarce.h"

enum { N = 6, RUNS = 3 };

static const int64_t length[RUNS] = { 4, 1, 7 };

static int
take(void *taken, const struct rmb_block *block)
{
	*(int64_t *)taken += block->nframes * block->nruns;
	return 0;
}

static struct rmb_simulation
simulation(int64_t *taken)
{
	return (struct rmb_simulation){ .n = N, .nruns = RUNS, .length = length, .threads = 2, .take = take, .taker = taken };
}

/* A ring: every neuron is driven a little by its neighbours. */
static void
ring(double *a)
{
	for (int i = 0; i < N * N; i++)
		a[i] = 0;
	for (int i = 0; i < N; i++)
		a[i * N + (i + 1) % N] = a[((i + 1) % N) * N + i] = 0.4;
}

static int
by_modes(struct rmb_error *error)
{
	double a[N * N], w[N];
	float v[N * N];
	int64_t taken = 0;
	struct rmb_modes modes;
	struct rmb_simulation what = simulation(&taken);
	struct rmb_arena *arena = calloc(1, sizeof *arena);
	ring(a);
	for (int i = 0; i < N * N; i++)
		v[i] = (float)a[i];
	int rc = rmb_eigenvectors_single(v, N, w, 1, error);
	for (int k = 0; k < N; k++)
		w[k] = 1 - w[k];
	if (!rc)
		rc = rmb_modes_make(arena, w, N, (struct rmb_steps){ 0.1, 3 }, &modes, error);
	if (!rc)
		rc = rmb_modes_simulate(&what, &modes, v, error);
	rmb_arena_free(arena);
	assert_true(rc || taken == 12);
	return rc;
}

static int
by_blocks_and_steps(struct rmb_error *error)
{
	double a[N * N], s[N * N], scratch[3 * N * N];
	float matrix[N * N];
	int64_t taken = 0;
	struct rmb_blocks blocks;
	struct rmb_propagator_roots roots;
	struct rmb_simulation what = simulation(&taken);
	struct rmb_stepping stepping = { matrix, 0.1, 3, 2 };
	struct rmb_arena *arena = calloc(1, sizeof *arena);
	ring(a);
	for (int i = 0; i < N * N; i++)
		matrix[i] = (float)a[i];
	int rc = rmb_blocks_make(a, N, 0.1, 3, 1, arena, &blocks, error);
	if (!rc)
		rc = rmb_stationary(a, N, 0.1, 1, s, scratch, error);
	if (!rc)
		rc = rmb_propagate_roots(arena, &blocks, s, 1, &roots, error);
	if (!rc)
		rc = rmb_propagate_blocks(&what, &roots, error);
	if (!rc)
		rc = rmb_propagate_steps(&what, &stepping, error);
	rmb_arena_free(arena);
	assert_true(rc || taken == 24);
	return rc;
}

/* A ring of which each neuron drives the next alone: its modes turn. */
static int
by_eigenvectors(struct rmb_error *error)
{
	double a[N * N], v[N * N], real[N], imaginary[N], s[N * N], scratch[2 * N * N];
	struct rmb_steps steps = { 0.1, 3 };
	struct rmb_eigenbasis basis;
	struct rmb_blocks blocks;
	struct rmb_population found;
	struct rmb_arena *arena = calloc(1, sizeof *arena);
	ring(a);
	for (int i = 0; i < N; i++)
		a[i * N + (i + 1) % N] = 0;
	int rc = rmb_general_eigenvectors(a, N, real, imaginary, v, error);
	if (!rc)
		rc = rmb_eigenbasis_make(v, real, imaginary, N, 1, arena, &basis, error);
	if (!rc)
		rc = rmb_eigenbasis_blocks(&basis, steps, arena, &blocks, s, scratch, error);
	if (!rc)
		rc = rmb_population_of_basis(&basis, steps, 2, true, arena, &found, error);
	rmb_arena_free(arena);
	assert_true(rc || basis.sound);
	return rc;
}

static void
modes_without_memory(void **state)
{
	(void)state;
	fails_and_says_so(by_modes);
}

static void
matrices_without_memory(void **state)
{
	(void)state;
	fails_and_says_so(by_blocks_and_steps);
}

static void
eigenvectors_without_memory(void **state)
{
	(void)state;
	fails_and_says_so(by_eigenvectors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(modes_without_memory), cmocka_unit_test(matrices_without_memory),
		cmocka_unit_test(eigenvectors_without_memory) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
