#include "numeric/propagate.h"
#include "numeric/lapack.h"
#include "rumble/parallel.h"

enum { GROUP = RMB_PROPAGATE_GROUP };

/* ---- roots ---- */

static const float *
to_single(struct rmb_arena *arena, const double *a, int64_t count)
{
	float *b = rmb_arena_alloc(arena, (size_t)count, sizeof *b);
	for (int64_t i = 0; b && i < count; i++)
		b[i] = (float)a[i];
	return b;
}

int
rmb_propagate_roots(struct rmb_arena *arena, struct rmb_blocks *o, double *s, int threads, struct rmb_propagator_roots *roots,
                    struct rmb_error *error)
{
	int64_t n = o->n, count = n * n;
	int rc = rmb_cholesky(o->ee, n, error);
	if (!rc)
		rc = rmb_divide_root(o->me, n, o->ee, n, error);
	/* mm - l21 l21' */
	if (!rc) {
		for (int64_t i = 0; i < count; i++)
			o->mm[i] = -o->mm[i];
		rc = rmb_square_product(o->me, o->me, true, 1, o->mm, n, threads, error);
		for (int64_t i = 0; i < count; i++)
			o->mm[i] = o->width > 1 ? -o->mm[i] : 0; /* one step: the mean is the state */
	}
	if (!rc && o->width > 1)
		rc = rmb_cholesky(o->mm, n, error);
	if (!rc)
		rc = rmb_cholesky(s, n, error);
	if (rc)
		return rc;
	*roots = (struct rmb_propagator_roots){ to_single(arena, o->p, count), to_single(arena, o->b, count),
	                                        to_single(arena, o->ee, count),
		                                to_single(arena, o->me, count), to_single(arena, o->mm, count),
		                                to_single(arena, s, count) };
	bool all = roots->p && roots->b && roots->l11 && roots->l21 && roots->l22 && roots->start;
	return all ? 0 : rmb_error_nomem(error, "the propagators of a network");
}

/* ---- noise ---- */

/* Normals of all columns of a block, [column][n], at the times first + frame + j of its runs. */
struct draw { const struct rmb_block *block; struct rmb_stream stream; int64_t time; float *z; };

static int
draw_column(void *argument, int64_t column, int thread)
{
	const struct draw *draw = argument;
	const struct rmb_block *block = draw->block;
	int64_t j = column / block->nruns, a = column % block->nruns;
	(void)thread;
	rmb_random_normals(draw->stream, rmb_lockstep_noise(block->n, block->run[a], draw->time + j), block->n,
	                   draw->z + column * block->n);
	return 0;
}

static int
draw_all(const struct rmb_block *block, struct rmb_stream stream, int64_t time, float *z, int threads)
{
	struct draw draw = { block, stream, time, z };
	return rmb_parallel(threads, block->ld, draw_column, &draw);
}

/* y += x */
static void
add(float *y, const float *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] += x[i];
}

/* y[rows][n] = x a' */
static int
apply(const float *a, bool lower, const float *x, int64_t rows, int64_t n, float *y, int threads, struct rmb_error *error)
{
	struct rmb_apply what = { .a = a, .x = x, .rows = rows, .columns = n, .k = n, .lower = lower, .y = y };
	return rmb_apply_matrix(&what, threads, error);
}

/* ---- by blocks ---- */

struct propagation {
	const struct rmb_simulation *what;
	const struct rmb_propagator_roots *roots;
	const struct rmb_stepping *stepping;
	float *state;              /* [GROUP][n] */
	float *z1, *z2, *x, *y;    /* [column][n]: noises, states before each frame, products */
};

/* Stationary states; time 0 of the stream beside is theirs, frames begin at time 1. */
static int
start_blocks(void *self, const int64_t *run, int64_t nruns, struct rmb_error *error)
{
	struct propagation *p = self;
	int64_t n = p->what->n;
	struct rmb_block group = { .n = n, .ld = nruns, .nruns = nruns, .nframes = 1, .run = run };
	int rc = draw_all(&group, p->what->beside, 0, p->z1, p->what->threads);
	return rc ? rc : apply(p->roots->start, true, p->z1, nruns, n, p->state, p->what->threads, error);
}

int
rmb_propagate_frame(const struct rmb_propagator_roots *roots, int64_t n, int64_t runs, const float *z1, const float *z2,
                    float *x, float *y, float *m, struct rmb_error *error)
{
	int64_t count = runs * n;
	int rc = apply(roots->b, false, x, runs, n, m, 1, error);
	if (!rc)
		rc = apply(roots->l21, false, z1, runs, n, y, 1, error);
	add(m, y, rc ? 0 : count);
	if (!rc)
		rc = apply(roots->l22, true, z2, runs, n, y, 1, error);
	add(m, y, rc ? 0 : count);
	if (!rc)
		rc = apply(roots->p, false, x, runs, n, y, 1, error);
	if (!rc)
		rc = apply(roots->l11, true, z1, runs, n, x, 1, error);
	add(x, y, rc ? 0 : count);
	return rc;
}

/* States before every frame of the block: only x <- P x is one after the other, what is added to it is one product. */
static int
follow_states(struct propagation *p, const struct rmb_block *block, struct rmb_error *error)
{
	int64_t n = block->n, slice = block->nruns * n;
	int threads = p->what->threads, rc = apply(p->roots->l11, true, p->z1, block->ld, n, p->y, threads, error);
	for (int64_t j = 0; !rc && j < block->nframes; j++) {
		float *before = p->x + j * slice;
		for (int64_t i = 0; i < slice; i++)
			before[i] = p->state[i];
		rc = apply(p->roots->p, false, before, block->nruns, n, p->state, threads, error);
		add(p->state, p->y + j * slice, slice);
	}
	return rc;
}

struct turn { const struct rmb_block *block; const float *from[3]; };

enum { TURN = 64 };

/* block->x = the sum of three, turned from [column][n] to [n][column]. */
static int
turn_rows(void *argument, int64_t piece, int thread)
{
	const struct turn *turn = argument;
	const struct rmb_block *block = turn->block;
	int64_t first = piece * TURN, end = first + TURN < block->n ? first + TURN : block->n;
	(void)thread;
	for (int64_t c = 0; c < block->ld; c++)
		for (int64_t i = first; i < end; i++) {
			int64_t at = c * block->n + i;
			block->x[i * block->ld + c] = turn->from[0][at] + turn->from[1][at] + turn->from[2][at];
		}
	return 0;
}

static int
fill_blocks(void *self, const struct rmb_block *block, struct rmb_error *error)
{
	struct propagation *p = self;
	const struct rmb_propagator_roots *roots = p->roots;
	int threads = p->what->threads;
	int64_t n = block->n;
	int rc = draw_all(block, p->what->stream, 1 + block->frame, p->z1, threads);
	if (!rc)
		rc = draw_all(block, p->what->beside, 1 + block->frame, p->z2, threads);
	if (!rc)
		rc = follow_states(p, block, error);
	/* In place of what is not needed any more: y = B x, then x = L21 z1, z1 = L22 z2. */
	if (!rc)
		rc = apply(roots->b, false, p->x, block->ld, n, p->y, threads, error);
	if (!rc)
		rc = apply(roots->l21, false, p->z1, block->ld, n, p->x, threads, error);
	if (!rc)
		rc = apply(roots->l22, true, p->z2, block->ld, n, p->z1, threads, error);
	struct turn turn = { block, { p->y, p->x, p->z1 } };
	return rc ? rc : rmb_parallel(threads, (n + TURN - 1) / TURN, turn_rows, &turn);
}

/* ---- step by step ---- */

int
rmb_propagate_step(const float *a, int64_t n, int64_t runs, double h, const float *e, float *x, float *y, int threads,
                   struct rmb_error *error)
{
	float factor = (float)h;
	int rc = apply(a, false, x, runs, n, y, threads, error);
	for (int64_t i = 0; !rc && i < runs * n; i++)
		x[i] += factor * (y[i] - x[i] + e[i]);
	return rc;
}

/* Steps first .. first + nsteps - 1 of the runs of a block; sum[nruns][n], if not NULL, gets the states after each. */
static int
step_on(struct propagation *p, const struct rmb_block *block, int64_t first, int64_t nsteps, float *sum, struct rmb_error *error)
{
	int64_t count = block->nruns * block->n;
	int threads = p->what->threads, rc = 0;
	struct rmb_block one = *block;
	one.ld = block->nruns;
	for (int64_t t = 0; !rc && t < nsteps; t++) {
		rc = draw_all(&one, p->what->stream, first + t, p->z1, threads);
		if (!rc)
			rc = rmb_propagate_step(p->stepping->a, block->n, block->nruns, p->stepping->h, p->z1, p->state,
			                        p->z2, threads, error);
		if (sum)
			add(sum, p->state, rc ? 0 : count);
	}
	return rc;
}

static int
start_steps(void *self, const int64_t *run, int64_t nruns, struct rmb_error *error)
{
	struct propagation *p = self;
	struct rmb_block group = { .n = p->what->n, .ld = nruns, .nruns = nruns, .nframes = 1, .run = run };
	int rc = draw_all(&group, p->what->beside, 0, p->state, p->what->threads);
	return rc ? rc : step_on(p, &group, 0, p->stepping->burn, NULL, error);
}

static int
fill_steps(void *self, const struct rmb_block *block, struct rmb_error *error)
{
	struct propagation *p = self;
	int64_t n = block->n, width = p->stepping->width;
	int rc = 0;
	for (int64_t j = 0; !rc && j < block->nframes; j++) {
		float *sum = p->x;
		for (int64_t i = 0; i < block->nruns * n; i++)
			sum[i] = 0;
		rc = step_on(p, block, p->stepping->burn + (block->frame + j) * width, width, sum, error);
		for (int64_t i = 0; !rc && i < n; i++)
			for (int64_t a = 0; a < block->nruns; a++)
				block->x[i * block->ld + j * block->nruns + a] = sum[a * n + i] / (float)width;
	}
	return rc;
}

/* ---- both ---- */

static int
simulate(struct propagation *p, const struct rmb_method *method, int64_t columns, struct rmb_error *error)
{
	struct rmb_arena *arena = rmb_arena_new();
	size_t n = (size_t)p->what->n, block = (size_t)columns * n;
	int rc = 0;
	if (arena) {
		p->state = rmb_arena_alloc(arena, GROUP * n, sizeof *p->state);
		p->z1 = rmb_arena_alloc(arena, block, sizeof *p->z1);
		p->z2 = rmb_arena_alloc(arena, block, sizeof *p->z2);
		p->x = rmb_arena_alloc(arena, block, sizeof *p->x);
		p->y = p->roots ? rmb_arena_alloc(arena, block, sizeof *p->y) : p->x;
	}
	if (!p->state || !p->z1 || !p->z2 || !p->x || !p->y)
		rc = rmb_error_nomem(error, "a block of simulated frames");
	if (!rc)
		rc = rmb_lockstep(p->what, method, error);
	rmb_arena_free(arena);
	return rc;
}

int
rmb_propagate_blocks(const struct rmb_simulation *what, const struct rmb_propagator_roots *roots, struct rmb_error *error)
{
	struct propagation p = { .what = what, .roots = roots };
	struct rmb_method method = { &p, GROUP, start_blocks, fill_blocks };
	return simulate(&p, &method, rmb_lockstep_columns(what->n, GROUP), error);
}

int
rmb_propagate_steps(const struct rmb_simulation *what, const struct rmb_stepping *stepping, struct rmb_error *error)
{
	struct propagation p = { .what = what, .stepping = stepping };
	struct rmb_method method = { &p, GROUP, start_steps, fill_steps };
	return simulate(&p, &method, GROUP, error);
}

double
rmb_propagate_memory(double n)
{
	return 20 * n * (double)rmb_lockstep_columns((int64_t)n, GROUP) + 4 * GROUP * n;
}
