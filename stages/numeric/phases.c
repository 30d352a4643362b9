#include "numeric/phases.h"
#include <fftw3.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

struct rmb_phases {
	int64_t n, stride; /* of x, and of its transform behind it */
	fftw_plan forward, backward;
};

static fftw_complex *
transform(const struct rmb_phases *phases, double *scratch)
{
	return (fftw_complex *)(void *)(scratch + phases->stride);
}

static int64_t
stride_of(int64_t n)
{
	return (n + 2 + 7) / 8 * 8;
}

int64_t
rmb_phases_scratch(int64_t n)
{
	return 2 * stride_of(n);
}

struct rmb_phases *
rmb_phases_new(int64_t n, struct rmb_error *error)
{
	if (n < 1 || n > INT_MAX - 16) {
		rmb_error_set(error, RMB_ELIMIT,
		              "a transform of %" PRId64 " frames does not fit the integers of FFTW (1 to %d)", n,
		              INT_MAX - 16);
		return NULL;
	}
	struct rmb_phases *phases = calloc(1, sizeof *phases);
	if (phases) {
		phases->n = n;
		phases->stride = stride_of(n);
		double *scratch = aligned_alloc(64, (size_t)rmb_phases_scratch(n) * sizeof *scratch);
		if (scratch) { /* plans made without measuring do not depend on the machine's mood */
			phases->forward = fftw_plan_dft_r2c_1d((int)n, scratch, transform(phases, scratch), FFTW_ESTIMATE);
			phases->backward = fftw_plan_dft_c2r_1d((int)n, transform(phases, scratch), scratch, FFTW_ESTIMATE);
		}
		free(scratch);
		if (phases->forward && phases->backward)
			return phases;
	}
	rmb_phases_free(phases);
	rmb_error_nomem(error, "a Fourier transform");
	return NULL;
}

void
rmb_phases_free(struct rmb_phases *phases)
{
	if (!phases)
		return;
	if (phases->forward)
		fftw_destroy_plan(phases->forward);
	if (phases->backward)
		fftw_destroy_plan(phases->backward);
	free(phases);
}

void
rmb_phases_draw(const struct rmb_phases *phases, struct rmb_stream stream, uint64_t first, double *scratch)
{
	int64_t n = phases->n;
	fftw_complex *f = transform(phases, scratch);
	fftw_execute_dft_r2c(phases->forward, scratch, f);
	f[0][0] /= (double)n; /* FFTW's transforms there and back multiply by n */
	for (int64_t k = 1; k <= n / 2; k++) {
		double angle = 2 * M_PI * rmb_random_uniform(stream, first + (uint64_t)k),
		       size = hypot(f[k][0], f[k][1]) / (double)n;
		if (2 * k == n) { /* the highest of an even number is real: its sign */
			f[k][0] = angle < M_PI ? size : -size;
			f[k][1] = 0;
		} else {
			f[k][0] = size * cos(angle);
			f[k][1] = size * sin(angle);
		}
	}
	fftw_execute_dft_c2r(phases->backward, f, scratch);
}
