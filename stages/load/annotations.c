/* load/annotations.c -- what is known of each neuron, and the frame rate that frame times show. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/parts.h"

/* So many neurons or more do not all lie within so many um of one another. */
enum { FEW = 4, NEAR = 15 };

/* One number per neuron, or *out NULL if nobody plays the role. Infinite numbers count as missing. */
static int
numbers(const struct rmb_found *found, double **out, struct rmb_error *error)
{
	*out = NULL;
	int code = found->member ? rmb_load_doubles(found->file, found->member, out, error) : 0;
	for (int64_t i = 0; !code && *out && i < found->member->count; i++)
		if (!isfinite((*out)[i]))
			(*out)[i] = NAN;
	return code;
}

static int
whole_numbers(const struct rmb_found *found, const int64_t **out, struct rmb_error *error)
{
	int64_t *all = NULL;
	int code = found->member ? rmb_load_integers(found->file, found->member, &all, error) : 0;
	*out = all;
	return code;
}

/* Columns of (N, 2), (N, 3), (2, N) or (3, N) positions. */
static int
pairs(const struct rmb_found *found, int64_t n, double *const *place, struct rmb_error *error)
{
	const struct rmb_member *m = found->member;
	double *all;
	int code = numbers(found, &all, error);
	bool by_neuron = m->axis[0] == n;
	int64_t width = m->axis[by_neuron ? 1 : 0];
	for (int64_t i = 0; !code && i < n; i++)
		for (int64_t axis = 0; axis < width; axis++)
			place[axis][i] = all[by_neuron ? i * width + axis : axis * n + i];
	return code;
}

/* y and x of each neuron, one after another, as the medians of suite2p's ROIs lie in MATLAB's cells. */
static int
medians(const struct rmb_found *found, int64_t n, double *x, double *y, struct rmb_error *error)
{
	double *all;
	int code = numbers(found, &all, error);
	for (int64_t i = 0; !code && i < n; i++) {
		y[i] = all[2 * i];
		x[i] = all[2 * i + 1];
	}
	return code;
}

/* Whether the entries are whole numbers that differ by no common step: pixels do, the contacts of a probe or an array do not. */
static bool
pixel_like(const double *x, int64_t n)
{
	int64_t step = 0;
	double first = NAN;
	for (int64_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			continue;
		first = isnan(first) ? x[i] : first;
		if (x[i] != rint(x[i]) || fabs(x[i]) > 1e6)
			return false;
		for (int64_t a = llabs((int64_t)x[i] - (int64_t)first), b; a; step = a, a = b) /* greatest common divisor */
			b = step % a;
	}
	return step == 1;
}

/* The least and the most of what is known of x[n]; how many are known. */
static int64_t
span(const double *x, int64_t n, double range[2])
{
	int64_t known = 0;
	range[0] = INFINITY, range[1] = -INFINITY;
	for (int64_t i = 0; i < n; i++) {
		known += !isnan(x[i]);
		range[0] = fmin(range[0], x[i]);
		range[1] = fmax(range[1], x[i]);
	}
	return known;
}

/* Says what makes one doubt that positions x[n], y[n] are um. */
static void
note_unit(const struct rmb_load_file *file, const double *x, const double *y, int64_t n, struct rmb_load_notes *notes)
{
	double across[2], along[2];
	bool several = span(x, n, across) >= FEW && span(y, n, along) >= FEW;
	double width = several ? across[1] - across[0] : 0, height = several ? along[1] - along[0] : 0;
	if (file->in_um)
		return;
	if (file->in_pixels)
		rmb_load_note(notes, "positions are in pixels and were taken as um: give the size of a pixel, as in `pixel: 2 "
		                     "um`, wherever distances count");
	else if (pixel_like(x, n) && pixel_like(y, n))
		rmb_load_note(notes, "the positions are all whole numbers, as pixels are, and were taken as um: if they are "
		                     "pixels give the size of one, as in "
		                     "`pixel: 2 um`; if not, `pixel: 1 um`");
	else if (width + height > 0 && fmax(width, height) < NEAR)
		rmb_load_note(notes, "the positions of all neurons lie within %.3g x %.3g and were taken as um: if they are mm, "
		                     "give `pixel: 1000 um`; if not, `pixel: 1 um`", width, height);
}

/* A coordinate that nobody gives is 0 for all: depths along a probe then make strips, as in the paper's figure 2. */
static int
positions(const struct rmb_layout *layout, double pixel, int64_t n, struct rmb_arena *arena, struct rmb_neurons *neurons,
          struct rmb_load_notes *notes, struct rmb_error *error)
{
	double *x = NULL, *y = NULL, *z = NULL;
	int code = 0;
	bool named = layout->positions.member || layout->x.member || layout->y.member;
	bool by_median = !named && layout->medians.member && layout->medians.member->count == 2 * n;
	if (!named && layout->medians.member && !by_median)
		rmb_load_note(notes, "positions were not read: '%s' holds %" PRId64 " numbers, and for %" PRId64
		                     " neurons must hold a y and an x for each",
		              layout->medians.member->name, layout->medians.member->count, n);
	if (!named && !by_median)
		return 0;
	if (layout->x.member)
		code = numbers(&layout->x, &x, error);
	if (!code && layout->y.member)
		code = numbers(&layout->y, &y, error);
	if (code)
		return code;
	x = x ? x : rmb_arena_alloc(arena, (size_t)n, sizeof *x);
	y = y ? y : rmb_arena_alloc(arena, (size_t)n, sizeof *y);
	bool solid = layout->positions.member && layout->positions.member->count == 3 * n;
	z = solid ? rmb_arena_alloc(arena, (size_t)n, sizeof *z) : NULL;
	if (layout->z.member && !solid && (code = numbers(&layout->z, &z, error)))
		return code;
	if (!x || !y || (solid && !z))
		return rmb_error_nomem(error, "positions");
	if (layout->positions.member)
		code = pairs(&layout->positions, n, (double *const[]){ x, y, z }, error);
	if (!code && by_median)
		code = medians(&layout->medians, n, x, y, error);
	const struct rmb_found *from = layout->positions.member ? &layout->positions
	                               : layout->x.member       ? &layout->x
	                               : by_median              ? &layout->medians
	                                                        : &layout->y;
	if (!code && isnan(pixel))
		note_unit(from->file, x, y, n, notes);
	for (int64_t i = 0; i < n && !isnan(pixel); i++) {
		x[i] *= pixel;
		y[i] *= pixel;
		if (z)
			z[i] *= pixel;
	}
	neurons->x = x;
	neurons->y = y;
	neurons->z = z;
	return code;
}

/* Python objects that were only found by their name may be something else than a text for each neuron: they are then left out. */
static int
texts(const struct rmb_found *found, int64_t n, const char **out, size_t *width, struct rmb_load_notes *notes,
      struct rmb_error *error)
{
	struct rmb_error own = { 0 };
	char *text = NULL;
	int code = found->member ? rmb_load_texts(found->file, found->member, &text, width, &own) : 0;
	if (found->member && found->member->pickle && !found->asked &&
	    (code == RMB_EINPUT || (!code && found->member->count != n))) {
		rmb_load_note(notes, "'%s' was left out: it is a pickle of Python objects that are not one text for each neuron",
		              found->member->name);
		*width = 0;
		return 0;
	}
	*out = text;
	return code ? rmb_error_set(error, code, "%s", own.text) : 0;
}

int
rmb_load_fits(const struct rmb_layout *layout, int64_t n, struct rmb_error *error)
{
	const struct rmb_found *whose;
	int64_t here;
	int code = rmb_load_companions(layout, &here, &whose, error);
	if (code || !whose || here == n)
		return code;
	return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is for %" PRId64 " neurons; the recording has %" PRId64,
	                     whose->file->path, whose->member->name, here, n);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The numbers are whole, up to 2^53. */
static void
note_twice(const int64_t *id, int64_t n, struct rmb_arena *arena, struct rmb_load_notes *notes)
{
	int64_t twice = 0, first = 0;
	double *number = rmb_arena_alloc(arena, (size_t)n, sizeof *number);
	for (int64_t i = 0; number && i < n; i++)
		number[i] = (double)id[i];
	if (number)
		qsort(number, (size_t)n, sizeof *number, compare);
	for (int64_t i = 1; number && i < n; i++)
		if (number[i] == number[i - 1] && twice++ == 0)
			first = (int64_t)number[i];
	if (twice)
		rmb_load_note(notes,
		              "%" PRId64 " of %" PRId64
		              " neurons have a number that another one has, too, the least of these %" PRId64,
		              twice, n, first);
}

int
rmb_load_neurons(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t n, struct rmb_arena *arena,
                 struct rmb_neurons *neurons, struct rmb_load_notes *notes, struct rmb_error *error)
{
	double *quality = NULL;
	memset(neurons, 0, sizeof *neurons);
	int code = rmb_load_fits(layout, n, error);
	if (!code)
		code = positions(layout, set->pixel, n, arena, neurons, notes, error);
	if (!code)
		code = numbers(&layout->quality, &quality, error);
	if (!code)
		code = whole_numbers(&layout->plane, &neurons->plane, error);
	if (!code)
		code = whole_numbers(&layout->probe, &neurons->probe, error);
	if (!code)
		code = whole_numbers(&layout->id, &neurons->id, error);
	if (!code && neurons->id)
		note_twice(neurons->id, n, arena, notes);
	if (!code)
		code = texts(&layout->area, n, &neurons->area, &neurons->area_width, notes, error);
	if (!code)
		code = texts(&layout->unit_label, n, &neurons->label, &neurons->label_width, notes, error);
	neurons->n = n;
	neurons->quality = quality;
	if (!code && layout->parts) {
		int64_t *probe = rmb_arena_alloc(arena, (size_t)n, sizeof *probe);
		for (int64_t i = 0; probe && i < n; i++)
			probe[i] = layout->parts->id[i] / RMB_PART_STEP;
		neurons->id = layout->parts->id;
		neurons->probe = neurons->probe ? neurons->probe : probe;
		code = probe ? 0 : rmb_error_nomem(error, "probes");
	} else if (!code && !neurons->id) {
		int64_t *id = rmb_arena_alloc(arena, (size_t)n, sizeof *id);
		for (int64_t i = 0; id && i < n; i++)
			id[i] = i;
		neurons->id = id;
		code = id ? 0 : rmb_error_nomem(error, "neuron numbers");
	}
	return code;
}

int
rmb_load_cells(const struct rmb_layout *layout, const struct rmb_load_settings *set, int64_t n, struct rmb_arena *arena,
               const bool **cell, struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_found *found = &layout->cells;
	const struct rmb_member *m = found->member;
	double *stated;
	int64_t ncells = 0;
	*cell = NULL;
	if (!m || strcmp(set->wish.rois, "all") == 0)
		return 0;
	int64_t width = m->naxes == 2 && m->axis[0] == n ? m->axis[1] : 1;
	if (m->count != n * width || width < 1 || width > 2)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' is %s; to say which of %" PRId64 " ROIs are cells it must be %" PRId64
		                     " x 2 (or a list). `rois: all` reads every ROI without it",
		                     found->file->path, m->name, rmb_member_shape(found->file->arena, m), n, n);
	bool *is = rmb_arena_alloc(arena, (size_t)n, sizeof *is);
	int code = is ? rmb_load_doubles(found->file, m, &stated, error) : rmb_error_nomem(error, m->name);
	for (int64_t i = 0; i < n && !code; i++)
		ncells += is[i] = stated[i * width] > 0.5;
	if (code || ncells == n)
		return code;
	if (ncells == 0)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' calls none of %" PRId64 " ROIs a cell; write `rois: all`",
		                     found->file->path, m->name, n);
	rmb_load_note(notes, "read the %" PRId64 " of %" PRId64 " ROIs that '%s' calls cells; `rois: all` reads every one", ncells,
	              n, m->name);
	*cell = is;
	return 0;
}

double
rmb_load_rate(const char *name, const double *times, int64_t n, struct rmb_arena *arena, struct rmb_load_notes *notes)
{
	const char *trouble = NULL;
	double *step = rmb_arena_alloc(arena, (size_t)(n > 1 ? n - 1 : 1), sizeof *step);
	bool whole = true;
	if (n < 2 || !step)
		trouble = "there are too few of them";
	for (int64_t i = 1; i < n && !trouble; i++) {
		step[i - 1] = times[i] - times[i - 1];
		whole &= step[i - 1] == rint(step[i - 1]);
		if (!isfinite(step[i - 1]) || step[i - 1] < 0)
			trouble = "they are not ascending";
	}
	if (!trouble && whole)
		trouble = "they are whole numbers and may count frames";
	if (!trouble)
		qsort(step, (size_t)n - 1, sizeof *step, compare);
	/* the median of n - 1 steps */
	double median = trouble ? NAN : n % 2 == 0 ? step[(n - 1) / 2] : 0.5 * (step[(n - 1) / 2 - 1] + step[(n - 1) / 2]);
	if (!trouble && !(median >= 1e-4 && median <= 100))
		trouble = "their steps are not those of frames in seconds";
	if (!trouble)
		return 1 / median;
	rmb_load_note(notes, "the frame times '%s' were not used for the rate: %s", name, trouble);
	return NAN;
}
