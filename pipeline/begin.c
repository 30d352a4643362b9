/* pipeline/begin.c -- looking at paths that no recipe describes, and the entries that would. */
#include "pipeline/begin.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pipeline/missing.h"
#include "pipeline/text.h"

/* ---- looking */

/* The setting that takes the file itself: the one that must be given. -1: it has none, or wants more. */
static int
file_setting(const struct rmb_stage *stage)
{
	int found = -1;
	for (int p = 0; p < rmb_nparams(stage); p++)
		if (!stage->params[p].def && found < 0 && stage->params[p].kind == RMB_FILE)
			found = p;
		else if (!stage->params[p].def)
			return -1;
	return found;
}

static const char *
nearest(struct rmb_arena *arena, const struct rmb_stage *stage, const char *name)
{
	int n = rmb_nparams(stage);
	const char **known = rmb_arena_alloc(arena, (size_t)n + 1, sizeof *known);
	for (int p = 0; known && p < n; p++)
		known[p] = stage->params[p].name;
	const char *near = known ? rmb_nearest(name, known) : NULL;
	return near ? near : "path";
}

/* "NAME=VALUE" into the values of a stage. */
static void
assign(struct rmb_arena *arena, const struct rmb_stage *stage, const char *text, struct rmb_value *value, struct rmb_mistakes *m)
{
	static const struct rmb_place place = { .file = "--set" };
	const char *equals = strchr(text, '=');
	const char *name = equals ? rmb_arena_printf(arena, "%.*s", (int)(equals - text), text) : text;
	int p = name ? rmb_param_index(stage, name) : -1;
	const struct rmb_tree *tree = equals ? rmb_tree_parse(arena, "--set", equals + 1, strlen(equals + 1), m) : NULL;
	if (!equals || !name)
		rmb_mistake(m, RMB_EUSAGE, place, "--set takes NAME=VALUE, a setting of %s; found '%s'", stage->name, text);
	else if (p < 0)
		rmb_mistake(m, RMB_EUSAGE, place, "%s has no parameter '%s'; did you mean '%s'?", stage->name, name,
		            nearest(arena, stage, name));
	else if (p == file_setting(stage))
		rmb_mistake(m, RMB_EUSAGE, place, "'%s' is no setting to give here: what is to be read stands behind the command", name);
	else if (tree)
		(void)!rmb_value_read(arena, stage->name, &stage->params[p], tree, ".", &value[p], m); /* it is told */
}

static int
add(struct rmb_looks *looks, const struct rmb_stage *stage, const char *path, const char *const *set, int nset,
    struct rmb_mistakes *m, struct rmb_error *error)
{
	int n = rmb_nparams(stage), code = 0;
	struct rmb_value *value = rmb_arena_alloc(looks->arena, (size_t)n, sizeof *value);
	for (int p = 0; p < n && value && !code; p++)
		if (stage->params[p].def)
			code = rmb_value_default(looks->arena, &stage->params[p], &value[p]);
		else
			value[p] = (struct rmb_value){ .text = path, .path = path, .written = path, .place = { .file = path } };
	if (!value || code)
		return rmb_error_nomem(error, "settings");
	for (int i = 0; i < nset; i++)
		assign(looks->arena, stage, set[i], value, m);
	const void *settings = rmb_mistakes_count(m) ? NULL : rmb_settings_make(looks->arena, stage, value);
	if (settings && stage->check)
		code = stage->check(settings, error);
	rmb_looks_add(looks, stage, value);
	return code;
}

/* What is not there says so, in place of what each stage said of it. */
static void
tell_missing(struct rmb_arena *arena, const char *path, struct rmb_look *look, int n)
{
	char why[RMB_MISSING_ROOM];
	if (access(path, R_OK) == 0)
		return;
	const char *sentence = rmb_arena_printf(arena, "cannot read %s: %s", path, rmb_missing(path, errno, why));
	for (int i = 0; i < n && sentence; i++)
		look[i].sentence = look[i].code ? sentence : look[i].sentence;
}

int
rmb_begin_look(struct rmb_arena *arena, const char *const *path, int n, const char *const *set, int nset, enum rmb_depth depth,
               const struct rmb_look **look, struct rmb_mistakes *m, struct rmb_error *error)
{
	struct rmb_looks *looks = rmb_looks_new(arena, depth);
	int code = looks ? 0 : rmb_error_nomem(error, "a look at files"), each = 0;
	for (int i = 0; i < n; i++) {
		each = 0;
		for (const struct rmb_stage *const *s = rmb_stages; *s && !code; s++)
			if ((*s)->reads_files && (*s)->look && file_setting(*s) >= 0) {
				code = add(looks, *s, path[i], set, nset, m, error);
				each++;
			}
	}
	if (!code && rmb_mistakes_count(m))
		return RMB_EUSAGE;
	if (!code)
		code = rmb_looks_run(looks, error);
	for (int i = 0; i < n && !code; i++)
		tell_missing(arena, path[i], &looks->look[i * each], each);
	for (int i = 0; i < n && !code; i++) {
		look[i] = &looks->look[i * each];
		for (int k = 1; k < each && look[i]->code; k++)
			look[i] = looks->look[i * each + k].code ? look[i] : &looks->look[i * each + k];
	}
	return code;
}

/* ---- writing */

/* Whether YAML takes the text for itself wherever it stands. */
static bool
is_plain(const char *text)
{
	static const char *const words[] = { "none", "null", "true", "false", "yes", "no", "on", "off", "y", "n" };
	bool letter = false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	for (const char *c = text; *c; c++) {
		bool blank = *c == ' ' && c > text && c[1] && c[1] != ' ';
		if (!isalnum((unsigned char)*c) && !strchr("_./-+", *c) && !blank)
			return false;
		letter |= isalpha((unsigned char)*c) != 0;
	}
	return *text && strchr("-.+", *text) == NULL ? letter || isdigit((unsigned char)*text) : letter && *text != '-';
}

const char *
rmb_begin_scalar(struct rmb_arena *arena, const char *text)
{
	if (is_plain(text))
		return text;
	char *out = rmb_arena_alloc(arena, 6 * strlen(text) + 3, 1), *end = out;
	size_t n = strlen(text);
	if (!out)
		return NULL;
	*end++ = '"';
	for (size_t i = 0, k; i < n; i += k) {
		uint32_t point = 0;
		k = rmb_text_decode(text + i, n - i, &point);
		if (k == 0 || rmb_text_steers(point)) {
			end += sprintf(end, k == 0 ? "?" : point < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)point);
			k = k ? k : 1;
		} else {
			if (strchr("\"\\", text[i]))
				*end++ = '\\';
			if (text[i] == '$' && text[i + 1] == '{')
				*end++ = '$';
			memcpy(end, text + i, k);
			end += k;
		}
	}
	strcpy(end, "\"");
	return out;
}

const char *
rmb_begin_seen_from(struct rmb_arena *arena, const char *path, const char *out)
{
	const char *slash = out ? strrchr(out, '/') : NULL;
	if (!slash || *path == '/')
		return path;
	char *folder = realpath(slash == out ? "/" : rmb_arena_printf(arena, "%.*s", (int)(slash - out), out), NULL),
	     *file = realpath(path, NULL);
	const char *text = folder && file ? "" : NULL;
	size_t same = 0;
	for (size_t i = 0; text && folder[i] && folder[i] == file[i]; i++)
		same = folder[i + 1] == '/' || (!folder[i + 1] && file[i + 1] == '/') ? i + 1
		       : file[i] == '/' && !folder[i + 1]                             ? i
		                                                                      : same;
	for (const char *c = text ? folder + same : ""; *c && text; c++)
		text = *c == '/' && c[1] ? rmb_arena_printf(arena, "%s../", text) : text;
	text = text ? rmb_arena_printf(arena, "%s%s", text, file + same + (file[same] == '/')) : path;
	free(folder);
	free(file);
	return text;
}

/* The text with ", name: value" of every setting that was given and that stands in an entry of that kind: what a recording's own
 * entry has another meaning for (area, a label) stands in the stage's. */
static const char *
add_given(struct rmb_arena *arena, const char *text, bool in_stage, const char *out, const struct rmb_look *look)
{
	for (int p = 0; text && p < rmb_nparams(look->stage); p++) {
		const struct rmb_value *value = &look->value[p];
		const struct rmb_param *param = &look->stage->params[p];
		if (!value->place.file || p == file_setting(look->stage) || rmb_source_key(param->name) != in_stage)
			continue;
		const char *written = param->kind == RMB_FILE && !value->none ? rmb_begin_seen_from(arena, value->written, out)
		                                                             : value->written;
		written = written && *written != '[' ? rmb_begin_scalar(arena, written) : written;
		text = written ? rmb_arena_printf(arena, "%s, %s: %s", text, param->name, written) : NULL;
	}
	return text;
}

const char *
rmb_begin_stage(struct rmb_arena *arena, const struct rmb_look *look)
{
	return add_given(arena, "", true, NULL, look);
}

const char *
rmb_begin_entry(struct rmb_arena *arena, const char *name, const char *path, const char *out, const struct rmb_look *look)
{
	const char *key = look->stage->params[file_setting(look->stage)].name,
	           *as = name ? rmb_begin_scalar(arena, name) : "", *where = rmb_begin_scalar(arena, path);
	const char *text =
		as && where ? rmb_arena_printf(arena, "{%s%s%s%s: %s", name ? "name: " : "", as, name ? ", " : "", key, where)
			    : NULL;
	text = add_given(arena, text, false, out, look);
	for (int i = 0; i < look->seen.nadvice && text; i++) {
		const struct rmb_advice *advice = &look->seen.advice[i];
		const char *value = advice->why ? "" : rmb_begin_scalar(arena, advice->value);
		text = !value ? NULL : advice->why ? text : rmb_arena_printf(arena, "%s, %s: %s", text, advice->name, value);
	}
	return text ? rmb_arena_printf(arena, "%s}", text) : NULL;
}

const char *
rmb_begin_remarks(struct rmb_arena *arena, const char *indent, const struct rmb_look *look)
{
	const char *text = "";
	for (int i = 0; i < look->seen.nadvice && text; i++)
		if (look->seen.advice[i].why)
			text = rmb_arena_printf(arena, "%s%s# add `%s: %s`, or whatever it is: %s\n", text, indent,
			                        look->seen.advice[i].name, look->seen.advice[i].value,
			                        look->seen.advice[i].why);
	return text;
}
