/* load/npz.c -- NumPy's .npz: a zip file of .npy arrays, one a key, stored or deflated, zip64 or not.
 *
 * Sizes come from the central directory, so members that were streamed (sizes only behind the data) are read like any other.
 * libzip inflates and checks the CRC when a member has been read to its end. Members are streams, two of which stand open, so
 * that times and units are read side by side: reading onwards is quick, reading back starts the member again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include "load/format.h"

enum { MOST_MEMBERS = 100000 };

/* A member being read. */
struct stream {
	zip_file_t *file;             /* NULL: none */
	int64_t member, position;     /* its index, and how many of its bytes were read */
};
struct npz {
	zip_t *zip;
	int64_t n;
	const char **name;            /* [n] key: name of the member without .npy; NULL: not an .npy member */
	struct rmb_member **member;   /* [n] NULL until its header was read */
	struct stream stream[2];      /* the one that was used last comes first */
	int64_t *size;                /* [n] unpacked bytes */
};

static void
npz_close(struct rmb_load_file *file)
{
	struct npz *npz = file->handle;
	for (int i = 0; i < 2; i++)
		if (npz->stream[i].file)
			zip_fclose(npz->stream[i].file);
	zip_discard(npz->zip);
}

/* The name in the archive must be one that a key can have: whoever unpacks it must stay in his folder. */
static bool
safe_name(const char *name)
{
	if (*name == '/' || strchr(name, '\\') || strlen(name) > 1024)
		return false;
	for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0))
			return false;
	for (; *name; name++)
		if ((unsigned char)*name < 32 || *name == 127)
			return false;
	return true;
}

/* Checks one line of the central directory. */
static int
check_entry(struct rmb_load_file *file, struct npz *npz, int64_t i, struct rmb_error *error)
{
	zip_stat_t stat;
	const zip_uint64_t needed =
		ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
	if (zip_stat_index(npz->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & needed) != needed)
		return rmb_error_set(error, RMB_EINPUT, "%s is damaged: entry %" PRId64 " of its directory cannot be read",
		                     file->path, i);
	const char *name = rmb_load_printable(file->arena, stat.name, strlen(stat.name));
	if (!name)
		return rmb_error_nomem(error, file->path);
	if (!safe_name(stat.name))
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: the member name '%s' points out of the archive; an .npz of NumPy has no such "
		                     "names, so the file is not read",
		                     file->path, name);
	size_t length = strlen(name);
	if (length < 4 || strcmp(name + length - 4, ".npy") != 0)
		return 0;
	if (stat.encryption_method != ZIP_EM_NONE)
		return rmb_error_set(error, RMB_EINPUT, "%s: member '%s' is encrypted: save it without a password", file->path,
		                     name);
	if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: member '%s' is packed with zip method %d; rumble reads stored and deflated "
		                     "members, as np.savez and np.savez_compressed write them",
		                     file->path, name, stat.comp_method);
	if (stat.comp_size > (zip_uint64_t)file->size)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s is truncated or damaged: member '%s' is said to take %" PRIu64 " bytes of a file of "
		                     "%" PRId64,
		                     file->path, name, stat.comp_size, file->size);
	bool possible = stat.comp_method == ZIP_CM_STORE ? stat.size == stat.comp_size :
	                stat.size / RMB_DEFLATE_RATIO <= stat.comp_size + 1;
	if (!possible)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: member '%s' is said to unpack from %" PRIu64 " to %" PRIu64 " bytes, which no "
		                     "%s member can",
		                     file->path, name, stat.comp_size, stat.size,
		                     stat.comp_method == ZIP_CM_STORE ? "stored" : "deflated");
	npz->size[i] = (int64_t)stat.size;
	npz->name[i] = rmb_arena_printf(file->arena, "%.*s", (int)(length - 4), name);
	return npz->name[i] ? 0 : rmb_error_nomem(error, file->path);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
check_unique(struct rmb_load_file *file, struct npz *npz, struct rmb_error *error)
{
	const char **sorted = rmb_arena_alloc(file->arena, (size_t)npz->n, sizeof *sorted);
	int64_t n = 0;
	if (!sorted)
		return rmb_error_nomem(error, file->path);
	for (int64_t i = 0; i < npz->n; i++)
		if (npz->name[i])
			sorted[n++] = npz->name[i];
	qsort(sorted, (size_t)n, sizeof *sorted, compare_names);
	for (int64_t i = 1; i < n; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			return rmb_error_set(error, RMB_EINPUT,
			                     "%s holds two members named '%s.npy'; which one is meant cannot be known",
			                     file->path, sorted[i]);
	return 0;
}

static int
read_directory(struct rmb_load_file *file, struct npz *npz, struct rmb_error *error)
{
	npz->n = zip_get_num_entries(npz->zip, 0);
	if (npz->n < 1 || npz->n > MOST_MEMBERS)
		return rmb_error_set(error, RMB_EINPUT, "%s holds %" PRId64 " members; an .npz with 1 to %d is needed",
		                     file->path, npz->n, MOST_MEMBERS);
	npz->name = rmb_arena_alloc(file->arena, (size_t)npz->n, sizeof *npz->name);
	npz->member = rmb_arena_alloc(file->arena, (size_t)npz->n, sizeof *npz->member);
	npz->size = rmb_arena_alloc(file->arena, (size_t)npz->n, sizeof *npz->size);
	if (!npz->name || !npz->member || !npz->size)
		return rmb_error_nomem(error, file->path);
	int code = 0;
	for (int64_t i = 0; i < npz->n && !code; i++)
		code = check_entry(file, npz, i, error);
	bool some = false;
	for (int64_t i = 0; i < npz->n; i++)
		some |= npz->name[i] != NULL;
	const char *first = some ? NULL : zip_get_name(npz->zip, 0, ZIP_FL_ENC_RAW);
	if (!code && !some)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s is a zip file, but no .npz: it holds '%s', and nothing whose name ends in .npy. Unpack it and "
		                     "name what is in it; of a workbook save the sheet as .csv",
		                     file->path, first ? rmb_load_printable(file->arena, first, strlen(first)) : "?");
	return code ? code : check_unique(file, npz, error);
}

static int
npz_open(struct rmb_load_file *file, struct rmb_error *error)
{
	int why = 0;
	struct npz *npz = rmb_arena_alloc(file->arena, 1, sizeof *npz);
	if (!npz)
		return rmb_error_nomem(error, file->path);
	file->handle = npz;
	npz->zip = zip_open(file->path, ZIP_RDONLY, &why);
	if (!npz->zip) {
		zip_error_t reason;
		zip_error_init_with_code(&reason, why);
		rmb_error_set(error, RMB_EINPUT, "%s is a truncated or damaged zip file (%" PRId64 " bytes found): %s",
		              file->path, file->size,
		              why == ZIP_ER_NOZIP ? "the directory at its end is missing" : zip_error_strerror(&reason));
		zip_error_fini(&reason);
		return RMB_EINPUT;
	}
	int code = read_directory(file, npz, error);
	if (code)
		npz_close(file);
	return code;
}

/* ---- streams ---- */

/* Reads n bytes at the position of the first stream; fewer than n only if *got is wanted. */
static int
read_on(struct rmb_load_file *file, struct npz *npz, void *to, size_t n, size_t *got, struct rmb_error *error)
{
	struct stream *s = npz->stream;
	size_t done = 0;
	zip_int64_t more = 1;
	while (done < n && (more = zip_fread(s->file, (char *)to + done, n - done)) > 0)
		done += (size_t)more;
	s->position += (int64_t)done;
	if (more < 0)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: member '%s' is truncated or damaged at byte %" PRId64 " of %" PRId64 ": %s", file->path,
		                     npz->name[s->member], s->position, npz->size[s->member], zip_file_strerror(s->file));
	if (done < n && !got)
		return rmb_error_set(error, RMB_EINPUT,
		                     "%s: member '%s' is truncated: expected %" PRId64 " bytes, found %" PRId64, file->path,
		                     npz->name[s->member], npz->size[s->member], s->position);
	if (got)
		*got = done;
	return 0;
}

/* The member has been read to its end: libzip compares the CRC when the end is met. */
static int
check_end(struct rmb_load_file *file, struct npz *npz, struct rmb_error *error)
{
	char byte;
	size_t got = 0;
	int64_t member = npz->stream->member;
	int code = npz->stream->position < npz->size[member] ? 0 : read_on(file, npz, &byte, 1, &got, error);
	if (!code && got > 0)
		code = rmb_error_set(error, RMB_EINPUT,
		                     "%s: member '%s' is damaged: it unpacks to more than the %" PRId64 " bytes it should have",
		                     file->path, npz->name[member], npz->size[member]);
	return code;
}

/* Makes the stream of member i the first, else that which was used longest ago. */
static void
take_stream(struct npz *npz, int64_t i)
{
	struct stream other = npz->stream[1];
	if (npz->stream[0].file && npz->stream[0].member == i)
		return;
	npz->stream[1] = npz->stream[0];
	npz->stream[0] = other;
}

/* Brings the first stream to byte `at` of member i. */
static int
seek(struct rmb_load_file *file, struct npz *npz, int64_t i, int64_t at, struct rmb_error *error)
{
	char skipped[16384];
	struct stream *s = npz->stream;
	int code = 0;
	take_stream(npz, i);
	if (s->file && (s->member != i || s->position > at)) {
		zip_fclose(s->file);
		s->file = NULL;
	}
	if (!s->file)
		*s = (struct stream){ zip_fopen_index(npz->zip, (zip_uint64_t)i, 0), i, 0 };
	if (!s->file)
		return rmb_error_set(error, RMB_EINPUT, "%s: member '%s' is truncated or damaged: %s", file->path, npz->name[i],
		                     zip_strerror(npz->zip));
	while (!code && s->position < at) {
		int64_t n = at - s->position;
		code = read_on(file, npz, skipped, n < (int64_t)sizeof skipped ? (size_t)n : sizeof skipped, NULL, error);
	}
	return code;
}

/* ---- members ---- */

static int
read_header(struct rmb_load_file *file, struct npz *npz, int64_t i, struct rmb_error *error)
{
	struct rmb_member *m = rmb_arena_alloc(file->arena, 1, sizeof *m);
	unsigned char *head = malloc(RMB_NPY_HEADER_MAX);
	const char *what = rmb_arena_printf(file->arena, "%s: member '%s'", file->path, npz->name[i]);
	size_t got = 0;
	int code = m && head && what ? 0 : rmb_error_nomem(error, file->path);
	if (!code)
		code = seek(file, npz, i, 0, error);
	/* The fixed part tells how long the rest is; no more than that is unpacked. */
	if (!code)
		code = read_on(file, npz, head, 12, &got, error);
	if (!code && got == 12) {
		size_t n = (size_t)head[8] | (size_t)head[9] << 8;
		size_t more = 0, rest = (head[6] > 1 ? RMB_NPY_HEADER_MAX - 12 : n >= 2 ? n - 2 : 0);
		code = read_on(file, npz, head + 12, rest, &more, error);
		got += more;
	}
	if (!code) {
		m->name = npz->name[i];
		m->onwards = m->packed = true;
		code = rmb_npy_header(file->arena, what, head, got, npz->size[i], m, error);
	}
	if (!code)
		npz->member[i] = m;
	free(head);
	return code;
}

static int
npz_find(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error)
{
	struct npz *npz = file->handle;
	int code = 0;
	*member = NULL;
	for (int64_t i = 0; i < npz->n && !code && !*member; i++)
		if (npz->name[i] && strcmp(npz->name[i], name) == 0) {
			code = npz->member[i] ? 0 : read_header(file, npz, i, error);
			*member = npz->member[i];
		}
	return code;
}

/* For lists only: a member with a damaged header is shown as such, others still have their shapes. */
static int
npz_list(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error)
{
	struct npz *npz = file->handle;
	*n = 0;
	for (int64_t i = 0; i < npz->n; i++) {
		struct rmb_error damage = { 0 };
		if (*n < room && npz->name[i] && !npz->member[i] && read_header(file, npz, i, &damage) != 0) {
			struct rmb_member *broken = rmb_arena_alloc(file->arena, 1, sizeof *broken);
			if (!broken)
				return rmb_error_nomem(error, file->path);
			*broken = (struct rmb_member){
				.name = npz->name[i], .type = "damaged", .naxes = -1, .refusal = "is damaged"
			};
			npz->member[i] = broken;
		}
		if (*n < room && npz->name[i])
			member[*n] = npz->member[i];
		*n += npz->name[i] != NULL;
	}
	return 0;
}

static int
npz_read(struct rmb_load_file *file, const struct rmb_member *m, int64_t row, int64_t nrows, int64_t column, int64_t ncolumns,
         void *raw, struct rmb_error *error)
{
	struct npz *npz = file->handle;
	int64_t rows, columns, i = 0;
	while (i < npz->n && npz->name[i] != m->name)
		i++;
	rmb_member_matrix(m, &rows, &columns);
	int code = seek(file, npz, i, m->at + (row * columns + column) * (int64_t)m->item, error);
	if (!code)
		code = read_on(file, npz, raw, (size_t)(nrows * ncolumns) * m->item, NULL, error);
	return code ? code : check_end(file, npz, error);
}

/* The first member, or the directory of an archive without any. */
static enum rmb_sureness
npz_recognises(const struct rmb_load_probe *probe)
{
	return rmb_probe_begins(probe, 0, "PK\3\4", 4) || rmb_probe_begins(probe, 0, "PK\5\6", 4) ? RMB_SURELY : RMB_NOT_MINE;
}

const struct rmb_format rmb_format_npz = {
	.name = "npz",
	.title = "zip (.npz)",
	.recognises = npz_recognises,
	.open = npz_open,
	.close = npz_close,
	.find = npz_find,
	.list = npz_list,
	.read = npz_read,
};
