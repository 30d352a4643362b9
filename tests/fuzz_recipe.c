/* Any bytes as a recipe, up to the expanded graph: mistakes or a graph, never a crash, a hang or a leak. Half of the inputs are
 * put behind a good beginning, so that they reach further than the parser. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "pipeline/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char beginning[] = "rumble: 1\nvars: {v: raw, n: 2}\nrecordings: [{path: a.npz, area: V1}, {name: b, path: b.npz, labels: {x: 1}}]\n"
                                "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n";

static void
write_all(int fd, const void *data, size_t size)
{
	if (write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("recipe", MFD_CLOEXEC);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (size > 0 && data[0] % 2)
		write_all(fd, beginning, sizeof beginning - 1);
	if (size > 1)
		write_all(fd, data + 1, size - 1);
	lseek(fd, 0, SEEK_SET);
	struct rmb_arena *arena = rmb_arena_new();
	struct rmb_mistakes *m = rmb_mistakes_new(arena);
	struct rmb_recipe *recipe = rmb_recipe_read_parts(path, NULL, 0, NULL, m);
	struct rmb_graph *graph = recipe ? rmb_graph_make(recipe, m) : NULL;
	FILE *nowhere = fopen("/dev/null", "w");
	rmb_mistakes_print(m, nowhere, false);
	rmb_mistakes_print(m, nowhere, true);
	if (!graph && rmb_mistakes_count(m) == 0)
		__builtin_trap();
	fclose(nowhere);
	rmb_graph_free(graph);
	rmb_recipe_free(recipe);
	rmb_arena_free(arena);
	close(fd);
	return 0;
}
