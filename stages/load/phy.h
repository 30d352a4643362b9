/* load/phy.h -- between the files that read folders of Kilosort and phy. */
#ifndef RMB_LOAD_PHY_H
#define RMB_LOAD_PHY_H
#include "load/sorted.h"

#define RMB_PHY_TEXT ((int64_t)256 << 20) /* bytes of a text file that are read */

/* phy_probes.c: the folder itself, or those in it that hold spikes, or else (*deep) those in the folders in it (imec0/kilosort4), by
 * name: list[RMB_MOST_SORTINGS]. Returns how many. */
int rmb_phy_probes(struct rmb_arena *arena, const char *folder, struct rmb_sorting *list, bool *deep);
/* Fails if two of them, whose spikes are open, are sortings of one probe, whose units would count twice. */
int rmb_phy_check(struct rmb_load_file *file, const struct rmb_sorting *list, int n, bool deep,
                  struct rmb_error *error) RMB_CHECKED;
/* What stands behind `name =` in the params.py of a folder, to the end of the line; *value NULL: no such line, or (*there false) no
 * such file. */
int rmb_phy_param(struct rmb_load_file *file, const char *folder, const char *name, bool *there, const char **value,
                  struct rmb_error *error) RMB_CHECKED;
/* phy_twins.c: whether the spikes of two sortings, which are open, say that they are of one probe. */
int rmb_phy_alike(struct rmb_arena *arena, const struct rmb_sorting *a, const struct rmb_sorting *b, bool *alike,
                  struct rmb_error *error) RMB_CHECKED;
#endif
