#include "pipeline/gone.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pipeline/cache.h"
#include "rumble/array.h"
#include "rumble/hash.h"

/* 64 digits for a path, from wherever it is named. False: it is too long. */
static bool
name_path(const char *path, char *hex)
{
	char whole[2 * PATH_MAX], here[PATH_MAX];
	bool relative = *path != '/';
	if (relative && !getcwd(here, sizeof here))
		return false;
	if (snprintf(whole, sizeof whole, "%s%s%s", relative ? here : "", relative ? "/" : "", path) >= (int)sizeof whole)
		return false;
	rmb_sha256(whole, strlen(whole), hex);
	return true;
}

/* A copy of what stood under the name, to be added to. NULL: no memory. */
static json_t *
copy_of(const json_t *before, const char *name)
{
	const json_t *section = json_object_get(before, name);
	return json_is_object(section) ? json_copy((json_t *)section) : json_object();
}

static json_t *
remember_files(const struct rmb_graph *graph, const json_t *before)
{
	json_t *files = copy_of(before, "/files");
	char hex[RMB_KEY_MAX];
	for (int i = 0; i < graph->nnodes && files; i++) {
		const struct rmb_node *node = graph->node[i];
		for (int p = 0; node->stage->reads_files && p < rmb_nparams(node->stage); p++) {
			const struct rmb_value *value = &node->value[p];
			if (node->stage->params[p].kind == RMB_FILE && !value->none && value->sha256 &&
			    name_path(value->path, hex))
				json_object_set_new(files, hex, json_string(value->sha256));
		}
	}
	return files;
}

static json_t *
remember_patterns(const struct rmb_recipe *recipe, const json_t *before)
{
	json_t *patterns = copy_of(before, "/patterns");
	char hex[RMB_KEY_MAX];
	for (int i = 0; i < recipe->npatterns && patterns; i++) {
		const struct rmb_pattern *pattern = &recipe->pattern[i];
		json_t *paths = name_path(pattern->text, hex) ? json_array() : NULL;
		for (int k = 0; k < pattern->n && paths; k++)
			json_array_append_new(paths, json_string(pattern->path[k])); /* one that is not UTF-8 is not kept */
		if (paths)
			json_object_set_new(patterns, hex, paths);
	}
	return patterns;
}

int
rmb_gone_remember(json_t *state, const struct rmb_graph *graph, const json_t *before)
{
	int failed = json_object_set_new(state, "/files", remember_files(graph, before));
	return json_object_set_new(state, "/patterns", remember_patterns(graph->recipe, before)) || failed ? -1 : 0;
}

const char *
rmb_gone_content(const json_t *state, const char *path)
{
	const json_t *files = json_object_get(state, "/files");
	struct stat now;
	char hex[RMB_KEY_MAX];
	if (!files || stat(path, &now) == 0 || errno != ENOENT || !name_path(path, hex))
		return NULL;
	const char *content = json_string_value(json_object_get(files, hex));
	return content && rmb_is_key(content) ? content : NULL;
}

const json_t *
rmb_gone_found(const json_t *state, const char *pattern)
{
	const json_t *patterns = json_object_get(state, "/patterns");
	char hex[RMB_KEY_MAX];
	const json_t *paths = patterns && name_path(pattern, hex) ? json_object_get(patterns, hex) : NULL;
	return json_array_size(paths) > 0 ? paths : NULL;
}
