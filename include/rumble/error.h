/* rumble/error.h -- one way to fail.
 *
 * A function that can fail returns 0 or a negative code and leaves one plain sentence in a struct rmb_error: which file,
 * key or stage, what was found, what was needed, what to do. The first sentence is kept. Our own mistakes are `assert`,
 * the user's never. Codes are the finer error classes; rmb_exit_code() folds them into the program's exit status. */
#ifndef RMB_ERROR_H
#define RMB_ERROR_H
#include <stdarg.h>

#define RMB_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define RMB_CHECKED __attribute__((warn_unused_result))

enum rmb_code {
	RMB_OK = 0,
	RMB_EUSAGE = -2,         /* the command line */
	RMB_ERECIPE = -3,        /* the recipe */
	RMB_EINPUT = -4,         /* an input is unreadable, unsupported or hostile */
	RMB_ELIMIT = -5,         /* a limit was reached: memory, time, size */
	RMB_EOUTPUT = -6,        /* output or cache cannot be written */
	RMB_EDATA = -7,          /* numerically impossible */
	RMB_EDAMAGE = -8,        /* a cached object is damaged, foreign or gone */
	RMB_EACCESS = -9,        /* the machine refuses: permissions */
	RMB_EINTERNAL = -70,     /* a bug */
	RMB_EINTERRUPTED = -130, /* SIGINT */
	RMB_ETERMINATED = -143   /* SIGTERM */
};

struct rmb_error {
	int code;        /* 0, or the code of the first failure */
	char text[2048]; /* its sentence, UTF-8, without a newline at the end */
};

/* Records the sentence unless one stands already; returns `code`. `error` may be NULL. */
int rmb_error_set(struct rmb_error *error, int code, const char *format, ...) RMB_PRINTF(3, 4);
int rmb_error_setv(struct rmb_error *error, int code, const char *format, va_list args) RMB_PRINTF(3, 0);
/* The sentence for running out of memory while making `what`; returns RMB_ELIMIT. */
int rmb_error_nomem(struct rmb_error *error, const char *what);
/* "recipe", "input", "limit", ...: the finer class that --json events name. */
const char *rmb_code_name(int code);
/* The exit status of a whole program that ended with `code`: 0, 1, 2, 3, 70, 130 or 143. */
int rmb_exit_code(int code);
#endif
