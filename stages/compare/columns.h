/* compare/columns.h -- rows of a struct as the columns of a table: outputs along one axis, one for each member. */
#ifndef RMB_COMPARE_COLUMNS_H
#define RMB_COMPARE_COLUMNS_H
#include "rumble/stage.h"

struct column {             /* an entry without port ends the list */
	const char *port;
	size_t at;          /* offsetof() the member: a const char *, an int64_t or a double */
	enum rmb_type type; /* RMB_TEXT, RMB_INT64 or RMB_FLOAT64, as the port has it */
};

/* Makes the outputs of rows[n], each of `size` bytes. 0 or a failure. */
int rmb_columns_output(struct rmb_call *call, const char *axis, const struct column *columns, int64_t n, const void *rows,
                       size_t size) RMB_CHECKED;
#endif
