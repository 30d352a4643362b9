"""The same numbers: on one kernel type every object is the same bytes for any number of workers and threads, in any order."""
import numpy as np

from support.running import place, shared, tests

# More neurons than a tile of the products and more frames than a chunk, so that threads have something to share out wrongly.
RECIPE = f"""
recordings:
  - {{name: noise, format: npy, path: noise.npy, rate: 10 Hz, orientation: neurons-first}}
  - {{name: fish, format: npz, path: {shared('critical-init-npz/F_zftectum114.npz')}}}
stages:
  raw:      {{stage: load}}
  z:        {{stage: zscore, recording: raw}}
  shuffled: {{stage: shuffle, recording: z}}
  random:   {{stage: svca2, recording: [z, shuffled], halves: random, repeat: 2}}
  svca:     {{stage: svca, recording: z, halves: random}}
  direct:   {{stage: spectrum, recording: [z, shuffled]}}
  double:   {{stage: spectrum, recording: shuffled, precision: double}}
  alpha:    {{stage: powerlaw, spectrum: direct.spectrum, ranks: 5..50}}
"""


def recording(where):
    draw = np.random.default_rng(7)
    latent = draw.standard_normal((40, 4500))
    np.save(where.file("noise.npy"), (draw.standard_normal((1100, 40)) @ latent + draw.standard_normal((1100, 4500))).astype(np.float32))


def test_any_number_of_workers_and_threads_gives_the_same_bytes():
    seen = {}
    for jobs in (1, 2, 3, 8):
        with place() as here:
            recording(here)
            here.run("run", here.recipe(RECIPE), "--jobs", str(jobs))
            seen[jobs] = here.objects()
    assert len(seen[1]) > 15
    for jobs, objects in seen.items():
        differing = [key for key in seen[1] if objects.get(key) != seen[1][key]]
        assert objects == seen[1], f"--jobs {jobs}: {len(differing)} objects differ from --jobs 1"


def test_one_node_after_another_gives_the_same_bytes_as_all_at_once():
    with place() as here:
        recording(here)
        here.run("run", here.recipe(RECIPE))
        whole = here.objects()
    with place() as here:
        recording(here)
        recipe = here.recipe(RECIPE)
        for entry in ("raw", "z", "shuffled", "double", "direct", "alpha", "svca", "random"):
            here.run("run", recipe, "--until", entry, "--jobs", "2")
        assert here.objects() == whole


def test_names_places_and_order_of_a_recipe_change_no_byte():
    with place() as here:
        recording(here)
        here.run("run", here.recipe(RECIPE), "--until", "direct")
        whole = here.objects()
        lines = RECIPE.strip().split("\n")
        first = next(i for i, line in enumerate(lines) if line.startswith("stages:")) + 1
        turned = "\n".join(lines[:first] + lines[first:][::-1]).replace("z:  ", "zz: ").replace("recording: z,", "recording: zz,")
        turned = turned.replace("recording: z}", "recording: zz}").replace("[z, ", "[zz, ").replace("name: noise", "name: other")
        events = here.events("run", here.recipe("# a remark\n" + turned, "other.yaml"), "--until", "direct")
        assert events[0]["run"] == 0, events
        assert here.objects() == whole


tests(globals())
