/* pipeline/export_inside.h -- what is exported, as rows, for the files that write it: export.c (which format), export_sheet.c
 * (rows), and one file a format. */
#ifndef RMB_EXPORT_INSIDE_H
#define RMB_EXPORT_INSIDE_H
#include <stdio.h>
#include "pipeline/bundle.h"
#include "pipeline/results.h"

/* What is exported. An array as it is; a recording as float32 [neuron frame], read through its view; spikes as float64
 * [spike 2], neuron and time. */
struct rmb_sheet {
	struct rmb_arena *arena;
	struct rmb_object *object;
	const char *port;
	struct rmb_array array;             /* data NULL: a recording or spikes */
	struct rmb_recording recording;
	struct rmb_spikes spikes;
	unsigned kind;
	int64_t rows, columns;              /* rows of the slowest axis, entries of each */
};

/* Opens output sheet->port of sheet->object; `samples`: the object that holds what a recording shows, or NULL, to be closed. */
int rmb_sheet_open(struct rmb_sheet *sheet, const struct rmb_graph *graph, const struct rmb_cache *cache,
                   const struct rmb_node *node, struct rmb_object **samples, struct rmb_error *error) RMB_CHECKED;
/* Calls take(self, rows, first, n) for blocks of rows. 0, or what take returned. */
int rmb_sheet_rows(const struct rmb_sheet *sheet, int (*take)(void *self, const void *rows, int64_t first, int64_t n), void *self,
                   struct rmb_error *error) RMB_CHECKED;

/* The formats: the sheet as a new file at `path`, which appears once it is whole. */
int rmb_export_hdf5(struct rmb_sheet *sheet, const char *path, struct rmb_error *error) RMB_CHECKED;
int rmb_export_npy(struct rmb_sheet *sheet, const char *path, struct rmb_error *error) RMB_CHECKED;
int rmb_export_nwb(struct rmb_sheet *sheet, const char *path, struct rmb_error *error) RMB_CHECKED;
int rmb_export_csv(struct rmb_sheet *sheet, const char *path, struct rmb_error *error) RMB_CHECKED;
/* For formats that are a heading and then rows: writes both to a file; take() gets the rmb_out as self, and may leave an error of
 * writing to be found at the end. */
struct rmb_out { FILE *file; const struct rmb_sheet *sheet; };
int rmb_export_rows(const struct rmb_sheet *sheet, const char *path, void (*heading)(const struct rmb_sheet *sheet, FILE *file),
                    int (*take)(void *self, const void *rows, int64_t first, int64_t n), struct rmb_error *error) RMB_CHECKED;
#endif
