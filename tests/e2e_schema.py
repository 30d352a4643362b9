"""The JSON schema of recipes: a validator accepts it and every recipe we ship, and refuses wrong ones; and what it refuses,
`rumble check` refuses too."""
import copy
import glob
import json
import os
import random
import re
import subprocess
import tempfile

import jsonschema
import numpy as np
import yaml

rumble, source = os.environ["RUMBLE"], os.environ["RUMBLE_SOURCE"]


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read recipes: `no` and `1:30` are texts, 1e3 is a number."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
                            ("int", r"[-+]?[0-9]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile("^(?:" + pattern + ")$"), list(first))


def check(text, place):
    """Exit code and words of `rumble check` on a recipe with this text."""
    path = os.path.join(place, "recipe.yaml")
    with open(path, "w") as file:
        file.write(text)
    done = subprocess.run([rumble, "check", path], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 2), f"check ended with {done.returncode}:\n{done.stderr}\n{text}"
    return done.returncode, done.stderr


good = {
    "rumble": 1, "title": "t", "seed": 3, "vars": {"width": 25}, "report": {"output": "r.html"},
    "recordings": [{"name": "a", "area": "V1", "path": "a.npz", "rate": "22 Hz", "labels": {"state": "awake"}, "tags": ["x"]}],
    "stages": {
        "raw": {"stage": "load", "format": "npz"},
        "good": {"stage": "select", "recording": "raw", "min_quality": {"by": "area", "V1": 0.3, "else": "none"}, "keep": False},
        "z": {"stage": "zscore", "recording": "good"},
        "mixed": {"stage": "shuffle", "recording": "z", "repeat": 2},
        "svca2": {"stage": "svca2", "recording": ["z", "mixed#1"], "spacing": "${width} um", "lag": 1},
        "alpha": {"stage": "powerlaw", "spectrum": "svca2.spectrum", "ranks": "11..500"},
    },
}
GONE = object()

# where in the good recipe, and what stands there instead
wrong = [
    (["rumble"], 2), (["rumble"], GONE), (["rumble"], "1"), (["seed"], -1), (["seed"], "x"), (["seed"], 1.5), (["title"], ["t"]), (["sed"], 1),
    (["vars"], {"a": [1]}), (["vars"], {"1a": 1}), (["vars"], [1]), (["include"], {"a": "b"}), (["report"], "r.html"), (["report", "output"], "../r.html"),
    (["report", "output"], "r.pdf"), (["report", "input"], "r.html"), (["recordings"], {"a": 1}), (["recordings"], GONE), (["stages"], GONE),
    (["stages"], []), (["stages"], {}), (["recordings"], []), (["recordings", 0], "a.npz"), (["recordings", 0], {"area": "V1"}), (["recordings", 0, "glob"], "*.npz"),
    (["recordings", 0, "rate"], 22), (["recordings", 0, "rate"], "22"), (["recordings", 0, "rate"], "22 um"), (["recordings", 0, "rate"], "22Hz "),
    (["recordings", 0, "raet"], "22 Hz"), (["recordings", 0, "format"], "mat7"), (["recordings", 0, "window"], "3 s"),
    (["recordings", 0, "window"], [3, 4]), (["recordings", 0, "labels"], ["x"]), (["recordings", 0, "tags"], [["x"]]),
    (["recordings", 0, "rate"], {"by": "area", "V1": "3 Hz"}), (["recordings", 0, "name"], ["a"]), (["recordings", 0, "name"], None),
    (["stages", "1z"], {"stage": "zscore", "recording": "raw"}), (["stages", "a.b"], {"stage": "zscore", "recording": "raw"}),
    (["stages", "z"], "zscore"), (["stages", "z"], {"recording": "good"}), (["stages", "z", "stage"], "zscor"), (["stages", "z", "recording"], GONE),
    (["stages", "z", "recording"], []), (["stages", "z", "recording"], ["good", "good"]), (["stages", "z", "recording"], {"a": 1}),
    (["stages", "z", "recording"], 3), (["stages", "z", "recording"], "good@"), (["stages", "z", "recording"], "good#0"),
    (["stages", "z", "recording"], "go od"), (["stages", "z", "dof"], 1), (["stages", "z", "ddof"], "1"), (["stages", "z", "ddof"], 1.5),
    (["stages", "z", "ddof"], True), (["stages", "z", "keep"], "no"), (["stages", "z", "keep"], 1), (["stages", "mixed", "repeat"], 0),
    (["stages", "mixed", "repeat"], 10001), (["stages", "svca2", "spacing"], 25), (["stages", "svca2", "spacing"], "25"),
    (["stages", "svca2", "spacing"], "25 Hz"), (["stages", "svca2", "spacing"], ".nan um"), (["stages", "svca2", "spacing"], "0x10 um"),
    (["stages", "svca2", "spacing"], ["25 um"]), (["stages", "svca2", "spacing"], {}), (["stages", "svca2", "spacing"], {"V1": "25 um"}),
    (["stages", "svca2", "spacing"], {"by": "area"}), (["stages", "svca2", "spacing"], {"by": "area", "V1": 25}),
    (["stages", "svca2", "precision"], "half"), (["stages", "svca2", "half1"], 3), (["stages", "svca2", "half1"], [1.5]),
    (["stages", "svca2", "half1"], ["1"]), (["stages", "alpha", "ranks"], 11), (["stages", "alpha", "ranks"], "11-500"),
    (["stages", "alpha", "ranks"], [11, 500]), (["stages", "good", "min_quality"], "0.3"), (["stages", "good", "min_quality"], None),
    (["stages", "good", "min_rate"], 0.1), (["stages", "good", "neurons"], [-1]),
]


def changed(where, what):
    recipe = copy.deepcopy(good)
    at = recipe
    for step in where[:-1]:
        at = at[step]
    if what is GONE:
        del at[where[-1]]
    else:
        at[where[-1]] = what
    return recipe


def leaves(tree, where=()):
    """Every place in a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield [*where, key]
        yield from leaves(value, (*where, key))


def main():
    schema = json.loads(subprocess.run([rumble, "schema"], capture_output=True, check=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    valid = jsonschema.Draft7Validator(schema).is_valid

    recipes = glob.glob(os.path.join(source, "recipes", "**", "*.yaml"), recursive=True)
    assert recipes, "no recipes to try"
    for path in recipes:
        jsonschema.Draft7Validator(schema).validate(yaml.load(open(path), Core))

    stages = json.loads(subprocess.run([rumble, "stages", "--json"], capture_output=True, check=True).stdout)
    shown = json.dumps(schema)
    for stage in stages:
        for setting in stage["settings"]:
            assert f'"{setting["name"]}": {{' in shown, f'{stage["name"]}.{setting["name"]} is not in the schema'

    with tempfile.TemporaryDirectory() as place:
        np.savez(os.path.join(place, "a.npz"), sp=np.ones((3, 40), "f4"))
        assert valid(good)
        code, words = check(json.dumps(good), place)
        assert code == 0, words
        code, words = check(yaml.safe_dump(good), place)
        assert code == 0, words
        for where, what in wrong:
            recipe = changed(where, what)
            name = f"{'.'.join(map(str, where))} = {'nothing' if what is GONE else what!r}"
            assert not valid(recipe), f"the schema accepts {name}"
            code, words = check(json.dumps(recipe), place)
            assert code == 2, f"check accepts {name}, which the schema refuses"
            assert "recipe.yaml:" in words, words

        # the same for changes that nobody thought of
        values = [0, 1, -1, 2.5, "", "x", "none", "25 um", "22 Hz", "z", "raw", "11..12", True, None, [], ["z"], [1], {}, {"by": "area", "else": 1}, "${width}",
                  "1e3 um", "a: b", "load"]
        rng, refused, places = random.Random(1), 0, list(leaves(good))
        for _ in range(400):
            where, what = rng.choice(places), rng.choice([*values, GONE])
            if rng.random() < 0.1:
                where, what = [*where[:-1], rng.choice(["path", "stage", "extra", "recording", "keep"])], rng.choice(values)
            try:
                recipe = changed(where, what)
            except (TypeError, KeyError, IndexError):
                continue
            if not valid(recipe):
                refused += 1
                code, _ = check(json.dumps(recipe), place)
                assert code == 2, f"check accepts what the schema refuses: {where} = {what!r}\n{json.dumps(recipe)}"
        assert refused > 100, f"only {refused} of the random changes were refused"
    print(f"{len(recipes)} recipes accepted, {len(wrong)} wrong ones and {refused} random ones refused by schema and check")


main()
