/* simulate/ensemble.h -- several networks of one family, and what each would show through bins of infinitely long recordings. */
#ifndef RMB_SIMULATE_ENSEMBLE_H
#define RMB_SIMULATE_ENSEMBLE_H
#include "numeric/population.h"
#include "numeric/theory.h"
#include "simulate/wiring.h"

enum { RMB_ENSEMBLE_LAG_MAX = 60 };

struct ensemble {
	/* What is asked for */
	int64_t ndraws, lag;
	int64_t last;             /* ranks up to this are to be those of the draws */
	bool common;              /* drawn from streams shared by nodes of one size, else from those of the node */
	struct rmb_steps steps;
	struct rmb_ints widths;   /* wider bins, as multiples of a bin */
	/* What is found */
	int64_t n;
	int64_t nleading;         /* eigenvalues of each draw that are its own; the rest are quantiles of all draws */
	bool symmetric;
	struct rmb_steps first_steps; /* of the first draw, which may have needed shorter ones */
	double edge;
	double *real, *imaginary; /* [ndraws][n] eigenvalues, by real part, descending; imaginary NULL if symmetric */
	double *variance, *index; /* [ndraws][n] of principal components, by variance: variance of bins; mean correlation 4,
	                             5, 6 bins apart */
	double *wide;             /* [ndraws][widths.n][n]: variance of components of the wider bins */
	double *standard_real, *standard_imaginary; /* [n] of the first draw: eigenvalues that regression of bins on bins finds */
};

/* Symmetric networks with independent entries need no matrix; others do, and those that are not symmetric their covariances too. */
bool rmb_ensemble_needs_matrix(const struct rmb_network *network);
/* The larger part of the work, and of memory, of one draw. */
double rmb_ensemble_flops(const struct rmb_network *network, double n, int64_t last, int64_t nwidths);
double rmb_ensemble_memory(const struct rmb_network *network, double n, int64_t lag);
/* Networks like `network`, as the first part of the ensemble asks for them. Made in scratch. Networks that are unstable in
 * such steps are solved in shorter ones, with a warning. 0 or a failure. */
int rmb_ensemble_make(struct rmb_call *call, const struct rmb_network *network, struct ensemble *ensemble) RMB_CHECKED;
/* b(0) of the leading `count` modes of a draw, were the edge elsewhere. Symmetric networks. */
void rmb_ensemble_variance_at(const struct ensemble *ensemble, int64_t draw, double edge, int64_t count, double *variance);
#endif
