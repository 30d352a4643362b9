"""`rumble plan`, `graph` and `status` as a user meets them: what runs and why, exit codes, pictures of the graph, moved recipes."""
import json
import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as tree

import numpy as np

rumble = os.environ["RUMBLE"]
AWKWARD = 'a "b" <i> & \\n $(touch ran) `touch ran`'
RECIPE = """rumble: 1
seed: 1
recordings:
  - {name: one, area: V1, format: npy, path: data/one.npy, rate: 22 Hz}
  - {name: 'AWKWARD', area: CA1, format: npy, path: data/two.npy, rate: 22 Hz}
stages:
  raw:      {stage: load}
  z:        {stage: zscore, recording: raw}
  shuffled: {stage: shuffle, recording: z}
  svca2:    {stage: svca2, recording: [z, shuffled], halves: random}
  alpha:    {stage: powerlaw, spectrum: svca2.spectrum, ranks: 2..8}
""".replace("AWKWARD", AWKWARD)


def make(where):
    os.makedirs(os.path.join(where, "data"))
    random = np.random.default_rng(1)
    for name in ("one", "two"):
        np.save(os.path.join(where, "data", name + ".npy"), random.standard_normal((24, 300)).astype(np.float32))
    write(where, RECIPE)


def write(where, text):
    with open(os.path.join(where, "recipe.yaml"), "w") as file:
        file.write(text)


def change(where, old, new):
    with open(os.path.join(where, "recipe.yaml")) as file:
        text = file.read()
    assert old in text, old
    write(where, text.replace(old, new))


def run(where, *words, code=0, env=None):
    done = subprocess.run([rumble, *words], cwd=where, capture_output=True, stdin=subprocess.DEVNULL, timeout=300,
                          env={**os.environ, "RUMBLE_CACHE": os.path.join(top, "cache"), **(env or {})})
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, f"{words}: status {done.returncode}, expected {code}\n{out}\n{err}"
    return out, err


def plan(where, *words, code=0):
    """{node: event} and the totals of `rumble plan --json`."""
    events = [json.loads(line) for line in run(where, "plan", "recipe.yaml", "--json", *words, code=code)[0].splitlines()]
    return {e["node"]: e for e in events if e["event"] == "node"}, next(e for e in events if e["event"] == "plan")


def will_run(nodes):
    return sorted(name.split("/")[-1] for name, e in nodes.items() if e["state"] == "run" and name.startswith("one/"))


def test_first_and_afterwards(where):
    nodes, total = plan(where, "--check", code=4)
    assert len(nodes) == 14 and total["run"] == 14 and total["cached"] == 0 and total["free"] > 0
    assert all(e["why"] == "never ran" for e in nodes.values())
    text = run(where, "plan", "recipe.yaml", "--check", code=4)[0]
    assert "NODE" in text and "one/svca2@shuffled" in text and "14 of 14 nodes will run" in text
    assert f"Cache: {os.path.realpath(top)}/cache (" in text and " free)" in text
    run(where, "run", "recipe.yaml")
    nodes, total = plan(where, "--check")
    assert total["run"] == 0 and total["cached"] == 14 and all(e["bytes"] > 0 for e in nodes.values())
    assert "Nothing to run: 14 of 14 nodes are cached." in run(where, "plan", "recipe.yaml", "--check")[0]


def test_reasons(where):
    change(where, "halves: random}", "halves: random, spacing: 40 um}")
    nodes, total = plan(where, "--check", code=4)
    assert will_run(nodes) == ["alpha@shuffled", "alpha@z", "svca2@shuffled", "svca2@z"], will_run(nodes)
    assert nodes["one/svca2@z"]["why"] == "spacing: 25 um -> 40 um (recipe.yaml:10)"
    assert nodes["one/alpha@z"]["why"] == "reads svca2@z, which will run"
    assert not nodes["one/svca2@z"]["guess"] and nodes["one/svca2@z"]["seconds"] > 0  # the sizes are known by now
    # the same from the command line, and back
    nodes, total = plan(where, "--set", "stages.svca2.spacing=25 um")
    assert total["run"] == 0
    change(where, ", spacing: 40 um}", "}")
    nodes, total = plan(where, "--set", "stages.svca2.spacing=50 um")
    assert nodes["one/svca2@z"]["why"] == "spacing: 25 um -> 50 um (--set)", nodes["one/svca2@z"]
    change(where, "seed: 1", "seed: 2")
    nodes, total = plan(where)
    assert will_run(nodes) == ["alpha@shuffled", "alpha@z", "shuffled", "svca2@shuffled", "svca2@z"]
    assert nodes["one/shuffled"]["why"] == "seed: 1 -> 2"
    change(where, "seed: 2", "seed: 1")
    data = os.path.join(where, "data/one.npy")
    samples = np.load(data)
    samples[0, 0] += 1
    np.save(data, samples)
    nodes, total = plan(where)
    assert total["run"] == 7 and all(e["state"] == "cached" for name, e in nodes.items() if not name.startswith("one/"))
    assert nodes["one/raw"]["why"] == "input file changed: data/one.npy (recipe.yaml:4)"
    assert nodes["one/z"]["why"] == "reads raw, which will run"
    samples[0, 0] -= 1
    np.save(data, np.random.default_rng(1).standard_normal((24, 300)).astype(np.float32))
    assert plan(where)[1]["run"] == 0


def test_removed_and_damaged_objects(where):
    nodes, _ = plan(where)
    key = nodes["one/svca2@z"]["key"]
    path = os.path.join(top, "cache/objects", key[:2], key + ".h5")
    with open(path, "rb") as file:
        content = file.read()
    os.unlink(path)
    nodes, total = plan(where, "--check", code=4)
    assert total["run"] == 1 and nodes["one/svca2@z"]["why"] == "its object was removed or damaged"
    with open(path, "wb") as file:
        file.write(content[:-1])
    assert plan(where)[0]["one/svca2@z"]["why"] == "its object was damaged"
    assert not os.path.exists(path)  # set aside
    run(where, "run", "recipe.yaml")
    with open(path, "rb") as file:
        assert file.read() == content


def test_moved(where):
    moved = os.path.join(top, "deeper/moved here")
    os.makedirs(os.path.dirname(moved))
    shutil.copytree(where, moved)
    assert plan(moved, "--check")[1]["run"] == 0
    elsewhere = tempfile.mkdtemp(dir=top)
    out, _ = run(elsewhere, "plan", os.path.join(moved, "recipe.yaml"), "--check", "--json")
    assert json.loads(out.splitlines()[-1])["run"] == 0
    shutil.rmtree(moved)


def test_narrowed(where):
    change(where, "halves: random}", "halves: random, lag: 1}")
    nodes, total = plan(where, "--only", "one/svca2@z")
    assert will_run(nodes) == ["svca2@z"] and total["run"] == 1
    nodes, _ = plan(where, "--until", "svca2@shuffled")
    assert will_run(nodes) == ["svca2@shuffled"] and nodes["one/alpha@shuffled"]["state"] == "left out"
    out, err = run(where, "plan", "recipe.yaml", "--only", "svca", code=2)
    assert "did you mean 'svca2'?" in err and not out
    _, err = run(where, "plan", "recipe.yaml", "--memory", "1 MB", code=3)
    assert "svca2" in err and "--memory" in err, err
    change(where, ", lag: 1}", "}")


def test_missing_input(where):
    change(where, "data/two.npy", "data/three.npy")
    out, err = run(where, "plan", "recipe.yaml", code=2)
    assert not out and "recipe.yaml:5:" in err and "data/three.npy" in err and "no such file" in err, err
    event = json.loads(run(where, "plan", "recipe.yaml", "--json", code=2)[0])
    assert event["class"] == "input" and event["line"] == 5
    run(where, "graph", "recipe.yaml")  # which needs no file
    change(where, "data/three.npy", "data/two.npy")


def test_graph(where):
    text, err = run(where, "graph", "recipe.yaml")
    assert not err and "For each of 2 recordings: one, " in text
    assert "├─ shuffled (shuffle)" in text and "└─ alpha@shuffled (powerlaw)" in text
    dot, _ = run(where, "graph", "recipe.yaml", "--format", "dot")
    svg, _ = run(where, "graph", "recipe.yaml", "--format", "svg")
    drawn = subprocess.run(["dot", "-Tplain"], input=dot.encode(), capture_output=True)
    assert drawn.returncode == 0 and drawn.stdout.count(b"\nnode ") == 14 and drawn.stdout.count(b"\nedge ") == 12, drawn
    page = tree.fromstring(svg)
    texts = [e.text for e in page.iter("{http://www.w3.org/2000/svg}text")]
    assert AWKWARD.replace("  ", " ") in texts, texts
    assert not os.path.exists(os.path.join(where, "ran"))
    assert page.find(".//{http://www.w3.org/2000/svg}i") is None
    out, err = run(where, "graph", "recipe.yaml", "--format", "svg", code=3, env={"PATH": where})
    assert not out and err.count("\n") == 1 and "Graphviz" in err and "apt-get install graphviz" in err, err
    assert "text, dot or svg" in run(where, "graph", "recipe.yaml", "--format", "png", code=2)[1]
    events = [json.loads(line) for line in run(where, "graph", "recipe.yaml", "--json")[0].splitlines()]
    reads = {e["node"]: [r["node"] for r in e["reads"]] for e in events}
    assert reads["one/alpha@shuffled"] == ["one/svca2@shuffled"] and reads["one/raw"] == []


def test_many_recordings_are_drawn_as_one(where):
    many = tempfile.mkdtemp(dir=top)
    recordings = "".join(f"  - {{name: r{i}, path: x{i}.npy}}\n" for i in range(300))
    write(many, "rumble: 1\nrecordings:\n" + recordings + "stages:\n  raw: {stage: load}\n  z: {stage: zscore, recording: raw}\n")
    dot, _ = run(many, "graph", "recipe.yaml", "--format", "dot")
    assert "r0, and 299 more alike" in dot and dot.count("->") == 1, dot[:300]
    assert "For each of 300 recordings: r0, r1, " in run(many, "graph", "recipe.yaml")[0]
    assert len(run(many, "graph", "recipe.yaml", "--json")[0].splitlines()) == 600


def test_cache_that_cannot_be_made(where):
    for command in ("plan", "status"):
        out, err = run(where, command, "recipe.yaml", "--cache", "/dev/null/cache", code=3)
        assert not out and "/dev/null/cache" in err and "--cache" in err, err
    event = json.loads(run(where, "plan", "recipe.yaml", "--cache", "/dev/null/cache", "--json", code=3)[0])
    assert event["class"] == "output", event


def test_status(where):
    text, _ = run(where, "status", "recipe.yaml")
    assert "one/svca2@z" in text and " ago" in text or "just now" in text
    assert "14 nodes: 14 cached." in text, text
    change(where, "ranks: 2..8", "ranks: 20..80")  # there are 12 ranks
    run(where, "run", "recipe.yaml", code=1)
    events = [json.loads(line) for line in run(where, "status", "recipe.yaml", "--json")[0].splitlines()]
    failed = {e["node"]: e["why"] for e in events if e["state"] == "failed"}
    assert len(failed) == 4 and "alpha" in failed["one/alpha@z"] and "recipe.yaml:11" in failed["one/alpha@z"], failed
    change(where, "ranks: 20..80", "ranks: 2..8")
    assert "14 nodes: 14 cached." in run(where, "status", "recipe.yaml")[0]


def test_not_kept(where):
    change(where, "raw:      {stage: load}", "raw:      {stage: load, keep: false}")
    assert plan(where, "--check")[1]["run"] == 0
    change(where, "rate: 22 Hz", "rate: 23 Hz")
    assert plan(where)[1]["run"] == 14
    run(where, "run", "recipe.yaml")
    nodes, total = plan(where, "--check")
    assert total["run"] == 0 and nodes["one/raw"]["state"] == "let go" and nodes["one/alpha@z"]["state"] == "cached"
    change(where, "halves: random}", "halves: random, lag: 2}")
    nodes, _ = plan(where)  # z is a view of samples that went with raw
    assert nodes["one/raw"]["state"] == "run" and nodes["one/z"]["state"] == "cached", nodes
    assert nodes["one/raw"]["why"] == "was let go (keep: false) and svca2@z needs it", nodes["one/raw"]
    run(where, "run", "recipe.yaml")
    assert plan(where, "--check")[1]["run"] == 0


top = tempfile.mkdtemp(prefix="rumble-plan-", dir=".")
top = os.path.abspath(top)
work = os.path.join(top, "work")
make(work)
for name, test in list(globals().items()):
    if name.startswith("test_"):
        test(work)
        print("passed:", name[5:].replace("_", " "))
shutil.rmtree(top)
