/* load/pickle_build.c -- what the names in a pickle build: NumPy's arrays, types and scalars; dates and paths as things without
 * content. */
#include <inttypes.h>
#include "load/pickle_inside.h"

enum { MOST_AXES = 32 };
typedef const struct rmb_pickled *value;

static value
build_array(struct rmb_pickle_machine *m, value arguments)
{
	(void)arguments;
	return rmb_pickle_make(m, ARRAY);
}

static value
build_other(struct rmb_pickle_machine *m, value arguments)
{
	(void)arguments;
	return rmb_pickle_make(m, OTHER);
}

/* _codecs.encode(text, "latin1"): the bytes below 128 stand as they are; only those are needed, for empty arrays and dates. */
static value
build_bytes(struct rmb_pickle_machine *m, value arguments)
{
	return arguments->list.n > 0 && arguments->list.item[0]->kind == TEXT ? arguments->list.item[0]
	                                                                      : rmb_pickle_make(m, OTHER);
}

/* dtype('f8', ...): a letter and a size. The order of bytes comes with the state. */
static value
build_type(struct rmb_pickle_machine *m, value arguments)
{
	static const struct { char letter; enum rmb_number number; } kinds[] = {
		{ 'b', RMB_BOOLEAN }, { 'i', RMB_SIGNED }, { 'u', RMB_UNSIGNED }, { 'f', RMB_FLOATING } };
	value code = arguments->list.n > 0 ? arguments->list.item[0] : NULL;
	struct rmb_pickled *v = rmb_pickle_make(m, TYPE);
	if (v && !(v->items = rmb_arena_alloc(m->arena, 1, sizeof *v->items))) {
		rmb_error_nomem(m->error, m->what);
		return NULL;
	}
	if (!v || !code || code->kind != TEXT || code->text.n < 2)
		return v;
	v->items->objects = code->text.at[0] == 'O';
	size_t size = 0;
	for (size_t i = 1; i < code->text.n && size <= 8; i++)
		size = code->text.at[i] >= '0' && code->text.at[i] <= '9' ? 10 * size + code->text.at[i] - '0' : 9;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (code->text.at[0] == kinds[i].letter && (size == 1 || size == 2 || size == 4 || size == 8) &&
		    !(kinds[i].number == RMB_FLOATING && size == 1) && !(kinds[i].number == RMB_BOOLEAN && size > 1)) {
			v->items->as.number = kinds[i].number;
			v->items->as.item = size;
		}
	return v;
}

static value
make_array(struct rmb_pickle_machine *m, value type, value data, int64_t n)
{
	struct rmb_pickled *v = rmb_pickle_make(m, ARRAY);
	if (v) {
		v->array.type = type;
		v->array.data = data;
		v->array.n = n;
	}
	return v;
}

/* scalar(dtype, bytes): an array of one item without axes. */
static value
build_scalar(struct rmb_pickle_machine *m, value arguments)
{
	value type = arguments->list.n > 0 ? arguments->list.item[0] : NULL,
	      data = arguments->list.n > 1 ? arguments->list.item[1] : NULL;
	if (!type || type->kind != TYPE || !data || data->kind != TEXT || type->items->as.item == 0 ||
	    data->text.n != type->items->as.item)
		return rmb_pickle_make(m, OTHER);
	return make_array(m, type, data, 1);
}

/* (version, byte order, ...) */
static bool
type_state(struct rmb_pickled *type, value state)
{
	const uint16_t one = 1;
	unsigned char other = *(const unsigned char *)&one == 1 ? '>' : '<';
	value order = state->list.n > 1 ? state->list.item[1] : NULL;
	type->items->as.swapped = order && order->kind == TEXT && order->text.n == 1 && order->text.at[0] == other;
	return true;
}

/* Product of the axes in a tuple; -1: no such thing. */
static int64_t
count_items(value shape)
{
	int64_t n = 1;
	if (shape->kind != LIST || shape->list.n > MOST_AXES)
		return -1;
	for (int64_t i = 0; i < shape->list.n; i++) {
		value axis = shape->list.item[i];
		if (axis->kind != WHOLE || axis->whole < 0 || __builtin_mul_overflow(n, axis->whole, &n))
			return -1;
	}
	return n;
}

/* (version, shape, dtype, fortran, data): data is a text of exactly the items, or a list of objects. */
static bool
array_state(struct rmb_pickle_machine *m, struct rmb_pickled *array, value state)
{
	value shape = state->list.n == 5 ? state->list.item[1] : NULL, type = shape ? state->list.item[2] : NULL,
	      data = type ? state->list.item[4] : NULL;
	int64_t n = shape ? count_items(shape) : -1;
	if (n < 0 || type->kind != TYPE)
		return rmb_pickle_damaged(m, "the state of an array is not one");
	bool fits = type->items->objects ? data->kind == LIST && data->list.n == n
	                                 : data->kind == TEXT && (type->items->as.item == 0 ||
	                                                          (data->text.n % type->items->as.item == 0 &&
	                                                           data->text.n / type->items->as.item == (size_t)n));
	if (!fits)
		return rmb_pickle_damaged(m, "an array has more or fewer items than its shape says");
	array->array.type = type;
	array->array.data = data;
	array->array.n = n;
	return true;
}

/* ---- names */

static const struct name {
	const char *module, *name;
	value (*build)(struct rmb_pickle_machine *m, value arguments);
} names[] = {
	{ "numpy.core.multiarray", "_reconstruct", build_array },
	{ "numpy._core.multiarray", "_reconstruct", build_array },
	{ "numpy.core.multiarray", "scalar", build_scalar },
	{ "numpy._core.multiarray", "scalar", build_scalar },
	{ "numpy", "ndarray", NULL }, /* only ever an argument */
	{ "numpy", "dtype", build_type },
	{ "_codecs", "encode", build_bytes }, /* how protocol 2 writes bytes */
	{ "datetime", "datetime", build_other },
	{ "datetime", "timedelta", build_other },
	{ "pathlib", "PosixPath", build_other },
	{ "pathlib", "PurePosixPath", build_other },
	{ "pathlib", "WindowsPath", build_other },
	{ "pathlib", "PureWindowsPath", build_other },
	{ "pathlib._local", "PosixPath", build_other },
	{ "pathlib._local", "WindowsPath", build_other },
};

int
rmb_pickle_builder(const unsigned char *module, size_t nmodule, const unsigned char *name, size_t nname)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (rmb_pickle_same(module, nmodule, names[i].module) && rmb_pickle_same(name, nname, names[i].name))
			return (int)i;
	return -1;
}

const struct rmb_pickled *
rmb_pickle_build(struct rmb_pickle_machine *m, int builder, value arguments)
{
	if (names[builder].build)
		return names[builder].build(m, arguments);
	rmb_pickle_damaged(m, "it calls what is no builder of data");
	return NULL;
}

bool
rmb_pickle_set_state(struct rmb_pickle_machine *m, struct rmb_pickled *on, value state)
{
	if (on->kind == TYPE && state->kind == LIST)
		return type_state(on, state);
	if (on->kind == ARRAY && state->kind == LIST)
		return array_state(m, on, state);
	return on->kind == OTHER ? true : rmb_pickle_damaged(m, "it gives a state to what has none");
}
