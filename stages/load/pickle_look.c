/* load/pickle_look.c -- looking at the values of a pickle. */
#include <string.h>
#include "load/pickle_inside.h"

typedef const struct rmb_pickled *value;

bool
rmb_pickle_same(const unsigned char *at, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(at, word, n) == 0;
}

value
rmb_pickle_get(value v, const char *key)
{
	for (int64_t i = 0; v && v->kind == DICTIONARY && i + 1 < v->list.n; i += 2)
		if (v->list.item[i]->kind == TEXT && rmb_pickle_same(v->list.item[i]->text.at, v->list.item[i]->text.n, key))
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
