/* tests/support/fuzz.h -- any bytes as a recording: an error that names the file, or a load. */
#ifndef RMB_TEST_FUZZ_H
#define RMB_TEST_FUZZ_H
#include "support/loading.h"

/* A folder of this process, in $RUMBLE_FUZZ_PLACE, which fuzz.py removes. */
const char *rmb_test_fuzz_folder(void);
/* Goes through set->path as the load stage does, or looks at it as `rumble inspect` does; traps if an error names neither the
 * path nor a setting. */
void rmb_test_fuzz_read(const struct rmb_load_settings *set, bool look);
/* The same with bytes[n] as a file there. */
void rmb_test_fuzz(const uint8_t *bytes, size_t n, struct rmb_load_settings *set, bool look);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#endif
