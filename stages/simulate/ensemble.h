/* simulate/ensemble.h -- several networks of one family, and what each would show through bins of infinitely long recordings. */
#ifndef RMB_SIMULATE_ENSEMBLE_H
#define RMB_SIMULATE_ENSEMBLE_H
#include "numeric/population.h"
#include "numeric/theory.h"
#include "simulate/wiring.h"

enum { RMB_ENSEMBLE_LAG_MAX = 60 };

struct ensemble {
	int64_t n, ndraws, lag;
	int64_t nleading;         /* eigenvalues of each draw that are its own; the rest are quantiles of all draws */
	bool symmetric, common;   /* common: drawn from streams shared by nodes of one size */
	struct rmb_steps steps, first_steps; /* as asked for; of the first draw, which may have needed shorter ones */
	double edge;
	double *real, *imaginary; /* [ndraws][n] eigenvalues, by real part, descending; imaginary NULL if symmetric */
	double *variance, *index; /* [ndraws][n] of principal components, by variance: variance of bins; mean correlation 4,
	                             5, 6 bins apart */
	double *standard_real, *standard_imaginary; /* [n] of the first draw: eigenvalues that regression of bins on bins finds */
};

/* Symmetric networks with independent entries need no matrix; others do, and those that are not symmetric their covariances too. */
bool rmb_ensemble_needs_matrix(const struct rmb_network *network);
/* The larger part of the work, and of memory, of one draw. */
double rmb_ensemble_flops(const struct rmb_network *network, double n, int64_t last);
double rmb_ensemble_memory(const struct rmb_network *network, double n, int64_t lag);
/* ndraws networks like `network`, from streams of the node, or `common` to all nodes of that size; ranks up to `last` are
 * to be those of the draws. Made in scratch. Networks that are unstable in such steps are solved in shorter ones, with a
 * warning. 0 or a failure. */
int rmb_ensemble_make(struct rmb_call *call, const struct rmb_network *network, int64_t ndraws, bool common,
                      struct rmb_steps steps, int64_t lag, int64_t last, struct ensemble *ensemble) RMB_CHECKED;
/* b(0) of the leading `count` modes of a draw, were the edge elsewhere. Symmetric networks. */
void rmb_ensemble_variance_at(const struct ensemble *ensemble, int64_t draw, double edge, int64_t count, double *variance);
#endif
