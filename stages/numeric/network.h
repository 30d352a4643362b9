/* numeric/network.h -- random connectivity of a linear network, scaled to the edge of stability.
 *
 * A network is drawn in two steps: raw numbers, entry by entry from a counter-based stream, and their shaping into a matrix.
 * Entry (i, j) has number i n + j of the stream, so a matrix is the same bytes for any number of threads, and can be drawn
 * again instead of kept. Everything here holds one n x n matrix, the caller's. Matrices are row-major double[n][n].
 *
 * Shaping (Pachitariu et al. 2025, connectivity). Values R(i, j) for all pairs: a distribution of mean zero (dense families), or
 * B - P(i, j) with B = 1 with probability P (sparse families). The diagonal is zero. Asymmetry p turns R into A:
 *     p = 0: the lower triangle, mirrored;  p = 1: R;
 *     published, between: upper triangle R, lower (1 - p) R' + p R (which has less variance than the upper);
 *     equal, between: cos(phi) S + sin(phi) Q, S the lower triangle mirrored, Q the upper one mirrored with its sign changed,
 *     cos(2 phi) = 1 - p: both triangles have the variance of R, and the correlation of A(i, j) with A(j, i) is 1 - p. Of
 *     sparse families, whose connections are there or not, B(j, i) is B(i, j) with probability 1 - p and else drawn for itself:
 *     the same variance and correlation, and P stays P.
 * Critical normalisation: A becomes A edge / max Re(eigenvalue), so that any scale before it drops out. */
#ifndef RMB_NUMERIC_NETWORK_H
#define RMB_NUMERIC_NETWORK_H
#include <stdbool.h>
#include <stdint.h>
#include "numeric/space.h"
#include "rumble/error.h"
#include "rumble/random.h"

enum rmb_family {
	RMB_DENSE,     /* every pair is connected; `entries` says how */
	RMB_SPARSE,    /* with the same probability for all pairs */
	RMB_CLUSTERED, /* with `peak` inside clusters of consecutive neurons, with `probability` elsewhere */
	RMB_LOCAL,     /* with max(peak exp(-distance / width), probability) */
	RMB_CLIPPED /* normal / sqrt(n + 1e-3), the diagonal too, not symmetric; eigenvalues beyond the edge are moved onto it
	             */
};
enum rmb_entries {
	RMB_UNIFORM,     /* 2 u - 1 */
	RMB_BINARY,      /* +1 or -1 */
	RMB_GAUSSIAN,    /* standard normal */
	RMB_HALF_NORMAL, /* modulus of a normal, less its mean over the matrix (published as "trunc_gaussian") */
	RMB_EXPONENTIAL  /* -ln(1 - u) - 1 */
};

struct rmb_network {
	int64_t n;
	enum rmb_family family;
	enum rmb_entries entries; /* RMB_DENSE */
	double asymmetry;         /* p, 0..1 */
	bool published;           /* the published definition between 0 and 1 */
	double probability;       /* sparse families */
	double peak;              /* RMB_CLUSTERED, RMB_LOCAL: 0.5 in the paper */
	int64_t cluster;          /* RMB_CLUSTERED: neurons of a cluster; those of an incomplete last one are in none */
	struct rmb_space space;   /* RMB_LOCAL: places */
	double width;             /* RMB_LOCAL: of the profile, in the unit of the places */
	double inhibition;        /* RMB_LOCAL: the P subtracted has a profile so many times as wide, of the same mean */
	double edge;              /* largest real part wanted, below 1 */
	struct rmb_stream stream;
	int threads;
};

/* 0 if such a network can be drawn; else a sentence. RMB_EDATA, RMB_ELIMIT (more neurons than can be decomposed). */
int rmb_network_check(const struct rmb_network *network, struct rmb_error *error) RMB_CHECKED;
/* Whether its matrix is symmetric, so that all eigenvalues are real. */
bool rmb_network_symmetric(const struct rmb_network *network);
/* Places drawn evenly on a square of that side. x[n], y[n]. */
void rmb_network_places(struct rmb_stream stream, int64_t n, double box, double *x, double *y);

/* Raw draws: uniform in [0, 1), or standard normal where the entries are made of normals. */
int rmb_network_raw(const struct rmb_network *network, double *a, struct rmb_error *error) RMB_CHECKED;
/* Raw draws become the matrix, before normalisation. RMB_EDATA: no two neurons are connected. */
int rmb_network_shape(const struct rmb_network *network, double *a, struct rmb_error *error) RMB_CHECKED;

/* network_eigenvalues.c. A matrix before normalisation becomes the normalised one; real[n], imaginary[n] its eigenvalues,
 * by real part, descending, conjugates side by side. spare[n][n] is destroyed. RMB_EDATA: no eigenvalue has a positive
 * real part, or LAPACK's failure. */
int rmb_network_normalise(const struct rmb_network *network, double *a, double *spare, double *real, double *imaginary,
                          struct rmb_error *error) RMB_CHECKED;

/* All at once. Eigenvalues of the normalised network; a is scratch, destroyed. imaginary may be NULL for a symmetric network. */
int rmb_network_eigenvalues(const struct rmb_network *network, double *a, double *real, double *imaginary,
                            struct rmb_error *error) RMB_CHECKED;
/* Eigenvalues of the normalised network and its eigenvectors in the rows of v[n][n], both as rmb_general_eigenvectors has
 * them. a is destroyed. */
int rmb_network_eigenvectors(const struct rmb_network *network, double *a, double *v, double *real, double *imaginary,
                             struct rmb_error *error) RMB_CHECKED;
/* The normalised matrix itself, in a, and its eigenvalues. */
int rmb_network_matrix(const struct rmb_network *network, double *a, double *real, double *imaginary,
                       struct rmb_error *error) RMB_CHECKED;

/* The step h = dt / tau must be smaller than this for x <- x + h (A x - x + e) to be stable: the least 2 Re(g) / |g|^2, g
 * = 1 - eigenvalue. imaginary may be NULL. At most 0: the network is unstable at any step. */
double rmb_network_largest_step(const double *real, const double *imaginary, int64_t n);
/* 0 if the step is smaller than that; else RMB_EDATA and a sentence with the eigenvalue to blame and the step that would do. */
int rmb_network_stable(const double *real, const double *imaginary, int64_t n, double step, struct rmb_error *error) RMB_CHECKED;
#endif
