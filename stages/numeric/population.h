/* numeric/population.h -- what the analyses of a recording should find in any linear network, by its exact covariances.
 *
 * For networks that are not symmetric there is no shorter way than the covariances C(k) of bin means k apart: from eigenvectors
 * (numeric/eigenbasis.h) or, where these are nearly dependent, from powers of the matrix (numeric/blocks.h). With
 * D the diagonal of C(0), the correlations R(k) = D^-1/2 C(k) D^-1/2 are those of z-scored activity, and
 *     spectrum    eigenvalues of R(0), with eigenvectors u
 *     index       mean over lags 4, 5, 6 of u' R(k) u / (u' R(0) u): the timescale index of a principal component
 *     standard    eigenvalues of C(lag) C(0)^-1: what regressing bins on bins gives for the propagator. */
#ifndef RMB_NUMERIC_POPULATION_H
#define RMB_NUMERIC_POPULATION_H
#include <stdbool.h>
#include "numeric/eigenbasis.h"
#include "numeric/theory.h"
#include "rumble/arena.h"

struct rmb_population {
	double *spectrum, *index;                   /* [n], by variance, descending */
	double *standard_real, *standard_imaginary; /* [n], by real part, descending; NULL unless asked for */
};

/* Bytes it takes beside the basis or the matrix, and operations with eigenvectors, their finding included. */
double rmb_population_memory(double n, int64_t lag);
double rmb_population_flops(double n, bool standard);
/* Operations of rmb_population_spectrum. */
double rmb_population_spectrum_flops(double n);
/* From a sound basis; results in the arena. standard: those too, over `lag` bins. */
int rmb_population_of_basis(const struct rmb_eigenbasis *basis, struct rmb_steps steps, int64_t lag, bool standard,
                            struct rmb_arena *arena, struct rmb_population *population, struct rmb_error *error) RMB_CHECKED;
/* The same from the network itself, a[n][n]. RMB_EDATA: unstable in such steps. */
int rmb_population_make(const double *a, int64_t n, struct rmb_steps steps, int64_t lag, bool standard, int threads,
                        struct rmb_arena *arena, struct rmb_population *population, struct rmb_error *error) RMB_CHECKED;
/* From a sound basis the spectrum alone, spectrum[n]: a tenth of the work, and three matrices beside the basis. */
int rmb_population_spectrum(const struct rmb_eigenbasis *basis, struct rmb_steps steps, double *spectrum,
                            struct rmb_error *error) RMB_CHECKED;
#endif
