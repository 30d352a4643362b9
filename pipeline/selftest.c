/* pipeline/selftest.c -- `rumble selftest`: does the linear algebra of this machine work? */
#include "rumble/selftest.h"
#include "pipeline/command.h"

int
rmb_command_selftest(const struct rmb_options *options)
{
	struct rmb_error error = { 0 };
	char machine[512];
	if (!options->quiet)
		printf("%s\n", rmb_selftest_machine(machine, sizeof machine));
	int rc = rmb_selftest(options->quick, options->quiet ? NULL : stdout, &error);
	if (rc)
		return rmb_complain(options, &error);
	if (!options->quiet)
		printf("all checks passed\n");
	return 0;
}
