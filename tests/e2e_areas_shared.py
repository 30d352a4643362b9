"""The stages of recipes/three-areas.yaml on recordings of four laboratories: spikes and images, 58 to 219 neurons or more, with six replicates."""
import re

from support.areas import ALONE, NETWORKS, RECIPE, summary, verdicts
from support.running import fixture, place, shared, tests

RECORDINGS = f"""recordings:
  - {{name: T181, area: rat, path: {fixture("T181_2019_11_11.npz")}, quality: single}}
  - {{name: T219, area: rat, path: {fixture("T219_2019_11_19.npz")}, quality: single}}
  - {{name: bank1, area: rat, path: {shared("phy-rat-m1-striatum196")}}}
  - {{name: hennig, area: retina, path: {shared("retina-waves-h5/Hennig2011_spikes_P5_Bic_10uM_16_Mar_2010_control_day1.h5")}, window: [0 s, 1800 s]}}
  - {{name: stafford, area: retina, path: {shared("retina-waves-h5/Stafford2009_WT_37C_Nasal_2008-10-13-2.h5")}, window: [0 s, 300 s]}}
  - {{name: fish, area: imaged, path: {shared("zebrafish-tectum114/zf_20151104-f1.mat")}, positions: cell_coordinates, rate: 2 Hz, pixel: 1 um}}
  - {{name: miniscope, area: imaged, path: {shared("critical-init-npz/F_miniscope219.npz")}, rate: 10 Hz}}

"""
# what goes by area there goes by what these recordings are
OWN = {r"min_quality: \{[^}]*\}, min_rate: \{[^}]*\}": "min_quality: {by: name, T181: 0.5, T219: 0.5, else: none}, min_rate: {by: area, imaged: none, else: 0.01 Hz}",
       r"recording: good, rate: 22 Hz": "recording: good, rate: {by: name, fish: 2 Hz, miniscope: 10 Hz, hennig: 3 Hz, stafford: 3 Hz, else: 22 Hz}",
       r"&noise \{[^}]*\}": "&noise matched", r"&side \{[^}]*\}": "&side {by: area, rat: 40 um, else: 25 um}",
       r"bin: \{by: area[^}]*\}": "bin: {by: area, rat: 200 um, else: 75 um}", r"recordings:\n(.*\n)*?(?=stages:)": RECORDINGS}


def recipe():
    with open(RECIPE) as f:
        text = f.read()
    for pattern, own in OWN.items():
        text, n = re.subn(pattern, lambda match: own, text)
        assert n == 1, f"{pattern} stands {n} times in {RECIPE}"
    return text.replace("rumble: 1\n", "")


def test_neurons_that_share_something_are_told_apart_from_their_shuffles():
    with place() as here:
        said = here.run("run", here.recipe(recipe()), "--set", "vars.replicates=6", "--set", "vars.test=normal")
        assert said.rstrip().endswith("report.html"), said
        found = verdicts(here.file("recipe"))
        assert len(found) == 7, sorted(found)
        for recording, (row, one) in found.items():
            far = {family: row[family, "all"]["distance"] for family in ALONE + NETWORKS}
            print(recording, one["decision"], one["nearest"], {family: round(d, 1) for family, d in far.items()})
            assert one["nearest"] in NETWORKS and min(far[f] for f in ALONE) > 1.3 * min(far[f] for f in NETWORKS), (recording, far)
            assert row["shuffled", "size.participation"]["adjusted"] < 0.05, (recording, row["shuffled", "size.participation"])
        means, between = summary(here.file("recipe"), "dimensions")
        for area in ("rat", "retina", "imaged"):
            assert means[area, "z"] < 0.8 * means[area, "shuffled"], (area, means)
        assert {frozenset(pair) for pair in between} == {frozenset(pair) for pair in (("imaged", "rat"), ("imaged", "retina"), ("rat", "retina"))}, between


tests(globals())
