#include "simulate/ensemble.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "numeric/lapack.h"
#include "numeric/timescale.h"
#include "rumble/parallel.h"

/* Ranks beyond the last that is asked for. */
enum { MARGIN = 20 };

bool
rmb_ensemble_needs_matrix(const struct rmb_network *net)
{
	return !rmb_network_symmetric(net) || net->family != RMB_DENSE;
}

double
rmb_ensemble_flops(const struct rmb_network *net, double n, int64_t last, int64_t nwidths)
{
	if (!rmb_network_symmetric(net))
		return rmb_population_flops(n, false) + (double)nwidths * rmb_population_spectrum_flops(n);
	double rows =
		n < 1e15 ? (double)rmb_symmetric_rows((int64_t)n, last + MARGIN < (int64_t)n ? last + MARGIN : (int64_t)n)
			 : n;
	return rmb_ensemble_needs_matrix(net) ? 4.0 / 3 * n * n * n + 200 * n * n
	                                      : 200 * rows * rows; /* few of them at a time: slow ones */
}

double
rmb_ensemble_memory(const struct rmb_network *net, double n, int64_t lag)
{
	if (!rmb_network_symmetric(net))
		return 8 * n * n * 2 + rmb_population_memory(n, lag);
	return rmb_ensemble_needs_matrix(net) ? 8 * n * n + 1000 * n : 64 * n;
}

static struct rmb_stream
stream_of(const struct rmb_call *call, const struct ensemble *e, const char *purpose)
{
	return e->common ? rmb_shared_stream(call, purpose, e->n) : rmb_node_stream(call, purpose);
}

/* ---- eigenvalues ---- */

struct draws { struct ensemble *e; struct rmb_stream stream; const double *q; int64_t rows; struct rmb_error *error; };

static int
draw_without_matrix(void *argument, int64_t draw, int thread)
{
	const struct draws *d = argument;
	double *real = d->e->real + draw * d->e->n;
	(void)thread;
	int rc = rmb_symmetric_draw(d->stream, draw, d->e->n, d->e->nleading, d->rows, d->q, real, d->error);
	for (int64_t k = 0; !rc && k < d->e->n; k++)
		real[k] *= d->e->edge;
	return rc;
}

static int
without_matrices(struct rmb_call *call, struct ensemble *e)
{
	double *q = rmb_scratch(call, (size_t)e->n, sizeof *q);
	if (!q)
		return RMB_ELIMIT;
	e->nleading = e->last + MARGIN < e->n ? e->last + MARGIN : e->n;
	rmb_semicircle_quantiles(e->n, q);
	struct draws draws = { e, stream_of(call, e, "spectra"), q, rmb_symmetric_rows(e->n, e->nleading), rmb_call_error(call) };
	return rmb_parallel(rmb_threads(call), e->ndraws, draw_without_matrix, &draws);
}

/* A network with a matrix while it is solved. */
struct solving {
	struct rmb_call *call;
	struct rmb_network net;
	int64_t draw;
	double *a;                 /* [n][n]; destroyed */
	struct ensemble *e;
	double *real, *imaginary;  /* [n], those of the draw */
	double *wide;              /* [widths.n][n], of the draw */
	struct rmb_steps steps;
	struct rmb_population found;
	struct rmb_error *error;
};

/* A network with modes that turn quickly grows in steps that would do for others. */
static int
shorten(struct solving *of)
{
	enum { MOST = 1000 };
	double step = of->e->steps.step, largest = rmb_network_largest_step(of->real, of->imaginary, of->e->n);
	if (!(step < MOST / 2 * largest))
		return rmb_network_stable(of->real, of->imaginary, of->e->n, step, of->error);
	int64_t parts = rmb_steps_shorten(&of->steps, largest);
	if (parts > 1)
		rmb_warn(of->call,
		         "network %" PRId64 " of %" PRId64
		         " is unstable in steps of %.4g time constants: it was solved in steps of 1/%" PRId64 " of "
		         "that",
		         of->draw + 1, of->e->ndraws, step, parts);
	return 0;
}

static struct rmb_steps
widened(struct rmb_steps steps, int64_t width)
{
	return (struct rmb_steps){ steps.step, steps.width * width };
}

/* Its spectrum in such steps from powers of the matrix. */
static int
spectrum_by_powers(struct solving *of, struct rmb_steps steps, double *spectrum)
{
	struct rmb_arena *own = rmb_arena_new();
	struct rmb_population found;
	int rc = own ? rmb_population_make(of->a, of->e->n, steps, 1, false, of->net.threads, own, &found, of->error)
	             : rmb_error_nomem(of->error, "wider bins of a network");
	if (!rc)
		memcpy(spectrum, found.spectrum, (size_t)of->e->n * sizeof *spectrum);
	rmb_arena_free(own);
	return rc;
}

/* Spectra of wider bins, from eigenvectors or, where there is no basis, from powers of the matrix. */
static int
widen(struct solving *of, const struct rmb_eigenbasis *basis)
{
	const struct ensemble *e = of->e;
	int rc = 0;
	for (int64_t i = 0; !rc && i < e->widths.n; i++) {
		struct rmb_steps steps = widened(of->steps, e->widths.v[i]);
		rc = basis ? rmb_population_spectrum(basis, steps, of->wide + i * e->n, of->error)
		           : spectrum_by_powers(of, steps, of->wide + i * e->n);
		if (!rc)
			rc = rmb_progress(of->call, (double)of->draw + (double)(i + 1) / (double)(e->widths.n + 1), (double)e->ndraws);
	}
	return rc;
}

/* What activity of a network that is not symmetric shows, from its eigenvectors. *sound: whether these could be used. */
static int
by_eigenvectors(struct solving *of, bool *sound)
{
	struct rmb_arena *own = rmb_arena_new();
	size_t n = (size_t)of->e->n;
	double *v = own ? rmb_arena_alloc(own, n * n, sizeof *v) : NULL,
	       *value = own ? rmb_arena_alloc(own, 2 * n, sizeof *value) : NULL;
	struct rmb_eigenbasis basis = { .sound = false };
	int rc = v && value ? rmb_network_eigenvectors(&of->net, of->a, v, value, value + n, of->error)
	                    : rmb_error_nomem(of->error, "eigenvectors of a network");
	if (!rc)
		rc = rmb_eigenbasis_make(v, value, value + n, of->e->n, of->net.threads, own, &basis, of->error);
	*sound = basis.sound;
	if (!rc && *sound) {
		memcpy(of->real, value, n * sizeof *value);
		memcpy(of->imaginary, value + n, n * sizeof *value);
		rc = rmb_sort_eigenvalues(of->real, of->imaginary, of->e->n, of->error);
		if (!rc)
			rc = shorten(of);
		if (!rc)
			rc = rmb_population_of_basis(&basis, of->steps, of->e->lag, of->draw == 0, rmb_call_arena(of->call),
			                             &of->found, of->error);
		if (!rc)
			rc = widen(of, &basis);
	}
	rmb_arena_free(own);
	return rc;
}

/* The same from powers of the matrix. */
static int
by_powers(struct solving *of)
{
	int rc = rmb_network_matrix(&of->net, of->a, of->real, of->imaginary, of->error);
	if (!rc)
		rc = shorten(of);
	if (!rc)
		rc = rmb_population_make(of->a, of->e->n, of->steps, of->e->lag, of->draw == 0, of->net.threads,
		                         rmb_call_arena(of->call), &of->found, of->error);
	return rc ? rc : widen(of, NULL);
}

/* Matrices one after the other, each in a[n][n]. */
static int
one_matrix(struct rmb_call *call, const struct rmb_network *net, int64_t draw, double *a, struct ensemble *e,
           struct rmb_error *error)
{
	char purpose[32];
	size_t n = (size_t)e->n;
	struct solving of = { .call = call, .net = *net, .draw = draw, .a = a, .e = e, .real = e->real + draw * e->n,
	                      .wide = e->wide + draw * e->widths.n * e->n, .steps = e->steps, .error = error };
	bool sound;
	snprintf(purpose, sizeof purpose, "network %" PRId64, draw);
	of.net.stream = stream_of(call, e, purpose);
	if (e->symmetric)
		return rmb_network_eigenvalues(&of.net, a, of.real, NULL, error);
	of.imaginary = e->imaginary + draw * e->n;
	int rc = by_eigenvectors(&of, &sound);
	if (!rc && !sound)
		rc = by_powers(&of);
	if (rc)
		return rc;
	memcpy(e->variance + draw * e->n, of.found.spectrum, n * sizeof *of.found.spectrum);
	memcpy(e->index + draw * e->n, of.found.index, n * sizeof *of.found.index);
	if (draw > 0)
		return 0;
	e->first_steps = of.steps;
	memcpy(e->standard_real, of.found.standard_real, n * sizeof *of.found.standard_real);
	memcpy(e->standard_imaginary, of.found.standard_imaginary, n * sizeof *of.found.standard_imaginary);
	return 0;
}

static int
with_matrices(struct rmb_call *call, const struct rmb_network *net, struct ensemble *e)
{
	double *a = rmb_scratch(call, (size_t)(e->n * e->n), sizeof *a);
	struct rmb_error error = { 0 };
	int rc = a ? 0 : RMB_ELIMIT;
	e->nleading = e->n;
	for (int64_t draw = 0; !rc && draw < e->ndraws; draw++) {
		if ((rc = one_matrix(call, net, draw, a, e, &error)))
			return rmb_fail(call, rc, "theory: network %" PRId64 " of %" PRId64 ": %s", draw + 1, e->ndraws,
			                error.text);
		rc = rmb_progress(call, (double)(draw + 1), (double)e->ndraws);
	}
	return rc;
}

/* ---- what symmetric networks show: each mode for itself ---- */

static int
modes_of_draw(void *argument, int64_t draw, int thread)
{
	const struct ensemble *e = argument;
	int64_t nlags = (e->lag > RMB_INDEX_LAST ? e->lag : RMB_INDEX_LAST) + 1;
	double b[RMB_ENSEMBLE_LAG_MAX + 1];
	(void)thread;
	assert(nlags <= RMB_ENSEMBLE_LAG_MAX + 1);
	for (int64_t k = 0; k < e->n; k++) {
		rmb_mode_binned(1 - e->real[draw * e->n + k], e->steps, nlags, b);
		e->variance[draw * e->n + k] = b[0];
		e->index[draw * e->n + k] = rmb_timescale_index(b) / b[0];
		if (draw == 0)
			e->standard_real[k] = b[e->lag] / b[0];
		for (int64_t i = 0; i < e->widths.n; i++)
			rmb_mode_binned(1 - e->real[draw * e->n + k], widened(e->steps, e->widths.v[i]), 1,
			                &e->wide[(draw * e->widths.n + i) * e->n + k]);
	}
	return 0;
}

static int
modes(struct rmb_call *call, struct ensemble *e)
{
	struct rmb_error error = { 0 };
	for (int64_t draw = 0; draw < e->ndraws; draw++)
		if (rmb_network_stable(e->real + draw * e->n, NULL, e->n, e->steps.step, &error))
			return rmb_fail(call, RMB_EDATA, "theory: %s", error.text);
	return rmb_parallel(rmb_threads(call), e->ndraws, modes_of_draw, e);
}

int
rmb_ensemble_make(struct rmb_call *call, const struct rmb_network *net, struct ensemble *e)
{
	e->n = net->n;
	e->edge = net->edge;
	e->symmetric = rmb_network_symmetric(net);
	e->first_steps = e->steps;
	const struct { double **table; int64_t rows; } tables[] = {
		{ &e->real, e->ndraws }, { &e->imaginary, e->ndraws }, { &e->variance, e->ndraws }, { &e->index, e->ndraws },
		{ &e->wide, e->ndraws * e->widths.n }, { &e->standard_real, 1 },
		{ &e->standard_imaginary, 1 } };
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (!(*tables[i].table = rmb_scratch(call, (size_t)(tables[i].rows * e->n), sizeof(double))))
			return RMB_ELIMIT;
	int rc = rmb_ensemble_needs_matrix(net) ? with_matrices(call, net, e) : without_matrices(call, e);
	return rc || !e->symmetric ? rc : modes(call, e);
}

void
rmb_ensemble_variance_at(const struct ensemble *e, int64_t draw, double edge, int64_t count, double *variance)
{
	for (int64_t k = 0; k < count; k++)
		rmb_mode_binned(1 - e->real[draw * e->n + k] * edge / e->edge, e->steps, 1, &variance[k]);
}
