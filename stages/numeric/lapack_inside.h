/* numeric/lapack_inside.h -- what the calls of LAPACK have in common: workspaces, and the tests before and after. */
#ifndef RMB_NUMERIC_LAPACK_INSIDE_H
#define RMB_NUMERIC_LAPACK_INSIDE_H
#include <lapacke.h>
#include "numeric/lapack.h"

/* Workspaces live for one call only. */
struct rmb_lapack_work {
	double *reals;
	lapack_int *ints;
	int64_t nreals, nints;
};

/* Numbers: the larger of what was queried and the documented formula, in 64 bits. RMB_ELIMIT: they do not fit. */
int rmb_lapack_work_make(struct rmb_lapack_work *work, const char *driver, double query, int64_t formula, int64_t nints,
                         struct rmb_error *error) RMB_CHECKED;
void rmb_lapack_work_free(struct rmb_lapack_work *work);
/* a[m][n] is neither empty nor too large, and finite. */
int rmb_lapack_input(const char *what, const double *a, int64_t m, int64_t n, struct rmb_error *error) RMB_CHECKED;
int rmb_lapack_input_single(const char *what, const float *a, int64_t m, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* The call succeeded and values[n] are finite. */
int rmb_lapack_output(const char *what, lapack_int info, const double *values, int64_t n, struct rmb_error *error) RMB_CHECKED;
/* The opposite order of w[n], or of the m rows of a[m][n]. */
void rmb_reverse(double *w, int64_t n);
void rmb_reverse_rows(double *a, int64_t m, int64_t n);
#endif
