/* load/lines.c -- tables of text, line by line. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "load/lines.h"

enum { PIECE = 1 << 20, MOST_COLUMNS = 1 << 22, LONGEST_NUMBER = 64 };
#define LONGEST_LINE ((size_t)256 << 20)

/* ---- lines ---- */

/* Reads more behind what is unread, which moves to the front; *more false: the file is over. */
static int
fill(struct rmb_lines *l, bool *more, struct rmb_error *error)
{
	if (l->used > 0)
		memmove(l->buffer, l->buffer + l->used, l->n - l->used);
	l->n -= l->used;
	l->used = 0;
	if (l->room - l->n < PIECE + 1) {
		size_t room = 2 * l->room > l->n + PIECE + 1 ? 2 * l->room : l->n + PIECE + 1;
		char *larger = l->n > LONGEST_LINE ? NULL : realloc(l->buffer, room);
		if (!larger)
			return rmb_error_set(error, RMB_ELIMIT, "%s: line %" PRId64 " is longer than %zu bytes, or than memory",
			                     l->path, l->number + 1, LONGEST_LINE);
		l->buffer = larger;
		l->room = room;
	}
	ssize_t got = pread(l->fd, l->buffer + l->n, PIECE, (off_t)l->at);
	if (got < 0)
		return rmb_error_set(error, RMB_EINPUT, "cannot read %s: %s", l->path, strerror(errno));
	if (memchr(l->buffer + l->n, 0, (size_t)got))
		return rmb_error_set(error, RMB_EINPUT, "%s is not a table of text: it holds a NUL byte near line %" PRId64,
		                     l->path, l->number + 1);
	l->n += (size_t)got;
	l->at += got;
	*more = got > 0;
	return 0;
}

/* The next line, empty or not. */
static int
next(struct rmb_lines *l, struct rmb_error *error)
{
	bool more = true;
	size_t seen = 0;
	int code = 0;
	l->text = NULL;
	for (;;) {
		size_t unread = l->n - l->used;
		while (seen < unread && l->buffer[l->used + seen] != '\n' && l->buffer[l->used + seen] != '\r')
			seen++;
		bool ended = seen < unread, returned = ended && l->buffer[l->used + seen] == '\r';
		if (ended && !(returned && seen + 1 == unread && more)) {
			size_t length = seen + 1 + (returned && seen + 1 < unread && l->buffer[l->used + seen + 1] == '\n');
			l->text = l->buffer + l->used;
			l->start = l->at - (int64_t)unread;
			l->text[seen] = '\0';
			l->used += length;
			l->number++;
			return 0;
		}
		if (!more)
			break;
		code = fill(l, &more, error);
		if (code)
			return code;
	}
	if (l->n > l->used) { /* the last line need not end */
		l->text = l->buffer + l->used;
		l->start = l->at - (int64_t)(l->n - l->used);
		l->buffer[l->n] = '\0';
		l->used = l->n;
		l->number++;
	}
	return code;
}

int
rmb_lines_next(struct rmb_lines *l, struct rmb_error *error)
{
	int code;
	do
		code = next(l, error);
	while (!code && l->text && l->text[strspn(l->text, " ")] == '\0');
	return code;
}

void
rmb_lines_seek(struct rmb_lines *l, int64_t start, int64_t number)
{
	l->at = start;
	l->n = l->used = 0;
	l->number = number - 1;
}

/* ---- cells ---- */

/* The cell at *at, without blanks and quotes; *at moves behind the separator, or becomes NULL at the end of the line. */
static struct rmb_cell
next_cell(const char **at, char separator)
{
	const char *start = *at, *end;
	start += strspn(start, " ");
	if (*start == '"' && strchr(start + 1, '"')) {
		start++;
		for (end = strchr(start, '"'); end[1] == '"' && strchr(end + 2, '"');) /* "" is a quote within */
			end = strchr(end + 2, '"');
		const char *rest = strchr(end, separator);
		*at = rest ? rest + 1 : NULL;
	} else {
		end = strchr(start, separator);
		*at = end ? end + 1 : NULL;
		end = end ? end : start + strlen(start);
	}
	while (end > start && end[-1] == ' ')
		end--;
	return (struct rmb_cell){ start, (size_t)(end - start) };
}

int
rmb_lines_cut(const struct rmb_lines *l, struct rmb_cell *cell, struct rmb_error *error)
{
	int64_t n = 0;
	for (const char *at = l->text; at; n++) {
		struct rmb_cell one = next_cell(&at, l->separator);
		if (n < l->ncolumns)
			cell[n] = one;
	}
	return n == l->ncolumns
	               ? 0
	               : rmb_error_set(error, RMB_EINPUT,
	                               "%s is plain text and no table: line %" PRId64 " has %" PRId64
	                               " cell%s, and %s "
	                               "names %" PRId64 " column%s",
	                               l->path, l->number, n, n == 1 ? "" : "s",
	                               l->remarks ? "the line behind the remarks" : "the first line", l->ncolumns, l->ncolumns == 1 ? "" : "s");
}

bool
rmb_cell_number(const struct rmb_cell *cell, double *number)
{
	static const char *const missing[] = { "NA", "N/A", "#N/A", "NaN", "null", "None" };
	char text[LONGEST_NUMBER], *end;
	*number = __builtin_nan("");
	if (cell->n == 0)
		return true;
	if (cell->n >= sizeof text)
		return false;
	memcpy(text, cell->text, cell->n);
	text[cell->n] = '\0';
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
		if (strcasecmp(text, missing[i]) == 0)
			return true;
	*number = strtod(text, &end);
	return *end == '\0' && !strpbrk(text, "xX(");
}

/* ---- sentences ---- */

const char *
rmb_lines_place(const struct rmb_lines *l, int64_t column)
{
	const char *text = rmb_arena_printf(l->arena, "%s: line %" PRId64 ", column %" PRId64 " ('%s')", l->path, l->number,
	                                    column + 1, l->name[column]);
	return text ? text : l->path;
}

int
rmb_lines_no_number(const struct rmb_lines *l, int64_t column, const struct rmb_cell *cell, struct rmb_error *error)
{
	enum { SHOWN = 40 };
	const char *shown = rmb_load_printable(l->arena, cell->text, cell->n < SHOWN ? cell->n : SHOWN);
	return rmb_error_set(error, RMB_EINPUT, "%s: '%s' is no number%s", rmb_lines_place(l, column), shown ? shown : "?",
	                     memchr(cell->text, ',', cell->n) ? "; write decimal points, not commas" : "");
}

/* ---- before the rows ---- */

/* Where the text of a line of names or remarks begins, behind a mark of UTF-8 and that of a remark. */
static const char *
behind_marks(const struct rmb_lines *l, bool *remark)
{
	const char *text = l->text + (l->start == 0 && strncmp(l->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
	*remark = *text == '#' || *text == '%';
	return text + *remark;
}

/* How many cells it has; *row: whether they may be those of a row, as some are numbers or none is text. */
static int64_t
count_cells(const char *text, char separator, bool *row)
{
	int64_t n = 0, numbers = 0, texts = 0;
	double number;
	for (const char *at = text; at; n++) {
		struct rmb_cell cell = next_cell(&at, separator);
		bool is_number = rmb_cell_number(&cell, &number);
		numbers += is_number && cell.n > 0;
		texts += !is_number;
	}
	*row = numbers > 0 || texts == 0;
	return n;
}

static char
separator_of(const char *text)
{
	return strchr(text, '\t') ? '\t' : strchr(text, ',') ? ',' : ';';
}

/* Goes to the line of names: the first that is no remark, unless that is a row to which the last remark has the names. */
static int
pass_remarks(struct rmb_lines *l, struct rmb_error *error)
{
	int64_t start = 0, number = 0, cells = 0;
	bool remark = true, row;
	char separator = ';';
	int code;
	while (!(code = rmb_lines_next(l, error)) && l->text) {
		const char *text = behind_marks(l, &remark);
		if (!remark)
			break;
		separator = separator_of(text);
		cells = count_cells(text, separator, &row);
		start = l->start;
		number = l->number;
		l->remarks++;
	}
	if (code || l->remarks == 0 || (l->text && (count_cells(l->text, separator, &row) != cells || !row)))
		return code;
	l->remarks--;
	rmb_lines_seek(l, start, number);
	return rmb_lines_next(l, error);
}

/* Cell traces of Inscopix have a second line, which says which cells were accepted:
 *     ,C00,C01
 *     Time (s)/Cell Status,accepted,rejected
 * The columns' names are taken from both. */
static int
read_status(struct rmb_lines *l, struct rmb_error *error)
{
	static const char begins[] = "time", says[] = "cell status";
	int64_t start = l->at - (int64_t)(l->n - l->used), number = l->number + 1;
	if (*l->name[0])
		return 0;
	int code = rmb_lines_next(l, error);
	const char *word = l->text ? l->text + strspn(l->text, " \"") : "", *slash = strchr(word, '/');
	if (code || !slash || strncasecmp(word, begins, strlen(begins)) != 0 || strncasecmp(slash + 1, says, strlen(says)) != 0) {
		rmb_lines_seek(l, start, number);
		return code;
	}
	l->name[0] = rmb_load_printable(l->arena, word, (size_t)(slash - word));
	l->status = rmb_arena_alloc(l->arena, (size_t)l->ncolumns, sizeof *l->status);
	l->text = rmb_arena_strdup(l->arena, l->text); /* cells point into it */
	return l->name[0] && l->status && l->text ? rmb_lines_cut(l, l->status, error) : rmb_error_nomem(error, l->path);
}

static int
read_names(struct rmb_lines *l, struct rmb_error *error)
{
	int64_t n = 0, numbers = 0;
	bool remark;
	if (!l->text)
		return rmb_error_set(error, RMB_EINPUT, "%s is plain text without a line", l->path);
	const char *first = behind_marks(l, &remark);
	l->separator = separator_of(first);
	for (const char *at = first; at; n++)
		next_cell(&at, l->separator);
	if (n > MOST_COLUMNS)
		return rmb_error_set(error, RMB_ELIMIT, "%s has %" PRId64 " columns; rumble reads up to %d", l->path, n,
		                     MOST_COLUMNS);
	l->ncolumns = n;
	l->name = rmb_arena_alloc(l->arena, (size_t)n, sizeof *l->name);
	const char *at = first;
	for (int64_t c = 0; c < n && l->name; c++) {
		struct rmb_cell cell = next_cell(&at, l->separator);
		double number;
		numbers += cell.n > 0 && rmb_cell_number(&cell, &number);
		if (!(l->name[c] = rmb_load_printable(l->arena, cell.text, cell.n)))
			return rmb_error_nomem(error, l->path);
	}
	if (!l->name)
		return rmb_error_nomem(error, l->path);
	return numbers < n ? 0
	                   : rmb_error_set(
				     error, RMB_EINPUT,
				     "%s is plain text whose first line is all numbers: the first line of a table must name its "
				     "columns",
				     l->path);
}

int
rmb_lines_open(struct rmb_lines *l, struct rmb_arena *arena, const char *path, struct rmb_error *error)
{
	*l = (struct rmb_lines){ .arena = arena, .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (l->fd < 0)
		return rmb_error_set(error, RMB_EINPUT, "cannot open %s: %s", path, strerror(errno));
	int code = pass_remarks(l, error);
	if (!code)
		code = read_names(l, error);
	return code ? code : read_status(l, error);
}

void
rmb_lines_close(struct rmb_lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->buffer);
}
