/* numeric/eigenbasis.h -- what a linear network shows through bins, by the eigenvectors of its matrix: any width of bins
 * costs the same.
 *
 * A = W E W^-1, all real: an eigenvalue p + iq with its conjugate has the real and imaginary part of its vector as two
 * columns of W, and the block (p q; -q p) in E. In the coordinates W^-1 x every mode goes by itself, but their noises
 * have the covariance Q = W^-1 W^-1'. So each covariance of the network is W K W', where an entry of K is that of Q times
 * a number that depends on two eigenvalues and the bin alone: the formulas of numeric/blocks.h, for two numbers instead
 * of matrices.
 *
 * Eigenvectors of a matrix that is not symmetric may be nearly dependent, and errors grow with the square of their
 * condition (some 1e3 for a random network of 1,000 neurons: errors of 1e-11). `sound` says whether they can be used;
 * where they cannot, numeric/blocks.h needs none. Matrices are row-major double[n][n]. Cost: 30 N^3 for the basis, 4 N^3
 * for each covariance. */
#ifndef RMB_NUMERIC_EIGENBASIS_H
#define RMB_NUMERIC_EIGENBASIS_H
#include <stdbool.h>
#include "numeric/blocks.h"
#include "numeric/theory.h"

struct rmb_eigenbasis {
	int64_t n;
	const double *real, *imaginary; /* [n] eigenvalues, borrowed; conjugates side by side, the one above the axis first */
	double *w, *inverse, *noise;    /* W, W^-1, Q */
	int64_t nblocks, *block;        /* [nblocks + 1] first mode of every eigenvalue or pair */
	bool sound;                     /* W Q W' is the unit matrix to 1e-9, seen on one vector */
	int threads;
};

/* From eigenvectors as rmb_network_eigenvectors gives them; v is destroyed. Made in the arena. */
int rmb_eigenbasis_make(double *v, const double *real, const double *imaginary, int64_t n, int threads, struct rmb_arena *arena,
                        struct rmb_eigenbasis *basis, struct rmb_error *error) RMB_CHECKED;
/* The operators of a bin, made in the arena, and the stationary covariance s[n][n], as rmb_blocks_make and rmb_stationary
 * have them. All modes are stable in such steps (rmb_network_stable). scratch[2 n n]. */
int rmb_eigenbasis_blocks(const struct rmb_eigenbasis *basis, struct rmb_steps steps, struct rmb_arena *arena,
                          struct rmb_blocks *blocks, double *s, double *scratch, struct rmb_error *error) RMB_CHECKED;
/* c[n][n]: covariance of bin means t + k and t, its mean over k = first..last. scratch[2 n n]. */
int rmb_eigenbasis_covariance(const struct rmb_eigenbasis *basis, struct rmb_steps steps, int64_t first, int64_t last,
                              double *c, double *scratch, struct rmb_error *error) RMB_CHECKED;
#endif
