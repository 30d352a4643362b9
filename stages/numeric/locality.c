#include "numeric/locality.h"
#include <math.h>
#include "numeric/blas.h"
#include "numeric/components.h"
#include "numeric/product.h"

/* Neurons of a chunk that one piece of work projects. */
enum { BAND = 256 };

/* ---- weights ------------------------------------------------------------------------------------------------------ */

struct projecting {
	int64_t nk, nn, nt;
	const void *v;  /* [nk][nt], float, or double when the sweep is */
	double *w;      /* [nk][nn] */
	bool in_double;
	float *scratch[64]; /* a thread: [nk][BAND] */
};

/* w(k, i) = v(k) . z(i) for some neurons i of a chunk. */
static int
project_neurons(void *argument, const struct rmb_chunk *chunk, int64_t piece, int thread)
{
	struct projecting *all = argument;
	int64_t begin = piece * BAND, n = chunk->n - begin < BAND ? chunk->n - begin : BAND;
	if (n <= 0)
		return 0;
	double *w = all->w + chunk->index * RMB_CHUNK + begin;
	struct rmb_matrix v = { all->v, all->nt, false };
	if (all->in_double) {
		struct rmb_matrix z = { (const double *)chunk->first + begin * chunk->ld, chunk->ld, true };
		return rmb_gemm_double(all->nk, n, all->nt, v, z, 0, w, all->nn, NULL);
	}
	struct rmb_matrix z = { (const float *)chunk->first + begin * chunk->ld, chunk->ld, true };
	float *to = all->scratch[thread];
	int rc = rmb_gemm_single(all->nk, n, all->nt, v, z, to, BAND, NULL);
	for (int64_t k = 0; !rc && k < all->nk; k++)
		for (int64_t i = 0; i < n; i++)
			w[k * all->nn + i] = (double)to[k * BAND + i];
	return rc;
}

/* Components over frames, v[nk][T], become components over neurons. */
static int
to_neurons(const struct rmb_sweep *activity, int64_t nk, double *v, double *w, struct rmb_arena *arena, struct rmb_error *error)
{
	struct projecting all = { .nk = nk, .nn = activity->first->neurons.n, .nt = activity->first->nframes, .v = v, .w = w,
	                          .in_double = activity->in_double };
	struct rmb_sweep sweep = *activity;
	if (!all.in_double)
		rmb_to_single(v, nk * all.nt);
	for (int i = 0; !all.in_double && i < sweep.threads; i++)
		if (!(all.scratch[i] = rmb_arena_alloc(arena, (size_t)nk * BAND, sizeof(float))))
			return rmb_error_nomem(error, "weights of components");
	sweep.by_neuron = true;
	sweep.npieces = RMB_CHUNK / BAND;
	sweep.work = project_neurons;
	sweep.argument = &all;
	sweep.progress = NULL; /* a small part of the whole */
	return rmb_sweep_run(&sweep, error);
}

static void
unit_rows(double *w, int64_t nk, int64_t n)
{
	for (int64_t k = 0; k < nk; k++) {
		double power = 0;
		for (int64_t i = 0; i < n; i++)
			power += w[k * n + i] * w[k * n + i];
		for (int64_t i = 0; i < n && power > 0; i++)
			w[k * n + i] /= sqrt(power);
	}
}

int
rmb_weights(const struct rmb_sweep *given, enum rmb_solver solver, int64_t *nk, double *w, double *value, struct rmb_krylov *how,
            struct rmb_error *error)
{
	struct rmb_sweep activity = *given;
	int64_t nn = activity.first->neurons.n, nt = activity.first->nframes, side = nn < nt ? nn : nt,
	        wanted = *nk < side ? *nk : side;
	activity.threads = given->threads < 1 ? 1 : given->threads > 64 ? 64 : given->threads;
	activity.by_neuron = nt < nn;
	struct rmb_arena *arena = rmb_arena_new();
	double *c = arena ? rmb_arena_alloc(arena, (size_t)(side * side), sizeof *c) : NULL;
	double *v = c && activity.by_neuron ? rmb_arena_alloc(arena, (size_t)(wanted * side), sizeof *v) : w;
	int rc = c && v ? rmb_product(&activity, c, error) : rmb_error_nomem(error, "the covariance");
	if (!rc)
		rc = rmb_leading_eigenvectors(c, side, wanted, solver, activity.in_double, activity.threads, value, v, how,
		                              error);
	if (!rc) {
		*nk = rmb_clear_rounding(value, wanted, activity.in_double);
		if (activity.by_neuron)
			rc = to_neurons(&activity, *nk, v, w, arena, error);
		unit_rows(w, rc ? 0 : *nk, nn);
	}
	rmb_arena_free(arena);
	return rc;
}

void
rmb_weights_orient(double *w, int64_t n)
{
	double mean = 0, skew = 0, largest = 0;
	for (int64_t i = 0; i < n; i++)
		mean += w[i] / (double)n;
	for (int64_t i = 0; i < n; i++) {
		skew += pow(w[i] - mean, 3);
		largest = fabs(w[i]) > fabs(largest) ? w[i] : largest;
	}
	bool turn = skew != 0 ? skew < 0 : largest < 0;
	for (int64_t i = 0; turn && i < n; i++)
		w[i] = -w[i];
}

/* ---- locality ----------------------------------------------------------------------------------------------------- */

static double
centre_of(const double *w, int64_t n, const double *place, bool circular, double box)
{
	const double turn = 2 * acos(-1);
	double total = 0, sum = 0, cosine = 0, sine = 0;
	for (int64_t i = 0; i < n; i++) {
		double power = w[i] * w[i], angle = circular ? turn * place[i] / box - turn / 2 : 0;
		total += power;
		sum += power * place[i];
		cosine += power * cos(angle);
		sine += power * sin(angle);
	}
	return circular ? (atan2(sine, cosine) + turn / 2) * box / turn : sum / total;
}

static double
gap_to(double centre, double place, const struct rmb_space *space)
{
	double d = centre - place, gap = fabs(d);
	if (space->geometry == RMB_TORUS)
		return fmin(gap, space->box - gap);
	return space->geometry == RMB_UNIT_BOX ? fmin(gap, fabs(1 - d)) : gap;
}

/* Mean square weight of the neurons near the centre over that of all. */
static double
ratio_of(const double *w, int64_t n, const struct rmb_space *space, const double *centre, double radius, int64_t *near)
{
	double inside = 0, all = 0;
	*near = 0;
	for (int64_t i = 0; i < n; i++) {
		double square = 0;
		for (int a = 0; a < space->naxes; a++) {
			double gap = gap_to(centre[a], space->axis[a][i], space);
			square += gap * gap;
		}
		all += w[i] * w[i];
		if (square <= radius * radius) {
			inside += w[i] * w[i];
			++*near;
		}
	}
	return *near ? inside / (double)*near / (all / (double)n) : NAN;
}

void
rmb_locality_find(const double *w, int64_t nk, int64_t n, const struct rmb_space *space, bool circular, double radius,
                  struct rmb_locality *found)
{
	double sum = 0;
	found->empty = 0;
	for (int64_t k = 0; k < nk; k++) {
		double centre[3];
		for (int a = 0; a < space->naxes; a++)
			found->centre[a][k] = centre[a] =
				centre_of(w + k * n, n, space->axis[a], circular || space->geometry == RMB_TORUS, space->box);
		found->ratio[k] = ratio_of(w + k * n, n, space, centre, radius, &found->near[k]);
		if (found->near[k] > 0)
			sum += found->ratio[k];
		else
			found->empty++;
	}
	found->mean = nk > found->empty ? sum / (double)(nk - found->empty) : NAN;
	found->published = found->empty ? NAN : found->mean;
}
