/* tests/test_vanished.c -- a mapped file is cut short: the process says so, removes its temporary file and ends. */
#include <fcntl.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "pipeline/vanished.h"

enum { STATUS = 3, LENGTH = 1 << 16 };

static char folder[] = "/tmp/rumble-test-XXXXXX", mapped[64], kept[64], gone[64];

static void
make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0 && ftruncate(fd, LENGTH) == 0);
	close(fd);
}

/* What a process does that reads on behind the new end; it should not come back. */
static void
read_behind_the_end(int errors)
{
	dup2(errors, STDERR_FILENO);
	rmb_vanished_watch("it was cut short\n", STATUS);
	rmb_vanished_remove(kept);
	rmb_vanished_remove(NULL); /* is whole now */
	rmb_vanished_remove(gone);
	int fd = open(mapped, O_RDWR);
	const volatile char *map = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || map == MAP_FAILED || ftruncate(fd, 0))
		_exit(1);
	_exit(map[LENGTH - 1] + 2);
}

static void
the_process_ends_with_a_sentence_and_nothing_left(void **state)
{
	(void)state;
	char said[64] = "";
	int errors[2], status;
	assert_int_equal(pipe(errors), 0);
	pid_t child = fork();
	if (child == 0)
		read_behind_the_end(errors[1]);
	close(errors[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STATUS);
	assert_true(read(errors[0], said, sizeof said - 1) > 0);
	assert_string_equal(said, "it was cut short\n");
	close(errors[0]);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(access(gone, F_OK), -1);
}

static int
setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(mapped, sizeof mapped, "%s/mapped", folder);
	snprintf(kept, sizeof kept, "%s/kept", folder);
	snprintf(gone, sizeof gone, "%s/gone", folder);
	make(mapped);
	make(kept);
	make(gone);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(mapped);
	unlink(kept);
	unlink(gone);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_process_ends_with_a_sentence_and_nothing_left) };
	return cmocka_run_group_tests(tests, setup, teardown);
}
