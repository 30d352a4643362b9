/* tests/test_pieces.c -- lists that are read piece by piece: packed ones are unpacked once. */
#include "support/check.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "load/format.h"
#include "support/loading.h"
#include "support/zipfile.h"

/* More than stay in memory, and no whole number of pieces. */
enum { MANY = (4 << 20) + 3 * RMB_PIECE + 1234 };

struct made { unsigned char *item; const char *path; struct rmb_arena *arena; struct rmb_load_file *file; int scratch; struct rmb_load_wish wish; };

/* list.npz: an array of MANY bytes that look like chance. */
static void
make(struct made *made)
{
	char shape[32];
	size_t n;
	uint32_t x = 1;
	made->path = "list.npz";
	made->item = malloc(MANY);
	for (int64_t i = 0; i < MANY; i++)
		made->item[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
	snprintf(shape, sizeof shape, "(%d,)", MANY);
	unsigned char *npy = rmb_test_npy("|u1", shape, made->item, MANY, &n);
	rmb_test_zip(made->path, &(struct rmb_test_entry){ .name = "clu.npy", .data = npy, .n = n, .method = 8 }, 1);
	free(npy);
}

/* scratch -1: without one. */
static void
open_with(struct made *made, int scratch, struct rmb_pieces *pieces)
{
	struct rmb_error error = { 0 };
	const struct rmb_member *m;
	static const char *const none[] = { NULL };
	made->scratch = scratch;
	made->wish = (struct rmb_load_wish){ .rois = "cells", .units = "good", .plugins = "none", .named = none,
		                             .scratch = scratch < 0 ? NULL : &made->scratch };
	made->arena = rmb_arena_new();
	must(rmb_load_open_as(made->arena, made->path, "auto", &made->wish, &made->file, &error), &error);
	must(rmb_load_find(made->file, "unit", "clu", &m, &error), &error);
	must(rmb_pieces_open(made->file, m, pieces, &error), &error);
}

static void
let_go(struct made *made)
{
	rmb_load_close(made->file);
	rmb_arena_free(made->arena);
	if (made->scratch >= 0)
		close(made->scratch);
}

/* Compares a piece; returns the code of reading it. */
static int
same(const struct made *made, const struct rmb_pieces *pieces, int64_t at, int64_t n)
{
	struct rmb_error error = { 0 };
	const double *got;
	int code = rmb_pieces_whole(pieces, at, n, &got, &error);
	for (int64_t i = 0; i < n && !code; i++)
		if (got[i] != (double)made->item[at + i])
			fail_msg("item %lld is %g, not %d", (long long)(at + i), got[i], made->item[at + i]);
	return code;
}

static int
all_the_same(const struct made *made, const struct rmb_pieces *pieces, int64_t step)
{
	int code = 0;
	for (int64_t at = 0; at < MANY && !code; at += step)
		code = same(made, pieces, at, MANY - at < step ? MANY - at : step);
	return code;
}

static void
what_was_unpacked_once_is_not_unpacked_again(void **state)
{
	(void)state;
	struct made made;
	struct rmb_pieces pieces, again;
	make(&made);
	open_with(&made, memfd_create("scratch", MFD_CLOEXEC), &pieces);
	assert_int_equal(all_the_same(&made, &pieces, RMB_PIECE), 0);
	assert_int_equal(truncate(made.path, 100), 0); /* nothing can be read there now */
	assert_int_equal(all_the_same(&made, &pieces, RMB_PIECE), 0);
	assert_int_equal(all_the_same(&made, &pieces, 50021), 0);
	must(rmb_pieces_open(made.file, pieces.member, &again, NULL), NULL); /* by another reader of the same list */
	assert_int_equal(all_the_same(&made, &again, 65535), 0);
	let_go(&made);
	free(made.item);
}

static void
pieces_may_be_asked_for_in_any_order(void **state)
{
	(void)state;
	struct made made;
	struct rmb_pieces pieces;
	uint32_t x = 7;
	make(&made);
	open_with(&made, memfd_create("scratch", MFD_CLOEXEC), &pieces);
	for (int i = 0; i < 40; i++) {
		int64_t n = 1 + (x = x * 1664525 + 1013904223) % RMB_PIECE;
		int64_t at = (x = x * 1664525 + 1013904223) % (MANY - RMB_PIECE);
		assert_int_equal(same(&made, &pieces, at, n), 0);
	}
	assert_int_equal(same(&made, &pieces, MANY - 1, 1), 0);
	assert_int_equal(all_the_same(&made, &pieces, RMB_PIECE), 0);
	let_go(&made);
	free(made.item);
}

static void
without_room_to_keep_it_a_list_is_unpacked_again(void **state)
{
	(void)state;
	int closed_to_writing = memfd_create("scratch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const int scratch[] = { -1, open("/dev/null", O_RDONLY | O_CLOEXEC), closed_to_writing };
	assert_int_equal(fcntl(closed_to_writing, F_ADD_SEALS, F_SEAL_WRITE), 0);
	struct made made;
	make(&made);
	for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++) {
		struct rmb_pieces pieces;
		open_with(&made, scratch[i], &pieces);
		assert_int_equal(all_the_same(&made, &pieces, RMB_PIECE), 0);
		assert_int_equal(all_the_same(&made, &pieces, 60000), 0);
		assert_int_equal(truncate(made.path, 100), 0);
		assert_int_not_equal(all_the_same(&made, &pieces, RMB_PIECE), 0);
		let_go(&made);
		free(made.item);
		make(&made);
	}
	free(made.item);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_unpacked_once_is_not_unpacked_again),
		                            cmocka_unit_test(pieces_may_be_asked_for_in_any_order),
		                            cmocka_unit_test(without_room_to_keep_it_a_list_is_unpacked_again) };
	return cmocka_run_group_tests(tests, rmb_test_enter, rmb_test_leave);
}
