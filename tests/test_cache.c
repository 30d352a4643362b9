/* The cache: objects come out whole or not at all, what is bad is set aside, what is named stays. */
#include "support/place.h"
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/cache.h"
#include "pipeline/owner.h"

static struct rmb_test_place here;

/* Key number i. */
static const char *
key(int i)
{
	static char text[4][RMB_KEY_MAX];
	static int next;
	char *to = text[next++ % 4];
	snprintf(to, RMB_KEY_MAX, "%02x%062d", i, 7);
	return to;
}

static const char *
path_of(const char *of)
{
	return rmb_cache_path(here.arena, &here.cache, of);
}

/* An object of n doubles, made by `stage`. */
static void
put(const char *of, int64_t n, const char *stage)
{
	struct rmb_error error = { 0 };
	struct rmb_array array = { "s", "1", NULL, RMB_FLOAT64, 0, 1, { rmb_axis_rank(n) }, NULL };
	const char *attribute[] = { "description", rmb_arena_printf(here.arena, "{\"stage\":\"%s\"}", stage) };
	double value = 1.25;
	struct rmb_object_writer *w = rmb_object_create(rmb_cache_scratch(here.arena, &here.cache), of, &array, 1, attribute, 1, &error);
	assert_string_equal(error.text, "");
	assert_int_equal(rmb_object_write(w, 0, 0, &value, sizeof value, &error), 0);
	assert_int_equal(rmb_object_publish(w, path_of(of), 1, &error), 0);
}

static int
get_code(const char *of, const char *run)
{
	struct rmb_object *object = NULL;
	struct rmb_error error = { 0 };
	int code = rmb_cache_get(&here.cache, of, run, &object, &error);
	assert_int_equal(code != 0, error.text[0] != '\0');
	rmb_object_close(object);
	return code;
}

static void
flip(const char *path, off_t at)
{
	unsigned char byte;
	assert_int_equal(chmod(path, 0600), 0);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 16;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static int
count_files(const char *folder)
{
	char path[4200];
	int n = 0;
	snprintf(path, sizeof path, "%s/%s", here.cache.root, folder);
	DIR *open = opendir(path);
	assert_non_null(open);
	for (const struct dirent *entry; (entry = readdir(open));)
		n += entry->d_name[0] != '.';
	closedir(open);
	return n;
}

static void
what_is_put_comes_out(void **state)
{
	(void)state;
	int64_t bytes = 0;
	struct stat stat;
	assert_false(rmb_cache_has(&here.cache, key(1), &bytes));
	assert_int_equal(get_code(key(1), NULL), RMB_EINPUT);
	put(key(1), 3, "spectrum");
	assert_true(rmb_cache_has(&here.cache, key(1), &bytes));
	assert_int_equal(lstat(path_of(key(1)), &stat), 0);
	assert_int_equal(bytes, stat.st_size);
	assert_int_equal(get_code(key(1), "run"), 0);
	assert_int_equal(rmb_cache_remove(&here.cache, key(1), NULL), 0);
	assert_int_equal(rmb_cache_remove(&here.cache, key(1), NULL), 0); /* gone already */
	assert_false(rmb_cache_has(&here.cache, key(1), NULL));
	assert_true(rmb_cache_free_bytes(&here.cache) > 0);
}

static void
what_is_not_a_key_becomes_no_path(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "../../etc/passwd", "ABCDEF0011223344556677889900112233445566778899001122334455667788",
	                                     "0011223344556677889900112233445566778899001122334455667788990011/" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(rmb_is_key(wrong[i]));
		assert_int_equal(get_code(wrong[i], NULL), RMB_EDAMAGE);
		assert_false(rmb_cache_has(&here.cache, wrong[i], NULL));
		assert_int_equal(rmb_cache_remove(&here.cache, wrong[i], NULL), RMB_EINTERNAL);
	}
}

static void
what_is_bad_is_set_aside_and_can_be_made_again(void **state)
{
	(void)state;
	char *target = rmb_arena_printf(here.arena, "%s/target", here.directory);
	put(key(1), 3, "spectrum");
	struct stat stat;
	assert_int_equal(lstat(path_of(key(1)), &stat), 0);
	flip(path_of(key(1)), stat.st_size / 2);
	assert_int_equal(get_code(key(1), "run"), RMB_EDAMAGE);
	assert_int_equal(get_code(key(1), "run"), RMB_EINPUT); /* a miss from now on */
	assert_int_equal(count_files("bad"), 2); /* the object and the reason */
	put(key(1), 3, "spectrum");
	assert_int_equal(get_code(key(1), "run"), 0);
	/* a symbolic link is refused and moved away; what it points to is not touched */
	assert_int_equal(rename(path_of(key(1)), target), 0);
	assert_int_equal(symlink("../../../target", path_of(key(1))), 0);
	assert_int_equal(get_code(key(1), "run"), RMB_EDAMAGE);
	assert_false(rmb_cache_has(&here.cache, key(1), NULL));
	struct stat after;
	assert_int_equal(lstat(target, &after), 0);
	assert_int_equal(lstat(path_of(key(1)), &after), -1);
	/* the object of another key, renamed */
	put(key(2), 3, "spectrum");
	assert_int_equal(mkdir(rmb_arena_printf(here.arena, "%s/objects/03", here.cache.root), 0700), 0);
	assert_int_equal(rename(path_of(key(2)), path_of(key(3))), 0);
	assert_int_equal(get_code(key(3), "run"), RMB_EDAMAGE);
	/* a directory with something in it */
	assert_int_equal(mkdir(path_of(key(3)), 0700), 0);
	assert_int_equal(mkdir(rmb_arena_printf(here.arena, "%s/in", path_of(key(3))), 0700), 0);
	assert_int_equal(get_code(key(3), "run"), RMB_EDAMAGE);
	put(key(3), 3, "spectrum");
	assert_int_equal(get_code(key(3), "run"), 0);
	/* a closed directory, put there while the object was made, and a file where its folder should be */
	assert_int_equal(rmb_cache_remove(&here.cache, key(3), NULL), 0);
	assert_int_equal(mkdir(path_of(key(3)), 0700), 0);
	assert_int_equal(mkdir(rmb_arena_printf(here.arena, "%s/in", path_of(key(3))), 0700), 0);
	assert_int_equal(chmod(path_of(key(3)), 0500), 0);
	assert_int_equal(rmb_cache_make_room(&here.cache, key(3), NULL), 0);
	put(key(3), 3, "spectrum");
	assert_int_equal(rmb_cache_make_room(&here.cache, key(3), NULL), 0); /* an object may stay */
	assert_int_equal(get_code(key(3), "run"), 0);
	const char *folder = rmb_arena_printf(here.arena, "%s/objects/03", here.cache.root);
	assert_int_equal(rename(folder, rmb_arena_printf(here.arena, "%s/away", here.directory)), 0);
	close(open(folder, O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(rmb_cache_make_room(&here.cache, key(3), NULL), 0);
	put(key(3), 3, "spectrum");
	assert_int_equal(get_code(key(3), "run"), 0);
	/* looking is enough to notice, and says what was wrong */
	struct rmb_error error = { 0 };
	flip(path_of(key(3)), stat.st_size / 2);
	assert_int_equal(rmb_cache_check(&here.cache, key(3), NULL, &error), RMB_EDAMAGE);
	assert_non_null(strstr(error.text, "checksum"));
	assert_int_equal(rmb_cache_check(&here.cache, key(3), NULL, NULL), RMB_EINPUT);
}

static void
a_large_object_is_verified_once_a_run(void **state)
{
	(void)state;
	struct stat stat;
	struct timespec times[2];
	put(key(1), 1 << 18, "spectrum"); /* 2 MiB */
	assert_int_equal(get_code(key(1), "first"), 0);
	assert_int_equal(get_code(key(1), "first"), 0);
	assert_int_equal(count_files("runs"), 1);
	assert_int_equal(lstat(path_of(key(1)), &stat), 0);
	times[0] = times[1] = stat.st_mtim;
	flip(path_of(key(1)), stat.st_size / 2);
	assert_int_equal(utimensat(AT_FDCWD, path_of(key(1)), times, 0), 0); /* even so: ctime tells */
	assert_int_equal(get_code(key(1), "first"), RMB_EDAMAGE);
	put(key(1), 1 << 18, "spectrum");
	assert_int_equal(get_code(key(1), "first"), 0);
	assert_int_equal(get_code(key(1), "../../odd name"), 0); /* stays in runs/ */
	assert_int_equal(count_files("runs"), 2);
	flip(path_of(key(1)), stat.st_size / 2);
	assert_int_equal(get_code(key(1), "second"), RMB_EDAMAGE);
}

static void
temporary_files_of_the_dead_are_swept(void **state)
{
	(void)state;
	struct rmb_owner owner;
	struct rmb_cache again;
	char by[RMB_OWNER_MAX];
	const char *name[6];
	rmb_owner_self(&owner);
	rmb_owner_print(&owner, by);
	name[0] = rmb_arena_printf(here.arena, "%s/tmp/00.tmp.%s.77", here.cache.root, by);   /* ours */
	owner.start++;
	rmb_owner_print(&owner, by);
	name[1] = rmb_arena_printf(here.arena, "%s/tmp/00.tmp.%s.77", here.cache.root, by);   /* a dead one's */
	name[4] = rmb_arena_printf(here.arena, "%s/hashes.tmp.%s.77", here.cache.root, by);   /* and beside the memo of hashes */
	name[5] = rmb_arena_printf(here.arena, "%s/hashes", here.cache.root);
	owner.space++;
	rmb_owner_print(&owner, by);
	name[2] = rmb_arena_printf(here.arena, "%s/tmp/00.tmp.%s.77", here.cache.root, by);   /* somebody's elsewhere, new */
	name[3] = rmb_arena_printf(here.arena, "%s/tmp/11.tmp.%s.77", here.cache.root, by);   /* somebody's elsewhere, three days old */
	for (int i = 0; i < 6; i++)
		close(open(name[i], O_WRONLY | O_CREAT | O_EXCL, 0600));
	struct timespec times[2] = { { time(NULL) - 3 * 86400, 0 }, { time(NULL) - 3 * 86400, 0 } };
	assert_int_equal(utimensat(AT_FDCWD, name[3], times, 0), 0);
	assert_int_equal(rmb_cache_open(here.cache.root, &again, NULL), 0);
	rmb_cache_close(&again);
	for (int i = 0; i < 6; i++)
		assert_int_equal(access(name[i], F_OK) == 0, i == 0 || i == 2 || i == 5);
}

static void
a_place_that_does_not_work_is_named_with_a_remedy(void **state)
{
	(void)state;
	struct rmb_cache none;
	const char *file = rmb_arena_printf(here.arena, "%s/file", here.directory);
	const char *const places[] = { file, rmb_arena_printf(here.arena, "%s/below", file), "/proc/nowhere/cache", "" };
	close(open(file, O_WRONLY | O_CREAT | O_EXCL, 0600));
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct rmb_error error = { 0 };
		assert_int_equal(rmb_cache_open(places[i], &none, &error), RMB_EOUTPUT);
		assert_non_null(strstr(error.text, places[i]));
		assert_non_null(strstr(error.text, "--cache DIR or RUMBLE_CACHE"));
		assert_null(none.root);
	}
	struct rmb_error error = { 0 };
	int fd = open(rmb_arena_printf(here.arena, "%s/version", here.cache.root), O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "rumble cache 2\n", 15), 15);
	close(fd);
	assert_int_equal(rmb_cache_open(here.cache.root, &none, &error), RMB_EOUTPUT);
	assert_non_null(strstr(error.text, "another version"));
	assert_int_equal(truncate(rmb_arena_printf(here.arena, "%s/version", here.cache.root), 0), 0);
	for (int i = 0; i < 2; i++) { /* damaged: mended, then as ever */
		assert_int_equal(rmb_cache_open(here.cache.root, &none, &error), 0);
		rmb_cache_close(&none);
	}
}

static void
the_place_follows_the_environment(void **state)
{
	(void)state;
	struct rmb_cache found;
	char *absolute = realpath(here.directory, NULL);
	setenv("RUMBLE_CACHE", rmb_arena_printf(here.arena, "%s/of rumble", absolute), 1);
	setenv("XDG_CACHE_HOME", rmb_arena_printf(here.arena, "%s/xdg", absolute), 1);
	setenv("HOME", rmb_arena_printf(here.arena, "%s/home", absolute), 1);
	static const char *const tail[] = { "/of rumble", "/xdg/rumble", "/home/.cache/rumble" };
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rmb_cache_open(NULL, &found, NULL), 0);
		assert_string_equal(found.root, rmb_arena_printf(here.arena, "%s%s", absolute, tail[i]));
		rmb_cache_close(&found);
		unsetenv(i == 0 ? "RUMBLE_CACHE" : "XDG_CACHE_HOME");
	}
	unsetenv("HOME");
	struct rmb_error error = { 0 };
	assert_int_equal(rmb_cache_open(NULL, &found, &error), RMB_EOUTPUT);
	assert_non_null(strstr(error.text, "HOME"));
	free(absolute);
}

/* ---- the whole cache */

static void
set_used(const char *of, time_t age)
{
	struct timespec times[2] = { { time(NULL) - age, 0 }, { time(NULL) - age, 0 } };
	const char *object = path_of(of), *stamp = rmb_arena_printf(here.arena, "%.*s.used", (int)strlen(object) - 3, object);
	rmb_cache_touch(&here.cache, of);
	assert_int_equal(utimensat(AT_FDCWD, object, times, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, stamp, times, 0), 0);
}

static const char *
results_folder(void)
{
	char *absolute = realpath(here.directory, NULL);
	const char *folder = rmb_arena_printf(here.arena, "%s/results", absolute);
	free(absolute);
	return folder;
}

static void
name_it(const char *of, const char *folder, const char *name)
{
	mkdir(folder, 0700);
	mkdir(rmb_arena_printf(here.arena, "%s/rec", folder), 0700);
	assert_int_equal(symlink(path_of(of), rmb_arena_printf(here.arena, "%s/rec/%s", folder, name)), 0);
	assert_int_equal(rmb_cache_register(&here.cache, folder, NULL), 0);
}

static void
the_list_says_stage_size_use_and_names(void **state)
{
	(void)state;
	struct rmb_cache_entry *entry;
	int64_t n;
	assert_int_equal(rmb_cache_list(here.arena, &here.cache, &entry, &n, NULL), 0);
	assert_int_equal(n, 0);
	put(key(2), 3, "spectrum");
	put(key(1), 1 << 18, "load");
	put(key(3), 3, "svca");
	flip(path_of(key(3)), 600);
	set_used(key(2), 5000);
	name_it(key(2), results_folder(), "s.h5");
	assert_int_equal(rmb_cache_list(here.arena, &here.cache, &entry, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_string_equal(entry[0].key, key(1));
	assert_string_equal(entry[0].stage, "load");
	assert_true(entry[0].bytes > 1 << 21);
	assert_false(entry[0].named);
	assert_string_equal(entry[1].stage, "spectrum");
	assert_in_range(time(NULL) - entry[1].used, 4999, 5010);
	assert_true(entry[1].named);
	assert_string_equal(entry[1].by, rmb_arena_printf(here.arena, "%s/rec/s.h5", results_folder()));
	assert_string_equal(entry[2].stage, "");
	rmb_cache_touch(&here.cache, key(2));
	assert_int_equal(rmb_cache_list(here.arena, &here.cache, &entry, &n, NULL), 0);
	assert_in_range(time(NULL) - entry[1].used, 0, 10);
}

static void
count_taken(void *self, const struct rmb_cache_entry *entry)
{
	(void)entry;
	++*(int *)self;
}

/* A cache may be made in a folder that somebody uses already, and its folders may be links. */
static void
what_is_not_ours_is_never_swept(void **state)
{
	(void)state;
	static const char *const names[] = { "tmp/notes.txt", "runs/mouse3.csv", "bad/x.csv" };
	struct timespec old[2] = { { time(NULL) - 30 * 86400, 0 }, { time(NULL) - 30 * 86400, 0 } };
	struct rmb_cache again;
	struct rmb_error error = { 0 };
	struct rmb_collected c;
	char path[4200], link[4200];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", here.cache.root, names[i]);
		close(open(path, O_WRONLY | O_CREAT, 0600));
		assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	}
	assert_int_equal(rmb_cache_open(here.cache.root, &again, NULL), 0);
	rmb_cache_close(&again);
	assert_int_equal(rmb_cache_collect(&here.cache, NAN, 1e9, false, NULL, NULL, &c, NULL), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", here.cache.root, names[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
	snprintf(path, sizeof path, "%s/runs", here.cache.root);
	snprintf(link, sizeof link, "%s/elsewhere", here.cache.root);
	assert_int_equal(rename(path, link), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(rmb_cache_open(here.cache.root, &again, &error), RMB_EOUTPUT);
	assert_non_null(strstr(error.text, "symbolic link"));
}

static void
collecting_takes_the_oldest_and_spares_the_named(void **state)
{
	(void)state;
	struct rmb_collected c;
	int taken = 0;
	for (int i = 0; i < 6; i++) {
		put(key(i), 3, "spectrum");
		set_used(key(i), 86400 * (10 - i));
	}
	name_it(key(0), results_folder(), "s.h5");
	assert_int_equal(rmb_cache_collect(&here.cache, NAN, 86400 * 7.5, true, count_taken, &taken, &c, NULL), 0);
	assert_int_equal(taken, 2);
	assert_int_equal(c.spared_objects, 1);
	assert_true(rmb_cache_has(&here.cache, key(1), NULL)); /* a dry run */
	assert_int_equal(rmb_cache_collect(&here.cache, NAN, 86400 * 7.5, false, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.objects, 2);
	assert_true(rmb_cache_has(&here.cache, key(0), NULL));
	assert_false(rmb_cache_has(&here.cache, key(1), NULL));
	assert_false(rmb_cache_has(&here.cache, key(2), NULL));
	assert_true(rmb_cache_has(&here.cache, key(3), NULL));
	/* by size: until two of the four are left */
	assert_int_equal(rmb_cache_collect(&here.cache, (double)c.left_bytes * 0.6, NAN, false, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.left_objects, 2);
	assert_true(rmb_cache_has(&here.cache, key(0), NULL));
	assert_true(rmb_cache_has(&here.cache, key(5), NULL));
	/* a results folder that is gone names nothing */
	rmb_test_rmdir(results_folder());
	assert_int_equal(count_files("roots"), 1);
	assert_int_equal(rmb_cache_collect(&here.cache, 0, NAN, false, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.left_objects, 0);
	assert_int_equal(count_files("roots"), 0);
}

static void
collecting_while_somebody_works_spares_what_is_recent(void **state)
{
	(void)state;
	struct rmb_collected c;
	struct rmb_lease *lease;
	put(key(1), 3, "spectrum");
	put(key(2), 3, "spectrum");
	set_used(key(2), 86400);
	assert_int_equal(rmb_lease_claim(&here.cache, key(9), &lease, NULL, 0, NULL), RMB_CLAIMED);
	assert_int_equal(rmb_cache_collect(&here.cache, 0, NAN, false, NULL, NULL, &c, NULL), 0);
	assert_true(rmb_cache_has(&here.cache, key(1), NULL));
	assert_false(rmb_cache_has(&here.cache, key(2), NULL));
	rmb_lease_release(lease);
	put(key(2), 3, "spectrum");
	set_used(key(2), 86400);
	assert_int_equal(rmb_lease_claim(&here.cache, key(2), &lease, NULL, 0, NULL), RMB_CLAIMED);
	assert_int_equal(rmb_cache_collect(&here.cache, 0, NAN, false, NULL, NULL, &c, NULL), 0);
	assert_true(rmb_cache_has(&here.cache, key(2), NULL));
	rmb_lease_release(lease);
	assert_int_equal(rmb_cache_collect(&here.cache, 0, NAN, false, NULL, NULL, &c, NULL), 0);
	assert_int_equal(c.left_objects, 0);
}

static int
begin(void **state)
{
	return rmb_test_begin(state, &here, "a/new/cache");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, rmb_test_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_comes_out),
		TEST(what_is_not_a_key_becomes_no_path),
		TEST(what_is_bad_is_set_aside_and_can_be_made_again),
		TEST(a_large_object_is_verified_once_a_run),
		TEST(temporary_files_of_the_dead_are_swept),
		TEST(a_place_that_does_not_work_is_named_with_a_remedy),
		TEST(the_place_follows_the_environment),
		TEST(the_list_says_stage_size_use_and_names),
		TEST(what_is_not_ours_is_never_swept),
		TEST(collecting_takes_the_oldest_and_spares_the_named),
		TEST(collecting_while_somebody_works_spares_what_is_recent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
