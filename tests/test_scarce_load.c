/* Memory that runs out while a recording is loaded: at every allocation, one after another. The load then fails and says so, or
 * gives what it gives otherwise; nothing is half read. */
#include "support/check.h"
#include "support/loading.h"
#include "support/scarce.h"

#define REC RUMBLE_SHARED "/recordings/"

/* Tries to load `path` with one allocation after another missing, until 50 loads in a row found nothing missing. */
static void
whole_or_refused(const char *path, bool only_one)
{
	struct rmb_test_load whole, got;
	int refused = 0, in_a_row = 0;
	rmb_test_load(path, NULL, &whole);
	assert_int_equal(whole.code, 0);
	for (long k = 0; in_a_row < 50; k++) {
		once = only_one;
		left = k;
		rmb_test_load(path, NULL, &got);
		left = -1;
		if (got.code != 0 && got.code != RMB_ELIMIT)
			fail_msg("%s without allocation %ld: %d, %s", path, k, got.code, got.error.text);
		if (got.code == 0 && (got.sum != whole.sum || got.neurons != whole.neurons || strcmp(got.notes, whole.notes) != 0))
			fail_msg("%s without allocation %ld is another recording, with the notes\n%s", path, k, got.notes);
		in_a_row = got.code ? 0 : in_a_row + 1;
		refused += got.code != 0;
	}
	printf("%s: refused %d times\n", strrchr(path, '/') + 1, refused);
	assert_true(refused > 5);
}

static void
a_recording_is_whole_or_refused(void **state)
{
	(void)state;
	static const char *const paths[] = { REC "npy-conformance/written-here/c_be_f8.npy", REC "npy-conformance/written-here/deflated.npz",
		REC "npy-conformance/written-here/with_object_member.npz", REC "critical-init-npz/T219_spks_face.npz",
		REC "retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5" };
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		for (int only_one = 0; only_one < 2; only_one++)
			whole_or_refused(paths[i], only_one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_recording_is_whole_or_refused) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
