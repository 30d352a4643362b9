"""The README and the handbook tell the truth: recipes are accepted, commands run, the Python opens the results."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

rumble, source = os.environ["RUMBLE"], os.environ["RUMBLE_SOURCE"]
readme = open(os.path.join(source, "README.md")).read()
loading = open(os.path.join(source, "docs/loading.md")).read()
cache = open(os.path.join(source, "docs/cache.md")).read()


def block(language, word, page=readme):
    found = [text for kind, text in re.findall(r"```(\w+)\n(.*?)```", page, re.S) if kind == language and word in text]
    assert len(found) == 1, f"there are {len(found)} {language} blocks with {word!r}"
    return found[0]


def run(words, where):
    done = subprocess.run(words, cwd=where, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def main():
    shown = yaml.safe_load(block("yaml", "rumble: 1"))
    assert shown == yaml.safe_load(open(os.path.join(source, "recipes/quickstart.yaml"))), "README shows another recipe"

    own = yaml.safe_load(block("yaml", "data/F_fx26.npz"))
    schema = json.loads(run([rumble, "schema"], source))
    entries = [yaml.safe_load(text) for text in re.findall(r"`- (\{path:[^`]*\})`", loading)]
    assert len(entries) >= 3, "docs/loading.md shows fewer recordings than it did"
    for recordings in (own["recordings"], entries):
        jsonschema.Draft7Validator(schema).validate({"rumble": 1, "stages": {"raw": {"stage": "load"}}, "recordings": recordings})

    with tempfile.TemporaryDirectory() as place:
        for folder in ("recipes", "fixtures"):
            shutil.copytree(os.path.join(source, folder), os.path.join(place, folder))
        os.environ["RUMBLE_CACHE"] = os.path.join(place, "cache")
        said = run([rumble, "run", "recipes/quickstart.yaml", "--out", "quickstart"], place)
        assert said.rstrip().endswith("report.html"), f"the last words do not name the report:\n{said}"
        for page in (readme, cache):
            run([sys.executable, "-c", block("python", "h5py", page)], place)
        for command in re.findall(r"`rumble ((?:export|cache|stages|help)[^`]*)`", readme):
            words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", command)]
            print("rumble", *words)
            run([rumble, *words], place)


main()
print("the README holds")
