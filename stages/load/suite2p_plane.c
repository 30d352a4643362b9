/* load/suite2p_plane.c -- the files of one plane, as suite2p 0.x and 1.x write them. Pickles are read as data. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "load/pickle.h"
#include "load/suite2p.h"

#define MOST_PICKLE ((int64_t)4 << 30)
const char *const rmb_suite2p_trace[RMB_SUITE2P_NTRACES] = { "spks", "F", "Fneu" };

/* The pickle in an .npy file of objects; *value NULL: there is no such file. */
static int
read_pickle(struct rmb_load_file *file, const char *folder, const char *name, const struct rmb_pickled **value,
            struct rmb_error *error)
{
	unsigned char *bytes;
	size_t n;
	struct rmb_member member = { 0 };
	*value = NULL;
	int code = rmb_gathered_bytes(file, folder, name, MOST_PICKLE, &bytes, &n, error);
	if (code || !bytes)
		return code;
	const char *what = rmb_arena_printf(file->arena, "%s/%s", folder, name);
	code = rmb_npy_header(file->arena, what ? what : name, bytes, n, (int64_t)n, &member, error);
	if (!code && (!member.type || strcmp(member.type, "Python objects") != 0))
		code = rmb_error_set(error, RMB_EINPUT, "%s holds %s; suite2p keeps Python objects there", what,
		                     member.type ? member.type : "?");
	return code ? code
	            : rmb_pickle_read(file->arena, what ? what : name, bytes + member.at, n - (size_t)member.at, value, error);
}

static int
open_traces(struct rmb_load_file *file, struct rmb_suite2p_plane *p, struct rmb_error *error)
{
	int code = 0, first = -1;
	for (int t = 0; t < RMB_SUITE2P_NTRACES && !code; t++) {
		const char *name = rmb_arena_printf(file->arena, "%s.npy", rmb_suite2p_trace[t]);
		code = name ? rmb_gathered_open(file, p->folder, name, &p->trace[t], error) : rmb_error_nomem(error, p->folder);
		const struct rmb_member *m = !code && p->trace[t] ? rmb_gathered_sole(p->trace[t]) : NULL;
		if (!m)
			continue;
		if (m->refusal || m->naxes != 2 || m->fortran || m->number == RMB_BYTES || m->number == RMB_UTF32 || m->item > 8)
			return rmb_error_set(
				error, RMB_EINPUT,
				"%s is no matrix of numbers, ROIs x frames in C order, as suite2p writes it (%s, %s%s)",
				p->trace[t]->path, rmb_member_shape(file->arena, m), m->type,
				m->fortran ? ", Fortran order: save it with np.ascontiguousarray" : "");
		if (m->axis[0] > 0 && m->axis[1] < 1)
			return rmb_error_set(error, RMB_EINPUT, "%s is %s: there are no frames in it", p->trace[t]->path,
			                     rmb_member_shape(file->arena, m));
		if (first >= 0 && (m->axis[0] != p->n || m->axis[1] != p->nframes))
			return rmb_error_set(error, RMB_EINPUT, "%s is %s, but %s in the same folder is %" PRId64 " x %" PRId64,
			                     p->trace[t]->path, rmb_member_shape(file->arena, m), rmb_suite2p_trace[first], p->n,
			                     p->nframes);
		p->n = m->axis[0];
		p->nframes = m->axis[1];
		first = t;
	}
	return code;
}

static int
read_iscell(struct rmb_load_file *file, struct rmb_suite2p_plane *p, struct rmb_error *error)
{
	struct rmb_load_file *part;
	int code = rmb_gathered_open(file, p->folder, "iscell.npy", &part, error);
	if (code || !part)
		return code;
	const struct rmb_member *m = rmb_gathered_sole(part);
	if (m->refusal || m->naxes != 2 || m->axis[1] != 2 || m->axis[0] != p->n)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is %s; for %" PRId64 " ROIs it must be %" PRId64 " x 2 (cell or not, probability)",
		                     part->path, m->refusal ? m->type : rmb_member_shape(file->arena, m), p->n, p->n);
	return rmb_load_doubles(part, m, &p->cell, error);
}

static int
read_stat(struct rmb_load_file *file, struct rmb_suite2p_plane *p, struct rmb_error *error)
{
	int code = read_pickle(file, p->folder, "stat.npy", &p->stat, error);
	if (!code && p->stat && rmb_pickle_length(p->stat) != p->n)
		code = rmb_error_set(error, RMB_EINPUT, "%s/stat.npy describes %" PRId64 " ROIs; the traces are of %" PRId64,
		                     p->folder, rmb_pickle_length(p->stat), p->n);
	return code;
}

/* Marks the frames that a list of true and false calls bad. */
static int
take_bad_frames(struct rmb_load_file *file, struct rmb_suite2p_plane *p, const struct rmb_pickled *list, struct rmb_error *error)
{
	int64_t n = rmb_pickle_length(list);
	double bad;
	if (n < 1)
		return 0;
	if (n != p->nframes) {
		rmb_load_file_note(file,
		                   "suite2p's list of bad frames was not used: it has %" PRId64 " entries, and there are %" PRId64
		                   " frames",
		                   n, p->nframes);
		return 0;
	}
	if (!p->bad && !(p->bad = rmb_arena_alloc(file->arena, (size_t)n, sizeof *p->bad)))
		return rmb_error_nomem(error, p->folder);
	for (int64_t t = 0; t < n; t++)
		p->bad[t] |= rmb_pickle_number(list, t, &bad) && bad != 0;
	return 0;
}

/* fs of the first plane that tells it, and the plane's bad frames. */
static int
read_options(struct rmb_load_file *file, struct rmb_suite2p_plane *p, struct rmb_error *error)
{
	static const char *const name[] = { "settings.npy", "ops.npy", "reg_outputs.npy" };
	const struct rmb_pickled *value;
	int code = 0;
	for (int i = 0; i < 3 && !code; i++) {
		double rate;
		code = read_pickle(file, p->folder, name[i], &value, error);
		const struct rmb_pickled *options = rmb_pickle_item(value, 0) ? rmb_pickle_item(value, 0) : value;
		if (!code && isnan(file->rate) && rmb_pickle_number(rmb_pickle_get(options, "fs"), 0, &rate) && rate > 0 &&
		    isfinite(rate))
			file->rate = rate;
		if (!code)
			code = take_bad_frames(file, p, rmb_pickle_get(options, "badframes"), error);
	}
	return code;
}

int
rmb_suite2p_plane(struct rmb_load_file *file, struct rmb_suite2p_plane *p, struct rmb_error *error)
{
	int code = open_traces(file, p, error);
	if (code || p->n == 0)
		return code;
	code = read_iscell(file, p, error);
	if (!code)
		code = read_stat(file, p, error);
	return code ? code : read_options(file, p, error);
}
