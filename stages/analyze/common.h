/* analyze/common.h -- what the analyses of shared variance ask and check alike. */
#ifndef RMB_ANALYZE_COMMON_H
#define RMB_ANALYZE_COMMON_H
#include "numeric/leading.h"
#include "numeric/sweep.h"
#include "rumble/stage.h"

/* How neurons are split in two; the first member of a stage's settings, so that RMB_HALVES_PARAMS fits. */
struct halves_settings {
	const char *halves;
	double spacing;
	struct rmb_ints half1, half2;
};

#define RMB_HALVES_PARAMS \
	{ .name = "halves", .kind = RMB_WORD, .at = offsetof(struct halves_settings, halves), .def = "auto", \
	  .words = "auto|checkerboard|random|given", \
	  .help = "how neurons are split in two; auto: by checkerboard if there are positions, else at random" }, \
	{ .name = "spacing", .kind = RMB_REAL, .at = offsetof(struct halves_settings, spacing), .def = "25 um", .unit = "um", \
	  .min = 1e-3, .max = 1e6, .help = "side of a square of the checkerboard" }, \
	{ .name = "half1", .kind = RMB_INTS, .at = offsetof(struct halves_settings, half1), .def = "none", .none = true, \
	  .min = 0, .max = 1e9, \
	  .help = "neurons of the first half when halves are given: rows, from 0, of the recording read, " \
	          "after neurons were dropped" }, \
	{ .name = "half2", .kind = RMB_INTS, .at = offsetof(struct halves_settings, half2), .def = "none", .none = true, \
	  .min = 0, .max = 1e9, .help = "neurons of the second half when halves are given: rows, as for half1" }

#define RMB_PRECISION_PARAM(type) \
	{ .name = "precision", .kind = RMB_WORD, .at = offsetof(type, precision), .def = "single", .words = "single|double", \
	  .help = "of the matrix product; double also decomposes it without squaring, at several times the cost" }

#define RMB_SOLVER_PARAM(type) \
	{ .name = "solver", .kind = RMB_WORD, .at = offsetof(type, solver), .def = "auto", .words = "auto|exact|block", \
	  .help = "block: only the components wanted, to 1e-4 of each value, and exact where that cannot be had; " \
	          "auto: block if they are a fifth or less of a large matrix, in single precision" }

/* Of a spectrum: how much of it. */
#define RMB_COMPONENTS_PARAM(type) \
	{ .name = "components", .kind = RMB_INT, .at = offsetof(type, components), .def = "none", .none = true, \
	  .min = 1, .max = 1e9, .help = "values wanted, the largest: those that a fit will read; none: all there are" }

/* For the descriptor: the block method works in single precision. */
int rmb_solver_check(const char *solver, const char *precision, struct rmb_error *error);
/* For the descriptor: the lists go with `halves: given`, and only with it. */
int rmb_halves_check(const void *settings, struct rmb_error *error);
/* For the descriptor: halves may be drawn at random. */
bool rmb_halves_draw(const void *settings);

/* The recording at the port `recording`, which must be z-scored and have frames; NULL: failed. */
const struct rmb_recording *rmb_zscored_input(struct rmb_call *call, const char *stage);
/* The two halves as views; each has two neurons or more. 0 or a failure. */
int rmb_halves_input(struct rmb_call *call, const char *stage, const struct halves_settings *settings,
                     struct rmb_recording *first, struct rmb_recording *second) RMB_CHECKED;
/* Whether a matrix with so many rows can be decomposed; else a failure that says so, before anything is computed. */
int rmb_decomposable(struct rmb_call *call, const char *stage, int64_t side) RMB_CHECKED;
/* For a sweep that is from..to of the whole: passes its progress on. */
struct rmb_part { struct rmb_call *call; double from, to; };
int rmb_part_progress(void *part, double done);
/* Warns if fewer than n components stand above the rounding level of that precision. */
void rmb_warn_rank(struct rmb_call *call, const char *what, int64_t stand, int64_t n, bool in_double);
/* Values that come out of n, with RMB_COMPONENTS_PARAM. */
int64_t rmb_components_wanted(int64_t components, int64_t n);
/* The solver that the two settings make. */
enum rmb_solver rmb_solver_of(const char *solver, const char *precision);
/* Warns if the block method was asked for and an exact decomposition had to be made after all. */
void rmb_warn_solver(struct rmb_call *call, const char *solver, const struct rmb_krylov *how);
/* A scalar output and its value; makes n of them. */
struct rmb_scalar { const char *port; double value; };
int rmb_output_scalars(struct rmb_call *call, const struct rmb_scalar *scalar, size_t n) RMB_CHECKED;
/* For the descriptor's `about`: the level of rmb_rounding_level. */
#define RMB_LEVEL_TEXT "at rounding level (up to 1e-6 of the largest in single precision, 1e-10 in double)"
#endif
