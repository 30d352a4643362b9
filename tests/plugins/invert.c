/* tests/plugins/invert.c -- a plug-in of HDF5 with a filter that inverts every bit, under a number for tests. */
#include <H5PLextern.h>

static size_t
invert(unsigned flags, size_t nvalues, const unsigned values[], size_t nbytes, size_t *room, void **buffer)
{
	(void)flags, (void)nvalues, (void)values, (void)room;
	unsigned char *bytes = *buffer;
	for (size_t i = 0; i < nbytes; i++)
		bytes[i] = (unsigned char)~bytes[i];
	return nbytes;
}

static const H5Z_class2_t filter = { H5Z_CLASS_T_VERS, 300, 1, 1, "invert", NULL, NULL, invert };

H5PL_type_t
H5PLget_plugin_type(void)
{
	return H5PL_TYPE_FILTER;
}

const void *
H5PLget_plugin_info(void)
{
	return &filter;
}
