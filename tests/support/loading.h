/* tests/support/loading.h -- what tests of the loader share: members read whole, files made up on the spot. */
#ifndef RMB_TEST_LOADING_H
#define RMB_TEST_LOADING_H
#include "load/parts.h"

/* What reading one member whole gave. */
struct rmb_test_member {
	int code;                 /* 0, or of the failure; then error says why */
	struct rmb_error error;
	char shape[64], type[64];
	int64_t count;
	double sum, first, second, last;
};
/* Opens path and reads the member (NULL: the only one) as doubles. */
void rmb_test_read(const char *path, const char *name, struct rmb_test_member *out);
/* Goes through the file as the load stage does, with these settings (NULL: defaults), writing the samples nowhere; sums them. */
struct rmb_test_load {
	int code;
	struct rmb_error error;
	int64_t neurons, frames, spikes; /* frames 0: it was a list of spikes */
	int64_t nbad, firstbad;          /* neurons with samples that are not finite */
	float odd;                       /* the first such sample of the first of them */
	double sum;
	double placed;                   /* sum of sample * (1 + (31 neuron + 17 frame) mod 97): also where each sample is */
	char notes[4096];
};
void rmb_test_load(const char *path, const struct rmb_load_settings *set, struct rmb_test_load *out);
/* All defaults, and a rate. */
struct rmb_load_settings rmb_test_settings(const char *path);
/* Writes bytes[n] into path; reads all of a file (caller frees). */
void rmb_test_write(const char *path, const void *bytes, size_t n);
unsigned char *rmb_test_slurp(const char *path, size_t *n);
/* Fails unless the text holds every one of the NULL-terminated words. */
void rmb_test_says(const char *what, const char *text, const char *const *words);
#endif
