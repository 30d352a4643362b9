/* pipeline/version.c -- what a bug report needs first, and the one form of a JSON event. */
#include <cblas.h>
#include <fftw3.h>
#include <hdf5.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <xxhash.h>
#include <yaml.h>
#include <zip.h>
#include "pipeline/command.h"
#include "pipeline/events.h"
#include "rumble/error.h"

#ifdef __clang__
#define COMPILER "" /* its version begins with its name */
#else
#define COMPILER "gcc"
#endif

void
rmb_print_versions(FILE *to)
{
	unsigned hdf5[3] = { 0 };
	H5get_libversion(&hdf5[0], &hdf5[1], &hdf5[2]);
	fprintf(to, "rumble %s\n", RUMBLE_VERSION);
	fprintf(to, "compiler   " COMPILER " %s\n", __VERSION__);
	fprintf(to, "HDF5       %u.%u.%u\n", hdf5[0], hdf5[1], hdf5[2]);
	fprintf(to, "OpenBLAS   %s, kernel %s, %d threads at most\n", openblas_get_config(), openblas_get_corename(),
	        openblas_get_num_threads());
	fprintf(to, "FFTW       %s\n", fftw_version);
	fprintf(to, "libyaml    %s\n", yaml_get_version_string());
	fprintf(to, "Jansson    %s\n", jansson_version_str());
	fprintf(to, "OpenSSL    %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
	fprintf(to, "xxHash     %u\n", XXH_versionNumber());
	fprintf(to, "libzip     %s\n", zip_libzip_version());
}

void
rmb_json_event(FILE *to, const char *event, int code, const char *text)
{
	rmb_json_line(to, json_pack("{s:s, s:s, s:o}", "event", event, "class", rmb_code_name(code), "message",
	                            rmb_json_text(text)));
}
