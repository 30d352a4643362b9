/* load/hdf5_attribute.c -- attributes of objects: a text, a number, a reference. */
#include <math.h>
#include <string.h>
#include "load/hdf5.h"

enum { TEXT = 1024 };

/* An attribute with one entry of a class; -1: there is none. */
static hid_t
open_single(hid_t object, const char *name, hid_t *type)
{
	hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
	hid_t space = attribute >= 0 ? H5Aget_space(attribute) : -1;
	bool single = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
	if (space >= 0)
		H5Sclose(space);
	*type = single ? H5Aget_type(attribute) : -1;
	if (*type >= 0)
		return attribute;
	if (attribute >= 0)
		H5Aclose(attribute);
	return -1;
}

void
rmb_hdf5_text(hid_t object, const char *name, char *text, size_t room)
{
	char fixed[TEXT + 1] = "", *variable = NULL;
	hid_t type, attribute = open_single(object, name, &type);
	*text = '\0';
	if (attribute < 0)
		return;
	bool is_text = H5Tget_class(type) == H5T_STRING, varies = is_text && H5Tis_variable_str(type) > 0;
	if (varies && H5Aread(attribute, type, &variable) >= 0 && variable)
		strncpy(text, variable, room - 1);
	else if (is_text && !varies && H5Tget_size(type) <= TEXT && H5Aread(attribute, type, fixed) >= 0)
		strncpy(text, fixed, room - 1);
	text[room - 1] = '\0';
	if (variable)
		H5free_memory(variable);
	rmb_load_make_printable(text, strlen(text));
	H5Tclose(type);
	H5Aclose(attribute);
}

double
rmb_hdf5_number(hid_t object, const char *name)
{
	double number = NAN;
	hid_t type, attribute = open_single(object, name, &type);
	if (attribute < 0)
		return NAN;
	H5T_class_t class = H5Tget_class(type);
	if ((class != H5T_FLOAT && class != H5T_INTEGER) || H5Aread(attribute, H5T_NATIVE_DOUBLE, &number) < 0)
		number = NAN;
	H5Tclose(type);
	H5Aclose(attribute);
	return number;
}

haddr_t
rmb_hdf5_target(hid_t object, const char *name)
{
	hobj_ref_t reference = 0;
	H5O_info_t info = { .addr = HADDR_UNDEF };
	hid_t type, attribute = open_single(object, name, &type);
	if (attribute < 0)
		return HADDR_UNDEF;
	bool good = H5Tequal(type, H5T_STD_REF_OBJ) > 0 && H5Aread(attribute, H5T_STD_REF_OBJ, &reference) >= 0;
	hid_t target = good ? H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference) : -1;
	if (target >= 0 && H5Oget_info2(target, &info, H5O_INFO_BASIC) < 0)
		info.addr = HADDR_UNDEF;
	if (target >= 0)
		H5Oclose(target);
	H5Tclose(type);
	H5Aclose(attribute);
	return info.addr;
}
