/* pipeline/bundle.h -- recordings and spikes as named arrays of an object, and back.
 *
 * Output port P of kind recording is stored as P/activity (only in the object that holds the samples), P/row, P/interval,
 * P/shift, P/offset, P/scale, P/segment, P/id, P/x, ..., and the scalars rate, nframes, scaling, source as P/... arrays. One
 * whose samples stay in the file they came in has P/file, P/file_bytes and P/file_at in place of P/activity, and P/folder and
 * P/inside if the recipe names a folder that holds the file. Spikes are stored as P/time, P/first, P/observed and the
 * annotations. */
#ifndef RMB_BUNDLE_H
#define RMB_BUNDLE_H
#include "pipeline/object.h"
#include "rumble/stage.h"

enum { RMB_BUNDLE_ARRAYS = 32 }; /* more than any bundle has, the place of its samples included */
/* Appends the arrays of a bundle to array[*narrays], which has room for so many more; data is borrowed from the bundle. For a
 * recording that holds its samples (source "") P/activity comes first, with data = recording->samples (may be NULL: written
 * later). */
int rmb_bundle_recording(struct rmb_arena *arena, const char *port, const struct rmb_recording *recording,
                         struct rmb_array *array, int *narrays, struct rmb_error *error) RMB_CHECKED;
int rmb_bundle_spikes(struct rmb_arena *arena, const char *port, const struct rmb_spikes *spikes, struct rmb_array *array,
                      int *narrays, struct rmb_error *error) RMB_CHECKED;
/* The file in which samples stay, which says nothing of where it lies. */
struct rmb_bundle_file {
	const char *sha256;          /* of the file */
	int64_t bytes, at;           /* its length, and where in it they begin */
	const char *folder;          /* content of the folder that a recipe names; NULL: it names the file itself */
	const char *inside;          /* path of the file in that folder */
};
/* Appends what a recording has in place of P/activity if its samples stay in a file. */
int rmb_bundle_place(struct rmb_arena *arena, const char *port, const struct rmb_bundle_file *file, struct rmb_array *array,
                     int *narrays, struct rmb_error *error) RMB_CHECKED;
/* The file in which the samples of an object stayed; false: they are in the object, or there are none. */
bool rmb_bundle_file(const struct rmb_object *object, struct rmb_bundle_file *file);
/* Kind of what an object holds under a port: RMB_RECORDING, RMB_SPIKES, RMB_ARRAY, or 0. */
unsigned rmb_bundle_kind(const struct rmb_object *object, const char *port);
/* Rebuilds and checks the bundle. `samples` is the object that source names (NULL if source is "" or for looking at
 * annotations only; then ->samples is NULL). RMB_EDAMAGE if it does not hold together. Of samples that
 * stay in a file ->samples is NULL unless rmb_outside_attach() has mapped it. */
int rmb_unbundle_recording(const struct rmb_object *object, const char *port,
                           const struct rmb_object *samples, struct rmb_recording *recording,
                           struct rmb_error *error) RMB_CHECKED;
int rmb_unbundle_spikes(const struct rmb_object *object, const char *port, struct rmb_spikes *spikes,
                        struct rmb_error *error) RMB_CHECKED;
/* Key of the object that holds the samples of a recording: its own key, or what P/source says. */
const char *rmb_bundle_source(const struct rmb_object *object, const char *port);
#endif
