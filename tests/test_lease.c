/* Leases: one owner at a time, nobody waits for the dead, nothing is left behind. */
#include "support/check.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pipeline/cache.h"
#include "pipeline/owner.h"

extern char **environ;
static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char other_key[] = "1111111111111111111111111111111111111111111111111111111111111111";
static char self[4096], directory[64];
static struct rmb_cache cache;

/* ---- what a spawned copy of this program does */

/* Claims the key and keeps it until it is killed; says so on standard output. */
static int
hold(const char *root)
{
	struct rmb_cache mine;
	struct rmb_lease *lease;
	char owner[256];
	if (rmb_cache_open(root, &mine, NULL) || rmb_lease_claim(&mine, key, &lease, owner, sizeof owner, NULL) != RMB_CLAIMED)
		return 1;
	if (write(STDOUT_FILENO, "held\n", 5) != 5)
		return 1;
	for (;;)
		pause();
}

/* Claims and releases until killed or `rounds` leases were had. While it owns the key it locks a file, which the kernel unlocks
 * if it is killed: finding it locked means two owners at once. */
static int
hammer(const char *root, int rounds)
{
	struct rmb_cache mine;
	char path[4200], owner[256];
	snprintf(path, sizeof path, "%s/owned", root);
	if (rmb_cache_open(root, &mine, NULL))
		return 1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (int had = 0; had < rounds;) {
		struct rmb_lease *lease;
		enum rmb_claim claim = rmb_lease_claim(&mine, key, &lease, owner, sizeof owner, NULL);
		if (claim == RMB_CLAIM_FAILED)
			return 1;
		if (claim == RMB_HELD) {
			usleep(500);
			continue;
		}
		if (flock(fd, LOCK_EX | LOCK_NB))
			return 2;
		usleep((useconds_t)(rmb_owner_random() % 2000));
		if (!rmb_lease_holds(lease))
			return 3;
		flock(fd, LOCK_UN);
		rmb_lease_release(lease);
		had++;
	}
	close(fd);
	rmb_cache_close(&mine);
	return 0;
}

static pid_t
start(const char *what, const char *root, const char *more, int *output)
{
	pid_t pid;
	int ends[2] = { -1, -1 };
	posix_spawn_file_actions_t actions;
	const char *argv[] = { self, what, root, more, NULL };
	posix_spawn_file_actions_init(&actions);
	if (output) {
		assert_int_equal(pipe(ends), 0);
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		posix_spawn_file_actions_addclose(&actions, ends[0]);
	}
	assert_int_equal(posix_spawn(&pid, self, &actions, NULL, (char **)argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	if (output) {
		close(ends[1]);
		*output = ends[0];
	}
	return pid;
}

/* A process that holds the key. */
static pid_t
start_holder(void)
{
	int output;
	char said[8] = "";
	pid_t pid = start("hold", cache.root, NULL, &output);
	assert_int_equal(read(output, said, 5), 5);
	assert_string_equal(said, "held\n");
	close(output);
	return pid;
}

static enum rmb_claim
claim(const char *of, struct rmb_lease **lease, char *owner)
{
	struct rmb_error error = { 0 };
	enum rmb_claim result = rmb_lease_claim(&cache, of, lease, owner, 256, &error);
	assert_string_equal(error.text, "");
	return result;
}

/* Number of files in leases/; name gets the last one's. */
static int
count_files(const char *folder, char *name)
{
	char path[4200];
	int n = 0;
	snprintf(path, sizeof path, "%s/%s", cache.root, folder);
	DIR *open = opendir(path);
	assert_non_null(open);
	for (const struct dirent *entry; (entry = readdir(open));)
		if (entry->d_name[0] != '.') {
			n++;
			if (name)
				snprintf(name, 8192, "%s/%.200s", path, entry->d_name);
		}
	closedir(open);
	return n;
}

static void
set_age(const char *path, time_t age)
{
	struct timespec times[2] = { { time(NULL) - age, 0 }, { time(NULL) - age, 0 } };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* ---- tests */

static void
one_owner_at_a_time_and_nothing_left_behind(void **state)
{
	(void)state;
	struct rmb_lease *first, *second, *other;
	char owner[256] = "";
	assert_false(rmb_lease_held(&cache, key));
	assert_int_equal(claim(key, &first, owner), RMB_CLAIMED);
	assert_string_equal(owner, "");
	assert_true(rmb_lease_holds(first));
	assert_true(rmb_lease_held(&cache, key));
	assert_true(rmb_lease_held(&cache, NULL));
	assert_false(rmb_lease_held(&cache, other_key));
	assert_int_equal(claim(key, &second, owner), RMB_HELD);
	assert_null(second);
	assert_non_null(strstr(owner, "process "));
	assert_int_equal(claim(other_key, &other, owner), RMB_CLAIMED);
	rmb_lease_release(other);
	rmb_lease_release(first);
	rmb_lease_release(NULL);
	assert_false(rmb_lease_held(&cache, NULL));
	assert_int_equal(count_files("leases", NULL), 0);
	assert_int_equal(count_files("tmp", NULL), 0);
	assert_int_equal(claim(key, &first, owner), RMB_CLAIMED);
	rmb_lease_release(first);
}

static void
a_dead_process_is_taken_over_at_once(void **state)
{
	(void)state;
	struct rmb_lease *lease;
	char owner[256];
	pid_t pid = start_holder();
	assert_int_equal(claim(key, &lease, owner), RMB_HELD);
	char expected[64];
	snprintf(expected, sizeof expected, "process %d on ", (int)pid);
	assert_non_null(strstr(owner, expected));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_false(rmb_lease_held(&cache, key));
	assert_int_equal(claim(key, &lease, owner), RMB_CLAIMED);
	assert_non_null(strstr(owner, expected)); /* from whom */
	assert_int_equal(count_files("leases", NULL), 2); /* the dead one's file stands: its number is not used again */
	rmb_lease_release(lease);
}

static void
a_silent_process_is_taken_over_after_a_minute_and_notices(void **state)
{
	(void)state;
	struct rmb_lease *silent, *taker;
	char owner[256], file[8192];
	assert_int_equal(claim(key, &silent, owner), RMB_CLAIMED);
	assert_int_equal(count_files("leases", file), 1);
	set_age(file, 55);
	assert_int_equal(claim(key, &taker, owner), RMB_HELD);
	set_age(file, 65);
	assert_int_equal(claim(key, &taker, owner), RMB_CLAIMED);
	assert_true(rmb_lease_holds(taker));
	assert_false(rmb_lease_holds(silent));
	rmb_lease_release(silent); /* takes its own file with it, not the taker's */
	assert_true(rmb_lease_holds(taker));
	assert_int_equal(claim(key, &silent, owner), RMB_HELD);
	rmb_lease_release(taker);
	assert_int_equal(count_files("leases", NULL), 0);
}

static void
a_process_elsewhere_is_alive_while_it_beats(void **state)
{
	(void)state;
	static const char *const tokens[] = {
		"0badb007-0000-0000-0000-000000000000.4026531836.1.1 0123456789abcdef farhost 77\n", /* another boot, pid 1 */
		"", "garbage\n",
	};
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		struct rmb_lease *lease;
		char owner[256], path[4200];
		snprintf(path, sizeof path, "%s/leases/%s.lease.41", cache.root, key);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_int_equal(write(fd, tokens[i], strlen(tokens[i])), (ssize_t)strlen(tokens[i]));
		close(fd);
		assert_int_equal(claim(key, &lease, owner), RMB_HELD);
		if (i == 0)
			assert_string_equal(owner, "process 1 on farhost");
		set_age(path, -3600); /* beaten before the clock was put back */
		assert_int_equal(claim(key, &lease, owner), RMB_CLAIMED);
		rmb_lease_release(lease);
		set_age(path, 61);
		assert_int_equal(claim(key, &lease, owner), RMB_CLAIMED);
		rmb_lease_release(lease);
		rmb_lease_sweep(&cache); /* a minute is not enough to remove it */
		assert_int_equal(count_files("leases", NULL), 1);
		set_age(path, 601);
		rmb_lease_sweep(&cache);
		assert_int_equal(count_files("leases", NULL), 0);
	}
}

static void
a_pid_used_again_is_not_the_owner(void **state)
{
	(void)state;
	struct rmb_owner owner;
	rmb_owner_self(&owner);
	assert_int_equal(rmb_owner_life(&owner), RMB_ALIVE);
	owner.start++;
	assert_int_equal(rmb_owner_life(&owner), RMB_GONE);
	owner.start--;
	owner.space++;
	assert_int_equal(rmb_owner_life(&owner), RMB_ELSEWHERE);
	char text[RMB_OWNER_MAX];
	struct rmb_owner read;
	rmb_owner_print(&owner, text);
	assert_int_equal(rmb_owner_read(text, &read), 0);
	assert_memory_equal(&read, &owner, sizeof read);
	assert_int_equal(rmb_owner_read("nothing", &read), -1);
}

static void
foreign_files_among_the_leases_do_no_harm(void **state)
{
	(void)state;
	struct rmb_lease *lease;
	char owner[256], path[4200];
	snprintf(path, sizeof path, "%s/leases/%s.lease.5", cache.root, key);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof path, "%s/leases/%s.lease.6x", cache.root, key);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/leases/notes.txt", cache.root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(claim(key, &lease, owner), RMB_CLAIMED);
	assert_true(rmb_lease_holds(lease));
	rmb_lease_release(lease);
}

/* A row goes on after its highest number; one that no clock can have led to must not leave others without a number. */
static void
a_number_out_of_reach_of_the_clock_blocks_nobody(void **state)
{
	(void)state;
	static const char *const numbers[] = { "4611686018427387902", "4611686018427387903" /* INT64_MAX / 2 */ };
	static const char dead[] = "farboot.4026531836.1.1 0123456789abcdef farhost -\n";
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct rmb_lease *lease, *second;
		char owner[256], path[4200];
		snprintf(path, sizeof path, "%s/leases/%s.lease.%s", cache.root, key, numbers[i]);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_int_equal(write(fd, dead, sizeof dead - 1), sizeof dead - 1);
		close(fd);
		assert_int_equal(claim(key, &lease, owner), RMB_HELD); /* its owner may live */
		set_age(path, 61);
		for (int killed = 0; killed < 3; killed++) { /* each leaves its file */
			pid_t pid = start_holder();
			assert_int_equal(claim(key, &lease, owner), RMB_HELD);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		assert_int_equal(claim(key, &lease, owner), RMB_CLAIMED);
		assert_true(rmb_lease_holds(lease));
		assert_int_equal(claim(key, &second, owner), RMB_HELD);
		rmb_lease_release(lease);
		assert_int_equal(unlink(path), 0);
	}
}

/* Processes that claim, hold and release; some of them are killed at random and replaced. */
static void
never_two_owners_though_many_are_killed(void **state)
{
	(void)state;
	enum { PROCESSES = 6, KILLS = 150 };
	pid_t pid[PROCESSES];
	int kills = 0, finished = 0;
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start("hammer", cache.root, "1000000", NULL);
	for (; kills < KILLS; kills++) {
		usleep((useconds_t)(2000 + rmb_owner_random() % 10000));
		int i = (int)(rmb_owner_random() % PROCESSES), status;
		kill(pid[i], SIGKILL);
		waitpid(pid[i], &status, 0);
		if (WIFEXITED(status))
			fail_msg("a process ended by itself: %d (2: two owners at once, 3: lost while alive)", WEXITSTATUS(status));
		pid[i] = start("hammer", cache.root, kills + PROCESSES < KILLS ? "1000000" : "20", NULL);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		pid_t ended = waitpid(pid[i], &status, WNOHANG);
		if (ended == 0) { /* one of those that never end by themselves, or one that is not done yet */
			usleep(1000000);
			ended = waitpid(pid[i], &status, WNOHANG);
		}
		if (ended == 0) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], &status, 0);
		}
		if (WIFEXITED(status) && WEXITSTATUS(status))
			fail_msg("a process ended with %d (2: two owners at once, 3: lost while alive)", WEXITSTATUS(status));
		finished += WIFEXITED(status);
	}
	printf("%d kills; %d processes finished their rounds\n", kills, finished);
	struct rmb_lease *lease;
	char owner[256];
	assert_int_equal(claim(key, &lease, owner), RMB_CLAIMED);
	rmb_lease_release(lease);
}

static int
begin(void **state)
{
	(void)state;
	rmb_test_mkdir(directory, sizeof directory);
	return rmb_cache_open(directory, &cache, NULL);
}

static int
end(void **state)
{
	(void)state;
	rmb_cache_close(&cache);
	rmb_test_rmdir(directory);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2]);
	if (argc > 3 && strcmp(argv[1], "hammer") == 0)
		return hammer(argv[2], atoi(argv[3]));
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0)
		return 1;
	const struct CMUnitTest tests[] = {
		TEST(one_owner_at_a_time_and_nothing_left_behind),
		TEST(a_dead_process_is_taken_over_at_once),
		TEST(a_silent_process_is_taken_over_after_a_minute_and_notices),
		TEST(a_process_elsewhere_is_alive_while_it_beats),
		TEST(a_pid_used_again_is_not_the_owner),
		TEST(foreign_files_among_the_leases_do_no_harm),
		TEST(a_number_out_of_reach_of_the_clock_blocks_nobody),
		TEST(never_two_owners_though_many_are_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
