/* Views: every composition against the plain computation on a matrix in memory, bit for bit; and tables that do not hold
 * together. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "rumble/random.h"
#include "rumble/recording.h"
#include "support/check.h"

/* ---- a recording, and what it should look like ---- */

enum { ROWS = 23, FRAMES = 190, MOST = 700 };

/* The plain matrix: x[n][t] is the stored sample; what is read should be (float)((x - offset) * scale). */
struct plain {
	int64_t n, t;
	double x[3 * ROWS][MOST];
	bool scaled;
	double offset[3 * ROWS], scale[3 * ROWS];
	int64_t id[3 * ROWS], state[MOST];
	bool joint[MOST]; /* a segment begins here */
	double time[MOST];
	bool shifted;     /* frames have no state and no time any more */
};

struct both { struct rmb_arena *arena; struct rmb_recording view; struct plain plain; struct rmb_stream stream; uint64_t draw; };

static int64_t
below(struct both *both, int64_t n)
{
	return rmb_random_below(both->stream, both->draw++, n);
}

static void
begin(struct both *both, uint64_t seed)
{
	char name[32];
	snprintf(name, sizeof name, "views %llu", (unsigned long long)seed);
	memset(both, 0, sizeof *both);
	both->stream = rmb_stream_named(name);
	both->arena = rmb_arena_new();
	float *samples = rmb_arena_alloc(both->arena, ROWS * FRAMES, sizeof *samples);
	int64_t *id = rmb_arena_alloc(both->arena, ROWS, sizeof *id), *state = rmb_arena_alloc(both->arena, FRAMES, sizeof *state);
	static const int64_t segment[] = { 0, 1, 60, 150 };
	struct plain *plain = &both->plain;
	plain->n = ROWS;
	plain->t = FRAMES;
	for (int64_t i = 0; i < ROWS; i++) {
		plain->id[i] = id[i] = 1000 + i;
		for (int64_t t = 0; t < FRAMES; t++)
			plain->x[i][t] = samples[i * FRAMES + t] = (float)rmb_random_normal(both->stream, both->draw++);
	}
	for (int64_t t = 0; t < FRAMES; t++) {
		plain->state[t] = state[t] = t / 7;
		plain->time[t] = (double)t / 22;
	}
	for (int s = 0; s < 4; s++)
		plain->joint[segment[s]] = true;
	both->view = (struct rmb_recording){ .neurons = { .n = ROWS, .id = id }, .nframes = FRAMES, .rate = 22, .nsegments = 4,
		                             .segment = segment, .state = state, .scaling = "none", .samples = samples,
		                             .stored_rows = ROWS, .stored_frames = FRAMES };
}

/* ---- the four operations, each done twice ---- */

static void
take_neurons(struct both *both)
{
	static struct plain old;
	struct plain *plain = &both->plain;
	int64_t keep[3 * ROWS], n = 1 + below(both, plain->n + 4); /* any order, repeats too */
	old = *plain;
	plain->n = n;
	for (int64_t k = 0; k < n; k++) {
		int64_t i = keep[k] = below(both, old.n);
		memcpy(plain->x[k], old.x[i], sizeof old.x[i]);
		plain->offset[k] = old.offset[i];
		plain->scale[k] = old.scale[i];
		plain->id[k] = old.id[i];
	}
	assert_int_equal(rmb_view_neurons(both->arena, &both->view, keep, n, &both->view, NULL), 0);
}

static void
take_frames(struct both *both)
{
	static struct plain old;
	struct plain *plain = &both->plain;
	struct rmb_interval interval[6];
	int64_t n = 1 + below(both, 6), t = 0, before = -2;
	struct rmb_error error = { 0 };
	if (both->view.shift) {
		interval[0] = (struct rmb_interval){ 0, 1 };
		assert_int_equal(rmb_view_frames(both->arena, &both->view, interval, 1, &both->view, &error), RMB_EDATA);
		assert_non_null(strstr(error.text, "before the shuffle"));
		return;
	}
	old = *plain;
	for (int64_t k = 0; k < n; k++) {
		bool follow = k > 0 && below(both, 3) == 0 && before + 1 < old.t; /* some intervals touch: no joint there */
		interval[k].start = follow ? before + 1 : below(both, old.t);
		int64_t room = old.t - interval[k].start, most = MOST - t - (n - k);
		interval[k].n = 1 + below(both, room < most ? room : most);
		for (int64_t f = interval[k].start; f < interval[k].start + interval[k].n; f++, t++) {
			for (int64_t i = 0; i < old.n; i++)
				plain->x[i][t] = old.x[i][f];
			plain->joint[t] = f != before + 1 || old.joint[f];
			plain->state[t] = old.state[f];
			plain->time[t] = old.time[f];
			before = f;
		}
	}
	plain->t = t;
	assert_int_equal(rmb_view_frames(both->arena, &both->view, interval, n, &both->view, NULL), 0);
}

static void
shift_rows(struct both *both)
{
	static struct plain old;
	struct plain *plain = &both->plain;
	int64_t shift[3 * ROWS];
	old = *plain;
	for (int64_t i = 0; i < plain->n; i++) {
		shift[i] = below(both, 5 * plain->t) - 2 * plain->t;
		for (int64_t t = 0; t < plain->t; t++)
			plain->x[i][(t + shift[i] % plain->t + plain->t) % plain->t] = old.x[i][t];
	}
	plain->shifted = true;
	assert_int_equal(rmb_view_shift(both->arena, &both->view, shift, &both->view, NULL), 0);
	assert_string_equal(both->view.recipe_of_view, "circular shifts");
}

static void
scale_rows(struct both *both)
{
	struct plain *plain = &both->plain;
	if (plain->scaled)
		return;
	plain->scaled = true;
	for (int64_t i = 0; i < plain->n; i++) {
		plain->offset[i] = rmb_random_normal(both->stream, both->draw++);
		plain->scale[i] = below(both, 10) ? rmb_random_normal(both->stream, both->draw++) : 0;
	}
	assert_int_equal(rmb_view_scale(both->arena, &both->view, plain->offset, plain->scale, "zscore ddof=0 eps=0", &both->view, NULL), 0);
}

/* ---- comparison ---- */

static void
compare_block(struct both *both, int64_t row, int64_t nrows, int64_t frame, int64_t nframes)
{
	static float single[3 * ROWS * MOST], expected[3 * ROWS * MOST];
	static double wide[3 * ROWS * MOST], expected_wide[3 * ROWS * MOST];
	const struct plain *plain = &both->plain;
	int64_t at = 0;
	for (int64_t i = row; i < row + nrows; i++)
		for (int64_t t = frame; t < frame + nframes; t++, at++) {
			double x = plain->x[i][t];
			expected_wide[at] = plain->scaled ? (x - plain->offset[i]) * plain->scale[i] : x;
			expected[at] = (float)expected_wide[at];
		}
	rmb_read_block(&both->view, row, nrows, frame, nframes, single);
	rmb_read_block_double(&both->view, row, nrows, frame, nframes, wide);
	assert_memory_equal(single, expected, (size_t)at * sizeof *single);
	assert_memory_equal(wide, expected_wide, (size_t)at * sizeof *wide);
}

static void
compare(struct both *both)
{
	const struct plain *plain = &both->plain;
	const struct rmb_recording *view = &both->view;
	struct rmb_error error = { 0 };
	if (!rmb_recording_valid(view, &error))
		fail_msg("%s", error.text);
	assert_true(view->neurons.n == plain->n && view->nframes == plain->t);
	assert_memory_equal(view->neurons.id, plain->id, (size_t)plain->n * sizeof *plain->id);
	assert_true(plain->shifted ? !view->state && !view->segment_time
	                           : memcmp(view->state, plain->state, (size_t)plain->t * sizeof *plain->state) == 0);
	for (int64_t t = 0; t < plain->t && !plain->shifted; t++)
		assert_true(fabs(rmb_frame_time(view, t) - plain->time[t]) < 1e-12);
	int64_t nsegments = 0;
	for (int64_t t = 0; t < plain->t; t++)
		if (plain->joint[t]) {
			assert_true(nsegments < view->nsegments && view->segment[nsegments] == t);
			nsegments++;
		}
	assert_int_equal(nsegments, view->nsegments);
	compare_block(both, 0, plain->n, 0, plain->t);
	for (int k = 0; k < 10; k++) {
		int64_t row = below(both, plain->n), frame = below(both, plain->t);
		compare_block(both, row, below(both, plain->n - row + 1), frame, below(both, plain->t - frame + 1));
	}
}

static void
any_composition_reads_as_the_plain_matrix(void **state)
{
	static void (*const operation[])(struct both *) = { take_neurons, take_frames, shift_rows, scale_rows };
	static struct both both;
	(void)state;
	for (uint64_t seed = 0; seed < 400; seed++) {
		begin(&both, seed);
		compare(&both);
		for (int64_t k = below(&both, 8); k > 0; k--) {
			operation[below(&both, 4)](&both);
			compare(&both);
		}
		rmb_arena_free(both.arena);
	}
}

static void
a_scaling_over_more_frames_is_outdated(void **state)
{
	static struct both both;
	struct rmb_interval all = { 0, FRAMES }, some[] = { { 3, 5 }, { 100, 90 } };
	struct rmb_recording some_view, view;
	(void)state;
	begin(&both, 1);
	assert_int_equal(rmb_view_frames(both.arena, &both.view, some, 2, &view, NULL), 0);
	assert_string_equal(view.scaling, "none");
	scale_rows(&both);
	assert_int_equal(rmb_view_frames(both.arena, &both.view, &all, 1, &view, NULL), 0);
	assert_string_equal(view.scaling, "zscore ddof=0 eps=0");
	assert_int_equal(rmb_view_frames(both.arena, &both.view, some, 2, &some_view, NULL), 0);
	assert_string_equal(some_view.scaling, "outdated zscore ddof=0 eps=0");
	assert_int_equal(rmb_view_frames(both.arena, &some_view, some, 1, &view, NULL), 0);
	assert_string_equal(view.scaling, "outdated zscore ddof=0 eps=0");
	rmb_arena_free(both.arena);
}

static void
every_range_of_a_small_view_is_right(void **state)
{
	static struct both both;
	(void)state;
	begin(&both, 77);
	struct rmb_interval three[] = { { 100, 5 }, { 3, 4 }, { 7, 8 } };
	int64_t keep[] = { 5, 0, 5 }, shift[] = { 0, 16, -3 };
	assert_int_equal(rmb_view_frames(both.arena, &both.view, three, 3, &both.view, NULL), 0);
	assert_int_equal(both.view.nintervals, 2); /* 3..6 and 7..14 touch */
	assert_int_equal(rmb_view_neurons(both.arena, &both.view, keep, 3, &both.view, NULL), 0);
	assert_int_equal(rmb_view_shift(both.arena, &both.view, shift, &both.view, NULL), 0);
	struct plain *plain = &both.plain;
	double x[3][17];
	for (int i = 0; i < 3; i++)
		for (int64_t t = 0; t < 17; t++) {
			int64_t from = ((t - shift[i]) % 17 + 17) % 17;
			x[i][t] = plain->x[keep[i]][from < 5 ? 100 + from : from - 2];
		}
	plain->n = 3;
	plain->t = 17;
	for (int i = 0; i < 3; i++)
		memcpy(plain->x[i], x[i], sizeof x[i]);
	for (int64_t row = 0; row < 3; row++)
		for (int64_t frame = 0; frame <= 17; frame++)
			for (int64_t n = 0; frame + n <= 17; n++)
				compare_block(&both, row, 3 - row, frame, n);
	rmb_arena_free(both.arena);
}

static void
scales_of_scales_are_one_scale(void **state)
{
	static struct both both;
	static double read[ROWS * FRAMES], expected[ROWS * FRAMES];
	double offset[2][ROWS], scale[2][ROWS];
	(void)state;
	begin(&both, 5);
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < ROWS; i++) {
			offset[k][i] = rmb_random_normal(both.stream, both.draw++);
			scale[k][i] = 0.5 + rmb_random_uniform(both.stream, both.draw++);
		}
		assert_int_equal(rmb_view_scale(both.arena, &both.view, offset[k], scale[k], k ? "second" : "first", &both.view, NULL), 0);
	}
	for (int64_t i = 0; i < ROWS; i++)
		for (int64_t t = 0; t < FRAMES; t++)
			expected[i * FRAMES + t] = ((both.plain.x[i][t] - offset[0][i]) * scale[0][i] - offset[1][i]) * scale[1][i];
	rmb_read_block_double(&both.view, 0, ROWS, 0, FRAMES, read);
	rmb_test_close("two scalings", read, expected, ROWS * FRAMES, 1e-15 * 8); /* a few roundings of numbers of order one */
	assert_string_equal(both.view.scaling, "second");
	/* a row scaled to zero can be scaled again about zero, but not be moved elsewhere */
	scale[0][3] = 0;
	offset[1][3] = 0;
	rmb_arena_free(both.arena);
	begin(&both, 5);
	assert_int_equal(rmb_view_scale(both.arena, &both.view, offset[0], scale[0], "first", &both.view, NULL), 0);
	struct rmb_recording out;
	assert_int_equal(rmb_view_scale(both.arena, &both.view, offset[1], scale[1], "second", &out, NULL), 0);
	offset[1][3] = 1;
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_view_scale(both.arena, &both.view, offset[1], scale[1], "second", &out, &error), RMB_EDATA);
	assert_non_null(strstr(error.text, "neuron 3 "));
	rmb_arena_free(both.arena);
}

/* ---- tables that do not hold together ---- */

static void
broken_recordings_are_refused(void **state)
{
	static struct both both;
	(void)state;
	begin(&both, 1);
	struct rmb_recording good = both.view, r;
	int64_t rows[ROWS] = { 0 }, shifts[ROWS] = { 0 }, late[] = { 1, 5 }, backwards[] = { 0, 9, 9 }, beyond[] = { 0, FRAMES };
	double zeros[ROWS] = { 0 }, broken[ROWS] = { 0 };
	struct rmb_interval two[] = { { 0, 100 }, { 100, 90 } }, outside[] = { { 100, 100 }, { 0, 90 } }, empty[] = { { 0, 190 }, { 5, 0 } },
	                    huge[] = { { INT64_MAX, 5 }, { 0, 185 } };
	rows[7] = ROWS;
	shifts[7] = FRAMES;
	broken[7] = NAN;
	struct rmb_error error;
#define BROKEN(change, says) do { r = good; memset(&error, 0, sizeof error); change; \
	if (rmb_recording_valid(&r, &error) || !strstr(error.text, says)) \
		fail_msg(#change ": \"%s\" should say \"%s\"", error.text, says); } while (0)
	BROKEN(r.neurons.n = 0, "neurons");
	BROKEN(r.neurons.n = -1, "neurons");
	BROKEN(r.neurons.n = INT64_MAX / 8, "not possible");
	BROKEN(r.neurons.n = ROWS + 1, "stored rows");
	BROKEN(r.neurons.area = "", "areas of 0 bytes");
	BROKEN(r.nframes = 0, "not possible");
	BROKEN(r.nframes = INT64_MAX, "not possible");
	BROKEN(r.nframes = FRAMES - 1, "190 frames are selected");
	BROKEN(r.rate = 0, "frame rate");
	BROKEN(r.rate = -22, "frame rate");
	BROKEN(r.rate = INFINITY, "frame rate");
	BROKEN(r.nsegments = 0, "segments");
	BROKEN(r.segment = NULL, "segments");
	BROKEN((r.segment = late, r.nsegments = 2), "segments");
	BROKEN((r.segment = backwards, r.nsegments = 3), "segment 2");
	BROKEN((r.segment = beyond, r.nsegments = 2), "segment 1");
	BROKEN(r.scaling[0] = '\0', "scaling");
	BROKEN(memset(r.scaling, 'x', sizeof r.scaling), "scaling");
	BROKEN(memset(r.recipe_of_view, 'x', sizeof r.recipe_of_view), "view");
	BROKEN(memset(r.source, 'a', sizeof r.source), "key");
	BROKEN(strcpy(r.source, "../../etc"), "64 hexadecimal");
	BROKEN(r.stored_rows = 0, "not possible");
	BROKEN(r.stored_frames = INT64_MAX / 2, "not possible");
	BROKEN(r.row = rows, "stored row 23 of 23");
	BROKEN((rows[7] = -1, r.row = rows), "stored row -1");
	BROKEN(r.shift = shifts, "shifted by 190 of 190");
	BROKEN((shifts[7] = -1, r.shift = shifts), "shifted by -1");
	BROKEN(r.offset = zeros, "together");
	BROKEN(r.scale = zeros, "together");
	BROKEN((r.offset = zeros, r.scale = broken), "neuron 7");
	BROKEN((r.offset = broken, r.scale = zeros), "neuron 7");
	BROKEN(r.nintervals = -1, "intervals");
	BROKEN(r.nintervals = 1, "intervals");
	BROKEN((r.interval = two, r.nintervals = 1), "100 frames are selected");
	BROKEN((r.interval = outside, r.nintervals = 2), "interval 0");
	BROKEN((r.interval = empty, r.nintervals = 2), "interval 1");
	BROKEN((r.interval = huge, r.nintervals = 2), "interval 0");
#undef BROKEN
	r = good;
	r.interval = two;
	r.nintervals = 2;
	r.rate = NAN; /* unknown */
	assert_true(rmb_recording_valid(&good, NULL) && rmb_recording_valid(&r, NULL));
	rmb_arena_free(both.arena);
}

static void
broken_spikes_are_refused(void **state)
{
	double time[] = { 1, 2, 2, 0.5 }, observed[] = { 0, 3, 3, 4 }, unsorted[] = { 2, 1, 3, 4 }, infinite[] = { 1, 2, INFINITY, 1 },
	       backwards[] = { 3, 0, 3, 4 }, overlapping[] = { 0, 3, 2, 4 };
	int64_t first[] = { 0, 3, 3, 4 }, falls[] = { 0, 3, 2, 4 }, beyond[] = { 0, 9, 9, 4 }, late[] = { 1, 3, 3, 4 };
	struct rmb_spikes good = { .neurons = { .n = 3 }, .nspikes = 4, .time = time, .first = first, .nobserved = 2, .observed = observed }, s;
	struct rmb_error error;
	(void)state;
#define BROKEN(change, says) do { s = good; memset(&error, 0, sizeof error); change; \
	if (rmb_spikes_valid(&s, &error) || !strstr(error.text, says)) \
		fail_msg(#change ": \"%s\" should say \"%s\"", error.text, says); } while (0)
	BROKEN(s.neurons.n = 0, "neurons");
	BROKEN(s.nspikes = -1, "-1 spikes");
	BROKEN(s.nspikes = 5, "of 5");
	BROKEN(s.first = NULL, "spikes");
	BROKEN(s.time = NULL, "spikes");
	BROKEN(s.first = falls, "neuron 1");
	BROKEN(s.first = beyond, "neuron 0");
	BROKEN(s.first = late, "spikes 1 to 4");
	BROKEN(s.time = unsorted, "spike 1 of neuron 0");
	BROKEN(s.time = infinite, "spike 2 of neuron 0");
	BROKEN(s.nobserved = 0, "0 observed");
	BROKEN(s.nobserved = -1, "-1 observed");
	BROKEN(s.observed = NULL, "observed");
	BROKEN(s.observed = backwards, "interval 0");
	BROKEN(s.observed = overlapping, "interval 1");
	BROKEN((s.nstates = 1, s.stated = observed), "1 intervals with a state");
	BROKEN((s.nstates = -1), "-1 intervals with a state");
	BROKEN((s.nstates = 2, s.stated = overlapping, s.state = first), "stated interval 1");
#undef BROKEN
	assert_true(rmb_spikes_valid(&good, NULL));
}

/* In [0, n), and now and then just outside. */
static int64_t
around(struct both *dice, int64_t n)
{
	return below(dice, 12) ? below(dice, n) : below(dice, 2) ? n : -1;
}

/* Tables drawn at random, most of them slightly wrong. What is called valid must be readable; AddressSanitizer looks on. */
/* Cut at random into parts, each in a file of its own behind a few other bytes, with rows that are longer than is meant. */
static void
reads_the_same_from_parts(struct both *dice, const struct rmb_recording *recording, const float *expected)
{
	enum { MOST_PARTS = 4, LONGEST = 9 };
	struct rmb_recording stored = *recording;
	struct rmb_stored_part part[MOST_PARTS];
	float row[LONGEST], *map[MOST_PARTS] = { 0 };
	size_t n = (size_t)(stored.neurons.n * stored.nframes);
	float *read = malloc(n * sizeof *read);
	assert_non_null(read);
	stored.nparts = 0;
	for (int64_t i = 0; i < stored.stored_rows; i++) {
		if (i == 0 || below(dice, 2))
			part[stored.nparts++] = (struct rmb_stored_part){
				.row = i, .stride = stored.stored_frames + below(dice, 4), .file_at = 4 * below(dice, 5),
				.file = memfd_create("samples", MFD_CLOEXEC)
			};
		const struct rmb_stored_part *p = &part[stored.nparts - 1];
		for (int64_t t = 0; t < p->stride; t++)
			row[t] = t < stored.stored_frames ? recording->samples[i * stored.stored_frames + t] : -1;
		ssize_t bytes = (ssize_t)(p->stride * (int64_t)sizeof *row);
		assert_true(pwrite(p->file, row, (size_t)bytes, p->file_at + (i - p->row) * bytes) == bytes);
	}
	for (int64_t k = 0; k < stored.nparts; k++)
		if (below(dice, 2)) { /* there are too many files to keep this one open */
			map[k] = mmap(NULL, 4096, PROT_READ, MAP_SHARED, part[k].file, 0);
			assert_true(map[k] != MAP_FAILED);
			part[k].samples = map[k] + part[k].file_at / 4;
			close(part[k].file);
			part[k].file = 0;
		}
	stored.part = part;
	stored.samples = NULL;
	rmb_read_block(&stored, 0, stored.neurons.n, 0, stored.nframes, read);
	assert_memory_equal(read, expected, n * sizeof *read);
	for (int64_t k = 0; k < stored.nparts; k++)
		if (map[k])
			munmap(map[k], 4096);
		else
			close(part[k].file);
	free(read);
}

/* Behind a few other bytes, as in an object. */
static void
reads_the_same_from_a_file(const struct rmb_recording *recording, const float *expected)
{
	struct rmb_recording stored = *recording;
	size_t n = (size_t)(stored.neurons.n * stored.nframes), nbytes = (size_t)(stored.stored_rows * stored.stored_frames) * 4;
	float *read = malloc(n * sizeof *read);
	assert_non_null(read);
	stored.file = memfd_create("samples", MFD_CLOEXEC);
	stored.file_at = 12;
	stored.samples = NULL;
	assert_true(pwrite(stored.file, recording->samples, nbytes, stored.file_at) == (ssize_t)nbytes);
	rmb_read_block(&stored, 0, stored.neurons.n, 0, stored.nframes, read);
	assert_memory_equal(read, expected, n * sizeof *read);
	close(stored.file);
	free(read);
}

static void
whatever_is_valid_can_be_read(void **state)
{
	static struct both dice;
	int valid = 0, refused = 0;
	(void)state;
	dice.stream = rmb_stream_named("hostile tables");
	for (int k = 0; k < 20000; k++) {
		int64_t rows = 1 + below(&dice, 4), frames = 1 + below(&dice, 6), n = 1 + below(&dice, 4), t = 0;
		int64_t row[4], shift[4], segment[3] = { 0, 1 + below(&dice, 3), 2 + below(&dice, 4) };
		struct rmb_interval interval[3];
		int64_t nintervals = below(&dice, 4);
		float *samples = malloc((size_t)(rows * frames) * sizeof *samples), *read;
		assert_non_null(samples);
		for (int64_t i = 0; i < rows * frames; i++)
			samples[i] = (float)i;
		for (int64_t i = 0; i < nintervals; t += interval[i++].n)
			interval[i] = (struct rmb_interval){ around(&dice, frames), 1 + below(&dice, frames) };
		struct rmb_recording r = { .neurons = { .n = n }, .rate = NAN,
		                           .nframes = below(&dice, 10) ? (nintervals ? t : frames) : 1 + below(&dice, 8),
		                           .nsegments = 1 + below(&dice, 2), .segment = segment, .scaling = "none",
		                           .samples = samples, .stored_rows = rows, .stored_frames = frames,
		                           .row = below(&dice, 3) ? row : NULL, .shift = below(&dice, 3) ? shift : NULL,
		                           .nintervals = nintervals, .interval = interval };
		for (int64_t i = 0; i < n; i++) {
			row[i] = around(&dice, rows);
			shift[i] = around(&dice, r.nframes);
		}
		if (rmb_recording_valid(&r, NULL)) {
			valid++;
			read = malloc((size_t)(n * r.nframes) * sizeof *read);
			rmb_read_block(&r, 0, n, 0, r.nframes, read);
			for (int64_t i = 0; i < n * r.nframes; i++) /* every value is one of its row */
				assert_true((int64_t)read[i] / frames == (r.row ? row[i / r.nframes] : i / r.nframes));
			reads_the_same_from_a_file(&r, read);
			reads_the_same_from_parts(&dice, &r, read);
			free(read);
		} else
			refused++;
		free(samples);
	}
	printf("%d valid, %d refused\n", valid, refused);
	assert_true(valid > 3000 && refused > 3000);
}

/* ---- files ---- */

/* Pages of this process that are backed by files. */
static long
shared_pages(void)
{
	long size, resident, shared;
	FILE *file = fopen("/proc/self/statm", "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld %ld", &size, &resident, &shared), 3);
	fclose(file);
	return shared;
}

/* Rows longer than what is read at a time, whole and in short pieces with gaps; nothing of the mapping becomes resident. */
static void
long_rows_are_read_from_the_file_and_not_mapped(void **state)
{
	enum { N = 4, T = 30011, PIECES = 900 };
	static float samples[N * T], buffer[T];
	(void)state;
	for (int i = 0; i < N * T; i++)
		samples[i] = (float)i;
	int fd = memfd_create("samples", MFD_CLOEXEC);
	assert_true(write(fd, samples, sizeof samples) == (ssize_t)sizeof samples);
	float *map = mmap(NULL, sizeof samples, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	struct rmb_interval interval[PIECES];
	for (int i = 0; i < PIECES; i++)
		interval[i] = (struct rmb_interval){ i * 33, 1 + i % 31 };
	int64_t segment[] = { 0 };
	struct rmb_recording all = { .neurons = { .n = N }, .nframes = T, .nsegments = 1, .segment = segment, .samples = map,
		                     .stored_rows = N, .stored_frames = T, .file = fd }, some = all;
	some.nintervals = PIECES;
	some.interval = interval;
	some.nframes = 0;
	for (int i = 0; i < PIECES; i++)
		some.nframes += interval[i].n;
	long before = shared_pages();
	for (int n = 0; n < N; n++) {
		rmb_read_block(&all, n, 1, 5, T - 5, buffer);
		assert_memory_equal(buffer, samples + n * T + 5, (T - 5) * sizeof *buffer);
		rmb_read_block(&some, n, 1, 0, some.nframes, buffer);
		for (int i = 0, at = 0; i < PIECES; at += (int)interval[i++].n)
			assert_memory_equal(buffer + at, samples + n * T + interval[i].start, (size_t)interval[i].n * sizeof *buffer);
	}
	assert_true(shared_pages() - before < (long)sizeof samples / sysconf(_SC_PAGESIZE) / 2);
	munmap(map, sizeof samples);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_composition_reads_as_the_plain_matrix),
		cmocka_unit_test(a_scaling_over_more_frames_is_outdated),
		cmocka_unit_test(every_range_of_a_small_view_is_right),
		cmocka_unit_test(scales_of_scales_are_one_scale),
		cmocka_unit_test(broken_recordings_are_refused),
		cmocka_unit_test(broken_spikes_are_refused),
		cmocka_unit_test(whatever_is_valid_can_be_read),
		cmocka_unit_test(long_rows_are_read_from_the_file_and_not_mapped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
