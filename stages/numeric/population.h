/* numeric/population.h -- what the analyses of a recording should find in any linear network, by its exact covariances.
 *
 * For networks that are not symmetric there is no shorter way: the covariances C(k) of bin means k apart are solved for (numeric/blocks.h). With
 * D the diagonal of C(0), the correlations R(k) = D^-1/2 C(k) D^-1/2 are those of z-scored activity, and
 *     spectrum    eigenvalues of R(0), with eigenvectors u
 *     index       mean over lags 4, 5, 6 of u' R(k) u / (u' R(0) u): the timescale index of a principal component
 *     standard    eigenvalues of C(lag) C(0)^-1: what regressing bins on bins gives for the propagator. */
#ifndef RMB_NUMERIC_POPULATION_H
#define RMB_NUMERIC_POPULATION_H
#include <stdbool.h>
#include "numeric/theory.h"
#include "rumble/arena.h"

struct rmb_population {
	double *spectrum, *index;                   /* [n], by variance, descending; index NULL unless asked for */
	double *standard_real, *standard_imaginary; /* [n], by real part, descending; NULL unless asked for */
};

/* Bytes it takes beside a, and operations. */
double rmb_population_memory(double n, int64_t lag, bool dynamics);
double rmb_population_flops(double n, int64_t lag, bool dynamics);
/* a[n][n]: the network. `dynamics`: index and standard too. Results in the arena. RMB_EDATA: unstable in such steps. */
int rmb_population_make(const double *a, int64_t n, struct rmb_steps steps, int64_t lag, bool dynamics, int threads, struct rmb_arena *arena,
                        struct rmb_population *population, struct rmb_error *error) RMB_CHECKED;
#endif
