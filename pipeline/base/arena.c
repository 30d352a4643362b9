/* pipeline/base/arena.c -- memory that goes all at once.
 *
 * Small pieces are cut from chunks of 64 KiB, large ones get a chunk of their own. Chunks come from calloc, so a large
 * array that is never touched costs no pages. Under AddressSanitizer everything but the bytes asked for is poisoned, so
 * that an overrun inside a chunk is found like any other. */
#include "rumble/arena.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, CHUNK = 64 << 10 };
#ifdef RUMBLE_SANITIZED
#include <sanitizer/asan_interface.h>
enum { GUARD = ALIGNMENT };
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
enum { GUARD = 0 };
#endif

struct chunk {
	struct chunk *next;
	char *data; /* first aligned byte behind this header */
	size_t used, size;
};

struct rmb_arena {
	struct chunk *chunk; /* the first is the one small pieces are cut from */
};

static struct chunk *
chunk_new(size_t size)
{
	struct chunk *chunk;
	if (size > SIZE_MAX - sizeof *chunk - ALIGNMENT || !(chunk = calloc(1, sizeof *chunk + ALIGNMENT + size)))
		return NULL;
	uintptr_t begin = (uintptr_t)(chunk + 1);
	chunk->data = (char *)(chunk + 1) + (ALIGNMENT - begin % ALIGNMENT) % ALIGNMENT;
	chunk->size = size;
	ASAN_POISON_MEMORY_REGION(chunk->data, size);
	return chunk;
}

struct rmb_arena *
rmb_arena_new(void)
{
	return calloc(1, sizeof(struct rmb_arena));
}

void
rmb_arena_free(struct rmb_arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunk, *next; chunk; chunk = next) {
		next = chunk->next;
		ASAN_UNPOISON_MEMORY_REGION(chunk->data, chunk->size);
		free(chunk);
	}
	free(arena);
}

/* A chunk with room for `need` more bytes: the first, a new first, or one of its own for a large piece. */
static struct chunk *
chunk_with(struct rmb_arena *arena, size_t need)
{
	struct chunk *first = arena->chunk;
	if (first && first->size - first->used >= need)
		return first;
	struct chunk *chunk = chunk_new(need > CHUNK / 4 ? need : CHUNK);
	if (!chunk)
		return NULL;
	struct chunk **at = first && need > CHUNK / 4 ? &first->next : &arena->chunk;
	chunk->next = *at;
	*at = chunk;
	return chunk;
}

void *
rmb_arena_alloc(struct rmb_arena *arena, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	size_t need = (bytes + GUARD + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct chunk *chunk = chunk_with(arena, need);
	if (!chunk)
		return NULL;
	char *piece = chunk->data + chunk->used;
	chunk->used += need;
	ASAN_UNPOISON_MEMORY_REGION(piece, bytes);
	return piece;
}

void *
rmb_arena_copy(struct rmb_arena *arena, const void *from, size_t n, size_t size)
{
	void *copy = rmb_arena_alloc(arena, n, size);
	if (copy && n && size)
		memcpy(copy, from, n * size);
	return copy;
}

char *
rmb_arena_strdup(struct rmb_arena *arena, const char *text)
{
	return rmb_arena_copy(arena, text, strlen(text) + 1, 1);
}

char *
rmb_arena_printf(struct rmb_arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = n < 0 ? NULL : rmb_arena_alloc(arena, (size_t)n + 1, 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}
