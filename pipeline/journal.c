/* pipeline/journal.c -- what nodes took, and what others like them will take.
 *
 * One JSON line a node that ran: key, stage, its version, seconds, cpu, peak, object, threads, and the descriptor's estimate at
 * that time (flops, bytes, memory, disk). Only the last READ bytes count; lines that are damaged or cut are passed over. */
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/events.h"
#include "pipeline/journal.h"

enum { READ = 4 << 20, LONGEST = 8 << 20, RECENT = 16, LIKE = 2 };

/* Assumed of a machine that has measured nothing yet: one thread of a plain processor, and memory rather than disk. */
static const double assumed_flops = 20e9, assumed_bytes = 1.5e9;
static const double least_seconds = 0.012;      /* worker, mapped inputs, one object written and synced */
static const double least_memory = 40e6;        /* program, HDF5 and OpenBLAS with nothing in hand */
static const double least_disk = 20e3;          /* an object of a few numbers: user block, HDF5 structure, description */
static const double unknown_seconds = 0.1;      /* a node of a size that nobody knows yet: no reason to call it quick */

struct line {
	char key[RMB_KEY_MAX];
	const struct rmb_stage *stage;
	struct rmb_measure measure;
	double expected, memory, disk; /* what the descriptor said then: s at assumed rates, bytes */
	char *failed;                  /* the sentence of a failure, and no measure; else NULL */
};

struct table {
	bool read;
	int n, room;
	struct line *line;             /* as written: the newest last */
	const struct line **by_key;    /* the same by key, the newest of a key first; NULL if n is 0 */
};

struct rmb_journal { char *path; struct table *table; };

/* ---- estimates ----------------------------------------------------------------------------------------------------- */

static double
sane(double value)
{
	return isfinite(value) && value > 0 ? value : 0;
}

/* The descriptor's estimate as a measure, at assumed rates. */
static void
assume(const struct rmb_node *node, struct rmb_measure *expected)
{
	struct rmb_cost cost;
	rmb_node_estimate(node, &cost);
	double seconds = sane(cost.flops) / assumed_flops + sane(cost.bytes) / assumed_bytes;
	bool guess = node->nedges && node->stage->estimate && cost.out.neurons + cost.out.frames + cost.out.spikes == 0;
	if (guess)
		seconds = fmax(seconds, unknown_seconds);
	*expected = (struct rmb_measure){ .seconds = least_seconds + seconds, .cpu = least_seconds + seconds, .threads = 1,
	                                  .blas_threads = cost.blas_threads, .peak_bytes = least_memory + sane(cost.memory),
	                                  .object_bytes = least_disk + sane(cost.disk), .guess = guess };
}

/* ---- writing ------------------------------------------------------------------------------------------------------- */

/* Appends one line; takes the object, which may be NULL. */
static void
append(const struct rmb_cache *cache, json_t *object)
{
	char path[4096], old[4096 + 8];
	struct stat stat_of;
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
	size_t length = text ? strlen(text) : 0;
	bool fits = snprintf(path, sizeof path, "%s/journal.jsonl", cache->root) < (int)sizeof path;
	int fd = text && fits ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666) : -1;
	json_decref(object);
	if (fd >= 0) {
		text[length] = '\n'; /* over its NUL: one write, so that lines of two runs never mix */
		(void)!write(fd, text, length + 1);
		if (fstat(fd, &stat_of) == 0 && stat_of.st_size > LONGEST &&
		    snprintf(old, sizeof old, "%s.old", path) < (int)sizeof old)
			rename(path, old);
		close(fd);
	}
	free(text);
}

void
rmb_journal_add(const struct rmb_cache *cache, const struct rmb_node *node, const struct rmb_measure *measure)
{
	struct rmb_measure assumed;
	assume(node, &assumed);
	append(cache, json_pack("{sssssisfsfsfsfsisfsfsfsI}", "key", node->key, "stage", node->stage->name, "version",
	                        node->stage->version, "seconds", sane(measure->seconds), "cpu", sane(measure->cpu), "peak",
	                        sane(measure->peak_bytes), "object", sane(measure->object_bytes), "threads", measure->threads,
	                        "expected", assumed.seconds, "memory", assumed.peak_bytes, "disk", assumed.object_bytes,
	                        "time", (json_int_t)time(NULL)));
}

void
rmb_journal_failed(const struct rmb_cache *cache, const struct rmb_node *node, int code, const char *text)
{
	append(cache, json_pack("{sssssisssosI}", "key", node->key, "stage", node->stage->name, "version", node->stage->version,
	                        "class", rmb_code_name(code), "failed", rmb_json_text(text), "time", (json_int_t)time(NULL)));
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static bool
parse_measure(const json_t *object, struct line *line)
{
	double *const number[] = { &line->measure.seconds, &line->measure.cpu, &line->measure.peak_bytes,
	                           &line->measure.object_bytes,
	                           &line->expected, &line->memory, &line->disk };
	bool good = json_unpack((json_t *)object, "{sFsFsFsFsisFsFsF}", "seconds", number[0], "cpu", number[1], "peak",
	                        number[2], "object", number[3], "threads", &line->measure.threads, "expected", number[4],
	                        "memory", number[5], "disk", number[6]) == 0;
	for (int i = 0; good && i < (int)(sizeof number / sizeof *number); i++)
		good = isfinite(*number[i]) && *number[i] >= 0;
	return good;
}

static bool
parse_line(const char *text, size_t length, struct line *line)
{
	const char *key, *stage;
	int version;
	json_t *object = json_loadb(text, length, 0, NULL);
	*line = (struct line){0};
	bool good = object && json_unpack(object, "{sssssi}", "key", &key, "stage", &stage, "version", &version) == 0;
	line->stage = good ? rmb_stage_find(stage) : NULL;
	good = line->stage && line->stage->version == version && strlen(key) == RMB_KEY_MAX - 1;
	if (good) {
		const char *failed = json_string_value(json_object_get(object, "failed"));
		memcpy(line->key, key, RMB_KEY_MAX);
		line->failed = failed ? strdup(failed) : NULL;
		good = line->failed || parse_measure(object, line);
	}
	json_decref(object);
	return good;
}

static void
keep_line(struct table *table, const struct line *line)
{
	if (table->n == table->room) {
		int room = table->room ? 2 * table->room : 256;
		struct line *larger = realloc(table->line, (size_t)room * sizeof *larger);
		if (!larger) {
			free(line->failed);
			return; /* fewer measures, no harm */
		}
		table->line = larger;
		table->room = room;
	}
	table->line[table->n++] = *line;
}

static int
by_key(const void *a, const void *b)
{
	const struct line *x = *(const struct line *const *)a, *y = *(const struct line *const *)b;
	int order = strcmp(x->key, y->key);
	return order ? order : (x < y) - (x > y);
}

/* The last READ bytes of the journal; *length gets how many. NULL: there is none. The caller frees. */
static char *
read_tail(const char *path, size_t *length)
{
	struct stat stat_of;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	char *text = fstat(fd, &stat_of) == 0 && S_ISREG(stat_of.st_mode) ? malloc(READ) : NULL;
	ssize_t got = text ? pread(fd, text, READ, stat_of.st_size > READ ? stat_of.st_size - READ : 0) : 0;
	close(fd);
	*length = got > 0 ? (size_t)got : 0;
	return text;
}

/* Reads the journal when it is first asked: a run that finds everything cached never does. */
static void
read_lines(const char *path, struct table *table)
{
	size_t length = 0;
	char *text = read_tail(path, &length), *end;
	for (char *at = text; at && (end = memchr(at, '\n', length - (size_t)(at - text))); at = end + 1) {
		struct line line;
		if (parse_line(at, (size_t)(end - at), &line))
			keep_line(table, &line);
	}
	free(text);
	table->read = true;
	table->by_key = table->n ? malloc((size_t)table->n * sizeof *table->by_key) : NULL;
	for (int i = 0; table->by_key && i < table->n; i++)
		table->by_key[i] = &table->line[i];
	if (table->by_key)
		qsort(table->by_key, (size_t)table->n, sizeof *table->by_key, by_key);
}

struct rmb_journal *
rmb_journal_read(const struct rmb_cache *cache)
{
	struct rmb_journal *journal = calloc(1, sizeof *journal);
	size_t size = strlen(cache->root) + sizeof "/journal.jsonl";
	if (!journal || !(journal->path = malloc(size)) || !(journal->table = calloc(1, sizeof *journal->table))) {
		rmb_journal_free(journal);
		return NULL;
	}
	snprintf(journal->path, size, "%s/journal.jsonl", cache->root);
	return journal;
}

void
rmb_journal_free(struct rmb_journal *journal)
{
	if (!journal)
		return;
	if (journal->table) {
		for (int i = 0; i < journal->table->n; i++)
			free(journal->table->line[i].failed);
		free(journal->table->line);
		free(journal->table->by_key);
	}
	free(journal->table);
	free(journal->path);
	free(journal);
}

/* ---- expecting ----------------------------------------------------------------------------------------------------- */

/* The newest line of a node. */
static const struct line *
find_key(const struct table *table, const char *key)
{
	int low = 0, high = table->by_key ? table->n : 0, n = high;
	while (low < high) {
		int middle = low + (high - low) / 2;
		if (strcmp(table->by_key[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && strcmp(table->by_key[low]->key, key) == 0 ? table->by_key[low] : NULL;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double
median(double *x, int n)
{
	qsort(x, (size_t)n, sizeof *x, by_size);
	return x[n / 2];
}

/* Memory beyond what a process takes that does nothing. */
static double
beyond(double bytes)
{
	return bytes > least_memory ? bytes - least_memory : 0;
}

/* Memory is corrected by nodes of like size alone: that of a small one is mostly the process itself, and says nothing about a
 * large one. Never to less than the program and the output take. */
static void
correct_memory(const struct table *table, const struct rmb_stage *stage, struct rmb_measure *expected)
{
	int n = 0;
	double ratio[RECENT], assumed = beyond(expected->peak_bytes);
	for (int i = table->n; i-- > 0 && n < RECENT;) {
		const struct line *line = &table->line[i];
		double then = beyond(line->memory);
		if (line->stage == stage && !line->failed && then > 0 && then >= assumed / LIKE && then <= assumed * LIKE)
			ratio[n++] = beyond(line->measure.peak_bytes) / then;
	}
	if (n > 0)
		expected->peak_bytes = least_memory + fmax(assumed * median(ratio, n), expected->object_bytes);
}

/* Scales what is assumed by how the stage's latest RECENT measures compare with what was assumed of them. */
static void
correct(const struct table *table, const struct rmb_stage *stage, struct rmb_measure *expected)
{
	int n = 0;
	double seconds[RECENT], disk[RECENT];
	for (int i = table->n; i-- > 0 && n < RECENT;) {
		const struct line *line = &table->line[i];
		if (line->stage != stage || line->failed)
			continue;
		seconds[n] = line->measure.seconds / (line->expected > 0 ? line->expected : least_seconds);
		disk[n++] = line->measure.object_bytes / (line->disk > 0 ? line->disk : least_disk);
	}
	if (n == 0)
		return;
	expected->seconds *= median(seconds, n);
	expected->cpu = expected->seconds;
	expected->object_bytes *= median(disk, n);
	correct_memory(table, stage, expected);
}

/* The table, read now if it was not yet. */
static const struct table *
table_of(const struct rmb_journal *journal)
{
	if (!journal->table->read)
		read_lines(journal->path, journal->table);
	return journal->table;
}

double
rmb_measure_rounded(double value)
{
	if (!(value > 0))
		return 0;
	double unit = pow(10, floor(log10(value)) - 1);
	return round(value / unit) * unit;
}

void
rmb_journal_expect(const struct rmb_journal *journal, const struct rmb_node *node, struct rmb_measure *expected)
{
	assume(node, expected);
	if (!journal)
		return;
	const struct line *same = find_key(table_of(journal), node->key);
	int blas_threads = expected->blas_threads;
	if (same && !same->failed)
		*expected = same->measure;
	else
		correct(journal->table, node->stage, expected);
	expected->blas_threads = blas_threads;
}

const char *
rmb_journal_failure(const struct rmb_journal *journal, const struct rmb_node *node)
{
	const struct line *same = journal ? find_key(table_of(journal), node->key) : NULL;
	return same ? same->failed : NULL;
}
