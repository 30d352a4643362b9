/* simulate/methods.h -- three ways to simulate the activity of a linear network, all of the same law.
 *
 *     exact    symmetric A: the modes of A are independent, and a frame of a mode takes two random numbers, however many
 *              steps it has (numeric/modes.h); one rotation makes neurons of them. Starts in the stationary law.
 *     blocks   any A: a frame is one linear map with correlated noise (numeric/propagate.h), found from the eigenvectors of A
 *              (numeric/eigenbasis.h) or, where these are nearly dependent, from its powers (numeric/blocks.h). Starts in the
 *              stationary law.
 *     steps    step by step, after a burn-in: what the others are tested against. */
#ifndef RMB_SIMULATE_METHODS_H
#define RMB_SIMULATE_METHODS_H
#include "numeric/network.h"
#include "numeric/theory.h"
#include "simulate/matched.h"

enum { RMB_SIMULATE_BLAS_THREADS = 2 }; /* of the eigenvectors that `exact` needs */

struct simulated {
	struct rmb_call *call;
	struct rmb_matched matched;    /* the recording in the making */
	struct rmb_network network;
	double time_constant, burn_in; /* s */
	struct rmb_steps steps;        /* of a frame; blocks and steps may shorten them, with a warning */
	int64_t burn;                  /* steps of the burn-in */
	double *real, *imaginary;      /* [network.n] become the eigenvalues of the normalised network */
};

/* Counts the steps of the burn-in. RMB_ELIMIT: there are more in all than random numbers have names for. */
int rmb_simulate_count_steps(struct simulated *sim) RMB_CHECKED;
/* Make the outputs of rmb_matched_make. 0 or a failure; exact: the network is symmetric. */
int rmb_simulate_exact(struct simulated *sim) RMB_CHECKED;
int rmb_simulate_blocks(struct simulated *sim) RMB_CHECKED;
int rmb_simulate_steps(struct simulated *sim) RMB_CHECKED;
#endif
