"""Runs of the real program: recipes written to fresh directories, objects compared byte by byte, workers found in /proc."""
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback

RUMBLE = os.environ["RUMBLE"]
SOURCE = os.environ["RUMBLE_SOURCE"]
SHARED = os.environ["RUMBLE_SHARED"]


def shared(name):
    """A recording that is not part of the project; a test that misses it fails and says which."""
    path = os.path.join(SHARED, "recordings", name)
    if not os.path.exists(path):
        raise SystemExit(f"FAILED: this test needs the recording {path}; set RUMBLE_SHARED to the folder that holds recordings/")
    return path


def fixture(name):
    return os.path.join(SOURCE, "fixtures", name)


TWO_RATS = f"""
recordings:
  - {{name: T181, area: piriform, format: npz, path: {fixture('T181_2019_11_11.npz')}, quality: single}}
  - {{name: T219, area: striatum, format: npz, path: {fixture('T219_2019_11_19.npz')}, quality: single}}
"""
# Seconds of work, with branches and both precisions.
RATS_RECIPE = TWO_RATS + """
stages:
  raw:      {stage: load}
  frames:   {stage: bin, recording: raw, rate: 22 Hz}
  z:        {stage: zscore, recording: frames}
  shuffled: {stage: shuffle, recording: z}
  svca2:    {stage: svca2, recording: [z, shuffled], spacing: 40 um}
  direct:   {stage: spectrum, recording: z, precision: double}
  alpha:    {stage: powerlaw, spectrum: svca2.spectrum, ranks: 11..60}
report: {output: report.html}
"""


@contextlib.contextmanager
def place():
    """A fresh directory with a cache of its own."""
    with tempfile.TemporaryDirectory(prefix="rumble-test-") as path:
        yield Place(path)


class Place:
    def __init__(self, path):
        self.path = path
        self.cache = os.path.join(path, "cache")

    def file(self, name):
        return os.path.join(self.path, name)

    def recipe(self, text, name="recipe.yaml"):
        with open(self.file(name), "w") as f:
            f.write("rumble: 1\n" + text)
        return name

    def start(self, *words, **more):
        """A run in this place; its two outputs can be read."""
        return subprocess.Popen([RUMBLE, *words, "--cache", self.cache], cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, text=True, **more)

    def run(self, *words, status=0, **more):
        """Runs to the end; anything but the expected exit status fails. Returns what it said on standard error and output."""
        return self.end(self.start(*words, **more), status)

    def end(self, process, status=0, timeout=300):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{process.args} did not end within {timeout} s")
        assert process.returncode == status, f"{process.args} ended with {process.returncode}, not {status}:\n{out}{err}"
        return err + out

    def kill_again_and_again(self, *words, delays):
        """Kills a run after each delay. Two at least must not have ended by then."""
        kills = 0
        for delay in delays:
            process = self.start(*words)
            time.sleep(delay)
            kills += process.poll() is None
            send(process.pid, KILL)
            process.communicate()
        assert kills > 1

    def events(self, *words, status=0):
        """The JSON events of a run, as dicts."""
        process = self.start(*words, "--json")
        said = self.end(process, status)
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def objects(self):
        """Key -> SHA-256 of the whole file, of everything in the cache."""
        found = {}
        for folder, _, names in os.walk(os.path.join(self.cache, "objects")):
            for name in names:
                if name.endswith(".h5"):
                    with open(os.path.join(folder, name), "rb") as f:
                        found[name[:-3]] = hashlib.sha256(f.read()).hexdigest()
        return found

    def object(self, key):
        return os.path.join(self.cache, "objects", key[:2], key + ".h5")

    def leftovers(self):
        """Temporary files and folders in the cache and beside the output."""
        return [os.path.join(folder, name) for folder, folders, names in os.walk(self.path) for name in folders + names if ".tmp" in name]

    def journal(self):
        """Keys of the nodes that were executed, once for each time."""
        with open(os.path.join(self.cache, "journal.jsonl")) as f:
            return [json.loads(line)["key"] for line in f]


def works(pid):
    """Whether a process is a worker, not one that only looks at headers of input files before anything runs."""
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            return f.read().split("\0")[1:2] == ["node"]
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    """Worker processes of a run."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid and fields[0] != "Z" and works(name):
                found.append(int(name))
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(what, seconds=30, pause=0.002):
    """The first true value of what(), or a failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"waited {seconds} s in vain")


def worker_of(process, seconds=30):
    """The first worker that a run has, once it has one."""
    return wait_until(lambda: children(process.pid), seconds)[0]


def send(pid, what):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)


def numbers_alone(function):
    """A long test about numbers, which the sanitizers need not see: others run the same stages."""
    return None if os.environ.get("RUMBLE_SANITIZE") == "ON" else function


def searching(function):
    """Runs a test with the program that has a number to search for, and searches of its own (tests/search)."""
    def test():
        global RUMBLE
        before = RUMBLE
        RUMBLE = os.environ["RUMBLE_WITH_SEARCH"]
        try:
            function()
        finally:
            RUMBLE = before
    return test


def tests(module):
    """Runs every test_* function of a module (or those that an argument names a part of); their names are sentences."""
    failed = []
    for name, function in sorted(module.items()):
        if not name.startswith("test_") or not function or not all(word in name for word in sys.argv[1:]):
            continue
        start = time.monotonic()
        try:
            function()
            print(f"ok      {name[5:].replace('_', ' ')} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:
            failed.append(name)
            print(f"FAILED  {name[5:].replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
    sys.exit(1 if failed else 0)


STOP, CONTINUE, KILL, SEGV, TERM, INT, BUS = (signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGINT,
                                              signal.SIGBUS)
