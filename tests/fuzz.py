"""Fuzzes every reader of foreign bytes: fuzz.py [SECONDS [TARGET...]] builds the targets and runs each for so many seconds, with a new seed and
what earlier runs have learnt (build/fuzz/grown). Without SECONDS each makes a fixed number of executions from a fixed seed, about a minute
of one processor, which is what every change has to pass. Needs clang with its libFuzzer.

A malformed file may bring down the libraries that read HDF5 and MATLAB, or keep them busy for ever; a worker contains that. Here the run ends
with it, its report says whose fault it was, and if it was a library's the next run goes on with the executions that are left. Any other fault
fails. What is found is left in build/fuzz/found."""
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(SOURCE, "build", "fuzz")
EXECUTIONS = {"folder": 60000, "hdf5": 25000, "load": 190000, "matlab": 50000, "pickle": 2000000, "recipe": 55000}
LIBRARIES = {"hdf5": "libhdf5", "matlab": "libmatio"}       # whose faults are theirs, in the runs of which reader


def first_frame(report, library):
    """The first frame that is the library's or ours, the C library's and the sanitizer's apart: its function, and whether it is the library's."""
    for frame in re.findall(r"^ +#\d+ 0x[0-9a-f]+ +(.*)", report, re.M):
        if library in frame or f" {SOURCE}/" in frame:
            name = re.match(r"in (\w+)", frame)
            return name.group(1) if name else "a function without a name", library in frame
    return "", False


def blame(report, library):
    """The function a run ended in, and whether the fault is the library's: it is where the run ended, and not at the end of memory of ours.
    Only the arena poisons memory, and what is written there went beyond a block of it; what goes on beyond another block is the fault of who
    made it, for a library fills the room that it is given. A wild pointer of the library's ends anywhere: what lies next to it means nothing."""
    if library is None or "runtime error:" in report or ("use-after-poison" in report and "WRITE of size" in report):
        return "", False
    where, theirs = first_frame(report, library)
    made = re.search(r"located (?:in stack|0 bytes (?:to the right of|after)|\d+ bytes inside of)[^\0]*", report)
    made = made and re.search(r"(?:allocated by thread|located in stack)[^\0]*", made.group())
    return where, theirs and (not made or first_frame(made.group(), library)[1])


def run(target, seed, goal, place, grown):
    """One run of libFuzzer to its goal, or its end: exit status, report and executions."""
    log = os.path.join(BUILD, f"fuzz_{target}.log")
    theirs = os.path.join(BUILD, "suppressions")           # what the libraries lose, in nearly every execution
    with open(theirs, "w", encoding="utf-8") as f:
        f.writelines(f"leak:{library}\n" for library in LIBRARIES.values())
    command = [os.path.join(BUILD, "tests", f"fuzz_{target}"), grown, os.path.join(BUILD, "corpus", target), f"-seed={seed}", goal,
               f"-artifact_prefix={BUILD}/found/{target}-", "-max_len=32768", "-timeout=20", "-rss_limit_mb=2048", "-malloc_limit_mb=100000",
               "-print_final_stats=1", f"-detect_leaks={int(target not in LIBRARIES)}"]
    sanitizer = {"ASAN_OPTIONS": "allocator_may_return_null=1:max_allocation_size_mb=512",
                 "LSAN_OPTIONS": f"suppressions={theirs}:print_suppressions=0"}
    with open(log, "wb") as out:
        status = subprocess.run(command, stdout=out, stderr=out, env={**os.environ, **sanitizer, "RUMBLE_FUZZ_PLACE": place}).returncode
    with open(log, encoding="utf-8", errors="replace") as f:
        report = f.read()
    executed = re.findall(r"stat::number_of_executed_units: *(\d+)", report)
    return status, report, int(executed[-1]) if executed else 0


def fuzz(target, seconds, place):
    """All runs of one target; says what came of them, and whether a fault was ours."""
    grown = os.path.join(BUILD, "grown", target) if seconds else os.path.join(place, "grown-" + target)
    os.makedirs(grown, exist_ok=True)
    seed, end, done, theirs = time.time_ns() % 2**31 if seconds else 1, time.monotonic() + seconds, 0, collections.Counter()
    left = seconds or EXECUTIONS[target]
    while left > 0:
        status, report, executed = run(target, seed, f"-max_total_time={left}" if seconds else f"-runs={left}", place, grown)
        done += executed
        if status:
            where, library = blame(report, LIBRARIES.get(target))
            if not library or not executed:
                return f"{target}: a fault of our own in run {seed}, of which this is the end ({BUILD}/fuzz_{target}.log):\n{report[-6000:]}", True
            theirs[where] += 1
        seed += 1
        left = int(end - time.monotonic()) if seconds else EXECUTIONS[target] - done
    return f"{target}: {done} executions" + "".join(f", {n} ended in {where}" for where, n in sorted(theirs.items())), False


def libfuzzer_is_here():
    program = b"int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }"
    return shutil.which("clang") and not subprocess.run(["clang", "-x", "c", "-fsanitize=fuzzer,address", "-o", "/dev/null", "-"], input=program,
                                                        stderr=subprocess.DEVNULL).returncode


def build(targets):
    quietly = {"cwd": SOURCE, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["cmake", "--preset", "fuzz", "-DRUMBLE_BENCH=OFF", "-DRUMBLE_WERROR=" + os.environ.get("RUMBLE_WERROR", "OFF")], **quietly)
    subprocess.run(["cmake", "--build", BUILD, "-j", str(os.cpu_count()), "--target", "rumble", *("fuzz_" + t for t in targets)], **quietly)
    subprocess.run([sys.executable, os.path.join(SOURCE, "tests", "fuzz_corpus.py"), os.path.join(BUILD, "corpus")], check=True)
    os.makedirs(os.path.join(BUILD, "found"), exist_ok=True)


def main():
    seconds, targets = int(sys.argv[1]) if len(sys.argv) > 1 else 0, sys.argv[2:] or list(EXECUTIONS)
    if not libfuzzer_is_here():
        sys.exit("fuzzing needs clang with its libFuzzer (Debian: clang libclang-rt-14-dev)")
    build(targets)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="rumble-fuzz-", dir=memory) as place, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = 0
        for said in concurrent.futures.as_completed([pool.submit(fuzz, target, seconds, place) for target in targets]):
            text, ours = said.result()
            print(text, flush=True)
            faults += ours
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
