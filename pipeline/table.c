/* pipeline/table.c -- text in columns. */
#include <string.h>
#include "pipeline/table.h"
#include "pipeline/text.h"

enum { GAP = 2 };

struct row { const char **cell; struct row *next; };

struct rmb_table {
	struct rmb_arena *arena;
	const char *align;
	int ncolumns, *width;
	struct row *first, **end;
};

const char *
rmb_harmless(struct rmb_arena *arena, const char *text)
{
	const char *escaped = rmb_text_escape(arena, text, strlen(text), " ");
	return escaped ? escaped : "";
}

static int
width_of(const char *text)
{
	int width = 0;
	for (size_t length = strlen(text), n; length; text += n, length -= n) {
		uint32_t point;
		n = rmb_text_decode(text, length, &point);
		width += n ? rmb_text_width(point) : 1;
		n = n ? n : 1;
	}
	return width;
}

struct rmb_table *
rmb_table_new(struct rmb_arena *arena, const char *align)
{
	struct rmb_table *table = rmb_arena_alloc(arena, 1, sizeof *table);
	if (!table)
		return NULL;
	*table = (struct rmb_table){ .arena = arena, .align = align, .ncolumns = (int)strlen(align) };
	table->end = &table->first;
	table->width = rmb_arena_alloc(arena, (size_t)table->ncolumns, sizeof *table->width);
	return table->width ? table : NULL;
}

void
rmb_table_row(struct rmb_table *table, const char *const *cell)
{
	struct row *row = rmb_arena_alloc(table->arena, 1, sizeof *row);
	if (row)
		row->cell = rmb_arena_alloc(table->arena, (size_t)table->ncolumns, sizeof *row->cell);
	if (!row || !row->cell)
		return;
	for (int i = 0; i < table->ncolumns; i++) {
		row->cell[i] = cell[i] ? rmb_harmless(table->arena, cell[i]) : "";
		int width = width_of(row->cell[i]);
		table->width[i] = width > table->width[i] ? width : table->width[i];
	}
	*table->end = row;
	table->end = &row->next;
}

void
rmb_table_print(const struct rmb_table *table, FILE *to)
{
	for (const struct row *row = table->first; row; row = row->next) {
		int last = table->ncolumns - 1, blanks = 0;
		while (last > 0 && !*row->cell[last])
			last--;
		for (int i = 0; i <= last; i++) {
			int room = table->width[i] - width_of(row->cell[i]);
			bool right = table->align[i] == 'r';
			fprintf(to, "%*s%s", blanks + (right ? room : 0), "", row->cell[i]);
			blanks = GAP + (right ? 0 : room);
		}
		putc('\n', to);
	}
}
