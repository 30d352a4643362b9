/* tests/support/scarce.h -- an arena that runs out of memory when it is told to. The one test that includes this has it in
 * place of the program's. */
#ifndef RMB_TEST_SCARCE_H
#define RMB_TEST_SCARCE_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rumble/arena.h"
#include "rumble/error.h"
#include "support/check.h"

struct piece { struct piece *next; max_align_t data[]; };
struct rmb_arena { struct piece *last; };

static long left = -1;   /* allocations that still succeed; negative: all */
static bool once;        /* only that one fails */

static bool
fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	if (once)
		left = -1;
	return true;
}

struct rmb_arena *
rmb_arena_new(void)
{
	return fails() ? NULL : calloc(1, sizeof(struct rmb_arena));
}

void
rmb_arena_free(struct rmb_arena *arena)
{
	for (struct piece *next, *piece = arena ? arena->last : NULL; piece; piece = next) {
		next = piece->next;
		free(piece);
	}
	free(arena);
}

void *
rmb_arena_alloc(struct rmb_arena *arena, size_t n, size_t size)
{
	struct piece *piece = fails() ? NULL : calloc(1, sizeof *piece + n * size);
	if (!piece)
		return NULL;
	piece->next = arena->last;
	arena->last = piece;
	return piece->data;
}

void *
rmb_arena_copy(struct rmb_arena *arena, const void *from, size_t n, size_t size)
{
	void *copy = rmb_arena_alloc(arena, n, size);
	return copy && n * size > 0 ? memcpy(copy, from, n * size) : copy;
}

char *
rmb_arena_strdup(struct rmb_arena *arena, const char *text)
{
	return rmb_arena_copy(arena, text, strlen(text) + 1, 1);
}

char *
rmb_arena_printf(struct rmb_arena *arena, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	char *copy = n < 0 ? NULL : rmb_arena_copy(arena, text, (size_t)n + 1, 1);
	free(text);
	return copy;
}

/* Every allocation fails in turn, alone and with all that follow: the work must fail with a sentence each time, until it is
 * let through. */
static inline void
fails_and_says_so(int (*work)(struct rmb_error *))
{
	for (int only = 0; only < 2; only++) {
		int failures = 0;
		for (long k = 0; k < 1000; k++) {
			struct rmb_error error = { 0 };
			left = k;
			once = only;
			int rc = work(&error);
			left = -1;
			if (!rc)
				break;
			failures++;
			assert_int_equal(rc, RMB_ELIMIT);
			assert_true(error.code == RMB_ELIMIT && *error.text);
			assert_true(k < 999);
		}
		assert_true(failures > 4);
	}
}
#endif
