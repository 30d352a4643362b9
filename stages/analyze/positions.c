#include "analyze/positions.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int
rmb_place_check(const struct place_settings *set, bool paper_box, struct rmb_error *error)
{
	bool circular = strcmp(set->geometry, "circular") == 0, paper = strcmp(set->geometry, "paper") == 0,
	     given = !isnan(set->box);
	if (circular && !given)
		return rmb_error_set(error, RMB_ERECIPE, "geometry: circular needs box, the side of the torus (box: 8000 um)");
	if (given && !circular && !(paper && paper_box))
		return rmb_error_set(error, RMB_ERECIPE, "box is read only with `geometry: circular`%s; geometry is '%s'",
		                     paper_box ? " or `paper`" : "", set->geometry);
	return 0;
}

/* Neurons without a number for their place: how many, and the first few. */
static int
all_placed(struct rmb_call *call, const char *stage, const struct rmb_neurons *neurons, const struct rmb_space *space)
{
	char names[128] = "";
	int length = 0;
	int64_t missing = 0;
	for (int64_t i = 0; i < neurons->n; i++) {
		bool placed = true;
		for (int a = 0; a < space->naxes; a++)
			placed = placed && isfinite(space->axis[a][i]);
		if (placed)
			continue;
		if (missing < 5)
			length += snprintf(names + length, sizeof names - (size_t)length, "%s%" PRId64, missing ? ", " : "", i);
		missing++;
	}
	if (missing > 0 && missing == neurons->n)
		return rmb_fail(call, RMB_EDATA,
		                "%s: no neuron of recording '%s' has a position that is known; give others where it is loaded",
		                stage, rmb_recording_name(call));
	if (missing == 0)
		return 0;
	return rmb_fail(call, RMB_EDATA,
	                "%s: %" PRId64 " of the %" PRId64 " neurons of recording '%s' have no position (indices %s%s); leave them "
	                "out with a select stage (`neurons`, or a `box` that holds all places), or complete the positions",
	                stage, missing, neurons->n, rmb_recording_name(call), names, missing > 5 ? ", ..." : "");
}

static int
inside_box(struct rmb_call *call, const char *stage, const struct rmb_neurons *neurons, const struct rmb_space *space)
{
	for (int a = 0; a < space->naxes; a++) {
		double least = INFINITY, largest = -INFINITY;
		for (int64_t i = 0; i < neurons->n; i++) {
			least = fmin(least, space->axis[a][i]);
			largest = fmax(largest, space->axis[a][i]);
		}
		if (largest - least > space->box)
			return rmb_fail(call, RMB_EDATA,
			                "%s: positions of recording '%s' reach from %g to %g um, further than the box of %g "
			                "um; give the side of the torus that they lie on, or use `geometry: plane`",
			                stage, rmb_recording_name(call), least, largest, space->box);
	}
	return 0;
}

int
rmb_place_input(struct rmb_call *call, const char *stage, const struct place_settings *set, const struct rmb_neurons *neurons,
                struct rmb_space *space)
{
	*space = (struct rmb_space){ .geometry = RMB_PLANE, .box = set->box };
	if (strcmp(set->geometry, "plane") != 0)
		space->geometry = strcmp(set->geometry, "circular") == 0 ? RMB_TORUS : RMB_UNIT_BOX;
	if (neurons->x)
		space->axis[space->naxes++] = neurons->x;
	if (neurons->y)
		space->axis[space->naxes++] = neurons->y;
	if (neurons->z)
		space->axis[space->naxes++] = neurons->z;
	if (space->naxes == 0)
		return rmb_fail(call, RMB_EDATA,
		                "%s: recording '%s' has no positions; give x and y (or positions) where it is loaded", stage,
		                rmb_recording_name(call));
	int rc = all_placed(call, stage, neurons, space);
	return rc || space->geometry != RMB_TORUS ? rc : inside_box(call, stage, neurons, space);
}
