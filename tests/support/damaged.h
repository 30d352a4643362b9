/* tests/support/damaged.h -- recordings that are cut or have one byte changed: the same cases, in the same order, everywhere.
 *
 * Of every recording there are RMB_TEST_CASES: RMB_TEST_CUTS lengths, from nothing on, then files with one byte changed. */
#ifndef RMB_TEST_DAMAGED_H
#define RMB_TEST_DAMAGED_H
#include "support/loading.h"

enum { RMB_TEST_CUTS = 200, RMB_TEST_FLIPS = 2000, RMB_TEST_CASES = RMB_TEST_CUTS + RMB_TEST_FLIPS };

struct rmb_test_damaged {
	const char *path;       /* of a shared recording, or of one that is made */
	const char *part;       /* of a folder: the file that is damaged; NULL: it is a file */
	const char *activity, *spikes, *ends, *counts, *times, *bad_frames, *orientation;
	bool made;              /* lies in the test's folder: rmb_test_damaged_make() */
	bool checked;           /* carries checksums: what is read is the truth */
	bool library;           /* read by a library that has faults of its own */
};
extern const struct rmb_test_damaged rmb_test_damaged[];
extern const int rmb_test_ndamaged;

/* Its name in tables; valid until the next call. */
const char *rmb_test_damaged_name(const struct rmb_test_damaged *recording);
/* Makes those that are made, in this folder. */
void rmb_test_damaged_make(const char *folder);

/* One recording whose cases are made in a folder. */
struct rmb_test_ward {
	const struct rmb_test_damaged *recording;
	struct rmb_load_settings set;   /* how it is loaded, from the copy */
	char load[192], change[256];    /* the copy; of it what is damaged */
	unsigned char *whole, *copy;    /* [n] of that */
	size_t n;
};
void rmb_test_ward_open(struct rmb_test_ward *ward, const struct rmb_test_damaged *recording, const char *folder);
/* Makes the copy into case i; -1: undamaged. */
void rmb_test_ward_case(struct rmb_test_ward *ward, int i);
void rmb_test_ward_close(struct rmb_test_ward *ward);
#endif
