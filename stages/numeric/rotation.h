/* numeric/rotation.h -- how much the modes of a propagator turn while they decay. */
#ifndef RMB_NUMERIC_ROTATION_H
#define RMB_NUMERIC_ROTATION_H
#include <stdbool.h>
#include <stdint.h>

enum { RMB_ROTATION_PERCENTILES = 5 };
extern const double rmb_rotation_percentiles[RMB_ROTATION_PERCENTILES]; /* 5, 25, 50, 75, 95 */

struct rmb_rotations {
	double percentile[RMB_ROTATION_PERCENTILES], mean, sd; /* NaN if n = 0 */
	int64_t n;                /* eigenvalues that entered */
	int64_t outside;          /* those of modulus 1 or more, left out or not */
	double complex_fraction;  /* of all beyond the floor: |Im| > 1e-9; NaN if there are none */
};

/* Of the eigenvalues e with |e| > floor, one of each conjugate pair, rotations per ten-fold attenuation:
 *     (arg e / 2 pi) / -log10 |e|.
 * |e| >= 1 does not decay: `keep` lets it enter with its negative or infinite value. scratch[n]. */
void rmb_rotations(const double *real, const double *imaginary, int64_t n, double floor, bool keep, double *scratch,
                   struct rmb_rotations *rotations);
#endif
