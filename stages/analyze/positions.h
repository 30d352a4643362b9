/* analyze/positions.h -- what the analyses that need places of neurons ask and check alike. */
#ifndef RMB_ANALYZE_POSITIONS_H
#define RMB_ANALYZE_POSITIONS_H
#include "numeric/space.h"
#include "rumble/stage.h"

/* The first member of a stage's settings, so that RMB_PLACE_PARAMS fits. */
struct place_settings { const char *geometry; double box; };

#define RMB_PLACE_PARAMS \
	{ .name = "geometry", .kind = RMB_WORD, .at = offsetof(struct place_settings, geometry), .def = "plane", \
	  .words = "plane|circular|paper", .help = "circular: a torus of side `box`; paper: the published wrapping at 1 um" }, \
	{ .name = "box", .kind = RMB_REAL, .at = offsetof(struct place_settings, box), .def = "none", .none = true, \
	  .unit = "um", .min = 1e-3, .max = 1e9, .help = "side of the torus" }

/* A box is given with `geometry: circular` and nowhere else (but with `paper` too, where `paper_box`). */
int rmb_place_check(const struct place_settings *settings, bool paper_box, struct rmb_error *error);
/* The coordinates of all neurons, finite, and inside the box of a torus. 0 or a failure. */
int rmb_place_input(struct rmb_call *call, const char *stage, const struct place_settings *settings,
                    const struct rmb_neurons *neurons, struct rmb_space *space) RMB_CHECKED;
#endif
