/* pipeline/stages.c -- the engine's whole knowledge of the science: a list of descriptors. */
#include <string.h>
#include "rumble/stage.h"

#define RMB_STAGE(name) extern const struct rmb_stage rmb_stage_##name;
#include "stages/stages.def"
#undef RMB_STAGE

const struct rmb_stage *const rmb_stages[] = {
#define RMB_STAGE(name) &rmb_stage_##name,
#include "stages/stages.def"
#undef RMB_STAGE
	NULL
};

const struct rmb_stage *
rmb_stage_find(const char *name)
{
	for (const struct rmb_stage *const *s = rmb_stages; *s; s++)
		if (strcmp((*s)->name, name) == 0)
			return *s;
	return NULL;
}
