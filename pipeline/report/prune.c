/* pipeline/report/prune.c -- figures/ keeps no picture that no figure is called any more.
 *
 * figures/.list says what we wrote there: "SHA-256 name" a line. A file is ours to remove as long as it has the content that we
 * gave it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/cache.h"
#include "pipeline/inside.h"
#include "pipeline/object_block.h"
#include "pipeline/report/prune.h"
#include "rumble/hash.h"

enum { LONGEST = 64 << 20 };
static const char list_name[] = "figures/.list";

struct listed { char hex[RMB_KEY_MAX]; const char *file; }; /* file: without .svg */
struct list { int n; struct listed *listed; };

/* The whole of a regular file with a NUL behind it. NULL: there is none, or it is longer than anything of ours. */
static char *
whole_file(struct rmb_arena *arena, int folder, const char *name, size_t *length)
{
	struct stat stat;
	int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool good = file >= 0 && fstat(file, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size <= LONGEST;
	char *text = good ? rmb_arena_alloc(arena, (size_t)stat.st_size + 1, 1) : NULL;
	*length = text ? (size_t)stat.st_size : 0;
	if (text && rmb_read_at(file, text, *length, 0))
		text = NULL;
	if (file >= 0)
		close(file);
	return text;
}

/* What earlier reports wrote; lines that are not ours are passed over. */
static void
read_list(struct rmb_arena *arena, int folder, struct list *list)
{
	size_t length;
	int room = 0;
	char *rest = whole_file(arena, folder, ".list", &length);
	for (size_t i = 0; i < length && rest; i++)
		room += rest[i] == '\n';
	list->listed = rmb_arena_alloc(arena, (size_t)room, sizeof *list->listed);
	for (char *line; list->listed && rest && list->n < room;) {
		struct listed *one = &list->listed[list->n];
		line = strsep(&rest, "\n");
		if (strlen(line) <= RMB_KEY_MAX || line[RMB_KEY_MAX - 1] != ' ' || strchr(line, '/'))
			continue;
		memcpy(one->hex, line, RMB_KEY_MAX - 1);
		one->file = line + RMB_KEY_MAX;
		list->n += rmb_is_key(one->hex);
	}
}

/* Removes a figure, unless somebody has put something else in its place. */
static void
remove_figure(struct rmb_arena *arena, int folder, const struct listed *one)
{
	char hex[RMB_KEY_MAX];
	size_t length;
	const char *name = rmb_arena_printf(arena, "%s.svg", one->file);
	const char *text = name ? whole_file(arena, folder, name, &length) : NULL;
	if (!text)
		return;
	rmb_sha256(text, length, hex);
	if (strcmp(hex, one->hex) == 0)
		unlinkat(folder, name, 0);
}

static const struct rmb_figure_data *
find_figure(struct rmb_figure_data **figure, int n, const char *file)
{
	for (int f = 0; f < n; f++)
		if (strcmp(figure[f]->file, file) == 0)
			return figure[f];
	return NULL;
}

int
rmb_figures_prune(struct rmb_arena *arena, struct rmb_figure_data **figure, int n, const char *directory, struct rmb_error *error)
{
	struct list before = { 0 };
	const char *last;
	char *text = NULL, hex[RMB_KEY_MAX];
	size_t length = 0;
	int folder = rmb_inside_open(directory, list_name, &last, error);
	if (folder < 0)
		return folder;
	FILE *to = open_memstream(&text, &length);
	read_list(arena, folder, &before);
	for (int i = 0; i < before.n && to; i++) {
		const struct rmb_figure_data *found = find_figure(figure, n, before.listed[i].file);
		if (!found)
			remove_figure(arena, folder, &before.listed[i]);
		else if (!found->svg)
			fprintf(to, "%s %s\n", before.listed[i].hex, before.listed[i].file);
	}
	close(folder);
	for (int f = 0; f < n && to; f++)
		if (figure[f]->svg) {
			rmb_sha256(figure[f]->svg, figure[f]->svg_length, hex);
			fprintf(to, "%s %s\n", hex, figure[f]->file);
		}
	int code = !to || fclose(to) ? rmb_error_nomem(error, "the list of figures")
	                             : rmb_inside_write(directory, list_name, text, length, error);
	free(text);
	return code;
}
