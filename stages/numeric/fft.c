#include "numeric/fft.h"
#include <fftw3.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

struct rmb_correlator {
	int64_t n, stride;            /* doubles between the four areas of the scratch: x, y and their transforms */
	fftw_plan forward, backward;  /* x to its transform, and back */
};

/* A transform has n/2 + 1 complex numbers. Areas start at multiples of 64 bytes, so that all look alike to FFTW. */
static int64_t
stride_of(int64_t n)
{
	return (n + 2 + 7) / 8 * 8;
}

static fftw_complex *
transform(const struct rmb_correlator *correlator, double *scratch, int which)
{
	return (fftw_complex *)(void *)(scratch + (2 + which) * correlator->stride);
}

struct rmb_correlator *
rmb_correlator_new(int64_t n, struct rmb_error *error)
{
	if (n < 1 || n > INT_MAX - 16) {
		rmb_error_set(error, RMB_ELIMIT,
		              "a correlation of %" PRId64 " frames does not fit the integers of FFTW (1 to %d)", n,
		              INT_MAX - 16);
		return NULL;
	}
	struct rmb_correlator *correlator = calloc(1, sizeof *correlator);
	struct rmb_arena *arena = rmb_arena_new();
	double *scratch = arena ? rmb_arena_alloc(arena, (size_t)(4 * stride_of(n)), sizeof *scratch) : NULL;
	if (correlator && scratch) {
		correlator->n = n;
		correlator->stride = stride_of(n);
		correlator->forward = fftw_plan_dft_r2c_1d((int)n, scratch, transform(correlator, scratch, 0), FFTW_ESTIMATE);
		correlator->backward = fftw_plan_dft_c2r_1d((int)n, transform(correlator, scratch, 0), scratch, FFTW_ESTIMATE);
	}
	rmb_arena_free(arena);
	if (correlator && correlator->forward && correlator->backward)
		return correlator;
	rmb_correlator_free(correlator);
	rmb_error_nomem(error, "a Fourier transform");
	return NULL;
}

void
rmb_correlator_free(struct rmb_correlator *correlator)
{
	if (!correlator)
		return;
	if (correlator->forward)
		fftw_destroy_plan(correlator->forward);
	if (correlator->backward)
		fftw_destroy_plan(correlator->backward);
	free(correlator);
}

int64_t
rmb_correlator_scratch(const struct rmb_correlator *correlator)
{
	return 4 * correlator->stride;
}

double *
rmb_correlator_x(const struct rmb_correlator *correlator, double *scratch)
{
	(void)correlator;
	return scratch;
}

double *
rmb_correlator_y(const struct rmb_correlator *correlator, double *scratch)
{
	return scratch + correlator->stride;
}

double *
rmb_correlate(const struct rmb_correlator *correlator, double *scratch)
{
	int64_t n = correlator->n;
	double *x = rmb_correlator_x(correlator, scratch), *y = rmb_correlator_y(correlator, scratch);
	fftw_complex *fx = transform(correlator, scratch, 0), *fy = transform(correlator, scratch, 1);
	fftw_execute_dft_r2c(correlator->forward, x, fx);
	fftw_execute_dft_r2c(correlator->forward, y, fy);
	/* G = X conj(Y) / n: FFTW's transforms there and back multiply by n. */
	for (int64_t f = 0; f <= n / 2; f++) {
		double re = fx[f][0] * fy[f][0] + fx[f][1] * fy[f][1], im = fx[f][1] * fy[f][0] - fx[f][0] * fy[f][1];
		fx[f][0] = re / (double)n;
		fx[f][1] = im / (double)n;
	}
	fftw_execute_dft_c2r(correlator->backward, fx, x);
	return x;
}
