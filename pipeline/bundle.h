/* pipeline/bundle.h -- recordings and spikes as named arrays of an object, and back.
 *
 * Output port P of kind recording is stored as P/activity (only in the object that holds the samples), P/row, P/interval,
 * P/shift, P/offset, P/scale, P/segment, P/id, P/x, ..., and the scalars rate, nframes, scaling, source as P/... arrays. One
 * whose samples stay in the files they came in has lists with an entry for each file in place of P/activity: P/file,
 * P/file_bytes, P/file_at, P/file_row and P/file_stride, and, if the recipe names a folder that holds them, P/inside, beside
 * P/folder. Spikes are stored as P/time, P/first, P/observed and the annotations. */
#ifndef RMB_BUNDLE_H
#define RMB_BUNDLE_H
#include "pipeline/object.h"
#include "rumble/stage.h"

enum { RMB_BUNDLE_ARRAYS = 40 }; /* more than any bundle has, the place of its samples included */
/* Appends the arrays of a bundle to array[*narrays], which has room for so many more; data is borrowed from the bundle. For a
 * recording that holds its samples (source "") P/activity comes first, with data = recording->samples (may be NULL: written
 * later). */
int rmb_bundle_recording(struct rmb_arena *arena, const char *port, const struct rmb_recording *recording,
                         struct rmb_array *array, int *narrays, struct rmb_error *error) RMB_CHECKED;
int rmb_bundle_spikes(struct rmb_arena *arena, const char *port, const struct rmb_spikes *spikes, struct rmb_array *array,
                      int *narrays, struct rmb_error *error) RMB_CHECKED;
enum { RMB_BUNDLE_FILES = 4096 }; /* as many may hold the samples of one recording */
/* The files in which samples stay, row after row: some rows in each. Nothing says where they lie. */
struct rmb_bundle_place {
	int64_t n;                   /* files, one or more */
	const char *sha256;          /* [n][RMB_KEY_MAX] of each file */
	const int64_t *bytes, *at;   /* [n] its length, and where in it its rows begin */
	const int64_t *row, *stride; /* [n] the first row of each, and samples from one row to the next */
	const char *folder;          /* content of the folder that a recipe names; NULL: it names the only file itself */
	const char *inside;          /* [n][inside_width] path of each in that folder, NUL-padded */
	size_t inside_width;
};
/* Appends what a recording has in place of P/activity if its samples stay in files. */
int rmb_bundle_place(struct rmb_arena *arena, const char *port, const struct rmb_bundle_place *place, struct rmb_array *array,
                     int *narrays, struct rmb_error *error) RMB_CHECKED;
/* bundle_place.c: the files in which the samples of an object stayed, borrowed from it; false: they are in the object, or there
 * are none. And whether so many stored rows, of so many frames, lie in these files. */
bool rmb_bundle_placed(const struct rmb_object *object, struct rmb_bundle_place *place);
bool rmb_bundle_place_holds(const struct rmb_bundle_place *place, int64_t rows, int64_t frames);
/* The array called ANY/name, and how many there are of that name. */
const struct rmb_array *rmb_bundle_any(const struct rmb_object *object, const char *name, int *n);
/* Kind of what an object holds under a port: RMB_RECORDING, RMB_SPIKES, RMB_ARRAY, or 0. */
unsigned rmb_bundle_kind(const struct rmb_object *object, const char *port);
/* Rebuilds and checks the bundle. `samples` is the object that source names (NULL if source is "" or for looking at
 * annotations only; then ->samples is NULL). RMB_EDAMAGE if it does not hold together. Samples that
 * stay in files are ->part, which is of the object's; NULL unless rmb_outside_attach() has mapped them. */
int rmb_unbundle_recording(const struct rmb_object *object, const char *port,
                           const struct rmb_object *samples, struct rmb_recording *recording,
                           struct rmb_error *error) RMB_CHECKED;
int rmb_unbundle_spikes(const struct rmb_object *object, const char *port, struct rmb_spikes *spikes,
                        struct rmb_error *error) RMB_CHECKED;
/* Key of the object that holds the samples of a recording: its own key, or what P/source says. */
const char *rmb_bundle_source(const struct rmb_object *object, const char *port);
#endif
