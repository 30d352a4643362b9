/* load/pickle.c -- the data part of Python's pickle machine: a stack, marks, a memo, and one table of operations. */
#include <inttypes.h>
#include <string.h>
#include "load/pickle.h"

enum kind { NOTHING, TRUTH, WHOLE, REAL, TEXT, LIST, DICTIONARY, NAME, TYPE, ARRAY, OTHER, MARK };
enum { MOST_AXES = 32 };

/* How the items of an array lie; item size 0: unknown. */
struct items { struct rmb_member as; bool objects; };

struct rmb_pickled {
	enum kind kind;
	union {
		int64_t whole;                                                     /* TRUTH, WHOLE; NAME: row of names */
		double real;
		struct { const unsigned char *at; size_t n; } text;                /* TEXT, in the pickle itself: no NUL */
		struct { const struct rmb_pickled **item; int64_t n; size_t room; } list; /* DICTIONARY: key, value, key, value, ... */
		struct items *items;                                               /* TYPE */
		struct { const struct rmb_pickled *type, *data; int64_t n; } array; /* data: TEXT, or a LIST of objects; NULL: not yet built */
	};
};
typedef const struct rmb_pickled *value;

struct machine {
	struct rmb_arena *arena;
	const char *what;
	struct rmb_error *error;
	const unsigned char *bytes;
	size_t n, at;
	value *stack, *memo;
	size_t depth, remembered; /* entries of both; the memo has gaps of NULL */
	size_t stack_room, memo_room;
	bool done;
};

/* ---- builders that are recognised, each with what it makes of its arguments */

static value build_array(struct machine *m, value arguments);
static value build_type(struct machine *m, value arguments);
static value build_scalar(struct machine *m, value arguments);
static value build_bytes(struct machine *m, value arguments);
static value build_other(struct machine *m, value arguments);

static const struct name {
	const char *module, *name;
	value (*build)(struct machine *m, value arguments);
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

/* ---- failing */

static bool
damaged(struct machine *m, const char *how)
{
	rmb_error_set(m->error, RMB_EINPUT, "%s: the pickle is damaged at its byte %zu: %s", m->what, m->at, how);
	return false;
}

static bool
no_memory(struct machine *m)
{
	rmb_error_nomem(m->error, m->what);
	return false;
}

/* ---- the stack */

/* Room for one more than n entries. Lists that shrink and grow again need it as a number of their own. */
static bool
grow(struct machine *m, value **list, size_t n, size_t *room)
{
	if (n < *room)
		return true;
	size_t larger = *room ? 2 * *room : 8;
	value *copy = rmb_arena_alloc(m->arena, larger, sizeof *copy);
	if (!copy)
		return no_memory(m);
	if (n > 0)
		memcpy(copy, *list, n * sizeof *copy);
	*list = copy;
	*room = larger;
	return true;
}

static bool
push(struct machine *m, value v)
{
	if (!v || !grow(m, &m->stack, m->depth, &m->stack_room))
		return false;
	m->stack[m->depth++] = v;
	return true;
}

static struct rmb_pickled *
make(struct machine *m, enum kind kind)
{
	struct rmb_pickled *v = rmb_arena_alloc(m->arena, 1, sizeof *v);
	if (v)
		v->kind = kind;
	else
		no_memory(m);
	return v;
}

/* The topmost value, which is no mark; NULL: told. */
static value
pop(struct machine *m)
{
	if (m->depth > 0 && m->stack[m->depth - 1]->kind != MARK)
		return m->stack[--m->depth];
	damaged(m, "its stack is empty");
	return NULL;
}

/* Index of the topmost mark; SIZE_MAX: told. */
static size_t
find_mark(struct machine *m)
{
	for (size_t i = m->depth; i > 0; i--)
		if (m->stack[i - 1]->kind == MARK)
			return i - 1;
	damaged(m, "there is no mark on its stack");
	return SIZE_MAX;
}

/* The next n bytes; NULL: told. */
static const unsigned char *
take(struct machine *m, uint64_t n)
{
	if (n > m->n - m->at) {
		damaged(m, "it ends too early");
		return NULL;
	}
	m->at += n;
	return m->bytes + m->at - n;
}

/* ---- operations; `number` is what follows the operation's byte, `extra` stands in the table */

static bool
constant(struct machine *m, uint64_t number, int extra)
{
	struct rmb_pickled *v = make(m, (enum kind)extra);
	if (v)
		v->whole = (int64_t)number;
	return push(m, v);
}

static bool
truth(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	return constant(m, (uint64_t)extra, TRUTH);
}

static bool
signed_whole(struct machine *m, uint64_t number, int extra)
{
	(void)extra;
	return constant(m, (uint64_t)(int64_t)(int32_t)number, WHOLE);
}

/* An integer of `number` bytes; one above 64 bits becomes the nearest real. */
static bool
long_whole(struct machine *m, uint64_t number, int extra)
{
	const unsigned char *at = take(m, number);
	struct rmb_pickled *v = at ? make(m, number > 8 ? REAL : WHOLE) : NULL;
	bool negative = at && number > 0 && at[number - 1] & 0x80;
	uint64_t whole = negative ? UINT64_MAX : 0;
	double real = negative ? -1 : 0;
	(void)extra;
	if (number > 128)
		return damaged(m, "it holds an integer of more than 128 bytes");
	for (uint64_t i = number; v && i > 0; i--) {
		whole = whole << 8 | at[i - 1];
		real = real * 256 + at[i - 1];
	}
	if (v && number > 8)
		v->real = real;
	else if (v)
		v->whole = (int64_t)whole;
	return push(m, v);
}

static bool
real_number(struct machine *m, uint64_t number, int extra)
{
	struct rmb_pickled *v = make(m, REAL);
	uint64_t turned = __builtin_bswap64(number); /* the one big-endian thing in a pickle */
	(void)extra;
	if (v)
		memcpy(&v->real, &turned, sizeof v->real);
	return push(m, v);
}

static bool
text(struct machine *m, uint64_t number, int extra)
{
	const unsigned char *at = take(m, number);
	struct rmb_pickled *v = at ? make(m, TEXT) : NULL;
	(void)extra;
	if (v) {
		v->text.at = at;
		v->text.n = number;
	}
	return push(m, v);
}

static bool
skip(struct machine *m, uint64_t number, int extra)
{
	(void)m, (void)number, (void)extra;
	return true;
}

static bool
protocol(struct machine *m, uint64_t number, int extra)
{
	(void)extra;
	return number >= 2 && number <= 5 ? true : damaged(m, "its protocol is none of 2 to 5");
}

/* A list of the last n values, which leave the stack (and the mark below them, too, if there is one). */
static bool
gather(struct machine *m, enum kind kind, size_t from, size_t marks)
{
	struct rmb_pickled *v = make(m, kind);
	if (!v)
		return false;
	v->list.room = m->depth - from;
	v->list.n = (int64_t)v->list.room;
	v->list.item = rmb_arena_copy(m->arena, m->stack + from, m->depth - from, sizeof *m->stack);
	m->depth = from - marks;
	return v->list.item || v->list.n == 0 ? push(m, v) : no_memory(m);
}

static bool
gather_few(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t n = (size_t)extra;
	for (size_t i = 0; i < n; i++)
		if (i >= m->depth || m->stack[m->depth - 1 - i]->kind == MARK)
			return damaged(m, "its stack is empty");
	return gather(m, LIST, m->depth - n, 0);
}

static bool
gather_marked(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t mark = find_mark(m);
	if (mark == SIZE_MAX)
		return false;
	if (extra == DICTIONARY && (m->depth - mark - 1) % 2)
		return damaged(m, "a dictionary has a key without a value");
	return gather(m, (enum kind)extra, mark + 1, 1);
}

static bool
empty(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	return push(m, make(m, (enum kind)extra));
}

/* Adds the values from `from` on to the list or dictionary below them. */
static bool
extend(struct machine *m, size_t from, size_t marks, enum kind kind)
{
	size_t n = m->depth - from;
	if (from < marks + 1 || m->stack[from - marks - 1]->kind != kind || (kind == DICTIONARY && n % 2))
		return damaged(m, "what is added to is no list or dictionary");
	struct rmb_pickled *v = (struct rmb_pickled *)(uintptr_t)m->stack[from - marks - 1]; /* still being made */
	for (size_t i = 0; i < n; i++) {
		if (!grow(m, &v->list.item, (size_t)v->list.n, &v->list.room))
			return false;
		v->list.item[v->list.n++] = m->stack[from + i];
	}
	m->depth = from - marks;
	return true;
}

static bool
extend_few(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t n = extra == DICTIONARY ? 2 : 1;
	return m->depth < n + 1 ? damaged(m, "its stack is empty") : extend(m, m->depth - n, 0, (enum kind)extra);
}

static bool
extend_marked(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t mark = find_mark(m);
	return mark != SIZE_MAX && extend(m, mark + 1, 1, (enum kind)extra);
}

static bool
drop(struct machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t mark = extra ? find_mark(m) : 0;
	if (mark == SIZE_MAX || m->depth == 0)
		return extra ? false : damaged(m, "its stack is empty");
	m->depth = extra ? mark : m->depth - 1;
	return true;
}

static bool
remember(struct machine *m, uint64_t number, int extra)
{
	size_t at = extra ? m->remembered : number;
	if (m->depth == 0 || at > m->n)
		return damaged(m, "its memo is out of order");
	while (m->remembered <= at) {
		if (!grow(m, &m->memo, m->remembered, &m->memo_room))
			return false;
		m->memo[m->remembered++] = NULL;
	}
	m->memo[at] = m->stack[m->depth - 1];
	return true;
}

static bool
recall(struct machine *m, uint64_t number, int extra)
{
	(void)extra;
	return number < m->remembered && m->memo[number] ? push(m, m->memo[number]) : damaged(m, "its memo lacks an entry");
}

static bool
stop(struct machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	m->done = true;
	return m->depth == 1 && m->stack[0]->kind != MARK ? true : damaged(m, "it does not end with one value");
}

/* ---- names and what they build */

static bool
same(const unsigned char *at, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(at, word, n) == 0;
}

static bool
name(struct machine *m, const unsigned char *module, size_t nmodule, const unsigned char *word, size_t nword)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (same(module, nmodule, names[i].module) && same(word, nword, names[i].name))
			return constant(m, i, NAME);
	const char *shown = rmb_load_printable(m->arena, (const char *)module, nmodule < 100 ? nmodule : 100);
	const char *shown_too = rmb_load_printable(m->arena, (const char *)word, nword < 100 ? nword : 100);
	rmb_error_set(m->error, RMB_EINPUT, "%s: the pickle asks for %s.%s, which is not data; rumble reads the numbers, texts, lists, dictionaries "
	              "and arrays that suite2p writes and runs no program", m->what, shown ? shown : "?", shown_too ? shown_too : "?");
	return false;
}

static bool
name_in_lines(struct machine *m, uint64_t number, int extra)
{
	const unsigned char *line[2];
	size_t n[2];
	(void)number, (void)extra;
	for (int i = 0; i < 2; i++) {
		const unsigned char *end = memchr(m->bytes + m->at, '\n', m->n - m->at);
		if (!end)
			return damaged(m, "it ends too early");
		line[i] = m->bytes + m->at;
		n[i] = (size_t)(end - line[i]);
		m->at += n[i] + 1;
	}
	return name(m, line[0], n[0], line[1], n[1]);
}

static bool
name_on_stack(struct machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	value word = pop(m), module = word ? pop(m) : NULL;
	if (!module)
		return false;
	if (word->kind != TEXT || module->kind != TEXT)
		return damaged(m, "a name is no text");
	return name(m, module->text.at, module->text.n, word->text.at, word->text.n);
}

static bool
call(struct machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	value arguments = pop(m), callee = arguments ? pop(m) : NULL;
	if (!callee)
		return false;
	if (callee->kind != NAME || arguments->kind != LIST || !names[callee->whole].build)
		return damaged(m, "it calls what is no builder of data");
	return push(m, names[callee->whole].build(m, arguments));
}

static value
build_array(struct machine *m, value arguments)
{
	(void)arguments;
	return make(m, ARRAY);
}

static value
build_other(struct machine *m, value arguments)
{
	(void)arguments;
	return make(m, OTHER);
}

/* _codecs.encode(text, "latin1"): the bytes below 128 stand as they are; only those are needed, for empty arrays and dates. */
static value
build_bytes(struct machine *m, value arguments)
{
	return arguments->list.n > 0 && arguments->list.item[0]->kind == TEXT ? arguments->list.item[0] : make(m, OTHER);
}

/* dtype('f8', ...): a letter and a size. The order of bytes comes with the state. */
static value
build_type(struct machine *m, value arguments)
{
	static const struct { char letter; enum rmb_number number; } kinds[] = {
		{ 'b', RMB_BOOLEAN }, { 'i', RMB_SIGNED }, { 'u', RMB_UNSIGNED }, { 'f', RMB_FLOATING } };
	value code = arguments->list.n > 0 ? arguments->list.item[0] : NULL;
	struct rmb_pickled *v = make(m, TYPE);
	if (v && !(v->items = rmb_arena_alloc(m->arena, 1, sizeof *v->items))) {
		no_memory(m);
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
		    !(kinds[i].number == RMB_FLOATING && size == 1)) {
			v->items->as.number = kinds[i].number;
			v->items->as.item = size;
		}
	return v;
}

static value
make_array(struct machine *m, value type, value data, int64_t n)
{
	struct rmb_pickled *v = make(m, ARRAY);
	if (v) {
		v->array.type = type;
		v->array.data = data;
		v->array.n = n;
	}
	return v;
}

/* scalar(dtype, bytes): an array of one item without axes. */
static value
build_scalar(struct machine *m, value arguments)
{
	value type = arguments->list.n > 0 ? arguments->list.item[0] : NULL, data = arguments->list.n > 1 ? arguments->list.item[1] : NULL;
	if (!type || type->kind != TYPE || !data || data->kind != TEXT || type->items->as.item == 0 || data->text.n != type->items->as.item)
		return make(m, OTHER);
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
array_state(struct machine *m, struct rmb_pickled *array, value state)
{
	value shape = state->list.n == 5 ? state->list.item[1] : NULL, type = shape ? state->list.item[2] : NULL, data = type ? state->list.item[4] : NULL;
	int64_t n = shape ? count_items(shape) : -1;
	if (n < 0 || type->kind != TYPE)
		return damaged(m, "the state of an array is not one");
	bool fits = type->items->objects ? data->kind == LIST && data->list.n == n : data->kind == TEXT &&
	            (type->items->as.item == 0 || (data->text.n % type->items->as.item == 0 && data->text.n / type->items->as.item == (size_t)n));
	if (!fits)
		return damaged(m, "an array has more or fewer items than its shape says");
	array->array.type = type;
	array->array.data = data;
	array->array.n = n;
	return true;
}

static bool
build(struct machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	value state = pop(m);
	if (!state)
		return false;
	if (m->depth == 0 || m->stack[m->depth - 1]->kind == MARK)
		return damaged(m, "its stack is empty");
	struct rmb_pickled *on = (struct rmb_pickled *)(uintptr_t)m->stack[m->depth - 1]; /* still being made */
	if (on->kind == TYPE && state->kind == LIST)
		return type_state(on, state);
	if (on->kind == ARRAY && state->kind == LIST)
		return array_state(m, on, state);
	return on->kind == OTHER ? true : damaged(m, "it gives a state to what has none");
}

/* ---- the table */

static const struct operation {
	unsigned char byte, follow; /* bytes of the number behind it, little-endian */
	bool (*run)(struct machine *m, uint64_t number, int extra);
	int extra;
} operations[] = {
	{ 0x80, 1, protocol, 0 }, { 0x95, 8, skip, 0 }, { '.', 0, stop, 0 }, { '(', 0, constant, MARK },
	{ '0', 0, drop, 0 }, { '1', 0, drop, 1 },
	{ 'N', 0, constant, NOTHING }, { 0x88, 0, truth, 1 }, { 0x89, 0, truth, 0 },
	{ 'K', 1, constant, WHOLE }, { 'M', 2, constant, WHOLE }, { 'J', 4, signed_whole, 0 },
	{ 0x8a, 1, long_whole, 0 }, { 0x8b, 4, long_whole, 0 }, { 'G', 8, real_number, 0 },
	{ 'X', 4, text, 0 }, { 0x8c, 1, text, 0 }, { 0x8d, 8, text, 0 }, { 'T', 4, text, 0 }, { 'U', 1, text, 0 },
	{ 'B', 4, text, 0 }, { 'C', 1, text, 0 }, { 0x8e, 8, text, 0 }, { 0x96, 8, text, 0 },
	{ ')', 0, empty, LIST }, { ']', 0, empty, LIST }, { '}', 0, empty, DICTIONARY }, { 0x8f, 0, empty, LIST },
	{ 0x85, 0, gather_few, 1 }, { 0x86, 0, gather_few, 2 }, { 0x87, 0, gather_few, 3 },
	{ 't', 0, gather_marked, LIST }, { 'l', 0, gather_marked, LIST }, { 'd', 0, gather_marked, DICTIONARY }, { 0x91, 0, gather_marked, LIST },
	{ 'a', 0, extend_few, LIST }, { 'e', 0, extend_marked, LIST }, { 's', 0, extend_few, DICTIONARY }, { 'u', 0, extend_marked, DICTIONARY },
	{ 0x90, 0, extend_marked, LIST },
	{ 'q', 1, remember, 0 }, { 'r', 4, remember, 0 }, { 0x94, 0, remember, 1 }, { 'h', 1, recall, 0 }, { 'j', 4, recall, 0 },
	{ 'c', 0, name_in_lines, 0 }, { 0x93, 0, name_on_stack, 0 }, { 'R', 0, call, 0 }, { 0x81, 0, call, 0 }, { 'b', 0, build, 0 },
};

static bool
step(struct machine *m, const struct operation *const *by_byte)
{
	const unsigned char *byte = take(m, 1);
	const struct operation *operation = byte ? by_byte[*byte] : NULL;
	if (!operation)
		return byte ? damaged(m, "an operation is unknown") : false;
	const unsigned char *follow = take(m, operation->follow);
	uint64_t number = 0;
	for (int i = follow ? operation->follow : 0; i > 0; i--)
		number = number << 8 | follow[i - 1];
	return follow && operation->run(m, number, operation->extra);
}

int
rmb_pickle_read(struct rmb_arena *arena, const char *what, const unsigned char *bytes, size_t n, value *out, struct rmb_error *error)
{
	const struct operation *by_byte[256] = { NULL };
	struct rmb_error own = { 0 };
	struct machine m = { .arena = arena, .what = what, .error = &own, .bytes = bytes, .n = n };
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		by_byte[operations[i].byte] = &operations[i];
	while (!m.done && step(&m, by_byte))
		;
	if (own.code)
		return rmb_error_set(error, own.code, "%s", own.text);
	*out = m.stack[0];
	return 0;
}

/* ---- looking at values */

value
rmb_pickle_get(value v, const char *key)
{
	for (int64_t i = 0; v && v->kind == DICTIONARY && i + 1 < v->list.n; i += 2)
		if (v->list.item[i]->kind == TEXT && same(v->list.item[i]->text.at, v->list.item[i]->text.n, key))
			return v->list.item[i + 1];
	return NULL;
}

int64_t
rmb_pickle_length(value v)
{
	return !v ? -1 : v->kind == LIST ? v->list.n : v->kind == ARRAY && v->array.data ? v->array.n : -1;
}

value
rmb_pickle_item(value v, int64_t i)
{
	if (v && v->kind == ARRAY && v->array.data && v->array.type->items->objects)
		v = v->array.data;
	return v && v->kind == LIST && i >= 0 && i < v->list.n ? v->list.item[i] : NULL;
}

const char *
rmb_pickle_text(value v, int64_t i, size_t *length)
{
	value item = rmb_pickle_item(v, i);
	v = item ? item : v;
	if (!v || v->kind != TEXT)
		return NULL;
	*length = v->text.n;
	return (const char *)v->text.at;
}

/* Item i of an array of numbers. */
static bool
number_in_array(value v, int64_t i, double *number)
{
	unsigned char raw[8];
	if (!v->array.data || v->array.data->kind != TEXT || v->array.type->items->as.item == 0 || i >= v->array.n)
		return false;
	size_t size = v->array.type->items->as.item;
	memcpy(raw, v->array.data->text.at + (size_t)i * size, size);
	rmb_member_decode(&v->array.type->items->as, raw, 1, number);
	return true;
}

bool
rmb_pickle_number(value v, int64_t i, double *number)
{
	value item = rmb_pickle_item(v, i);
	if (item) {
		v = item;
		i = 0;
	}
	if (!v || i < 0)
		return false;
	if (v->kind == ARRAY)
		return number_in_array(v, i, number);
	if (i > 0 || (v->kind != REAL && v->kind != WHOLE && v->kind != TRUTH))
		return false;
	*number = v->kind == REAL ? v->real : (double)v->whole;
	return true;
}
