"""Of what ends a fuzzer's run, only what a library does by itself is forgiven."""
from fuzz import SOURCE, blame
from support.running import tests

COPY = "==9==ERROR: AddressSanitizer: SEGV on unknown address\n" \
    "    #0 0x55 in __asan_memcpy (/b/fuzz_hdf5+0x1)\n    #1 0x7f (/usr/lib/libc.so.6+0x3)\n"
LIBRARY = "    #2 0x7f in H5HG_read (/usr/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x2)\n"
MALLOC = "    #0 0x7f in __interceptor_malloc (/b/fuzz_hdf5+0x2)\n"
NAMELESS = "    #2 0x7f  (/usr/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x2)\n"
OURS = f"    #3 0x55 in rmb_hdf5_read {SOURCE}/stages/load/hdf5.c:10:3\n"


def test_a_library_that_falls_by_itself_is_named():
    assert blame(COPY + LIBRARY + OURS, "libhdf5") == ("H5HG_read", True)
    assert blame(COPY + NAMELESS + OURS, "libhdf5") == ("a function without a name", True)


def test_anything_else_is_ours():
    assert not blame(COPY + OURS + LIBRARY, "libhdf5")[1]
    assert not blame(COPY + LIBRARY + OURS, "libmatio")[1]
    assert not blame(COPY + LIBRARY + OURS, None)[1]
    assert not blame(COPY, "libhdf5")[1]


def test_a_library_that_overruns_the_room_it_was_given_is_not_to_blame():
    over = COPY.replace("SEGV on unknown address", "heap-buffer-overflow on address 0x60") + LIBRARY + OURS
    over += "0x60 is located 0 bytes to the right of 8-byte region\nallocated by thread T0 here:\n" + MALLOC
    assert not blame(over + OURS, "libhdf5")[1]
    assert blame(over + LIBRARY + OURS, "libhdf5") == ("H5HG_read", True)
    wild = over.replace("located 0 bytes", "located 240 bytes")
    assert blame(wild + OURS, "libhdf5") == ("H5HG_read", True)
    assert not blame("WRITE of size 8\n" + COPY.replace("SEGV on unknown", "use-after-poison on") + LIBRARY + OURS, "libhdf5")[1]


def test_undefined_behaviour_is_ours():
    assert not blame(f"{SOURCE}/stages/load/hdf5.c:10:3: runtime error: shift\n" + LIBRARY, "libhdf5")[1]


tests(globals())
