/* pipeline/inputs.c -- content hashes of input files and the memo of them.
 *
 * The memo is a text file: a first line with its format, then one file a line, as "hash device inode size mtime ctime", times in
 * nanoseconds, hash of 64 digits, the rest decimal. The newest lines come last; at most MOST are kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/inputs.h"
#include "pipeline/missing.h"
#include "pipeline/owner.h"
#include "pipeline/table.h"
#include "rumble/array.h"
#include "rumble/hash.h"
#include "rumble/units.h"

enum { LARGE = 1 << 30, MOST = 16384, BUCKETS = 4096, LINE = 256, NFIELDS = 5 };
static const char format[] = "rumble hashes 1\n";

struct known {
	char hex[RMB_KEY_MAX];
	uint64_t field[NFIELDS]; /* device, inode, size, mtime, ctime */
	bool lasts;              /* may be trusted by later runs */
	int next;                /* in its bucket, + 1 */
};

struct rmb_inputs {
	char *memo;
	int n, room;
	struct known *known;
	int bucket[BUCKETS];     /* first of each, + 1 */
	bool learnt;
};

static uint64_t
nanoseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
describe(const struct stat *stat, uint64_t *field)
{
	field[0] = (uint64_t)stat->st_dev;
	field[1] = (uint64_t)stat->st_ino;
	field[2] = (uint64_t)stat->st_size;
	field[3] = nanoseconds(stat->st_mtim);
	field[4] = nanoseconds(stat->st_ctim);
}

static int
add(struct rmb_inputs *inputs, const struct known *one)
{
	if (inputs->n == inputs->room) {
		int room = inputs->room ? 2 * inputs->room : 64;
		struct known *larger = realloc(inputs->known, (size_t)room * sizeof *larger);
		if (!larger)
			return RMB_ELIMIT;
		inputs->known = larger;
		inputs->room = room;
	}
	int *slot = &inputs->bucket[one->field[1] % BUCKETS];
	inputs->known[inputs->n] = *one;
	inputs->known[inputs->n].next = *slot;
	*slot = ++inputs->n;
	return 0;
}

static const struct known *
find(const struct rmb_inputs *inputs, const uint64_t *field)
{
	for (int i = inputs->bucket[field[1] % BUCKETS]; i; i = inputs->known[i - 1].next)
		if (memcmp(inputs->known[i - 1].field, field, NFIELDS * sizeof *field) == 0)
			return &inputs->known[i - 1];
	return NULL;
}

static bool
parse_line(const char *line, struct known *one)
{
	if (strspn(line, "0123456789abcdef") != RMB_KEY_MAX - 1)
		return false;
	memcpy(one->hex, line, RMB_KEY_MAX - 1);
	const char *at = line + RMB_KEY_MAX - 1;
	for (int i = 0; i < NFIELDS; i++) {
		char *end;
		if (*at != ' ' || at[1] < '0' || at[1] > '9')
			return false;
		one->field[i] = strtoull(at + 1, &end, 10);
		at = end;
	}
	one->lasts = true;
	return *at == '\n';
}

static void
read_memo(struct rmb_inputs *inputs)
{
	int fd = open(inputs->memo, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* a pipe in its place must not block us */
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[LINE];
	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fgets(line, sizeof line, file) && strcmp(line, format) == 0)
		while (inputs->n < MOST && fgets(line, sizeof line, file)) {
			struct known one = {0};
			if (parse_line(line, &one) && add(inputs, &one))
				break;
		}
	fclose(file);
}

struct rmb_inputs *
rmb_inputs_open(const char *memo)
{
	struct rmb_inputs *inputs = calloc(1, sizeof *inputs);
	if (!inputs || !memo)
		return inputs;
	if (!(inputs->memo = strdup(memo))) {
		free(inputs);
		return NULL;
	}
	read_memo(inputs);
	return inputs;
}

/* true if nothing younger than two seconds can hide behind the same times. */
static bool
has_settled(const uint64_t *field, struct timespec now)
{
	uint64_t changed = field[3] > field[4] ? field[3] : field[4];
	return changed + 2000000000u < nanoseconds(now);
}

/* Reading a session of many gigabytes takes long enough to be said to whoever sits before the terminal. */
static void
tell_of_large(const char *path, const struct stat *stat_of)
{
	char size[64];
	struct rmb_arena *arena = stat_of->st_size >= LARGE && isatty(STDERR_FILENO) ? rmb_arena_new() : NULL;
	if (arena)
		fprintf(stderr, "reading %s (%s), once, to know its content\n", rmb_harmless(arena, path),
		        rmb_quantity_print((double)stat_of->st_size, "B", size, sizeof size));
	rmb_arena_free(arena);
}

int
rmb_inputs_hash(struct rmb_inputs *inputs, const char *path, char *hex, struct rmb_error *error)
{
	struct stat before, after;
	struct timespec now = {0};
	struct known one = {0};
	char why[RMB_MISSING_ROOM];
	if (stat(path, &before))
		return rmb_error_set(error, errno == EACCES ? RMB_EACCESS : RMB_EINPUT, "%s: %s", path, rmb_missing(path, errno, why));
	describe(&before, one.field);
	const struct known *known = find(inputs, one.field);
	if (known) {
		memcpy(hex, known->hex, RMB_KEY_MAX);
		return 0;
	}
	tell_of_large(path, &before);
	clock_gettime(CLOCK_REALTIME, &now);
	one.lasts = has_settled(one.field, now);
	int code = rmb_hash_file(path, one.hex, error);
	if (code)
		return code;
	uint64_t field[NFIELDS];
	if (stat(path, &after) == 0)
		describe(&after, field);
	else
		memset(field, 0, sizeof field);
	if (memcmp(field, one.field, sizeof field) != 0)
		return rmb_error_set(error, RMB_EINPUT, "%s changed while it was read; run again when it no longer does", path);
	if (add(inputs, &one))
		return rmb_error_nomem(error, "the hashes of input files");
	inputs->learnt |= one.lasts;
	memcpy(hex, one.hex, RMB_KEY_MAX);
	return 0;
}

static bool
write_lines(const struct rmb_inputs *inputs, FILE *file)
{
	int lasting = 0, skip;
	for (int i = 0; i < inputs->n; i++)
		lasting += inputs->known[i].lasts;
	skip = lasting > MOST ? lasting - MOST * 3 / 4 : 0; /* the oldest go, some at once */
	fputs(format, file);
	for (int i = 0; i < inputs->n; i++) {
		const struct known *k = &inputs->known[i];
		if (!k->lasts || skip-- > 0)
			continue;
		fputs(k->hex, file);
		for (int f = 0; f < NFIELDS; f++)
			fprintf(file, " %llu", (unsigned long long)k->field[f]);
		fputc('\n', file);
	}
	return !ferror(file);
}

static void
write_memo(const struct rmb_inputs *inputs)
{
	char ending[RMB_ENDING_MAX], name[4096];
	rmb_owner_ending(ending);
	if (snprintf(name, sizeof name, "%s%s", inputs->memo, ending) >= (int)sizeof name)
		return;
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		if (fd >= 0) {
			close(fd);
			unlink(name);
		}
		return;
	}
	bool written = write_lines(inputs, file);
	if (fclose(file) || !written || rename(name, inputs->memo))
		unlink(name);
}

void
rmb_inputs_close(struct rmb_inputs *inputs)
{
	if (!inputs)
		return;
	if (inputs->memo && inputs->learnt)
		write_memo(inputs);
	free(inputs->memo);
	free(inputs->known);
	free(inputs);
}
