/* pipeline/main.c -- the program: everything is in librumble, so that tests can link it. */
#include "pipeline/command.h"

int
main(int argc, char **argv)
{
	return rmb_main(argc, argv);
}
