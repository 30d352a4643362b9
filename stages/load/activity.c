/* load/activity.c -- the activity matrix, streamed from the file into blocks of float32, row = neuron.
 *
 * The stored matrix is read once and in its own order. If the file has the frames first, each tile is turned on its way. Memory
 * is the same for any size of file: one raw tile and one or two of float32. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "load/parts.h"
#include "rumble/processor.h"

enum { TILE = 16 << 20, PIECE = 4096, SQUARE = 32 };

int
rmb_load_orientation(const struct rmb_layout *layout, const char *wanted, bool *frames_first, struct rmb_load_notes *notes,
                     struct rmb_error *error)
{
	const struct rmb_member *m = layout->activity.member;
	const char *path = layout->activity.file->path, *shape = rmb_member_shape(layout->activity.file->arena, m);
	const struct rmb_found *whose;
	int64_t n, t = layout->times.member ? layout->times.member->count : 0;
	int code = rmb_load_companions(layout, &n, &whose, error);
	if (code)
		return code;
	if (m->refusal)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' %s", path, m->name, m->refusal);
	if (m->number == RMB_BYTES || m->number == RMB_UTF32)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' holds %s; activity must be numbers", path, m->name, m->type);
	if (m->naxes != 2 || m->axis[0] < 1 || m->axis[1] < 1)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: '%s' has the shape %s; activity must have two axes, neurons and frames, none of them "
		                     "empty",
		                     path, m->name, shape);
	*frames_first = strcmp(wanted, "frames-first") == 0;
	if (strcmp(wanted, "auto") != 0)
		return 0;
	if (m->frames_first && (!n || n == m->axis[1])) {
		*frames_first = true;
		return 0;
	}
	bool first = n == m->axis[0], second = n == m->axis[1];
	if (n && !first && !second)
		return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is for %" PRId64 " neurons, but the activity '%s' is %s",
		                     whose->file->path, whose->member->name, n, m->name, shape);
	if (!n && t) {
		first = t == m->axis[1];
		second = t == m->axis[0];
	}
	*frames_first = second && !first;
	if (first && second)
		rmb_load_note(notes,
		              "'%s' is %s, and the lengths of the other arrays fit both axes; it was taken as neurons x frames. "
		              "If it is the "
		              "other way round, write `orientation: frames-first`",
		              m->name, shape);
	if (first || second)
		return 0;
	if (m->axis[0] >= m->axis[1])
		rmb_load_note(notes,
		              "'%s' is %s and nothing in the file says which axis is the neurons; it was taken as neurons x "
		              "frames. If it is the other way round, write `orientation: frames-first`",
		              m->name, shape);
	return 0;
}

struct reading {
	const struct rmb_found *from;
	const struct rmb_load_sink *sink;
	bool turned;                 /* stored frame after frame */
	unsigned char *raw, *less;   /* less: of what is taken away; NULL: nothing is */
	float *block, *other;
	struct rmb_load_row *seen;
	int64_t *inexact;
};
struct tile { int64_t row, nrows, column, ncolumns; };

static void
weigh_one(struct rmb_load_row *seen, double exact, double rounded)
{
	if (seen->n++ == 0)
		seen->first = exact;
	double difference = exact - seen->first;
	seen->sum += difference;
	seen->squares += difference * difference;
	seen->rounding = fmax(seen->rounding, fabs(exact - rounded));
}

/* Items at.. at + n of a tile: what rounding did to them, beside how far they spread. */
static void
weigh(const struct reading *r, const struct tile *tile, int64_t at, const double *exact, const float *rounded, int64_t n)
{
	int64_t i = at / tile->ncolumns, c = at % tile->ncolumns;
	for (int64_t k = 0; k < n; k++) {
		int64_t row = r->turned ? tile->column + c : tile->row + i, frame = r->turned ? tile->row + i : tile->column + c;
		if (!r->sink->dropped || !r->sink->dropped[frame])
			weigh_one(&r->seen[row], exact[k], (double)rounded[k]);
		if (++c == tile->ncolumns) {
			c = 0;
			i++;
		}
	}
}

/* Takes from exact[n], which begin at item `at` of a tile. */
static void
take_away(const struct reading *r, int64_t at, double *exact, int64_t n)
{
	const struct rmb_less *less = r->from->less;
	double piece[PIECE];
	rmb_member_decode(less->member, r->less + (size_t)at * less->member->item, n, piece);
	for (int64_t k = 0; k < n; k++)
		exact[k] -= less->factor * piece[k];
}

/* Raw items to float32; counts whole numbers that it cannot hold. */
static void
to_float(const struct reading *r, const struct tile *tile)
{
	const struct rmb_member *m = r->from->member;
	unsigned char *raw = r->raw;
	float *out = r->block;
	int64_t n = tile->nrows * tile->ncolumns;
	double piece[PIECE];
	if (rmb_member_plain(m) && !r->less) {
		memcpy(out, raw, (size_t)n * 4);
		return;
	}
	bool wide = m->number != RMB_FLOATING && m->item >= 4 && !r->less, fine = m->number == RMB_FLOATING && m->item == 8;
	for (int64_t i = 0; i < n; i += PIECE) {
		int64_t here = n - i < PIECE ? n - i : PIECE;
		rmb_member_decode(m, raw + (size_t)i * m->item, here, piece);
		if (r->less)
			take_away(r, i, piece, here);
		for (int64_t k = 0; k < here; k++)
			out[i + k] = (float)piece[k];
		for (int64_t k = 0; wide && k < here; k++)
			*r->inexact += (double)out[i + k] != piece[k];
		if (fine)
			weigh(r, tile, i, piece, out + i, here);
	}
}

/* turned[ncolumns][nrows] from block[nrows][ncolumns], in squares that stay in the cache. */
static void
turn(const float *block, int64_t nrows, int64_t ncolumns, float *turned)
{
	for (int64_t r = 0; r < nrows; r += SQUARE)
		for (int64_t c = 0; c < ncolumns; c += SQUARE)
			for (int64_t i = r; i < r + SQUARE && i < nrows; i++)
				for (int64_t k = c; k < c + SQUARE && k < ncolumns; k++)
					turned[k * nrows + i] = block[i * ncolumns + k];
}

/* Whether all x[n] are finite: x - x is 0 then, else NaN, which sums do not lose. */
RMB_EVERY_CPU static bool
all_finite(const float *x, int64_t n)
{
	enum { LANES = 64 };
	float lane[LANES] = { 0 }, sum = 0;
	int64_t t = 0;
	for (; t <= n - LANES; t += LANES)
		for (int k = 0; k < LANES; k++)
			lane[k] += x[t + k] - x[t + k];
	for (; t < n; t++)
		sum += x[t] - x[t];
	for (int k = 0; k < LANES; k++)
		sum += lane[k];
	return sum == 0;
}

void
rmb_load_gaps(const float *block, const bool *dropped, int64_t row, int64_t nrows, int64_t frame, int64_t nframes,
              struct rmb_load_row *seen)
{
	for (int64_t r = 0; r < nrows; r++) {
		const float *x = block + r * nframes;
		bool fine = all_finite(x, nframes);
		for (int64_t t = 0; !fine && t < nframes; t++)
			if (!isfinite(x[t]) && (seen[row + r].bad < 0 || frame + t < seen[row + r].bad) &&
			    !(dropped && dropped[frame + t])) {
				seen[row + r].bad = frame + t;
				seen[row + r].odd = x[t];
			}
	}
}

static int
one_tile(struct reading *r, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns, struct rmb_error *error)
{
	const struct rmb_member *m = r->from->member;
	int code = r->from->file->format->read(r->from->file, m, row, nrows, column, ncolumns, r->raw, error);
	if (!code && r->less)
		code = rmb_less_read(r->from->less, row, nrows, column, ncolumns, r->less, error);
	if (code)
		return code;
	to_float(r, &(struct tile){ row, nrows, column, ncolumns });
	if (!r->turned) {
		rmb_load_gaps(r->block, r->sink->dropped, row, nrows, column, ncolumns, r->seen);
		return r->sink->write(r->sink->argument, row, nrows, column, ncolumns, r->block);
	}
	turn(r->block, nrows, ncolumns, r->other);
	rmb_load_gaps(r->other, r->sink->dropped, column, ncolumns, row, nrows, r->seen);
	return r->sink->write(r->sink->argument, column, ncolumns, row, nrows, r->other);
}

/* Of a sample, whether the next tile is in it. */
struct choice { int64_t all, most, next; bool onwards; };

static bool
is_chosen(struct choice *c)
{
	int64_t i = c->next++;
	if (c->most == 0 || c->all <= c->most)
		return true;
	if (c->onwards)
		return i < c->most;
	/* tile i begins the k-th of `most` equal parts */
	int64_t k = (int64_t)((double)i * (double)c->most / (double)c->all),
		first = (int64_t)ceil((double)k * (double)c->all / (double)c->most);
	return i == first;
}

int
rmb_load_activity(const struct rmb_found *activity, bool frames_first, const struct rmb_load_sink *sink,
                  struct rmb_load_row *seen, int64_t *inexact, struct rmb_error *error)
{
	const struct rmb_member *m = activity->member;
	int64_t rows, columns, nrows, ncolumns;
	rmb_member_matrix(m, &rows, &columns);
	rmb_load_tile(activity->file, m, sink->tile ? sink->tile : TILE, &nrows, &ncolumns);
	struct reading r = {
		.from = activity, .sink = sink, .turned = frames_first != m->fortran, .seen = seen, .inexact = inexact
	};
	size_t n = (size_t)(nrows * ncolumns);
	int code = 0;
	for (int64_t i = 0; i < (r.turned ? columns : rows); i++)
		seen[i] = (struct rmb_load_row){ .bad = -1 };
	*inexact = 0;
	r.raw = rmb_arena_alloc(activity->file->arena, n, m->item);
	r.block = rmb_arena_alloc(activity->file->arena, n, sizeof *r.block);
	r.other = rmb_arena_alloc(activity->file->arena, r.turned ? n : 0, sizeof *r.other);
	if (activity->less)
		r.less = rmb_arena_alloc(activity->file->arena, n, activity->less->member->item);
	if (!r.raw || !r.block || !r.other || (activity->less && !r.less))
		return rmb_error_nomem(error, m->name);
	struct choice choice = { .all = (rows + nrows - 1) / nrows * ((columns + ncolumns - 1) / ncolumns),
		                 .most = sink->tiles,
		                 .onwards = m->onwards };
	for (int64_t row = 0; row < rows && !code; row += nrows)
		for (int64_t column = 0; column < columns && !code; column += ncolumns) {
			if (!is_chosen(&choice))
				continue;
			int64_t nr = rows - row < nrows ? rows - row : nrows,
				nc = columns - column < ncolumns ? columns - column : ncolumns;
			code = one_tile(&r, row, nr, column, nc, error);
			if (!code)
				code = sink->progress(sink->argument,
				                      (double)row * (double)columns + (double)nr * (double)(column + nc),
				                      (double)m->count);
		}
	return code;
}

/* Rounding is small against a spread as long as it changes no z-score by more than LOSS. */
void
rmb_load_rounding(const char *name, const struct rmb_load_row *row, int64_t n, struct rmb_load_notes *notes)
{
	static const double LOSS = 1e-3, NOISE = 1e-12;
	int64_t lost = 0, first = -1;
	double spread = 0;
	for (int64_t i = 0; i < n; i++) {
		double mean = row[i].n ? row[i].sum / (double)row[i].n : 0;
		double deviation = row[i].n ? sqrt(fmax(0, row[i].squares / (double)row[i].n - mean * mean)) : 0;
		/* a neuron that is constant but for the last digits has nothing to lose */
		if (row[i].bad >= 0 || deviation <= NOISE * fabs(row[i].first) || row[i].rounding <= LOSS * deviation)
			continue;
		if (lost++ == 0) {
			first = i;
			spread = deviation;
		}
	}
	if (lost)
		rmb_load_note(notes,
		              "'%s' is float64, and rounding it to float32 changed %" PRId64 " of %" PRId64
		              " neurons by more than a thousandth of "
		              "their own standard deviation, first neuron %" PRId64
		              " (values near %.6g, deviation %.3g, changes up to %.2g): take "
		              "the constant offset away before saving the file",
		              name, lost, n, first, row[first].first, spread, row[first].rounding);
}
