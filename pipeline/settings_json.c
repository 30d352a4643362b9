/* pipeline/settings_json.c -- a value as canonical JSON, which keys and the orders of workers are made of, and back. */
#include "pipeline/events.h"
#include "pipeline/settings.h"

static json_t *
real_json(const struct rmb_value *value)
{
	return json_real(value->real);
}

static bool
real_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	value->real = json_number_value(json);
	return json_is_number(json);
}

static json_t *
int_json(const struct rmb_value *value)
{
	return json_integer(value->integer);
}

static bool
int_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	value->integer = json_integer_value(json);
	return json_is_integer(json);
}

static json_t *
flag_json(const struct rmb_value *value)
{
	return json_boolean(value->flag);
}

static bool
flag_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	value->flag = json_is_true(json);
	return json_is_boolean(json);
}

static json_t *
text_json(const struct rmb_value *value)
{
	return json_string(value->text);
}

static bool
text_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)files;
	value->text = json_is_string(json) ? rmb_arena_strdup(arena, json_string_value(json)) : NULL;
	return value->text != NULL;
}

static json_t *
file_json(const struct rmb_value *value)
{
	return value->sha256 ? json_string(value->sha256) : NULL;
}

static bool
file_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	const char *path =
		json_is_string(json) ? rmb_json_path_value(arena, json_object_get(files, json_string_value(json))) : NULL;
	if (!path)
		return false;
	value->sha256 = rmb_arena_strdup(arena, json_string_value(json));
	value->path = value->text = path;
	return value->sha256 != NULL;
}

static json_t *
span_json(const struct rmb_value *value)
{
	return json_pack("[I, I]", (json_int_t)value->range.first, (json_int_t)value->range.last);
}

static bool
span_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)arena, (void)files;
	json_int_t first = 0, last = 0;
	bool fits = json_is_array(json) && json_unpack((json_t *)json, "[I, I!]", &first, &last) == 0;
	value->range = (struct rmb_range){ first, last };
	return fits;
}

static json_t *
ints_json(const struct rmb_value *value)
{
	json_t *list = json_array();
	for (int64_t i = 0; list && i < value->ints.n; i++)
		json_array_append_new(list, json_integer(value->ints.v[i]));
	return list;
}

static bool
ints_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)files;
	size_t n = json_array_size(json);
	int64_t *v = rmb_arena_alloc(arena, n, sizeof *v);
	bool fits = v && json_is_array(json);
	for (size_t i = 0; fits && i < n; i++) {
		fits = json_is_integer(json_array_get(json, i));
		v[i] = json_integer_value(json_array_get(json, i));
	}
	value->ints = (struct rmb_ints){ (int64_t)n, v };
	return fits;
}

static json_t *
reals_json(const struct rmb_value *value)
{
	json_t *list = json_array();
	for (int64_t i = 0; list && i < value->reals.n; i++)
		json_array_append_new(list, json_real(value->reals.v[i]));
	return list;
}

static bool
reals_back(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value)
{
	(void)files;
	size_t n = json_array_size(json);
	double *v = rmb_arena_alloc(arena, n, sizeof *v);
	bool fits = v && json_is_array(json);
	for (size_t i = 0; fits && i < n; i++) {
		fits = json_is_number(json_array_get(json, i));
		v[i] = json_number_value(json_array_get(json, i));
	}
	value->reals = (struct rmb_reals){ (int64_t)n, v };
	return fits;
}

static const struct {
	json_t *(*json)(const struct rmb_value *value);
	bool (*back)(struct rmb_arena *arena, const json_t *json, const json_t *files, struct rmb_value *value);
} kinds[] = {
	[RMB_REAL] = { real_json, real_back }, [RMB_INT] = { int_json, int_back }, [RMB_FLAG] = { flag_json, flag_back },
	[RMB_WORD] = { text_json, text_back }, [RMB_STRING] = { text_json, text_back }, [RMB_FILE] = { file_json, file_back },
	[RMB_RANGE] = { span_json, span_back }, [RMB_INTS] = { ints_json, ints_back }, [RMB_REALS] = { reals_json, reals_back },
};

json_t *
rmb_value_json(const struct rmb_param *param, const struct rmb_value *value)
{
	return value->none ? json_null() : kinds[param->kind].json(value);
}

int
rmb_value_from_json(struct rmb_arena *arena, const struct rmb_param *param, const json_t *json, const json_t *files,
                    struct rmb_value *value, struct rmb_error *error)
{
	*value = (struct rmb_value){ .none = param->none && json_is_null(json) };
	if (!json || (!value->none && !kinds[param->kind].back(arena, json, files, value)))
		return rmb_error_set(error, RMB_EINTERNAL, "the orders hold no usable value for '%s'", param->name);
	value->written = rmb_value_print(arena, param, value);
	return value->written ? 0 : rmb_error_nomem(error, "the settings of a stage");
}
