/* numeric/basis.h -- an orthonormal basis that grows block by block, in single precision.
 *
 * A basis holds m orthonormal rows of n. A block of b more becomes orthogonal to it by projection, and orthonormal in itself
 * by the eigenvectors of its Gram matrix (Stathopoulos and Wu 2002), both again until it was nearly so before. Cost: 4 n m b
 * operations of large products a round. The same bytes for any number of threads. */
#ifndef RMB_NUMERIC_BASIS_H
#define RMB_NUMERIC_BASIS_H
#include <stdbool.h>
#include <stdint.h>
#include "numeric/blas.h"
#include "rumble/arena.h"
#include "rumble/error.h"
#include "rumble/random.h"

struct rmb_basis { float *q; int64_t n, m; }; /* m orthonormal rows q[m][n] */

struct rmb_basis_work {
	int threads;
	int64_t block;         /* vectors in a block */
	float *coefficient;    /* [block][room of a basis] */
	float *product;        /* [block][n] */
	double *wide, *gram;   /* [block][n], [block][block] */
	float *turn;           /* [block][block] */
	double *power, *scale; /* [block] */
	struct rmb_stream stream;
	uint64_t drawn;
	bool stuck;            /* no further block could be made: a refusal, not a failure */
	struct rmb_error *error;
};

/* Room for blocks of `block` vectors of up to n entries beside a basis of up to `most`; draws come from the stream of that name. */
int rmb_basis_work_make(struct rmb_basis_work *work, struct rmb_arena *arena, int64_t n, int64_t block, int64_t most,
                        const char *stream, int threads, struct rmb_error *error) RMB_CHECKED;
/* c[m][n] = a b, on all threads. */
int rmb_basis_multiply(int threads, int64_t m, int64_t n, int64_t k, struct rmb_matrix a, struct rmb_matrix b,
                       float *c) RMB_CHECKED;
/* x[n] becomes the next standard normals of the stream. */
void rmb_basis_draw(struct rmb_basis_work *work, float *x, int64_t n);
/* gram[b][b] = x y' in double, of rows of n. */
int rmb_basis_gram(struct rmb_basis_work *work, const float *x, const float *y, int64_t b, int64_t n, double *gram) RMB_CHECKED;
/* Rows x[b][n] become orthonormal, and orthogonal to the basis. Where what is left of them is rounding that the basis
 * spans to the last bit, as of neurons that repeat each other, they cannot: work->stuck, and RMB_EDATA without a text.
 * The coefficients of x in the basis before, [b][m], go to `into` (row distance ld) and the Gram matrix of what was left
 * to `left`; NULL: not wanted. */
int rmb_basis_orthogonalise(struct rmb_basis_work *work, const struct rmb_basis *basis, float *x, int64_t b, double *into,
                            int64_t ld, double *left) RMB_CHECKED;
/* Where the rows behind those of the basis lie: the room for more is the caller's. */
float *rmb_basis_next(const struct rmb_basis *basis);
#endif
