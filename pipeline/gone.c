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

json_t *
rmb_gone_remember(const struct rmb_graph *graph, const json_t *before)
{
	json_t *files = json_is_object(before) ? json_copy((json_t *)before) : json_object();
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

json_t *
rmb_gone_read(const char *last)
{
	json_t *state = last ? json_load_file(last, 0, NULL) : NULL;
	json_t *files = json_incref(json_object_get(state, "/files"));
	json_decref(state);
	return files;
}

const char *
rmb_gone_content(const json_t *files, const char *path)
{
	struct stat now;
	char hex[RMB_KEY_MAX];
	if (!files || stat(path, &now) == 0 || errno != ENOENT || !name_path(path, hex))
		return NULL;
	const char *content = json_string_value(json_object_get(files, hex));
	return content && rmb_is_key(content) ? content : NULL;
}
