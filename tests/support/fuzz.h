/* tests/support/fuzz.h -- any bytes as a recording: an error that names the file, or a load. */
#ifndef RMB_TEST_FUZZ_H
#define RMB_TEST_FUZZ_H
#include "support/loading.h"

/* A folder of this process, in $RUMBLE_FUZZ_PLACE, which fuzz.sh removes. */
const char *rmb_test_fuzz_folder(void);
/* Goes through bytes[n] as the load stage does with these settings, whose path becomes that of a file there; traps if an error does
 * not name it. */
void rmb_test_fuzz(const uint8_t *bytes, size_t n, struct rmb_load_settings *set);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#endif
