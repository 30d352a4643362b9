#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "numeric/lapack.h"
#include "numeric/network.h"

/* ---- normalisation ---- */

/* Scales the eigenvalues, in any order. *factor: what the matrix is to be multiplied with. */
static int
scale(const struct rmb_network *net, double *real, double *imaginary, double *factor, struct rmb_error *error)
{
	double largest = 0, rightmost = -INFINITY;
	for (int64_t i = 0; i < net->n; i++) {
		largest = fmax(largest, hypot(real[i], imaginary ? imaginary[i] : 0));
		rightmost = fmax(rightmost, real[i]);
	}
	if (!(rightmost > 1e-12 * largest))
		return rmb_error_set(error, RMB_EDATA,
		                     "the network cannot be normalised: no eigenvalue has a positive real part (the largest "
		                     "is %g, the largest modulus %g)",
		                     rightmost, largest);
	*factor = net->edge / rightmost;
	for (int64_t i = 0; i < net->n; i++) {
		real[i] *= *factor;
		if (imaginary)
			imaginary[i] *= *factor;
	}
	return 0;
}

/* Eigenvalues of a, which is destroyed, before normalisation. */
static int
decompose(const struct rmb_network *net, double *a, double *real, double *imaginary, struct rmb_error *error)
{
	if (rmb_network_symmetric(net)) {
		if (imaginary)
			memset(imaginary, 0, (size_t)net->n * sizeof *imaginary);
		return rmb_eigenvalues(a, net->n, real, error);
	}
	assert(imaginary);
	return rmb_general_eigenvalues(a, net->n, real, imaginary, error);
}

static void
multiply(double *a, int64_t n, double factor)
{
	for (int64_t i = 0; i < n * n; i++)
		a[i] *= factor;
}

static void
transpose(double *a, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < i; j++) {
			double t = a[i * n + j];
			a[i * n + j] = a[j * n + i];
			a[j * n + i] = t;
		}
}

/* Eigenvalues beyond the edge move onto it, in their direction. */
static void
move_onto_edge(const struct rmb_network *net, double *real, double *imaginary)
{
	for (int64_t k = 0; k < net->n; k++) {
		double modulus = hypot(real[k], imaginary[k]), shrink = modulus > net->edge ? net->edge / modulus : 1;
		real[k] *= shrink;
		imaginary[k] *= shrink;
	}
}

/* They do so while the eigenvectors W stay: A = W E W^-1, all real, where a pair of conjugates has the real and imaginary
 * part of its vector as two columns x, y of W, and A x = Re x - Im y, A y = Im x + Re y. */
static int
clip(const struct rmb_network *net, double *a, double *w, double *real, double *imaginary, struct rmb_error *error)
{
	int64_t n = net->n;
	double rcond;
	int rc = rmb_general_eigenvectors(a, n, real, imaginary, w, error);
	if (rc)
		return rc;
	move_onto_edge(net, real, imaginary);
	for (int64_t k = 0; k < n; k++) {
		const double *own = w + k * n, *partner = w + (imaginary[k] > 0 ? k + 1 : imaginary[k] < 0 ? k - 1 : k) * n;
		for (int64_t i = 0; i < n; i++) /* the second of a pair has the negative imaginary part */
			a[k * n + i] = real[k] * own[i] - imaginary[k] * (imaginary[k] != 0 ? partner[i] : 0);
	}
	transpose(a, n);
	transpose(w, n);
	rc = rmb_right_divide(a, n, w, n, &rcond, error);
	if (!rc && !(rcond > 1e-13))
		rc = rmb_error_set(error, RMB_EDATA,
		                   "the network cannot be normalised: its eigenvectors do not span all directions");
	return rc ? rc : rmb_sort_eigenvalues(real, imaginary, n, error);
}

int
rmb_network_normalise(const struct rmb_network *net, double *a, double *spare, double *real, double *imaginary,
                      struct rmb_error *error)
{
	double factor = 1;
	int rc = rmb_network_check(net, error);
	if (rc || net->family == RMB_CLIPPED)
		return rc ? rc : clip(net, a, spare, real, imaginary, error);
	memcpy(spare, a, (size_t)(net->n * net->n) * sizeof *a);
	rc = decompose(net, spare, real, imaginary, error);
	if (!rc)
		rc = scale(net, real, imaginary, &factor, error);
	if (!rc)
		multiply(a, net->n, factor);
	return rc;
}

/* ---- all at once ---- */

static int
draw(const struct rmb_network *net, double *a, struct rmb_error *error)
{
	int rc = rmb_network_raw(net, a, error);
	return rc ? rc : rmb_network_shape(net, a, error);
}

int
rmb_network_eigenvalues(const struct rmb_network *net, double *a, double *real, double *imaginary, struct rmb_error *error)
{
	double factor;
	int rc = draw(net, a, error);
	if (!rc)
		rc = decompose(net, a, real, imaginary, error);
	if (rc || net->family != RMB_CLIPPED)
		return rc ? rc : scale(net, real, imaginary, &factor, error);
	move_onto_edge(net, real, imaginary);
	return rmb_sort_eigenvalues(real, imaginary, net->n, error);
}

int
rmb_network_eigenvectors(const struct rmb_network *net, double *a, double *v, double *real, double *imaginary,
                         struct rmb_error *error)
{
	double factor;
	int rc = draw(net, a, error);
	if (!rc)
		rc = rmb_general_eigenvectors(a, net->n, real, imaginary, v, error);
	if (rc || net->family != RMB_CLIPPED)
		return rc ? rc : scale(net, real, imaginary, &factor, error);
	move_onto_edge(net, real, imaginary);
	return 0;
}

/* Drawn twice, not kept twice: drawing is the smaller part of the time, the matrix the larger of memory. */
int
rmb_network_matrix(const struct rmb_network *net, double *a, double *real, double *imaginary, struct rmb_error *error)
{
	double factor = 1;
	int rc = draw(net, a, error);
	if (!rc && net->family == RMB_CLIPPED) {
		double *spare = malloc((size_t)(net->n * net->n) * sizeof *spare);
		rc = spare ? clip(net, a, spare, real, imaginary, error) : rmb_error_nomem(error, "network");
		free(spare);
		return rc;
	}
	if (!rc)
		rc = decompose(net, a, real, imaginary, error);
	if (!rc)
		rc = scale(net, real, imaginary, &factor, error);
	if (!rc)
		rc = draw(net, a, error);
	if (!rc)
		multiply(a, net->n, factor);
	return rc;
}

/* ---- stability of a step ---- */

/* |1 - h g| < 1  <=>  h < 2 Re g / |g|^2. */
static double
largest_step(double real, double imaginary)
{
	double gap = 1 - real;
	return 2 * gap / (gap * gap + imaginary * imaginary);
}

double
rmb_network_largest_step(const double *real, const double *imaginary, int64_t n)
{
	double most = INFINITY;
	for (int64_t i = 0; i < n; i++)
		most = fmin(most, largest_step(real[i], imaginary ? imaginary[i] : 0));
	return most;
}

int
rmb_network_stable(const double *real, const double *imaginary, int64_t n, double step, struct rmb_error *error)
{
	double most = rmb_network_largest_step(real, imaginary, n);
	if (step < most)
		return 0;
	int64_t worst = 0;
	for (int64_t i = 1; i < n; i++)
		if (largest_step(real[i], imaginary ? imaginary[i] : 0) <
		    largest_step(real[worst], imaginary ? imaginary[worst] : 0))
			worst = i;
	if (!(most > 0))
		return rmb_error_set(error, RMB_EDATA, "the network is unstable: eigenvalue %g must have a real part below 1",
		                     real[worst]);
	return rmb_error_set(error, RMB_EDATA,
	                     "the network is unstable in steps of %.4g time constants, because of its eigenvalue %.4g "
	                     "%+.4gi: steps must be shorter than %.4g time constants, or the edge smaller",
	                     step, real[worst], imaginary ? imaginary[worst] : 0.0, most);
}
