#include "simulate/methods.h"
#include <math.h>
#include <string.h>
#include "numeric/eigenbasis.h"
#include "numeric/lapack.h"
#include "numeric/modes.h"
#include "numeric/propagate.h"

/* Eigenvectors of the network in single precision, as rows, and its normalised eigenvalues. */
static int
find_modes(struct simulated *sim, float *vectors)
{
	struct rmb_error *error = rmb_call_error(sim->call);
	const struct rmb_network *net = &sim->network;
	struct rmb_arena *arena = rmb_arena_new();
	double *a = arena ? rmb_arena_alloc(arena, (size_t)(net->n * net->n), sizeof *a) : NULL;
	int rc = a ? rmb_network_raw(net, a, error) : rmb_error_nomem(error, "a connectivity matrix");
	if (!rc)
		rc = rmb_network_shape(net, a, error);
	for (int64_t i = 0; !rc && i < net->n * net->n; i++)
		vectors[i] = (float)a[i];
	rmb_arena_free(arena);
	if (!rc)
		rc = rmb_eigenvectors_single(vectors, net->n, sim->real, RMB_SIMULATE_BLAS_THREADS, error);
	if (!rc && !(sim->real[0] > 0))
		rc = rmb_fail(sim->call, RMB_EDATA,
		              "surrogate: the network cannot be normalised, for its largest eigenvalue is %g",
		              sim->real[0]);
	double factor = net->edge / sim->real[0];
	for (int64_t k = 0; !rc && k < net->n; k++)
		sim->real[k] *= factor;
	return rc;
}

/* Steps of the burn-in; a failure if there are more than random numbers have names for. */
int
rmb_simulate_count_steps(struct simulated *sim)
{
	double frames = (double)sim->matched.like->nframes, width = (double)sim->steps.width;
	double burn = ceil(sim->burn_in / (sim->steps.step * sim->time_constant));
	if (!(frames * width + burn < RMB_LOCKSTEP_TIMES))
		return rmb_fail(sim->call, RMB_ELIMIT,
		                "surrogate: %.3g frames of %.3g steps, after %.3g of burn-in, are too many for one "
		                "simulation; use a longer step",
		                frames, width, burn);
	sim->burn = (int64_t)burn;
	return 0;
}

/* Eigenvalues with large imaginary parts, and real ones far below 0, need shorter steps. */
static int
shorten_steps(struct simulated *sim)
{
	struct rmb_call *call = sim->call;
	double tau = sim->time_constant, before = sim->steps.step * tau,
	       limit = rmb_network_largest_step(sim->real, sim->imaginary, sim->network.n);
	if (!(limit > 1e-4)) /* unstable at any step, or nearly: with the sentence of the check */
		return rmb_network_stable(sim->real, sim->imaginary, sim->network.n, sim->steps.step,
		                          rmb_call_error(call));
	if (rmb_steps_shorten(&sim->steps, limit) == 1)
		return 0;
	rmb_warn(call,
	         "steps of %.4g ms would diverge in this network, for it has modes that turn or decay too quickly: the steps "
	         "were shortened to %.4g ms",
	         1e3 * before, 1e3 * sim->steps.step * tau);
	return rmb_simulate_count_steps(sim);
}

struct modes_of { const struct rmb_modes *modes; const float *vectors; };

static int
simulate_modes(void *self, const struct rmb_simulation *what, struct rmb_error *error)
{
	const struct modes_of *of = self;
	return rmb_modes_simulate(what, of->modes, of->vectors, error);
}

int
rmb_simulate_exact(struct simulated *sim)
{
	struct rmb_call *call = sim->call;
	int64_t n = sim->network.n;
	float *vectors = rmb_scratch(call, (size_t)(n * n), sizeof *vectors);
	double *gap = rmb_scratch(call, (size_t)n, sizeof *gap);
	struct rmb_modes modes;
	int rc = vectors && gap ? find_modes(sim, vectors) : RMB_ELIMIT;
	if (!rc)
		rc = shorten_steps(sim);
	for (int64_t k = 0; !rc && k < n; k++)
		gap[k] = 1 - sim->real[k];
	if (!rc)
		rc = rmb_modes_make(rmb_call_arena(call), gap, n, sim->steps, &modes, rmb_call_error(call));
	if (rc)
		return rc;
	struct modes_of of = { &modes, vectors };
	return rmb_matched_make(&sim->matched, &(struct rmb_signals){ &of, RMB_MODES_GROUP, simulate_modes });
}

/* The normalised matrix, in the arena, and its eigenvalues. The steps fit it then. */
static double *
find_matrix(struct simulated *sim, struct rmb_arena *arena)
{
	struct rmb_error *error = rmb_call_error(sim->call);
	int64_t n = sim->network.n;
	double *a = rmb_arena_alloc(arena, (size_t)(n * n), sizeof *a);
	int rc = a ? rmb_network_matrix(&sim->network, a, sim->real, sim->imaginary, error)
	           : rmb_error_nomem(error, "a connectivity matrix");
	if (!rc)
		rc = shorten_steps(sim);
	return rc ? NULL : a;
}

/* Operators of a frame and the stationary covariance s[n][n] of the network, by powers of its matrix. Operators are made
 * in the arena. */
static int
blocks_of_matrix(struct simulated *sim, struct rmb_arena *arena, struct rmb_blocks *blocks, double *s)
{
	struct rmb_error *error = rmb_call_error(sim->call);
	int64_t n = sim->network.n;
	int threads = rmb_threads(sim->call), rc = 0;
	struct rmb_arena *early = rmb_arena_new();
	double *a = early ? find_matrix(sim, early) : NULL,
	       *scratch = a ? rmb_arena_alloc(early, (size_t)(n * n), 3 * sizeof *scratch) : NULL;
	if (!scratch)
		rc = early && !a ? error->code : rmb_error_nomem(error, "the covariance of a network");
	if (!rc)
		rc = rmb_blocks_make(a, n, sim->steps.step, sim->steps.width, threads, arena, blocks, error);
	if (!rc)
		rc = rmb_stationary(a, n, sim->steps.step, threads, s, scratch, error);
	rmb_arena_free(early);
	return rc;
}

/* The same by its eigenvectors. *sound: whether these could be used. */
static int
blocks_of_basis(struct simulated *sim, struct rmb_arena *arena, struct rmb_blocks *blocks, double *s, bool *sound)
{
	struct rmb_error *error = rmb_call_error(sim->call);
	int64_t n = sim->network.n;
	size_t count = (size_t)(n * n);
	struct rmb_arena *early = rmb_arena_new();
	double *room = early ? rmb_arena_alloc(early, count, 2 * sizeof *room) : NULL;
	double *value = early ? rmb_arena_alloc(early, (size_t)n, 2 * sizeof *value) : NULL;
	struct rmb_eigenbasis basis = { .sound = false };
	int rc = room && value ? rmb_network_eigenvectors(&sim->network, room, room + count, value, value + n, error)
	                       : rmb_error_nomem(error, "the eigenvectors of a network");
	if (!rc)
		rc = rmb_eigenbasis_make(room + count, value, value + n, n, rmb_threads(sim->call), early, &basis, error);
	*sound = basis.sound;
	if (!rc && *sound) {
		memcpy(sim->real, value, (size_t)n * sizeof *value);
		memcpy(sim->imaginary, value + n, (size_t)n * sizeof *value);
		rc = rmb_sort_eigenvalues(sim->real, sim->imaginary, n, error);
		if (!rc)
			rc = shorten_steps(sim);
		if (!rc)
			rc = rmb_eigenbasis_blocks(&basis, sim->steps, arena, blocks, s, room, error);
	}
	rmb_arena_free(early);
	return rc;
}

static int
prepare_blocks(struct simulated *sim, struct rmb_propagator_roots *roots)
{
	struct rmb_error *error = rmb_call_error(sim->call);
	struct rmb_arena *arena = rmb_arena_new();
	int64_t n = sim->network.n;
	double *s = arena ? rmb_arena_alloc(arena, (size_t)(n * n), sizeof *s) : NULL;
	struct rmb_blocks blocks;
	bool sound = true;
	int rc = s ? blocks_of_basis(sim, arena, &blocks, s, &sound) : rmb_error_nomem(error, "the covariance of a network");
	if (!rc && !sound)
		rc = blocks_of_matrix(sim, arena, &blocks, s);
	if (!rc)
		rc = rmb_progress(sim->call, 0.15, 1);
	if (!rc)
		rc = rmb_propagate_roots(rmb_call_arena(sim->call), &blocks, s, rmb_threads(sim->call), roots, error);
	rmb_arena_free(arena);
	return rc;
}

/* The matrix in single precision. */
static int
prepare_steps(struct simulated *sim, float **stepped)
{
	struct rmb_arena *arena = rmb_arena_new();
	int64_t n = sim->network.n;
	double *a = arena ? find_matrix(sim, arena) : NULL;
	int rc = a       ? 0
	         : arena ? rmb_call_error(sim->call)->code
	                 : rmb_error_nomem(rmb_call_error(sim->call), "a connectivity matrix");
	if (!rc && !(*stepped = rmb_scratch(sim->call, (size_t)(n * n), sizeof **stepped)))
		rc = RMB_ELIMIT;
	for (int64_t i = 0; !rc && i < n * n; i++)
		(*stepped)[i] = (float)a[i];
	rmb_arena_free(arena);
	return rc;
}

static int
propagate_blocks(void *roots, const struct rmb_simulation *what, struct rmb_error *error)
{
	return rmb_propagate_blocks(what, roots, error);
}

int
rmb_simulate_blocks(struct simulated *sim)
{
	struct rmb_propagator_roots roots;
	struct rmb_signals signals = { &roots, RMB_PROPAGATE_GROUP, propagate_blocks };
	int rc = prepare_blocks(sim, &roots);
	return rc ? rc : rmb_matched_make(&sim->matched, &signals);
}

static int
propagate_steps(void *stepping, const struct rmb_simulation *what, struct rmb_error *error)
{
	return rmb_propagate_steps(what, stepping, error);
}

int
rmb_simulate_steps(struct simulated *sim)
{
	float *a = NULL;
	int rc = prepare_steps(sim, &a);
	struct rmb_stepping stepping = { a, sim->steps.step, sim->steps.width, sim->burn };
	struct rmb_signals signals = { &stepping, RMB_PROPAGATE_GROUP, propagate_steps };
	return rc ? rc : rmb_matched_make(&sim->matched, &signals);
}
