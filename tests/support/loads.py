"""What the program makes of a lab's file or folder, and why it refuses one."""
import subprocess

import h5py

from support.running import RUMBLE


def load(p, path, settings="", name="r"):
    """What `load` makes of it: datasets of the object by name, and what was said."""
    p.recipe(f"recordings: [{{name: {name}, path: {path}{settings}}}]\nstages:\n  raw: {{stage: load}}\n")
    said = p.run("run", "recipe.yaml")
    with h5py.File(p.file(f"recipe/results/{name}/raw.h5"), "r") as file:
        return {k: v[()] for k, v in file["recording"].items()}, said


def texts(column):
    return [item.decode().rstrip("\0") for item in column]


def refuse(p, path, settings, *words, check=True):
    """`check` (unless only reading it shows) refuses it with these words, and so does a run with the first of them."""
    p.recipe(f"recordings: [{{name: r, path: {path}{settings}}}]\nstages:\n  raw: {{stage: load}}\n")
    seen = subprocess.run([RUMBLE, "check" if check else "run", "recipe.yaml"], cwd=p.path, capture_output=True, text=True, timeout=60)
    assert seen.returncode == 2 or (seen.returncode and not check), (seen.returncode, seen.stdout, seen.stderr)
    for word in words:
        assert word in seen.stderr + seen.stdout, (word, seen.stderr, seen.stdout)
    run = p.start("run", "recipe.yaml")
    said = "".join(run.communicate(timeout=60))
    assert run.returncode in (1, 2, 3) and words[0] in said, (run.returncode, said)
