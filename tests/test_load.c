/* tests/test_load.c -- real recordings through the load stage's parts: shapes, sums, rates, what is found by itself. */
#include "support/check.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "support/loading.h"

#define REC RUMBLE_SHARED "/recordings/"

static bool
near(double a, double b, double relative)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) <= relative * fmax(1, fabs(b));
}

/* Sums are of expected-values.tsv; those of float64 files differ from ours by the rounding of each sample to float32. */
static const struct {
	const char *path, *activity, *spikes, *unit, *ends, *counts;
	int64_t neurons, frames, nspikes;
	double sum, tolerance;
} recordings[] = {
	{ "critical-init-npz/F_miniscope219.npz", .neurons = 219, .frames = 2000, .sum = 23221.724853, .tolerance = 1e-10 },
	{ "critical-init-npz/F_zftectum114.npz", .neurons = 114, .frames = 4245, .sum = 205178.28093, .tolerance = 1e-10 },
	{ "critical-init-npz/T219_spks_face.npz", .neurons = 196, .frames = 13487, .sum = 319857 },
	{ "facemap-npz/spont_retina1240.npz", .neurons = 1240, .frames = 5400, .sum = 448089 },
	{ "suite2p-npz-hippocampy20/fluo.npz", .neurons = 20, .frames = 18000, .sum = 2412234.60845, .tolerance = 1e-10 },
	{ "suite2p-npz-hippocampy20/fluo.npz", "F", .neurons = 20, .frames = 18000, .sum = 221074493.171, .tolerance = 1e-10 },
	{ "suite2p-miniscope219/suite2p/plane0/spks.npy", .neurons = 219, .frames = 2000, .sum = 23221.724853, .tolerance = 1e-10 },
	{ "suite2p-miniscope219/suite2p/plane0/F.npy", .neurons = 219, .frames = 2000, .sum = 11763546.9736, .tolerance = 1e-10 },
	{ "suite2p-fissa23/suite2p/plane0/F.npy", .neurons = 23, .frames = 864, .sum = 836438.793972, .tolerance = 1e-10 },
	{ "retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5", .neurons = 58, .nspikes = 133695, .sum = 523657713.347, .tolerance = 1e-10 },
	{ "retina-waves-h5/Maccione2014_P9_7March11_control_SpkTs_bursts_filtered.h5", .neurons = 1240, .nspikes = 448089, .sum = 413154808.82, .tolerance = 1e-10 },
	{ "retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5", .neurons = 410, .nspikes = 872460, .sum = 3308958447.92, .tolerance = 1e-10 },
	{ "worm-wholebrain130-h5/2022-01-16-01-data.h5", "gcamp/trace_array_original", .neurons = 130, .frames = 799, .sum = 55964.0225203, .tolerance = 1e-7 },
	{ "nwb-written-here/suite2p_export_219.nwb", "processing/ophys/Deconvolved/plane0/data", .neurons = 219, .frames = 2000, .sum = 23221.724853, .tolerance = 1e-10 },
	{ "nwb-written-here/zebrafish_dff_114.nwb", "processing/ophys/DfOverF/RoiResponseSeries/data", .neurons = 114, .frames = 4245, .sum = 205178.28093, .tolerance = 1e-10 },
	{ "nwb-written-here/rat_units_249.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index", .neurons = 249, .nspikes = 387357, .sum = 111527163.533, .tolerance = 1e-10 },
	{ "nwb-units-thalamus4/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index", .neurons = 4, .nspikes = 34057, .sum = 87436293.5564, .tolerance = 1e-10 },
	{ "nwb-units-postsubiculum3/A8604-211122.nwb", .spikes = "units/spike_times", .ends = "units/spike_times_index", .neurons = 3, .nspikes = 21354, .sum = 12284152.9652, .tolerance = 1e-10 },
};

static void
real_recordings_load_with_the_sums_they_should_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
		char path[512];
		struct rmb_test_load got;
		snprintf(path, sizeof path, REC "%s", recordings[i].path);
		struct rmb_load_settings set = rmb_test_settings(path);
		set.activity = recordings[i].activity;
		set.spikes = recordings[i].spikes;
		set.ends = recordings[i].ends;
		set.orientation = strstr(path, "/worm") || strstr(path, ".nwb") ? "frames-first" : "auto";
		rmb_test_load(path, &set, &got);
		if (got.code)
			fail_msg("%s: %s", recordings[i].path, got.error.text);
		if (got.neurons != recordings[i].neurons || got.frames != recordings[i].frames || got.spikes != recordings[i].nspikes)
			fail_msg("%s: %lld neurons, %lld frames, %lld spikes", recordings[i].path, (long long)got.neurons, (long long)got.frames,
			         (long long)got.spikes);
		if (!near(got.sum, recordings[i].sum, recordings[i].tolerance))
			fail_msg("%s: sum %.17g, expected %.17g", recordings[i].path, got.sum, recordings[i].sum);
		if (*got.notes)
			printf("%s", got.notes);
	}
}

static void
fixtures_load_as_spike_lists(void **state)
{
	(void)state;
	struct rmb_test_load got;
	rmb_test_load(RUMBLE_SOURCE "/fixtures/T181_2019_11_11.npz", NULL, &got);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.neurons, 328);
	assert_int_equal(got.spikes, 292967);
	assert_true(near(got.sum, 87407130.3317, 1e-10));
	struct rmb_load_settings set = rmb_test_settings("");
	set.quality = "single";
	rmb_test_load(RUMBLE_SOURCE "/fixtures/T219_2019_11_19.npz", &set, &got);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.neurons, 249);
	assert_int_equal(got.spikes, 387357);
	assert_true(near(got.sum, 111527163.533, 1e-10));
	assert_string_equal(got.notes, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_recordings_load_with_the_sums_they_should_have),
		cmocka_unit_test(fixtures_load_as_spike_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
