/* Errors, arenas, arrays, pieces of work. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "rumble/arena.h"
#include "rumble/array.h"
#include "rumble/error.h"
#include "rumble/parallel.h"
#include "support/check.h"

static void
the_first_sentence_is_kept(void **state)
{
	struct rmb_error error = { 0 };
	(void)state;
	assert_int_equal(rmb_error_set(&error, RMB_EDATA, "%d of %d", 3, 4), RMB_EDATA);
	assert_int_equal(rmb_error_set(&error, RMB_EINPUT, "later"), RMB_EINPUT);
	assert_int_equal(error.code, RMB_EDATA);
	assert_string_equal(error.text, "3 of 4");
	assert_int_equal(rmb_error_set(NULL, RMB_EDATA, "nobody listens"), RMB_EDATA);
}

static void
a_long_sentence_ends_at_a_whole_character(void **state)
{
	static char text[4096];
	(void)state;
	for (int shift = 0; shift < 3; shift++) { /* three-byte characters meet the end in every way */
		struct rmb_error error = { 0 };
		memset(text, 'x', (size_t)shift);
		for (size_t i = (size_t)shift; i + 4 < sizeof text; i += 3)
			memcpy(text + i, "\u20ac", 4);
		rmb_error_set(&error, RMB_EDATA, "%s", text);
		size_t n = strlen(error.text);
		assert_true(n > sizeof error.text - 4 && (n - (size_t)shift) % 3 == 0);
	}
}

static void
codes_fold_into_exit_statuses(void **state)
{
	static const struct { int code, status; const char *name; } row[] = {
		{ 0, 0, "done" }, { RMB_EUSAGE, 2, "usage" }, { RMB_ERECIPE, 2, "recipe" }, { RMB_EINPUT, 1, "input" },
		{ RMB_ELIMIT, 3, "limit" },
		{ RMB_EOUTPUT, 3, "output" }, { RMB_EDATA, 1, "data" }, { RMB_EDAMAGE, 1, "damage" },
		{ RMB_EACCESS, 3, "access" }, { RMB_EINTERNAL, 70, "internal" },
		{ RMB_EINTERRUPTED, 130, "interrupted" }, { RMB_ETERMINATED, 143, "terminated" }, { -99, 70, "internal" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		assert_int_equal(rmb_exit_code(row[i].code), row[i].status);
		assert_string_equal(rmb_code_name(row[i].code), row[i].name);
	}
}

static void
an_arena_gives_zeroed_aligned_pieces_that_stay(void **state)
{
	struct rmb_arena *arena = rmb_arena_new();
	unsigned char *piece[300];
	(void)state;
	for (size_t i = 0; i < 300; i++) {
		size_t n = i % 7 == 0 ? 100000 : i; /* some get a chunk of their own, piece 0 is such */
		piece[i] = rmb_arena_alloc(arena, n, 1);
		assert_true(piece[i] && (uintptr_t)piece[i] % 64 == 0);
		for (size_t b = 0; b < n; b++)
			assert_int_equal(piece[i][b], 0);
		memset(piece[i], (int)(i % 255) + 1, n);
	}
	for (size_t i = 1; i < 300; i++)
		assert_true(piece[i][0] == i % 255 + 1);
	assert_non_null(rmb_arena_alloc(arena, 0, 8));
	assert_null(rmb_arena_alloc(arena, SIZE_MAX / 4, 8));
	assert_null(rmb_arena_alloc(arena, SIZE_MAX - 10, 1));
	assert_string_equal(rmb_arena_strdup(arena, "name"), "name");
	assert_string_equal(rmb_arena_printf(arena, "%s@%d", "z", 12), "z@12");
	assert_memory_equal(rmb_arena_copy(arena, "abcdef", 3, 2), "abcdef", 6);
	rmb_arena_free(arena);
	rmb_arena_free(NULL);
}

static void
a_list_grows_in_an_arena(void **state)
{
	(void)state;
	struct rmb_arena *arena = rmb_arena_new();
	int64_t *list = NULL;
	int moved = 0;
	for (int64_t n = 0; n < 1000; n++) {
		int64_t *longer = rmb_arena_room(arena, list, (size_t)n, sizeof *longer);
		assert_non_null(longer);
		moved += longer != list;
		list = longer;
		list[n] = n;
		for (int64_t i = 0; i <= n; i++)
			assert_int_equal(list[i], i);
	}
	assert_int_equal(moved, 9); /* for 4, 8, ..., 1024 */
	rmb_arena_free(arena);
}

static void
arrays_count_and_find_their_rows(void **state)
{
	float data[2][3][4];
	struct rmb_array array = { .type = RMB_FLOAT32, .naxes = 3, .data = data,
		                   .axis = { rmb_axis_index("a", 2), rmb_axis_rank(3), rmb_axis_make("lag", "s", 4, 0, 0.5) } };
	(void)state;
	assert_int_equal(rmb_array_count(&array), 24);
	assert_ptr_equal(rmb_array_row(&array, 1), data[1]);
	assert_true(array.axis[1].start == 1 && array.axis[2].step == 0.5);
	array.axis[0].n = array.axis[1].n = (int64_t)1 << 31;
	assert_int_equal(rmb_array_count(&array), -1);
	array.naxes = 0;
	assert_int_equal(rmb_array_count(&array), 1);
	assert_int_equal(rmb_array_item(&(struct rmb_array){ .type = RMB_TEXT, .width = 9 }), 9);
}

/* ---- pieces of work ---- */

enum { PIECES = 1000 };
struct work { _Atomic int done[PIECES]; int64_t fail_from; _Atomic int wrong_thread; int threads; };

static int
mark(void *argument, int64_t piece, int thread)
{
	struct work *work = argument;
	atomic_fetch_add(&work->done[piece], 1);
	if (thread < 0 || thread >= work->threads)
		atomic_store(&work->wrong_thread, 1);
	return piece >= work->fail_from ? (int)piece : 0;
}

static void
every_piece_is_done_once_by_any_number_of_threads(void **state)
{
	static const int threads[] = { 1, 2, 3, 8, 100, 0 };
	(void)state;
	for (int i = 0; i < 6; i++) {
		struct work work = { .fail_from = PIECES, .threads = threads[i] > 0 ? threads[i] : 1 };
		assert_int_equal(rmb_parallel(threads[i], PIECES, mark, &work), 0);
		for (int p = 0; p < PIECES; p++)
			assert_int_equal(work.done[p], 1);
		assert_int_equal(work.wrong_thread, 0);
		assert_int_equal(rmb_parallel(threads[i], 0, mark, &work), 0);
	}
}

static void
the_lowest_failing_piece_is_reported(void **state)
{
	(void)state;
	for (int threads = 1; threads <= 8; threads++)
		for (int repeat = 0; repeat < 20; repeat++) {
			struct work work = { .fail_from = 137, .threads = threads };
			assert_int_equal(rmb_parallel(threads, PIECES, mark, &work), 137);
			for (int p = 0; p <= 137; p++)
				assert_int_equal(work.done[p], 1);
			assert_int_equal(work.done[PIECES - 1], 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_sentence_is_kept),
		cmocka_unit_test(a_long_sentence_ends_at_a_whole_character),
		cmocka_unit_test(codes_fold_into_exit_statuses),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_pieces_that_stay),
		cmocka_unit_test(a_list_grows_in_an_arena),
		cmocka_unit_test(arrays_count_and_find_their_rows),
		cmocka_unit_test(every_piece_is_done_once_by_any_number_of_threads),
		cmocka_unit_test(the_lowest_failing_piece_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
