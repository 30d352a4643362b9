/* load/pickle.c -- the data part of Python's pickle machine: a stack, marks, a memo, and one table of operations. */
#include <string.h>
#include "load/pickle_inside.h"

typedef const struct rmb_pickled *value;

/* ---- failing */

bool
rmb_pickle_damaged(struct rmb_pickle_machine *m, const char *how)
{
	rmb_error_set(m->error, RMB_EINPUT, "%s: the pickle is damaged at its byte %zu: %s", m->what, m->at, how);
	return false;
}

static bool
no_memory(struct rmb_pickle_machine *m)
{
	rmb_error_nomem(m->error, m->what);
	return false;
}

/* ---- the stack */

/* Room for one more than n entries. Lists that shrink and grow again need it as a number of their own. */
static bool
grow(struct rmb_pickle_machine *m, value **list, size_t n, size_t *room)
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
push(struct rmb_pickle_machine *m, value v)
{
	if (!v || !grow(m, &m->stack, m->depth, &m->stack_room))
		return false;
	m->stack[m->depth++] = v;
	return true;
}

struct rmb_pickled *
rmb_pickle_make(struct rmb_pickle_machine *m, enum rmb_pickle_kind kind)
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
pop(struct rmb_pickle_machine *m)
{
	if (m->depth > 0 && m->stack[m->depth - 1]->kind != MARK)
		return m->stack[--m->depth];
	rmb_pickle_damaged(m, "its stack is empty");
	return NULL;
}

/* Index of the topmost mark; SIZE_MAX: told. */
static size_t
find_mark(struct rmb_pickle_machine *m)
{
	for (size_t i = m->depth; i > 0; i--)
		if (m->stack[i - 1]->kind == MARK)
			return i - 1;
	rmb_pickle_damaged(m, "there is no mark on its stack");
	return SIZE_MAX;
}

/* The next n bytes; NULL: told. */
static const unsigned char *
take(struct rmb_pickle_machine *m, uint64_t n)
{
	if (n > m->n - m->at) {
		rmb_pickle_damaged(m, "it ends too early");
		return NULL;
	}
	m->at += n;
	return m->bytes + m->at - n;
}

/* ---- operations; `number` is what follows the operation's byte, `extra` stands in the table */

static bool
constant(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	struct rmb_pickled *v = rmb_pickle_make(m, (enum rmb_pickle_kind)extra);
	if (v)
		v->whole = (int64_t)number;
	return push(m, v);
}

static bool
truth(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	return constant(m, (uint64_t)extra, TRUTH);
}

static bool
signed_whole(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)extra;
	return constant(m, (uint64_t)(int64_t)(int32_t)number, WHOLE);
}

/* An integer of `number` bytes; one above 64 bits becomes the nearest real. */
static bool
long_whole(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	const unsigned char *at = take(m, number);
	struct rmb_pickled *v = at ? rmb_pickle_make(m, number > 8 ? REAL : WHOLE) : NULL;
	bool negative = at && number > 0 && at[number - 1] & 0x80;
	uint64_t whole = negative ? UINT64_MAX : 0;
	double real = negative ? -1 : 0;
	(void)extra;
	if (number > 128)
		return rmb_pickle_damaged(m, "it holds an integer of more than 128 bytes");
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
real_number(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	struct rmb_pickled *v = rmb_pickle_make(m, REAL);
	uint64_t turned = __builtin_bswap64(number); /* the one big-endian thing in a pickle */
	(void)extra;
	if (v)
		memcpy(&v->real, &turned, sizeof v->real);
	return push(m, v);
}

static bool
text(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	const unsigned char *at = take(m, number);
	struct rmb_pickled *v = at ? rmb_pickle_make(m, TEXT) : NULL;
	(void)extra;
	if (v) {
		v->text.at = at;
		v->text.n = number;
	}
	return push(m, v);
}

static bool
skip(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)m, (void)number, (void)extra;
	return true;
}

static bool
protocol(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)extra;
	return number >= 2 && number <= 5 ? true : rmb_pickle_damaged(m, "its protocol is none of 2 to 5");
}

/* A list of the last n values, which leave the stack (and the mark below them, too, if there is one). */
static bool
gather(struct rmb_pickle_machine *m, enum rmb_pickle_kind kind, size_t from, size_t marks)
{
	struct rmb_pickled *v = rmb_pickle_make(m, kind);
	if (!v)
		return false;
	v->list.room = m->depth - from;
	v->list.n = (int64_t)v->list.room;
	v->list.item = rmb_arena_copy(m->arena, m->stack + from, m->depth - from, sizeof *m->stack);
	m->depth = from - marks;
	return v->list.item || v->list.n == 0 ? push(m, v) : no_memory(m);
}

static bool
gather_few(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t n = (size_t)extra;
	for (size_t i = 0; i < n; i++)
		if (i >= m->depth || m->stack[m->depth - 1 - i]->kind == MARK)
			return rmb_pickle_damaged(m, "its stack is empty");
	return gather(m, LIST, m->depth - n, 0);
}

static bool
gather_marked(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t mark = find_mark(m);
	if (mark == SIZE_MAX)
		return false;
	if (extra == DICTIONARY && (m->depth - mark - 1) % 2)
		return rmb_pickle_damaged(m, "a dictionary has a key without a value");
	return gather(m, (enum rmb_pickle_kind)extra, mark + 1, 1);
}

static bool
empty(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	return push(m, rmb_pickle_make(m, (enum rmb_pickle_kind)extra));
}

/* Adds the values from `from` on to the list or dictionary below them. */
static bool
extend(struct rmb_pickle_machine *m, size_t from, size_t marks, enum rmb_pickle_kind kind)
{
	size_t n = m->depth - from;
	if (from < marks + 1 || m->stack[from - marks - 1]->kind != kind || (kind == DICTIONARY && n % 2))
		return rmb_pickle_damaged(m, "what is added to is no list or dictionary");
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
extend_few(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t n = extra == DICTIONARY ? 2 : 1;
	return m->depth < n + 1 ? rmb_pickle_damaged(m, "its stack is empty")
	                        : extend(m, m->depth - n, 0, (enum rmb_pickle_kind)extra);
}

static bool
extend_marked(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t mark = find_mark(m);
	return mark != SIZE_MAX && extend(m, mark + 1, 1, (enum rmb_pickle_kind)extra);
}

static bool
drop(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number;
	size_t mark = extra ? find_mark(m) : 0;
	if (mark == SIZE_MAX || m->depth == 0)
		return extra ? false : rmb_pickle_damaged(m, "its stack is empty");
	m->depth = extra ? mark : m->depth - 1;
	return true;
}

static bool
remember(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	size_t at = extra ? m->remembered : number;
	if (m->depth == 0 || at > m->n)
		return rmb_pickle_damaged(m, "its memo is out of order");
	while (m->remembered <= at) {
		if (!grow(m, &m->memo, m->remembered, &m->memo_room))
			return false;
		m->memo[m->remembered++] = NULL;
	}
	m->memo[at] = m->stack[m->depth - 1];
	return true;
}

static bool
recall(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)extra;
	return number < m->remembered && m->memo[number] ? push(m, m->memo[number])
	                                                 : rmb_pickle_damaged(m, "its memo lacks an entry");
}

static bool
stop(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	m->done = true;
	return m->depth == 1 && m->stack[0]->kind != MARK ? true : rmb_pickle_damaged(m, "it does not end with one value");
}

/* ---- names and what they build */

static bool
name(struct rmb_pickle_machine *m, const unsigned char *module, size_t nmodule, const unsigned char *word, size_t nword)
{
	int builder = rmb_pickle_builder(module, nmodule, word, nword);
	if (builder >= 0)
		return constant(m, (uint64_t)builder, NAME);
	const char *shown = rmb_load_printable(m->arena, (const char *)module, nmodule < 100 ? nmodule : 100);
	const char *shown_too = rmb_load_printable(m->arena, (const char *)word, nword < 100 ? nword : 100);
	rmb_error_set(m->error, RMB_EINPUT,
	              "%s: the pickle asks for %s.%s, which is not data; rumble reads the numbers, texts, lists, dictionaries "
	              "and arrays that suite2p writes and runs no program",
	              m->what, shown ? shown : "?", shown_too ? shown_too : "?");
	return false;
}

static bool
name_in_lines(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	const unsigned char *line[2];
	size_t n[2];
	(void)number, (void)extra;
	for (int i = 0; i < 2; i++) {
		const unsigned char *end = memchr(m->bytes + m->at, '\n', m->n - m->at);
		if (!end)
			return rmb_pickle_damaged(m, "it ends too early");
		line[i] = m->bytes + m->at;
		n[i] = (size_t)(end - line[i]);
		m->at += n[i] + 1;
	}
	return name(m, line[0], n[0], line[1], n[1]);
}

static bool
name_on_stack(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	value word = pop(m), module = word ? pop(m) : NULL;
	if (!module)
		return false;
	if (word->kind != TEXT || module->kind != TEXT)
		return rmb_pickle_damaged(m, "a name is no text");
	return name(m, module->text.at, module->text.n, word->text.at, word->text.n);
}

static bool
call(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	value arguments = pop(m), callee = arguments ? pop(m) : NULL;
	if (!callee)
		return false;
	if (callee->kind != NAME || arguments->kind != LIST)
		return rmb_pickle_damaged(m, "it calls what is no builder of data");
	return push(m, rmb_pickle_build(m, (int)callee->whole, arguments));
}

static bool
build(struct rmb_pickle_machine *m, uint64_t number, int extra)
{
	(void)number, (void)extra;
	value state = pop(m);
	if (!state)
		return false;
	if (m->depth == 0 || m->stack[m->depth - 1]->kind == MARK)
		return rmb_pickle_damaged(m, "its stack is empty");
	struct rmb_pickled *on = (struct rmb_pickled *)(uintptr_t)m->stack[m->depth - 1]; /* still being made */
	return rmb_pickle_set_state(m, on, state);
}

/* ---- the table */

static const struct operation {
	unsigned char byte, follow; /* bytes of the number behind it, little-endian */
	bool (*run)(struct rmb_pickle_machine *m, uint64_t number, int extra);
	int extra;
} operations[] = {
	{ 0x80, 1, protocol, 0 },
	{ 0x95, 8, skip, 0 },
	{ '.', 0, stop, 0 },
	{ '(', 0, constant, MARK },
	{ '0', 0, drop, 0 },
	{ '1', 0, drop, 1 },
	{ 'N', 0, constant, NOTHING },
	{ 0x88, 0, truth, 1 },
	{ 0x89, 0, truth, 0 },
	{ 'K', 1, constant, WHOLE },
	{ 'M', 2, constant, WHOLE },
	{ 'J', 4, signed_whole, 0 },
	{ 0x8a, 1, long_whole, 0 },
	{ 0x8b, 4, long_whole, 0 },
	{ 'G', 8, real_number, 0 },
	{ 'X', 4, text, 0 },
	{ 0x8c, 1, text, 0 },
	{ 0x8d, 8, text, 0 },
	{ 'T', 4, text, 0 },
	{ 'U', 1, text, 0 },
	{ 'B', 4, text, 0 },
	{ 'C', 1, text, 0 },
	{ 0x8e, 8, text, 0 },
	{ 0x96, 8, text, 0 },
	{ ')', 0, empty, LIST },
	{ ']', 0, empty, LIST },
	{ '}', 0, empty, DICTIONARY },
	{ 0x8f, 0, empty, LIST },
	{ 0x85, 0, gather_few, 1 },
	{ 0x86, 0, gather_few, 2 },
	{ 0x87, 0, gather_few, 3 },
	{ 't', 0, gather_marked, LIST },
	{ 'l', 0, gather_marked, LIST },
	{ 'd', 0, gather_marked, DICTIONARY },
	{ 0x91, 0, gather_marked, LIST },
	{ 'a', 0, extend_few, LIST },
	{ 'e', 0, extend_marked, LIST },
	{ 's', 0, extend_few, DICTIONARY },
	{ 'u', 0, extend_marked, DICTIONARY },
	{ 0x90, 0, extend_marked, LIST },
	{ 'q', 1, remember, 0 },
	{ 'r', 4, remember, 0 },
	{ 0x94, 0, remember, 1 },
	{ 'h', 1, recall, 0 },
	{ 'j', 4, recall, 0 },
	{ 'c', 0, name_in_lines, 0 },
	{ 0x93, 0, name_on_stack, 0 },
	{ 'R', 0, call, 0 },
	{ 0x81, 0, call, 0 },
	{ 'b', 0, build, 0 },
};

static bool
step(struct rmb_pickle_machine *m, const struct operation *const *by_byte)
{
	const unsigned char *byte = take(m, 1);
	const struct operation *operation = byte ? by_byte[*byte] : NULL;
	if (!operation)
		return byte ? rmb_pickle_damaged(m, "an operation is unknown") : false;
	const unsigned char *follow = take(m, operation->follow);
	uint64_t number = 0;
	for (int i = follow ? operation->follow : 0; i > 0; i--)
		number = number << 8 | follow[i - 1];
	return follow && operation->run(m, number, operation->extra);
}

int
rmb_pickle_read(struct rmb_arena *arena, const char *what, const unsigned char *bytes, size_t n, value *out,
                struct rmb_error *error)
{
	const struct operation *by_byte[256] = { NULL };
	struct rmb_error own = { 0 };
	struct rmb_pickle_machine m = { .arena = arena, .what = what, .error = &own, .bytes = bytes, .n = n };
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		by_byte[operations[i].byte] = &operations[i];
	while (!m.done && step(&m, by_byte))
		;
	if (own.code)
		return rmb_error_set(error, own.code, "%s", own.text);
	*out = m.stack[0];
	return 0;
}
