"""`rumble check`, `stages` and `schema` as a user meets them: exit codes, sentences with their place, JSON events, hostile
recipes within their limits, and nothing written anywhere."""
import json
import os
import stat
import subprocess
import sys
import tempfile

import h5py
import numpy as np

rumble, source = os.environ["RUMBLE"], os.environ["RUMBLE_SOURCE"]
HEAD = """rumble: 1
recordings:
  - {name: a, area: V1, path: a.npz}
stages:
  raw: {stage: load}
  z: {stage: zscore, recording: raw}
"""


def run(*words, where):
    done = subprocess.run([rumble, *words], cwd=where, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(where, text, name="recipe.yaml"):
    with open(os.path.join(where, name), "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines) + "\n"


# the developers' half of the catalogue of bad inputs: name, recipe, words that the messages must hold
catalogue = [
    ("D01 empty", "", ["empty recipe", "recipe.yaml:1:1"]),
    ("D01 comments", "# nothing\n# here\n", ["empty recipe"]),
    ("D02 tab", "rumble: 1\nstages:\n\traw: {stage: load}\n", ["recipe.yaml:3:1", "tab"]),
    ("D03 unterminated", HEAD + "  s: {stage: svca2, recording: [z, raw\n", ["recipe.yaml:7:32", "']'"]),
    ("D04 twice", HEAD + "  z: {stage: zscore, recording: raw}\n", ["recipe.yaml:7:3", "duplicate key 'z'", "line 6", "line 7"]),
    ("D05 misspelt", HEAD + "  f: {stage: bin, recording: raw, widht: 2 s}\n", ["recipe.yaml:7:35", "bin has no parameter 'widht'; did you mean 'width'?"]),
    ("D06 cycle", HEAD + "  b: {stage: zscore, recording: c}\n  c: {stage: zscore, recording: d}\n  d: {stage: zscore, recording: b}\n",
     ["b -> c -> d -> b"]),
    ("D07 unknown node", HEAD + "  s: {stage: svca2, recording: rwa}\n", ["recipe.yaml:7:32", "unknown node 'rwa'; did you mean 'raw'?"]),
    ("D08 alias bomb", bomb(), ["alias", "limit"]),
    ("D09 brackets", "[" * 100000, ["nesting", "limit"]),
    ("D10 no UTF-8", HEAD.encode() + b"title: a\xff\xfe\xfd\n", ["recipe.yaml:7:9", "UTF-8"]),
    ("D11 tag", "a: !!python/object/apply:os.system [id]\n", ["recipe.yaml:1:4", "tag not allowed"]),
    ("D11 tag among what is varied", HEAD + "  n: {stage: connectivity, neurons: 20, bin: 46 ms}\n  p: {stage: powerlaw, spectrum: n.spectrum}\n"
     "  v: {stage: sweep, value: p.exponent, vary: {n.entries: [uniform, !x , gaussian]}}\n", ["recipe.yaml:9:68", "tag not allowed: '!x'"]),
    ("D12 outside", HEAD + "report: {output: ../../x.html}\n", ["recipe.yaml:7:18", "outside the output directory"]),
    ("D12 through a link", HEAD + "report: {output: link/x.html}\n", ["outside the output directory"]),
    ("D13 word for number", HEAD + "  s: {stage: svca2, recording: z, lag: fast}\n", ["lag expects a whole number", "'fast'"]),
    ("D13 list for number", HEAD + "  s: {stage: svca2, recording: z, lag: [3]}\n", ["lag expects a whole number", "a list"]),
    ("D13 mapping for number", HEAD + "  s: {stage: svca2, recording: z, lag: {}}\n", ["lag", "a mapping"]),
    ("D14 negative", HEAD + "  f: {stage: bin, recording: z, rate: -3 Hz}\n", ["rate of -3 Hz is out of range; allowed: "]),
    ("D14 zero", HEAD + "  f: {stage: bin, recording: z, width: 0 s}\n", ["width of 0 s is out of range; allowed: "]),
    ("D14 huge", HEAD + "  s: {stage: shuffle, recording: z, rounds: 1000000000000}\n", ["rounds of 1000000000000 is out of range; allowed: "]),
    ("D15 self", "a: &x [*x]\n", ["refers to itself"]),
    ("NUL", HEAD.encode() + b"title: a\0b\n", ["recipe.yaml:7:9", "NUL"]),
    ("UTF-16", HEAD.encode("utf-16"), ["UTF-16"]),
    ("two documents", HEAD + "---\n" + HEAD, ["recipe.yaml:7:1", "second document"]),
    ("merge key", "a: &a {b: 1}\nc: {<<: *a}\n", ["merge keys"]),
    ("a file of a name like it", HEAD.replace("a.npz", "aa.npz"), ["recipe.yaml:3:31", "cannot read 'aa.npz': there is no such file or folder; did you mean 'a.npz'"]),
    ("no folder around the file", HEAD.replace("a.npz", "b/c/d.npz"), ["recipe.yaml:3:31", "there is no folder 'b/c'"]),
    ("missing file", HEAD.replace("a.npz", "b.npz"), ["recipe.yaml:3:31", "cannot read 'b.npz': there is no such file"]),
    ("empty file", HEAD.replace("a.npz", "empty.npz"), ["'empty.npz' is empty"]),
    ("escape sequences", HEAD + "  \"\\e[31m\": {stage: load}\n", ["\\x1b[31m"]),
]


def listing(where):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(where) for name in names)


def check_catalogue(where):
    for name, text, words in catalogue:
        write(where, text)
        before = listing(where)
        code, out, err = run("check", "recipe.yaml", where=where)
        assert code == 2, f"{name}: ended with {code}\n{err}"
        assert out == "", f"{name}: {out}"
        assert "\x1b" not in err, f"{name}: an escape sequence reached the terminal"
        for word in words:
            assert word in err, f"{name}: expected {word!r} in:\n{err}"
        code, out, err = run("check", "--json", "recipe.yaml", where=where)
        events = [json.loads(line) for line in out.splitlines()]
        assert code == 2 and events and err == "", f"{name}: {code}\n{err}"
        cls = "input" if "file" in name else "recipe"
        assert all(e["event"] == "mistake" and e["class"] == cls and e["file"] == "recipe.yaml" for e in events), f"{name}: {events}"
        assert listing(where) == before, f"{name}: something was written"


def check_sentences(where):
    """The whole of what a terminal shows, once."""
    write(where, HEAD + "  s: {stage: svca2, recording: z, spacng: 40 um, lag: x}\nreprot: none\n")
    code, out, err = run("check", "recipe.yaml", where=where)
    assert (code, out) == (2, "")
    assert err == """recipe.yaml:7:35: svca2 has no parameter 'spacng'; did you mean 'spacing'?
     7 |   s: {stage: svca2, recording: z, spacng: 40 um, lag: x}
       |                                   ^
recipe.yaml:7:55: svca2: lag expects a whole number, such as 5; found 'x'
     7 |   s: {stage: svca2, recording: z, spacng: 40 um, lag: x}
       |                                                       ^
recipe.yaml:8:1: a recipe has no key 'reprot'; did you mean 'report'?
     8 | reprot: none
       | ^
""", err


def check_good(where):
    write(where, HEAD)
    assert run("check", "recipe.yaml", where=where) == (0, "recipe.yaml: no mistakes; 1 recording, 2 stages, 2 nodes\n", "")
    assert run("check", "-q", "recipe.yaml", where=where) == (0, "", "")
    code, out, err = run("check", "--json", "recipe.yaml", where=where)
    assert json.loads(out) == {"event": "checked", "recipe": "recipe.yaml", "recordings": 1, "stages": 2, "nodes": 2}
    code, out, err = run("check", "--set", "stages.z.recording=[raw, raw]", "recipe.yaml", where=where)
    assert code == 2 and err.startswith("--set:1:26: 'raw' stands twice in this list\n     1 | stages.z.recording=[raw, raw]\n"), err
    assert run("check", "--set", "recordings.a.path=b.npz", "recipe.yaml", where=where)[0] == 2
    assert run("check", "--set", "stages.z.ddof=1", "recipe.yaml", where=where)[0] == 0
    code, out, err = run("check", "nowhere.yaml", where=where)
    assert code == 2 and "nowhere.yaml: cannot read the recipe" in err, err
    code, _, err = run("check", "", where=where)
    assert code == 2 and err.startswith("cannot read the recipe ''"), err
    assert run("check", ".", where=where)[0] == 2
    for name in os.listdir(os.path.join(source, "recipes")):
        if name.endswith(".yaml"):
            code, out, err = run("check", os.path.join(source, "recipes", name), where=where)
            missing = [line for line in err.splitlines() if ".yaml:" in line]  # recordings that do not ship with the recipes
            assert code == 0 or (len(missing) == 1 and "no file in" in missing[0]), f"{name}: {err}"


ALL_AT_ONCE = """rumble: 1
recordings:
  - {name: a, path: nowhere.npy, rate: 10 Hz}
stages:
  raw: {stage: load}
  z: {stage: zscore, recording: raw, ddof: 7}
  s: {stage: svca2, recording: [raw, raw@none]}
  u: {stage: spectrum, recording: "z#2"}
  a: {stage: zscore, recording: b}
  b: {stage: zscore, recording: a}
  c: {stage: zscore, recording: b@x}
  p: {stage: powerlaw, spectrum: z}
  q: {stage: powerlaw, spectrun: s}
  w: {stage: bin, recording: raw, widht: 2 s}
  v: {stage: bin, recording: raw, bin_witdh: 2 s}
  t: {stage: nope, recording: raw}
  t2: {stage: zscore, recording: t@x}
"""


def check_all_at_once(where):
    """Mistakes of every kind in one recipe: all of them, each once, and none that only follows from another."""
    write(where, ALL_AT_ONCE)
    code, out, err = run("check", "--json", "recipe.yaml", where=where)
    told = [(e["line"], e["column"], e["message"]) for e in map(json.loads, out.splitlines())]
    expected = [(3, 21, "cannot read 'nowhere.npy'"), (6, 44, "ddof of 7"), (7, 38, "no raw@none"), (8, 35, "no z#2"), (10, 33, "a -> b -> a"),
                (12, 34, "put the stage spectrum"), (13, 24, "did you mean 'spectrum'?"), (14, 35, "did you mean 'width'?"),
                (15, 35, "'bin_witdh'; did you mean 'width'?"), (16, 14, "no stage 'nope'")]
    assert code == 2 and len(told) == len(expected), told
    for (line, column, message), (l, c, words) in zip(told, expected):
        assert (line, column) == (l, c) and words in message, (line, column, message, words)
    code, out, err = run("run", "--json", "recipe.yaml", where=where)
    assert code == 2 and len(out.splitlines()) == len(expected) - 1, out  # but for the file, which no node was made for


def check_consequences(where):
    """One mistake each, with its line, though more would follow from it."""
    for text, words in ((HEAD.replace("recordings:", "recordngs:"), ":2:1: a recipe has no key 'recordngs'"),
                        ("rumble: 1\ninclude: nowhere.yaml\n", ":2:10: cannot read the included file"),
                        ("rumble: 1\nrecordings: [{name: a, path: a.npz}]\nstages: {}\n", ":3:1: the recipe has no stages"),
                        (HEAD.replace("path: a", "pth: a"), ":3:25: a recording has no key 'pth'"),
                        (HEAD.replace("path: a.npz", "glob: 'q*'") + "  f: {stage: bin, recording: raw, width: {by: area, V1: 1 s}}\n",
                         ":3:31: no file"),
                        (HEAD + "  c: {stage: select, recording: c}\n", ":7:33: the stages go round in a cycle"),
                        (HEAD.replace("a.npz", "none.npz, positions_file: a.npz"), ":3:31: cannot read 'none.npz'"),
                        (HEAD.replace("a.npz", "a.npz, positions_file: none.npy"), ":3:54: cannot read 'none.npy'")):
        write(where, text)
        code, out, err = run("check", "recipe.yaml", where=where)
        assert code == 2 and err.startswith("recipe.yaml" + words) and err.count("recipe.yaml:") == 1 and "^" in err, (text, err)


def check_looks(where):
    """What load would refuse of a file's format, header, members and lengths is told before anything runs, all at once."""
    def at(name):
        return os.path.join(where, name)
    np.save(at("good.npy"), np.ones((3, 40), "f4"))
    whole = open(at("good.npy"), "rb").read()
    write(where, whole[:-100], "short.npy")
    write(where, "a,b\n1,2\n", "text.npy")
    np.save(at("four.npy"), np.ones((4, 2)))
    np.save(at("three.npy"), np.ones((3, 2)))
    np.savez(at("spikes.npz"), st=np.arange(5.0), clu=np.zeros(4, int))
    np.savez(at("fine.npz"), st=np.arange(4.0), clu=np.zeros(4, int))
    with h5py.File(at("good.h5"), "w") as file:
        file["deep/spks"] = np.ones((3, 40))
    write(where, open(at("good.h5"), "rb").read()[:900], "short.h5")
    files = ["path: good.npy", "path: good.npy, positions_file: three.npy", "path: good.h5, activity: deep/spks", "path: short.npy",
             "path: text.npy", "path: a.npz, format: npy", "path: a.npz, activity: sq", "path: good.npy, positions_file: four.npy",
             "path: spikes.npz", "path: short.h5", "path: good.h5, activity: spks", "path: fine.npz"]
    recordings = "".join(f"  - {{name: r{i}, {text}}}\n" for i, text in enumerate(files))
    write(where, "rumble: 1\nrecordings:\n" + recordings + "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw, ddof: 7}\n"
          "  w: {stage: zscore, recording: raw}\n")
    expected = [(6, "short.npy"), (7, "text.npy is plain text, a table of"), (8, "not npy as the recipe says"), (9, "`activity: sq` names nothing"),
                (10, "is for 4 neurons"), (11, "5 spike times, but 'clu' has 4"), (12, "short.h5 is a truncated or damaged HDF5"),
                (13, "it holds deep/spks"), (17, "ddof of 7"), (18, "raw of recording r11 makes spikes")]
    before = listing(where)
    code, out, err = run("check", "--json", "recipe.yaml", where=where)
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 2 and err == "" and len(told) == len(expected), told
    for event, (line, words) in zip(told, expected):
        assert event["line"] == line and words in event["message"], (event, line, words)
        assert event["class"] == ("recipe" if line >= 17 else "input") and "\n" not in event["message"], event
    assert told[4]["column"] == recordings.splitlines()[7].index("four.npy") + 1, told[4]
    assert listing(where) == before


def usage(where, text):
    """Processor time (s) and peak memory (MB) of checking a text."""
    write(where, text)
    pid = os.posix_spawn(rumble, [rumble, "check", os.path.join(where, "recipe.yaml")], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)])
    _, status, used = os.wait4(pid, 0)
    assert os.WIFEXITED(status), f"ended by signal {status}"
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def check_limits(where):
    time, memory = usage(where, HEAD)
    print(f"a small recipe: {time:.3f} s, {memory:.0f} MB")
    hostile = {
        "alias bomb": bomb(), "100,000 [": "[" * 100000, "100,000 {": "{" * 100000, "100,000 - ": "- " * 100000, "1 MB of a: a:": "a: " * 300000,
        "60,000 anchors": "".join(f"- &a{i} x\n" for i in range(60000)), "one long line": "title: " + "x" * 1000000,
        "many unknown nodes": HEAD + "".join(f"  n{i}: {{stage: zscore, recording: q{i}}}\n" for i in range(1200)),
        "many equal keys": "k: x\n" * 4900, "variables": "rumble: 1\nvars: {x: " + "y" * 500000 + "}\ntitle: \"" + "${x}" * 10000 + "\"\n",
        "stars": HEAD + "title: &a x\n" + "".join(f"v{i}: *a\n" for i in range(4900)),
    }
    for name, text in hostile.items():
        more_time, more_memory = (a - b for a, b in zip(usage(where, text), (time, memory)))
        print(f"{name}: {more_time:.3f} s, {more_memory:.1f} MB more")
        assert more_time < 3, f"{name}: {more_time:.1f} s"
        assert more_memory < 50, f"{name}: {more_memory:.0f} MB"


def check_files(where):
    """What can be opened but is no input; unreadable ones as a user without privileges."""
    os.mkfifo(os.path.join(where, "pipe.npz"))
    code, _, err = run("check", "pipe.npz", where=where)
    assert code == 2 and "empty recipe" in err, err  # nobody writes into it: no reason to wait
    write(where, HEAD.replace("a.npz", "pipe.npz"))
    code, _, err = run("check", "recipe.yaml", where=where)
    assert code == 2 and "'pipe.npz' is neither a file nor a folder" in err, err
    secret = os.path.join(where, "secret.npz")
    write(where, b"PK\5\6", "secret.npz")
    os.chmod(secret, 0)
    write(where, HEAD.replace("a.npz", "secret.npz"))
    os.chmod(where, 0o755)

    def drop():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    done = subprocess.run([rumble, "check", "recipe.yaml"], cwd=where, capture_output=True, text=True, preexec_fn=drop)
    assert done.returncode == 2 and "cannot read 'secret.npz': Permission denied" in done.stderr, (done.returncode, done.stderr)
    cache = os.path.join(where, "of nobody")
    os.mkdir(cache)
    os.chmod(cache, 0o777)
    done = subprocess.run([rumble, "plan", "recipe.yaml", "--json", "--cache", cache], cwd=where, capture_output=True, text=True, preexec_fn=drop)
    assert done.returncode == 3 and json.loads(done.stdout)["class"] == "access", (done.returncode, done.stdout, done.stderr)
    code, out, err = run("export", "recipe.yaml", "z", "--set", "recordings.a.path=a.npz", "--out", "-", "--cache", cache, where=where)
    assert code == 2 and "not to standard output" in err and not os.path.exists(os.path.join(where, "-")), (code, err)
    assert "text, dot or svg" in run("graph", "--help", where=where)[1] == run("help", "graph", where=where)[1]
    assert "did you mean 'graph'" in run("help", "grahp", where=where)[2]
    for hidden in "nope", "lok":    # near the workers' commands, which are not for people
        assert "`rumble help` lists them" in run("help", hidden, where=where)[2]
    os.chmod(secret, stat.S_IRUSR | stat.S_IWUSR)


def check_stages(where):
    code, out, _ = run("stages", where=where)
    stages = json.loads(run("stages", "--json", where=where)[1])
    assert code == 0 and len(stages) >= 9
    for stage in stages:
        assert f"  {stage['name']} " in out and stage["brief"] in out
        code, page, err = run("stages", stage["name"], where=where)
        assert (code, err) == (0, "")
        words = " ".join(page.split())
        for row in stage["settings"] + stage["inputs"] + stage["outputs"]:
            assert row["name"] in page and " ".join(row["help"].split()) in words, (stage["name"], row)
        assert all(len(line) <= 110 for line in page.splitlines()), page
        assert json.loads(run("stages", stage["name"], "--json", where=where)[1]) == stage
    code, out, err = run("stages", "scva2", where=where)
    assert code == 2 and out == "" and "there is no stage 'scva2'; did you mean 'svca2'?" in err, err


def main():
    with tempfile.TemporaryDirectory() as where:
        np.savez(os.path.join(where, "a.npz"), sp=np.ones((3, 40), "f4"), xpos=np.arange(3.0))
        write(where, b"", "empty.npz")
        os.mkdir(os.path.join(where, "elsewhere"))
        os.symlink("elsewhere", os.path.join(where, "link"))
        for part in (check_catalogue, check_sentences, check_good, check_all_at_once, check_consequences, check_looks,
                      check_limits, check_files, check_stages):
            part(where)
            print(part.__name__.replace("_", " "), "holds")


sys.exit(main())
