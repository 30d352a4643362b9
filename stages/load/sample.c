/* load/sample.c -- a look at samples of the activity: those that are not finite, neurons that are constant, what rounding costs.
 *
 * Tiles all over the matrix are read, or its beginning where a file can only be read onwards; of a short recording, and under
 * RMB_WHOLE, everything. */
#include <inttypes.h>
#include <math.h>
#include "load/parts.h"

#define MOST_EFFORT ((int64_t)128 << 20)
#define MOST_ITEMS ((int64_t)4 << 20)
#define MOST_UNPACKED ((int64_t)48 << 20) /* bytes, in chunks of which only a part is looked at */
enum { TILE = 1 << 16 };

/* What was met of a neuron. */
struct row { bool met, varies; float first; };
struct sample { struct row *row; const bool *dropped; };

static int
take_block(void *argument, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, const float *block)
{
	const struct sample *s = argument;
	for (int64_t i = 0; i < nrows; i++) {
		struct row *r = &s->row[row + i];
		for (int64_t t = 0; t < nframes; t++) {
			float x = block[i * nframes + t];
			if (s->dropped[frame + t])
				continue;
			if (!r->met)
				*r = (struct row){ .met = true, .first = x };
			r->varies |= !(x == r->first);
		}
	}
	return 0;
}

static int
go_on(void *argument, double done, double total)
{
	(void)argument, (void)done, (void)total;
	return 0;
}

static void
tell(const struct row *row, const struct rmb_load_row *seen, int64_t n, bool sampled, struct rmb_seen *to)
{
	int64_t met = 0, bad = 0, constant = 0, first_bad = -1, first_constant = -1;
	for (int64_t i = 0; i < n; i++) {
		met += row[i].met;
		if (seen[i].bad >= 0 && bad++ == 0)
			first_bad = i;
		if (row[i].met && !row[i].varies && seen[i].bad < 0 && constant++ == 0)
			first_constant = i;
	}
	const char *of = sampled ? "neurons looked at" : "neurons";
	if (bad)
		rmb_see_caution(to, sampled,
		                "%" PRId64 " of %" PRId64 " %s have samples that are not finite, the first is row %" PRId64
		                " at frame %" PRId64 ", which is %s; loading leaves such neurons out",
		                bad, met, of, first_bad, seen[first_bad].bad,
		                isnan(seen[first_bad].odd) ? "missing (NaN)" : "infinite");
	if (constant)
		rmb_see_caution(to, sampled,
		                "%" PRId64 " of %" PRId64 " %s are constant%s, the first is row %" PRId64
		                "; zscore leaves such neurons out",
		                constant, met, of, sampled ? " as far as was looked" : "", first_constant);
}

int
rmb_load_sample(const struct rmb_layout *layout, bool frames_first, const bool *dropped, struct rmb_seen *seen,
                struct rmb_load_notes *notes, struct rmb_error *error)
{
	const struct rmb_member *m = layout->activity.member;
	int64_t n = m->axis[frames_first ? 1 : 0], inexact = 0, nrows, ncolumns;
	bool whole = seen->depth == RMB_WHOLE || m->count <= MOST_ITEMS;
	struct sample sample = { rmb_arena_alloc(notes->arena, (size_t)n, sizeof *sample.row), dropped };
	struct rmb_load_row *row = rmb_arena_alloc(notes->arena, (size_t)n, sizeof *row);
	struct rmb_load_sink sink = { .argument = &sample, .write = take_block, .progress = go_on, .dropped = dropped };
	struct rmb_load_notes rounding = { .arena = notes->arena };
	if (!sample.row || !row)
		return rmb_error_nomem(error, m->name);
	if (seen->depth != RMB_WHOLE && m->effort > MOST_EFFORT) {
		rmb_see_caution(seen, true,
		                "no samples were looked at: '%s' can only be unpacked in pieces of %" PRId64 " MB or more",
		                m->name, m->effort >> 20);
		return 0;
	}
	if (!whole) {
		rmb_load_tile(layout->activity.file, m, TILE, &nrows, &ncolumns);
		sink.tile = TILE;
		int64_t most = MOST_ITEMS / (nrows * ncolumns), work = m->effort > 0 ? MOST_UNPACKED / m->effort : most;
		sink.tiles = most < 1 || work < 1 ? 1 : most < work ? most : work;
	}
	int code = rmb_load_activity(&layout->activity, frames_first, &sink, row, &inexact, error);
	if (code)
		return code;
	if (!whole)
		rmb_see_text(seen, "looked at", "about %" PRId64 " of %" PRId64 " samples", nrows * ncolumns * sink.tiles,
		             m->count);
	tell(sample.row, row, n, !whole, seen);
	rmb_load_rounding(m->name, row, n, &rounding);
	for (int i = 0; i < rounding.n; i++)
		rmb_see_caution(seen, !whole, "%s", rounding.text[i]);
	return 0;
}
