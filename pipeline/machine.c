/* pipeline/machine.c -- what this process may use of the machine it runs on. */
#include "pipeline/machine.h"
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int
rmb_machine_cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? n : 1;
}

/* The number that follows `form` on some line of a file; `otherwise` if there is none. */
static double
read_number(const char *path, const char *form, double otherwise)
{
	char line[256];
	double value = otherwise, found;
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, form, &found) == 1)
			value = found;
	if (f)
		fclose(f);
	return value;
}

double
rmb_machine_memory(void)
{
	double available = 1024 * read_number("/proc/meminfo", "MemAvailable: %lf", 4 << 20);
	double most = read_number("/sys/fs/cgroup/memory.max", "%lf", INFINITY); /* "max" is no number */
	double used = read_number("/sys/fs/cgroup/memory.current", "%lf", 0) -
	              read_number("/sys/fs/cgroup/memory.stat", "inactive_file %lf", 0);
	return fmin(available, fmax(0, most - used));
}

int
rmb_machine_has_room(struct rmb_error *error)
{
	const size_t buffer = 136 << 20; /* OpenBLAS: 128 MiB each, and the stacks of its threads */
	size_t bytes = buffer * (size_t)rmb_machine_cores();
	void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return rmb_error_set(error, RMB_ELIMIT,
		                     "the limits of this process leave less than %zu MiB of memory to reserve, which linear algebra "
		                     "needs; raise them (ulimit -v, ulimit -d)",
		                     bytes >> 20);
	munmap(room, bytes);
	return 0;
}

double
rmb_machine_budget(double asked)
{
	return asked > 0 ? asked : 0.8 * rmb_machine_memory();
}

double
rmb_machine_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
