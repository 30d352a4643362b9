/* tests/test_npz.c -- .npz archives: stored, deflated, streamed and zip64 members; archives that lie. */
#include "support/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "support/loading.h"
#include "support/zipfile.h"

#define NPZ RUMBLE_SHARED "/recordings/npy-conformance/written-here/"

static void
archives_of_numpy_read_alike_however_they_are_packed(void **state)
{
	(void)state;
	static const struct { const char *file, *member; double sum; } cases[] = {
		{ "stored.npz", "spks", 1726 }, { "stored.npz", "xpos", 10 }, { "stored.npz", "ypos", 10 },
		{ "deflated.npz", "spks", 1726 }, { "deflated.npz", "xpos", 10 }, { "deflated.npz", "ypos", 10 },
		{ "streamed.npz", "spks", 1726 }, { "streamed.npz", "xpos", 10 }, { "with_object_member.npz", "spks", 1726 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_test_member got;
		char path[512];
		snprintf(path, sizeof path, NPZ "%s", cases[i].file);
		rmb_test_read(path, cases[i].member, &got);
		if (got.code || got.sum != cases[i].sum)
			fail_msg("%s %s: sum %g; %s", cases[i].file, cases[i].member, got.sum, got.error.text);
	}
}

static void
an_object_array_that_does_not_fit_is_skipped_with_a_note_unless_it_is_asked_for(void **state)
{
	(void)state;
	struct rmb_test_load got;
	rmb_test_load(NPZ "with_object_member.npz", NULL, &got);
	assert_int_equal(got.code, 0);
	assert_true(got.sum == 1726 && got.neurons == 5 && got.frames == 7);
	rmb_test_says("note", got.notes, (const char *const[]){ "areas", "left out", "pickle", NULL });
	struct rmb_load_settings set = rmb_test_settings("");
	set.area = "areas";
	rmb_test_load(NPZ "with_object_member.npz", &set, &got);
	assert_int_equal(got.code, RMB_EINPUT);
	rmb_test_says("error", got.error.text, (const char *const[]){ "areas", "3 neurons", NULL });
}

static void
what_is_not_there_is_answered_by_what_is(void **state)
{
	(void)state;
	struct rmb_test_load got;
	struct rmb_load_settings set = rmb_test_settings("");
	set.activity = "F";
	rmb_test_load(NPZ "stored.npz", &set, &got);
	assert_int_equal(got.code, RMB_EINPUT);
	rmb_test_says("error", got.error.text,
	              (const char *const[]){ "stored.npz", "activity: F", "spks (5 x 7, float32)", "ypos (5, int32)", NULL });
}

/* ---- made up ---- */

struct made { char folder[64], path[96]; unsigned char *spks; size_t n; float sample[35]; };

static int
begin(void **state)
{
	static struct made made;
	rmb_test_mkdir(made.folder, sizeof made.folder);
	snprintf(made.path, sizeof made.path, "%s/a.npz", made.folder);
	for (int i = 0; i < 35; i++)
		made.sample[i] = (float)i;
	made.spks = rmb_test_npy("<f4", "(5, 7)", made.sample, sizeof made.sample, &made.n);
	*state = &made;
	return 0;
}

static int
end(void **state)
{
	struct made *made = *state;
	free(made->spks);
	rmb_test_rmdir(made->folder);
	return 0;
}

static void
zip64_and_streamed_members_are_read(void **state)
{
	struct made *made = *state;
	for (int method = 0; method <= 8; method += 8)
		for (int zip64 = 0; zip64 < 2; zip64++)
			for (int flags = 0; flags <= 8; flags += 8) {
				struct rmb_test_entry entry = { "spks.npy", made->spks, made->n, method, flags, zip64, 0, 0 };
				struct rmb_test_member got;
				rmb_test_zip(made->path, &entry, 1);
				rmb_test_read(made->path, "spks", &got);
				if (got.code || got.sum != 595)
					fail_msg("method %d, zip64 %d, flags %d: sum %g; %s", method, zip64, flags, got.sum, got.error.text);
			}
}

static void
lying_archives_are_refused(void **state)
{
	struct made *made = *state;
	const struct { struct rmb_test_entry entry; const char *says[3]; } cases[] = {
		{ { "../../evil.npy", made->spks, made->n, 0, 0, false, 0, 0 }, { "member name", "../../evil.npy" } },
		{ { "/etc/evil.npy", made->spks, made->n, 0, 0, false, 0, 0 }, { "member name", "/etc/evil.npy" } },
		{ { "a\\..\\evil.npy", made->spks, made->n, 0, 0, false, 0, 0 }, { "member name" } },
		{ { "spks\x1b[2J.npy", made->spks, made->n, 0, 0, false, 0, 0 }, { "member name", "spks?[2J" } },
		{ { "spks.npy", made->spks, made->n, 0, 0, false, 1 << 30, 0 }, { "spks", "no stored member can" } },
		{ { "spks.npy", made->spks, made->n, 8, 0, true, (uint64_t)1 << 45, 0 }, { "spks", "no deflated member can" } },
		{ { "spks.npy", made->spks, made->n, 8, 0, false, 300, 0 }, { "spks", "found 300" } },
		{ { "spks.npy", made->spks, made->n, 8, 0, false, 200, 0 }, { "spks", "truncated" } },
		{ { "spks.npy", made->spks, made->n, 0, 1, false, 0, 0 }, { "spks", "encrypted" } },
		{ { "spks.npy", made->spks, made->n, 12, 0, false, 0, 0 }, { "spks", "method 12" } },
		{ { "spks.npy", made->spks, made->n, 0, 0, false, 0, 1 }, { "spks", "damaged", "CRC" } },
		{ { "spks.npy", made->spks, made->n, 8, 0, false, 0, 1 }, { "spks", "damaged", "CRC" } },
		{ { "spks.npy", "hello, this is text", 19, 0, 0, false, 0, 0 }, { "spks", "not an .npy array" } },
		{ { "spks.npy", made->spks, 60, 0, 0, false, 0, 0 }, { "spks", "truncated", "60" } },
		{ { "spks.txt", made->spks, made->n, 0, 0, false, 0, 0 }, { "no .npz: it holds 'spks.txt'" } },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rmb_test_load got;
		const char *const words[] = { made->path, cases[i].says[0], cases[i].says[1], cases[i].says[1] ? cases[i].says[2] : NULL, NULL };
		rmb_test_zip(made->path, &cases[i].entry, 1);
		rmb_test_load(made->path, NULL, &got);
		if (got.code != RMB_EINPUT)
			fail_msg("case %zu gave %d: %s", i, got.code, got.error.text);
		rmb_test_says("lying archive", got.error.text, words);
		struct stat stat;
		assert_int_not_equal(lstat("evil.npy", &stat), 0);
		assert_int_not_equal(lstat("../evil.npy", &stat), 0);
		assert_int_not_equal(lstat("../../evil.npy", &stat), 0);
	}
}

static void
two_members_of_one_name_are_refused(void **state)
{
	struct made *made = *state;
	const struct rmb_test_entry twins[] = { { "spks.npy", made->spks, made->n, 0, 0, false, 0, 0 },
	                                        { "spks.npy", made->spks, made->n, 0, 0, false, 0, 0 } };
	struct rmb_test_load got;
	rmb_test_zip(made->path, twins, 2);
	rmb_test_load(made->path, NULL, &got);
	assert_int_equal(got.code, RMB_EINPUT);
	rmb_test_says("twins", got.error.text, (const char *const[]){ "two members", "spks", NULL });
}

static void
two_candidates_for_the_activity_are_an_error_that_names_both(void **state)
{
	struct made *made = *state;
	const struct rmb_test_entry both[] = { { "sp.npy", made->spks, made->n, 0, 0, false, 0, 0 },
	                                       { "spks.npy", made->spks, made->n, 8, 0, false, 0, 0 } };
	struct rmb_test_load got;
	struct rmb_load_settings set = rmb_test_settings("");
	rmb_test_zip(made->path, both, 2);
	rmb_test_load(made->path, NULL, &got);
	assert_int_equal(got.code, RMB_EINPUT);
	rmb_test_says("both", got.error.text, (const char *const[]){ "'sp'", "'spks'", "activity: ", NULL });
	set.activity = "sp";
	rmb_test_load(made->path, &set, &got);
	assert_int_equal(got.code, 0);
	assert_true(got.sum == 595);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives_of_numpy_read_alike_however_they_are_packed),
		cmocka_unit_test(an_object_array_that_does_not_fit_is_skipped_with_a_note_unless_it_is_asked_for),
		cmocka_unit_test(what_is_not_there_is_answered_by_what_is),
		cmocka_unit_test_setup_teardown(zip64_and_streamed_members_are_read, begin, end),
		cmocka_unit_test_setup_teardown(lying_archives_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(two_members_of_one_name_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(two_candidates_for_the_activity_are_an_error_that_names_both, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
