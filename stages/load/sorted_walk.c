/* load/sorted_walk.c -- the spikes of the units that are read, a piece at a time.
 *
 * Times and clusters of a sorting lie in two files side by side, and a list of fifty million would take a gigabyte. So st and clu
 * are walked: entry i is the i-th spike of a unit that is wanted, and a block of entries is kept with the place behind it, from
 * which the next one is filled. Whoever asks for an earlier entry makes the walk begin anew; one far ahead costs a look at the
 * clusters between. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/sorted.h"

struct place { int home; int64_t spike, entry; }; /* spike of sorting[home], which would be this entry if its unit is wanted */

struct rmb_sorted_walk {
	const struct rmb_sorting *sorting;
	int n;
	struct wants { bool *cluster; int64_t n; } *wants; /* [n] */
	const struct rmb_member *st;
	struct place before, behind; /* the block */
	int64_t first, filled;   /* entries of it */
	bool timed;              /* its times are there, too */
	double time[RMB_PIECE];  /* s */
	int64_t cluster[RMB_PIECE];
};

struct rmb_sorted_walk *
rmb_sorted_walk(struct rmb_load_file *file, const struct rmb_sorting *sorting, int n, struct rmb_error *error)
{
	struct rmb_sorted_walk *walk = rmb_arena_alloc(file->arena, 1, sizeof *walk);
	struct wants *wants = rmb_arena_alloc(file->arena, (size_t)n, sizeof *wants);
	bool whole = walk && wants;
	for (int i = 0; i < n && whole; i++) {
		wants[i].n = sorting[i].nunits > 0 ? sorting[i].unit[sorting[i].nunits - 1].cluster + 1 : 0;
		whole = (wants[i].cluster = rmb_arena_alloc(file->arena, (size_t)wants[i].n, 1)) != NULL;
	}
	if (!whole) {
		(void)!rmb_error_nomem(error, "spikes");
		return NULL;
	}
	walk->sorting = sorting;
	walk->n = n;
	walk->wants = wants;
	return walk;
}

void
rmb_sorted_want(struct rmb_sorted_walk *walk, int home, int64_t cluster)
{
	walk->wants[home].cluster[cluster] = true;
}

int
rmb_sorted_time(const struct rmb_sorting *s, int64_t i, double time, double *out, struct rmb_error *error)
{
	if (isnan(s->clock)) {
		*out = time;
		return 0;
	}
	*out = time / s->clock;
	return time >= 0 && time == rint(time)
	               ? 0
	               : rmb_error_set(error, RMB_EINPUT,
	                               "%s: spike %" PRId64 " is at sample %.15g; samples are whole numbers, "
	                               "counted from 0",
	                               s->time.file->path, i, time);
}

/* Whether a spike of that cluster is met; the file may have changed since the units were found. */
static bool
is_wanted(const struct wants *wants, double cluster)
{
	return cluster >= 0 && cluster < (double)wants->n && wants->cluster[(int64_t)cluster];
}

/* Adds what is wanted of n spikes from the place on, as entries from `least` on, until the block is full; moves the place. */
static int
take_piece(struct rmb_sorted_walk *w, int64_t n, int64_t least, struct rmb_error *error)
{
	struct place *at = &w->behind;
	const struct rmb_sorting *s = &w->sorting[at->home];
	const struct wants *wants = &w->wants[at->home];
	const double *cluster, *time = NULL;
	int64_t some = 0, i = 0;
	int code = rmb_pieces_get(&s->cluster, at->spike, n, &cluster, error);
	for (int64_t k = 0; k < n && !code; k++)
		some += is_wanted(wants, cluster[k]);
	if (!code && at->entry + some <= least) { /* all of it lies before */
		at->entry += some;
		at->spike += n;
		return 0;
	}
	if (!code && w->timed)
		code = rmb_pieces_get(&s->time, at->spike, n, &time, error);
	for (; i < n && w->filled < RMB_PIECE && !code; i++) {
		if (!is_wanted(wants, cluster[i]) || at->entry++ < least)
			continue;
		if (w->timed)
			code = rmb_sorted_time(s, at->spike + i, time[i], &w->time[w->filled], error);
		w->cluster[w->filled++] = (int64_t)cluster[i] + (int64_t)at->home * RMB_SORTED_STEP;
	}
	at->spike += i;
	return code;
}

/* The block from entry `least` on. */
static int
fill(struct rmb_sorted_walk *w, int64_t least, bool timed, struct rmb_error *error)
{
	struct place *at = &w->behind;
	int code = 0;
	if (least < at->entry)
		*at = least >= w->before.entry ? w->before : (struct place){ 0 };
	w->before = *at;
	w->first = least;
	w->filled = 0;
	w->timed = timed;
	while (w->filled < RMB_PIECE && at->home < w->n && !code) {
		int64_t left = w->sorting[at->home].nspikes - at->spike;
		if (left > 0)
			code = take_piece(w, left < RMB_PIECE ? left : RMB_PIECE, least, error);
		else
			*at = (struct place){ at->home + 1, 0, at->entry };
	}
	w->filled = code ? 0 : w->filled;
	return code;
}

static int
read_piece(struct rmb_load_file *file, const struct rmb_member *member, int64_t at, int64_t n, void *items,
           struct rmb_error *error)
{
	struct rmb_sorted_walk *w = *rmb_gathered_own(file);
	bool timed = member == w->st;
	for (int64_t done = 0, here; done < n; done += here, at += here) {
		bool there = at >= w->first && at < w->first + w->filled && (w->timed || !timed);
		int code = there ? 0 : fill(w, at, timed, error);
		if (code || w->filled == 0)
			return code ? code : rmb_error_set(error, RMB_EINPUT, "%s changed while it was read", file->path);
		here = w->first + w->filled - at < n - done ? w->first + w->filled - at : n - done;
		if (timed)
			memcpy((double *)items + done, w->time + (at - w->first), (size_t)here * sizeof *w->time);
		else
			memcpy((int64_t *)items + done, w->cluster + (at - w->first), (size_t)here * sizeof *w->cluster);
	}
	return 0;
}

static const char *
file_name(const struct rmb_pieces *pieces)
{
	const char *slash = strrchr(pieces->file->path, '/');
	return slash ? slash + 1 : pieces->file->path;
}

int
rmb_sorted_walk_members(struct rmb_load_file *file, struct rmb_sorted_walk *walk, int64_t nspikes, struct rmb_error *error)
{
	struct rmb_member st = rmb_gathered_numbers("st", nspikes), clu = st;
	clu.name = "clu";
	clu.type = "int64";
	clu.number = RMB_SIGNED;
	st.called = file_name(&walk->sorting->time);
	clu.called = file_name(&walk->sorting->cluster);
	*rmb_gathered_own(file) = walk;
	int code = rmb_gathered_pieces(file, &st, read_piece, error);
	if (!code)
		code = rmb_gathered_find(file, "st", &walk->st, error);
	return code ? code : rmb_gathered_pieces(file, &clu, read_piece, error);
}
