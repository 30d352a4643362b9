#include "support/loading.h"
#include "support/check.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
only_member(struct rmb_load_file *file, const struct rmb_member **m, struct rmb_error *error)
{
	int n = 0, code = file->format->list(file, m, 1, &n, error);
	return code ? code : n == 1 ? 0 : rmb_error_set(error, RMB_EINPUT, "%d members", n);
}

void
rmb_test_read(const char *path, const char *name, struct rmb_test_member *out)
{
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_load_file *file = NULL;
	const struct rmb_member *m = NULL;
	double *all = NULL;
	memset(out, 0, sizeof *out);
	out->code = rmb_load_open(arena, path, "auto", &file, &out->error);
	if (!out->code)
		out->code = name ? rmb_load_find(file, "activity", name, &m, &out->error) : only_member(file, &m, &out->error);
	if (!out->code)
		out->code = rmb_load_doubles(file, m, &all, &out->error);
	if (!out->code) {
		snprintf(out->type, sizeof out->type, "%s", m->type);
		for (int i = 0; i < m->naxes; i++)
			snprintf(out->shape + strlen(out->shape), sizeof out->shape - strlen(out->shape), "%s%lld",
			         i ? "x" : "", (long long)m->axis[i]);
		out->count = m->count;
		for (int64_t i = 0; i < m->count; i++)
			out->sum += all[i];
		out->first = m->count > 0 ? all[0] : NAN;
		out->second = m->count > 1 ? all[1] : NAN;
		out->last = m->count > 0 ? all[m->count - 1] : NAN;
	}
	rmb_load_close(file);
	rmb_arena_free(arena);
}

static int
add_up(void *argument, int64_t row, int64_t nrows, int64_t frame, int64_t nframes, const float *block)
{
	struct rmb_test_load *out = argument;
	assert_true(row >= 0 && frame >= 0 && row + nrows <= out->neurons && frame + nframes <= out->frames);
	for (int64_t i = 0; i < nrows; i++)
		for (int64_t t = 0; t < nframes; t++, block++) {
			out->sum += (double)*block;
			out->placed += (double)*block * (double)(1 + (31 * (row + i) + 17 * (frame + t)) % 97);
		}
	return 0;
}

static int
go_on(void *argument, double done, double total)
{
	(void)argument;
	return done <= total ? 0 : RMB_EINTERNAL;
}

static const char *
path_of(const struct rmb_layout *layout)
{
	return layout->activity.file->path;
}

static void
load_matrix(const struct rmb_load_settings *set, struct rmb_layout *layout, struct rmb_arena *arena, struct rmb_load_notes *notes,
            struct rmb_test_load *out)
{
	struct rmb_load_sink sink = { .argument = out, .write = add_up, .progress = go_on };
	struct rmb_recording recording = { .scaling = "none" };
	struct rmb_neurons neurons;
	const struct rmb_member *m = layout->activity.member;
	struct rmb_load_row *seen;
	int64_t inexact;
	bool frames_first;
	if ((out->code = rmb_load_orientation(layout, set->orientation, &frames_first, notes, &out->error)))
		return;
	out->neurons = m->axis[frames_first ? 1 : 0];
	out->frames = m->axis[frames_first ? 0 : 1];
	seen = rmb_arena_alloc(arena, (size_t)out->neurons, sizeof *seen);
	out->code = seen ? rmb_load_neurons(layout, set, out->neurons, arena, &neurons, notes, &out->error)
	                 : rmb_error_nomem(&out->error, path_of(layout));
	recording.nframes = recording.stored_frames = out->frames;
	if (!out->code)
		out->code = rmb_load_frames(layout, set, arena, &recording, &sink.dropped, notes, &out->error);
	if (!out->code)
		out->code = rmb_load_activity(&layout->activity, frames_first, &sink, seen, &inexact, &out->error);
	if (!out->code)
		rmb_load_rounding(m->name, seen, out->neurons, notes);
	for (int64_t i = 0; !out->code && i < out->neurons; i++)
		if (seen[i].bad >= 0 && out->nbad++ == 0) {
			out->firstbad = i;
			out->odd = seen[i].odd;
		}
}

static void
load_list(const struct rmb_load_settings *set, struct rmb_layout *layout, struct rmb_arena *arena, struct rmb_load_notes *notes,
          struct rmb_test_load *out)
{
	struct rmb_spikes spikes = { 0 };
	int64_t n = 0;
	out->code = rmb_load_numbering(layout, set, arena, &n, notes, &out->error);
	bool known = n > 0;
	if (!out->code && known)
		out->code = rmb_load_neurons(layout, set, n, arena, &spikes.neurons, notes, &out->error);
	if (!out->code)
		out->code = rmb_load_spikes(layout, set, &n, layout->id.member || layout->parts ? spikes.neurons.id : NULL,
		                            NULL, arena, &spikes, notes, &out->error);
	if (out->code)
		return;
	out->neurons = n;
	out->spikes = spikes.nspikes;
	spikes.neurons.n = n;
	assert_true(rmb_spikes_valid(&spikes, &out->error));
	for (int64_t i = 0; i < spikes.nspikes; i++)
		out->sum += spikes.time[i];
}

void
rmb_test_load(const char *path, const struct rmb_load_settings *given, struct rmb_test_load *out)
{
	struct rmb_load_settings set = given ? *given : rmb_test_settings(path);
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_load_notes notes = { .arena = arena };
	struct rmb_load_files files;
	struct rmb_layout layout;
	memset(out, 0, sizeof *out);
	set.path = path;
	if (!arena) {
		out->code = rmb_error_nomem(&out->error, path);
		return;
	}
	out->code = rmb_load_open_files(arena, &set, &files, &out->error);
	if (!out->code)
		out->code = rmb_load_layout(&files, &set, &layout, &notes, &out->error);
	if (!out->code)
		(layout.activity.member ? load_matrix : load_list)(&set, &layout, arena, &notes, out);
	if (!out->code && notes.lost)
		out->code = rmb_error_nomem(&out->error, path);
	for (int i = 0; i < notes.n; i++)
		snprintf(out->notes + strlen(out->notes), sizeof out->notes - strlen(out->notes), "%s\n", notes.text[i]);
	rmb_load_close_files(&files);
	rmb_arena_free(arena);
}

struct rmb_load_settings
rmb_test_settings(const char *path)
{
	return (struct rmb_load_settings){ .path = path, .format = "auto", .rate = 22, .clock = NAN, .pixel = NAN, .orientation = "auto",
		.nonfinite = "drop", .parts = "auto", .neuropil_factor = 0.7, .threshold = NAN, .window = { -1, NULL },
		.drop = { -1, NULL }, .wish = { .rois = "cells", .units = "good" } };
}

void
rmb_test_write(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

unsigned char *
rmb_test_slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("missing %s: set RUMBLE_SHARED to the folder with the shared recordings", path);
	fseek(f, 0, SEEK_END);
	*n = (size_t)ftell(f);
	rewind(f);
	unsigned char *bytes = malloc(*n ? *n : 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *n, f), *n);
	fclose(f);
	return bytes;
}

void
rmb_test_says(const char *what, const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("%s: '%s' does not say '%s'", what, text, *words);
}
