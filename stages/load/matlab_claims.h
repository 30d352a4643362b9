/* load/matlab_claims.h -- whether what a variable of a MATLAB file (version 5 to 7) claims to hold fits into it.
 *
 * matio makes every part of a cell or struct before it looks for it in the file, so a file of a few hundred bytes could have it
 * make as many as it likes. */
#ifndef RMB_LOAD_MATLAB_CLAIMS_H
#define RMB_LOAD_MATLAB_CLAIMS_H
#include <stdbool.h>
#include <stdint.h>
#include "rumble/error.h"

enum { RMB_MATLAB_TAG = 8 };        /* bytes before each element: what it is and how long */

/* The number at bytes[4]. */
uint32_t rmb_matlab_number(const unsigned char *bytes, bool little);
/* Goes through the cells and structs of the variable whose tag lies at byte `at` of the file. RMB_EINPUT: it claims more than it
 * holds; RMB_ELIMIT: its parts lie deeper than rumble reads. */
int rmb_matlab_claims(const char *path, int fd, int64_t at, bool little, struct rmb_error *error) RMB_CHECKED;
#endif
