/* load/format.h -- what the load stage asks of a file format.
 *
 * A file holds named members. A member is seen as a *stored matrix*: `rows` times `columns` items, row after row, as they lie
 * in the file; what they mean (which axis is the neurons) is decided above. Formats deliver raw items in tiles; numbers.c
 * turns items into numbers. Nothing here trusts the file: sizes are checked against the file's own length before anything
 * is allocated, and no other file is opened. */
#ifndef RMB_LOAD_FORMAT_H
#define RMB_LOAD_FORMAT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rumble/arena.h"
#include "rumble/error.h"
#include "rumble/stage.h"

enum { RMB_MEMBER_AXES = 4 };
/* Above these a member is refused whatever the file says. */
#define RMB_MEMBER_ITEMS ((int64_t)1 << 40)
/* What a damaged or lying file may at most make us allocate. */
#define RMB_LYING_BYTES ((int64_t)64 << 20)
/* No deflate stream expands by more than about 1,032. */
#define RMB_DEFLATE_RATIO 1100
/* What must be unpacked as a whole is refused above so many bytes, unless the file is a plausible part of it: a small file must
 * not take a GiB, and libraries take up to twice the room. */
#define RMB_UNPACKED_BYTES ((int64_t)384 << 20)
#define RMB_PLAUSIBLE_RATIO 64

enum rmb_number { RMB_NO_NUMBER, RMB_FLOATING, RMB_SIGNED, RMB_UNSIGNED, RMB_BOOLEAN, RMB_BYTES, RMB_UTF32 };

struct rmb_member {
	const char *name;          /* as the recipe would name it; control characters replaced */
	const char *called;        /* in sentences, where its own file calls it otherwise; NULL: by that name */
	const char *type;          /* for people: "float32", "text of 4 characters" */
	const char *refusal;       /* NULL: readable; else what it is, why it is not read and what to do */
	const char *hollow;        /* NULL: whole; else how much of it was never written, and what is read there */
	enum rmb_number number;    /* RMB_BYTES and RMB_UTF32: NUL-padded text */
	size_t item;               /* bytes of one raw item */
	bool swapped;              /* raw items have the other byte order */
	bool fortran;              /* the first axis is the fastest */
	bool frames_first;         /* activity whose format says that its first axis is the frames */
	int naxes;                 /* 0: a scalar */
	int64_t axis[RMB_MEMBER_AXES];
	int64_t count;             /* product of the axes */
	int64_t at;                /* the format's own: where it lies */
	int64_t effort;            /* bytes to read, unpack or work out before the first item can be had; 0: none beyond its own */
	bool packed;               /* its items do not lie in the file one after another: to read them again is to unpack them again */
	bool onwards;              /* is read from its beginning on: what lies far behind takes all before it */
	int64_t pickle;            /* bytes of a pickle of Python objects, which rmb_load_texts() can read; else 0 */
};

/* What a recipe asks of formats that offer a choice, and what they may use. */
struct rmb_load_wish {
	const char *rois, *units, *plugins;
	const char *activity, *spikes, *unit; /* as the recipe names them; NULL: it does not */
	const char *const *named;  /* every name that it gives, NULL behind the last */
	const char *orientation;
	bool owners;               /* the recipe names whose the spikes are */
	double pixel;              /* um, NaN: not given */
	double clock;              /* ticks per second of spike times; NaN: not given */
	const int *scratch;        /* a file to whose end may be put what memory should not hold; NULL: there is none */
};

enum { RMB_FILE_NOTES = 64, RMB_LONGEST_AREA = 256 };
struct rmb_format;
struct rmb_list;
struct rmb_load_file {
	const struct rmb_format *format;
	const struct rmb_load_wish *wish; /* NULL: the usual */
	const char *path;          /* as given: for opening and for sentences */
	int64_t size;              /* bytes */
	struct rmb_arena *arena;   /* members live here */
	void *handle;              /* the format's own */
	double rate;               /* frames per second, as the file says; NaN: it does not */
	bool in_pixels;            /* positions are pixels */
	bool in_um;                /* the file says how many um they are */
	bool in_seconds;           /* spike times are s, whatever the wish's clock */
	const double *observed;    /* [nobserved][2] s, ascending and disjoint: when spikes were looked for, as the file says */
	int64_t nobserved;         /* 0: it does not say */
	const double *invalid;     /* [ninvalid][2] s, ascending and disjoint: what the file says not to use */
	int64_t ninvalid;
	struct rmb_list *lists;    /* opened piece by piece: pieces.c */
	int nnotes, nunsaid;       /* what the format has to tell the reader of the results; nunsaid: for which there was no room */
	const char *note[RMB_FILE_NOTES];
};

/* What a format is shown to say whether a path is of its kind. */
struct rmb_load_probe {
	struct rmb_arena *arena;
	const char *path;
	bool folder;               /* it is one; else a file: */
	unsigned char head[4096];  /* its first bytes, */
	size_t n;                  /* so many of them, */
	int64_t size;              /* of so many in all */
};
/* How sure a format is. IF_ASKED: it has no mark, so that it counts where the recipe names the format and no other knows it.
 * PERHAPS, LIKELY: it could be of a more special format, too. */
enum rmb_sureness { RMB_NOT_MINE, RMB_IF_ASKED, RMB_PERHAPS, RMB_LIKELY, RMB_SURELY };

/* Where the rows of a member lie: in the file as given, or in files in the folder. */
struct rmb_load_place {
	int n;
	const struct rmb_file_rows *part; /* [n] one after the other */
	const int64_t *row;        /* [member's rows] which of all these rows are the member's, ascending; NULL: all */
};

/* A format has its file, and its line in formats.def. */
struct rmb_format {
	const char *name;          /* "npz", as in the recipe */
	const char *title;         /* "zip (.npz)", for sentences */
	bool holds_lists;          /* lists of spikes are read as a whole */
	const char *folder;        /* "suite2p (F.npy or spks.npy, in it or in plane0)": the format is one of folders; NULL: of files */
	/* Looks at the first bytes, or at the names in a folder, and opens no file. */
	enum rmb_sureness (*recognises)(const struct rmb_load_probe *probe);
	/* Opens file->path; on failure nothing stays open. */
	int (*open)(struct rmb_load_file *file, struct rmb_error *error);
	void (*close)(struct rmb_load_file *file);
	/* The member of that name; *member NULL: there is none. */
	int (*find)(struct rmb_load_file *file, const char *name, const struct rmb_member **member, struct rmb_error *error);
	/* Up to `room` members for a list; *n how many there are. */
	int (*list)(struct rmb_load_file *file, const struct rmb_member **member, int room, int *n, struct rmb_error *error);
	/* The best tile of at most `budget` items for reading the stored matrix from start to end. NULL: whole rows. */
	void (*tile)(struct rmb_load_file *file, const struct rmb_member *member, int64_t budget, int64_t *nrows,
	             int64_t *ncolumns);
	/* Raw items of a tile of the stored matrix. A tile is whole rows, or a piece of one row, or one that tile() chose; tiles
	 * asked in the order of the file are quick. */
	int (*read)(struct rmb_load_file *file, const struct rmb_member *member, int64_t row, int64_t nrows, int64_t column,
	            int64_t ncolumns, void *raw, struct rmb_error *error);
	/* Where the items of a readable member lie, row after row and as they are; false: nowhere. NULL: never. */
	bool (*place)(struct rmb_load_file *file, const struct rmb_member *member, struct rmb_load_place *place);
};
#define RMB_FORMAT(name, inside) extern const struct rmb_format rmb_format_##name;
#include "load/formats.def"
#undef RMB_FORMAT

/* ---- recognise.c */

/* The surest of the formats in formats.def for probe->path; probe->folder says whether a folder would do. `wanted` ("auto",
 * "npz", ...) must be among those that know it; the sentence of a failure names what was found. */
int rmb_load_recognise(struct rmb_load_probe *probe, const char *wanted, const struct rmb_format **format,
                       struct rmb_error *error) RMB_CHECKED;
/* Whether bytes[n] stand at `at`; a file that ends before them fits if it is the beginning of them. */
bool rmb_probe_begins(const struct rmb_load_probe *probe, size_t at, const char *bytes, size_t n);
/* Whether the first bytes are text, as far as control characters tell. */
bool rmb_probe_is_text(const struct rmb_load_probe *probe);
/* What the first bytes are that no format reads, "PDF"; NULL: not known. */
const char *rmb_probe_foreign(const struct rmb_load_probe *probe);

/* ---- format.c */

/* Opens the file with the format that it is of (of HDF5, by its attributes, too). Members and handle go with the arena and
 * rmb_load_close. */
int rmb_load_open(struct rmb_arena *arena, const char *path, const char *wanted, struct rmb_load_file **file,
                  struct rmb_error *error) RMB_CHECKED;
/* The same with what the recipe wishes, which is borrowed; and of folders, too, by the files that are in them. */
int rmb_load_open_as(struct rmb_arena *arena, const char *path, const char *wanted, const struct rmb_load_wish *wish,
                     struct rmb_load_file **file, struct rmb_error *error) RMB_CHECKED;
/* Keeps a sentence for the reader of the results; it must not depend on where the file lies. */
void rmb_load_file_note(struct rmb_load_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rmb_load_close(struct rmb_load_file *file); /* accepts NULL */
/* The member a setting names; if there is none, an error that lists what there is. */
int rmb_load_find(struct rmb_load_file *file, const char *setting, const char *name, const struct rmb_member **member,
                  struct rmb_error *error) RMB_CHECKED;
/* "sp (219 x 2000, float32), snr (219, float32)": for sentences. Never NULL. */
const char *rmb_load_contents(struct rmb_load_file *file);
/* What sentences call it. */
static inline const char *
rmb_member_called(const struct rmb_member *member)
{
	return member->called ? member->called : member->name;
}
/* "219 x 2000"; "a single number" for a scalar. */
const char *rmb_member_shape(struct rmb_arena *arena, const struct rmb_member *member);
/* The best tile of about `budget` items for reading a member from start to end; at least 1 x 1. */
void rmb_load_tile(struct rmb_load_file *file, const struct rmb_member *member, int64_t budget, int64_t *nrows,
                   int64_t *ncolumns);
/* Rows and columns of the stored matrix. One axis: one row. */
void rmb_member_matrix(const struct rmb_member *member, int64_t *rows, int64_t *columns);
/* Fills in member->count; RMB_ELIMIT if it is more than RMB_MEMBER_ITEMS or its bytes overflow. */
int rmb_member_measure(struct rmb_arena *arena, const char *path, struct rmb_member *member, struct rmb_error *error) RMB_CHECKED;
/* A copy of foreign text fit for a terminal and a page: control characters and broken UTF-8 become '?'. */
char *rmb_load_printable(struct rmb_arena *arena, const char *text, size_t length);
/* The same in place. */
void rmb_load_make_printable(char *text, size_t length);

/* ---- numbers.c */

/* Items that are float32 and need no more than a copy. */
bool rmb_member_plain(const struct rmb_member *member);
/* raw[n] items of the member as doubles (booleans as 0 and 1). Items may be swapped in place. */
void rmb_member_decode(const struct rmb_member *member, void *raw, int64_t n, double *out);
/* All items of a readable, numeric member in C order, in the file's arena. */
int rmb_load_doubles(struct rmb_load_file *file, const struct rmb_member *member, double **out,
                     struct rmb_error *error) RMB_CHECKED;
/* The same for whole numbers up to 2^53 in magnitude; anything else is an error that names the first index. */
int rmb_load_integers(struct rmb_load_file *file, const struct rmb_member *member, int64_t **out,
                      struct rmb_error *error) RMB_CHECKED;
/* Whether a number is whole, up to 2^53 in magnitude; and the error for item i of a member that must be. */
bool rmb_is_whole(double number);
int rmb_not_whole(const struct rmb_load_file *file, const struct rmb_member *member, int64_t i, double number,
                  struct rmb_error *error) RMB_CHECKED;
/* All items as text: count entries of *width bytes, NUL-padded UTF-8; numbers are printed. */
int rmb_load_texts(struct rmb_load_file *file, const struct rmb_member *member, char **out, size_t *width,
                   struct rmb_error *error) RMB_CHECKED;

/* UTF-8 of one code point into text[4]; returns its length. */
size_t rmb_encode_utf8(uint32_t point, char *text);

/* ---- pieces.c */

enum { RMB_PIECE = 1 << 16 };
/* A numeric member as a list in the order of its file (that of C for lists), piece by piece, as often as is wanted: what is
 * packed is unpacked once, if the wish has a scratch file for what is too long for memory. */
struct rmb_pieces {
	struct rmb_load_file *file;
	const struct rmb_member *member;
	struct rmb_list *list;
	double *piece;             /* [RMB_PIECE] */
	unsigned char *raw;
};
int rmb_pieces_open(struct rmb_load_file *file, const struct rmb_member *member, struct rmb_pieces *pieces,
                    struct rmb_error *error) RMB_CHECKED;
/* *items: items at .. at + n - 1, n up to RMB_PIECE; until the next call. */
int rmb_pieces_get(const struct rmb_pieces *pieces, int64_t at, int64_t n, const double **items,
                   struct rmb_error *error) RMB_CHECKED;
/* The same of whole numbers up to 2^53 in magnitude, as rmb_load_integers(). */
int rmb_pieces_whole(const struct rmb_pieces *pieces, int64_t at, int64_t n, const double **items,
                     struct rmb_error *error) RMB_CHECKED;

/* ---- npy.c, for npz members too */

/* Reads the header at bytes[n] of a stream that is `size` bytes long in all: fills in *member and sets member->at to the start of
 * the data. The header and the data must fill `size` exactly. `what` names the stream in sentences. */
int rmb_npy_header(struct rmb_arena *arena, const char *what, const unsigned char *bytes, size_t n, int64_t size,
                   struct rmb_member *member, struct rmb_error *error) RMB_CHECKED;
enum { RMB_NPY_HEADER_MAX = 12 + 65536 };
/* The place of a member whose items lie in its file from byte `at` on. false: there is no memory. */
bool rmb_load_placed(struct rmb_load_file *file, const struct rmb_member *member, int64_t at, struct rmb_load_place *place);
#endif
