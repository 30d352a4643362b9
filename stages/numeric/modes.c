#include "numeric/modes.h"
#include <math.h>
#include "rumble/parallel.h"

enum { GROUP = RMB_MODES_GROUP, TILE = 256 }; /* TILE: modes that are one piece of work */

/* ---- coefficients ---- */

/* 1 - (1 - hg)^r, to the last digit where hg is small. Steps of about a time constant have hg above 1. */
static double
lost(double hg, double r)
{
	return hg < 1 ? -expm1(r * log1p(-hg)) : 1 - pow(1 - hg, r);
}

static void
make_mode(struct rmb_modes *modes, int64_t k, double g, struct rmb_steps steps)
{
	double h = steps.step, n = (double)steps.width, near = h * g, both = near * (2 - near), sum = 0; /* 1 - a, 1 - a^2 */
	for (int64_t r = 1; r <= steps.width; r++)
		sum += lost(near, (double)r) * lost(near, (double)r);
	double after = h * h * lost(near, 2 * n) / both, variance = h * h / (n * near * n * near) * sum;
	double covariance = h * h * lost(near, n) * lost(near, n + 1) / (n * near * both);
	modes->decay[k] = 1 - lost(near, n);
	modes->mean[k] = (1 - near) * lost(near, n) / (n * near);
	modes->kick[k] = sqrt(after);
	modes->first[k] = covariance / modes->kick[k];
	modes->second[k] = sqrt(fmax(0, variance - modes->first[k] * modes->first[k]));
	modes->spread[k] = h / sqrt(both);
}

int
rmb_modes_make(struct rmb_arena *arena, const double *gap, int64_t n, struct rmb_steps steps, struct rmb_modes *modes,
               struct rmb_error *error)
{
	double *room = rmb_arena_alloc(arena, (size_t)(6 * n), sizeof *room);
	if (!room)
		return rmb_error_nomem(error, "the coefficients of modes");
	*modes = (struct rmb_modes){ n, room, room + n, room + 2 * n, room + 3 * n, room + 4 * n, room + 5 * n };
	for (int64_t k = 0; k < n; k++) {
		if (!(gap[k] > 0))
			return rmb_error_set(error, RMB_EDATA,
			                     "the network is unstable: an eigenvalue is %.6g, all must be below 1",
			                     1 - gap[k]);
		if (!(gap[k] * steps.step < 2))
			return rmb_error_set(error, RMB_EDATA,
			                     "steps of %g time constants are too long for an eigenvalue of %.6g: they must "
			                     "be shorter than %.4g time constants",
			                     steps.step, 1 - gap[k], 2 / gap[k]);
		make_mode(modes, k, gap[k], steps);
	}
	return 0;
}

/* ---- frames ---- */

void
rmb_modes_advance(const struct rmb_modes *modes, int64_t k, int64_t n, const float *z1, const float *z2, double *s, float *m)
{
	const double *decay = modes->decay + k, *mean = modes->mean + k, *kick = modes->kick + k, *first = modes->first + k;
	const double *second = modes->second + k;
	for (int64_t i = 0; i < n; i++) {
		double before = s[i];
		m[i] = (float)(mean[i] * before + first[i] * (double)z1[i] + second[i] * (double)z2[i]);
		s[i] = decay[i] * before + kick[i] * (double)z1[i];
	}
}

struct sampler {
	const struct rmb_simulation *what;
	const struct rmb_modes *modes;
	const float *vectors;
	double *state;            /* [GROUP][modes->n] */
	float *means;             /* [column][modes->n] */
	const struct rmb_block *block;
};

/* Stationary states of a group of runs; time 0 of the stream beside is theirs, frames begin at time 1. */
static int
start(void *self, const int64_t *run, int64_t nruns, struct rmb_error *error)
{
	struct sampler *sampler = self;
	int64_t n = sampler->modes->n;
	float z[TILE];
	(void)error;
	for (int64_t a = 0; a < nruns; a++)
		for (int64_t k = 0, m; k < n; k += m) {
			m = n - k < TILE ? n - k : TILE;
			rmb_random_normals(sampler->what->beside, rmb_lockstep_noise(n, run[a], 0) + (uint64_t)k, m, z);
			for (int64_t i = 0; i < m; i++)
				sampler->state[a * n + k + i] = sampler->modes->spread[k + i] * (double)z[i];
		}
	return 0;
}

static int
tile_means(void *argument, int64_t piece, int thread)
{
	const struct sampler *sampler = argument;
	const struct rmb_block *block = sampler->block;
	int64_t n = sampler->modes->n, k = piece * TILE, m = n - k < TILE ? n - k : TILE;
	float z1[TILE], z2[TILE];
	(void)thread;
	for (int64_t j = 0; j < block->nframes; j++)
		for (int64_t a = 0; a < block->nruns; a++) {
			uint64_t noise = rmb_lockstep_noise(n, block->run[a], 1 + block->frame + j) + (uint64_t)k;
			rmb_random_normals(sampler->what->stream, noise, m, z1);
			rmb_random_normals(sampler->what->beside, noise, m, z2);
			rmb_modes_advance(sampler->modes, k, m, z1, z2, sampler->state + a * n + k,
			                  sampler->means + (j * block->nruns + a) * n + k);
		}
	return 0;
}

/* X = U M. */
static int
fill(void *self, const struct rmb_block *block, struct rmb_error *error)
{
	struct sampler *sampler = self;
	int threads = sampler->what->threads;
	sampler->block = block;
	int rc = rmb_parallel(threads, (sampler->modes->n + TILE - 1) / TILE, tile_means, sampler);
	struct rmb_apply apply = { .a = sampler->vectors, .x = sampler->means, .rows = block->ld, .columns = block->n,
	                           .k = sampler->modes->n,
		                   .across = true, .turned = true, .y = block->x };
	return rc ? rc : rmb_apply_matrix(&apply, threads, error);
}

int
rmb_modes_simulate(const struct rmb_simulation *what, const struct rmb_modes *modes, const float *vectors,
                   struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	int64_t columns = rmb_lockstep_columns(what->n, GROUP);
	struct sampler sampler = { .what = what, .modes = modes, .vectors = vectors };
	int rc = 0;
	if (arena) {
		sampler.state = rmb_arena_alloc(arena, (size_t)(GROUP * modes->n), sizeof *sampler.state);
		sampler.means = rmb_arena_alloc(arena, (size_t)(columns * modes->n), sizeof *sampler.means);
	}
	if (!sampler.state || !sampler.means)
		rc = rmb_error_nomem(error, "the modes of a block of frames");
	struct rmb_method method = { &sampler, GROUP, start, fill };
	if (!rc)
		rc = rmb_lockstep(what, &method, error);
	rmb_arena_free(arena);
	return rc;
}

double
rmb_modes_memory(double n, double nmodes)
{
	return 4 * (n + nmodes) * (double)rmb_lockstep_columns((int64_t)n, GROUP) + (8 * GROUP + 48) * nmodes;
}
