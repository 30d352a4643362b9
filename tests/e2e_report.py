"""The report: what the program writes, and what a browser makes of it. Without Chromium only the first half is tested, and
where CI is set in the environment that is a failure."""
import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.dom.minidom

import h5py
import numpy

import browser

rumble, source = os.environ["RUMBLE"], os.environ["RUMBLE_SOURCE"]
fixture = os.path.join(source, "fixtures", "T181_2019_11_11.npz")

HOSTILE = '../<img src=x onerror=document.title=1>`"\'&<script>x</script>'
RECIPE = """rumble: 1
title: "</title><script>pwned = 1<\\/script> & co"
seed: 1
recordings:
  - {name: %s, area: '"><b onmouseover=alert(1)>', tags: ["<i>", "`tag`"], format: npz, path: %s, quality: single}
  - {name: other, area: x, format: npz, path: %s, quality: single}
stages:
  raw:      {stage: load}
  units:    {stage: select, recording: raw, min_quality: 0.5, min_rate: 0.01 Hz}
  frames:   {stage: bin, recording: units, rate: 22 Hz}
  z:        {stage: zscore, recording: frames}
  shuffled: {stage: shuffle, recording: z}
  svca2:    {stage: svca2, recording: [z, shuffled], spacing: 40 um}
  lasting:  {stage: autocorrelogram, recording: [z, shuffled], spacing: 40 um, components: 20, ranks: 1..20}
  local:    {stage: locality, recording: [z, shuffled], components: 5}
  far:      {stage: distance, recording: [z, shuffled], bin: 400 um, bins: 10, sample: 500}
  turning:  {stage: dmd, recording: [z, shuffled], components: 40}
  alpha:    {stage: powerlaw, spectrum: svca2.spectrum, ranks: 11..500} # </pre><script>pwned = 2</script>
report: {output: report.html}
"""


def run(*words, status=0):
    done = subprocess.run([rumble, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == status, f"{words} ended with {done.returncode}, expected {status}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def yaml_text(text):
    return "'" + text.replace("'", "''") + "'"


class Place:
    """A recipe, its cache and its output under a directory of their own."""

    def __init__(self, root):
        self.root, self.cache, self.out = root, os.path.join(root, "cache"), os.path.join(root, "out")
        self.recipe = os.path.join(root, "hostile.yaml")
        self.page = os.path.join(self.out, "report.html")
        with open(self.recipe, "w") as to:
            to.write(RECIPE % (yaml_text(HOSTILE), yaml_text(fixture), yaml_text(fixture)))

    def run(self, command, *more, status=0):
        return run(command, self.recipe, "--cache", self.cache, "--out", self.out, *more, status=status)

    def text(self):
        with open(self.page, encoding="utf-8") as page:
            return page.read()


def test_missing_results_are_said(place):
    said = place.run("report")
    assert "missing" in said, said
    text = place.text()
    assert "Not everything is here" in text and "has not been computed" in text
    os.remove(place.page)


def test_what_is_in_it(place):
    place.run("run")
    text = place.text()
    assert "Not everything is here" not in text
    for phrase in ("exponent", "How to cite", "Provenance", "sha256-", "&lt;img src=x onerror=", "&lt;script&gt;x&lt;/script&gt;", "alpha@shuffled", "cannot be compared"):
        assert phrase in text, f"{phrase!r} is not in the report"
    assert "of replicates: their mean" not in text, "nothing here is repeated"
    own = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", text, flags=re.S)
    for tag in ("<img src=x", "<b onmouseover", "<script>pwned", "<script>x", "<i>"):
        assert tag not in own, f"{tag} got into the report"
    assert len(re.findall("<figure", own)) == own.count('<script type="application/json">') >= 4
    figures = sorted(name for name in os.listdir(os.path.join(place.out, "figures")) if name != ".list")
    assert len(figures) == own.count("<figure"), figures
    for name in figures:
        picture = xml.dom.minidom.parse(os.path.join(place.out, "figures", name))
        assert picture.documentElement.tagName == "svg" and not picture.getElementsByTagName("script")


def figure(place, name):
    """What the page holds of a figure of the recording `other`, numbers decoded."""
    for text in re.findall(r'<script type="application/json">(.*?)</script>', place.text(), flags=re.S):
        data = json.loads(text)
        if data["file"] == "other-" + name:
            for before, trace in zip([None] + data["traces"], data["traces"]):
                for axis in ("x", "y", "low", "z"):
                    if axis in trace:
                        trace[axis] = numpy.frombuffer(base64.b64decode(trace[axis]), "<f4")
                trace.setdefault("x", before and before["x"])
            return data
    raise AssertionError(f"there is no figure {name}")


def result(place, node):
    return h5py.File(os.path.join(place.out, "results", "other", node + ".h5"))


def test_drawn_is_what_was_computed(place):
    """Every kind of figure against the arrays in results/: families, maps, spreads, points and guides."""
    near = lambda a, b: numpy.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    fan = figure(place, "lasting-correlograms")
    assert fan["panels"] == ["z", "shuffled"] and fan["x"] == "lag (s)" and fan["scale"]["title"] == "rank", fan["panels"]
    for p, branch in enumerate(fan["panels"]):
        with result(place, "lasting@" + branch) as h5:
            rows, flag = h5["autocorrelogram"][()], h5["flag"][()]
            lines = [t for t in fan["traces"] if t["panel"] == p and "value" in t]
            assert sorted(t["value"] for t in lines) == [k + 1 for k in range(len(rows)) if not flag[k]]
            for line in lines:
                near(line["y"], rows[int(line["value"]) - 1][1:])
                near(line["x"], numpy.arange(1, rows.shape[1]) / 22)
    maps = figure(place, "local-maps")
    assert maps["panels"] == [f"{branch}: rank {k}" for branch in ("z", "shuffled") for k in (1, 2, 3)]
    for trace in maps["traces"]:
        with result(place, "local@" + maps["panels"][trace["panel"]].split(":")[0]) as h5:
            near(trace["z"], h5["weights"][trace["panel"] % 3])
            near(trace["y"], h5["y"][()])
    spread = figure(place, "far-correlation")
    with result(place, "far@z") as h5:
        mean, sd = h5["correlation"][()], h5["correlation_sd"][()]
        line, band = ([t for t in spread["traces"] if t["label"].startswith("z: ") and t["mark"] == mark][0] for mark in ("line", "band"))
        full = numpy.isfinite(mean)
        near(line["y"][numpy.isfinite(line["y"])], mean[full])
        near(band["low"][numpy.isfinite(band["low"])], (mean - sd)[full])
        near(band["y"][numpy.isfinite(band["y"])], (mean + sd)[full])
    plane = figure(place, "turning-eigenvalues")
    circles = [t for t in plane["traces"] if t.get("guide") and t["label"].startswith("modulus")]
    assert len(circles) == 2 and plane["equal"]
    near(numpy.hypot(circles[0]["x"], circles[0]["y"]), numpy.ones(len(circles[0]["x"])))
    with result(place, "turning@z") as h5:
        points = [t for t in plane["traces"] if t["label"] == "z: eigenvalues"][0]
        near(points["x"], h5["eigenvalue_real"][()])
        near(points["y"], h5["eigenvalue_imaginary"][()])
    wedge = [t for t in figure(place, "alpha-fit")["traces"] if t["mark"] == "band" and t.get("guide")][0]
    numpy.testing.assert_allclose(sorted([wedge["low"][-1], wedge["y"][-1]]), sorted(float(wedge["x"][-1]) ** -e for e in (0.69, 1.254)), rtol=1e-5)


def test_unchanged_is_left_alone(place):
    before = os.stat(place.page)
    assert "unchanged" in place.run("report")
    place.run("run")
    after = os.stat(place.page)
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "an unchanged report was written again"


def test_same_bytes_elsewhere(place):
    text = place.text()
    run("report", place.recipe, "--cache", place.cache, "--out", os.path.join(place.root, "again"))
    with open(os.path.join(place.root, "again", "report.html"), encoding="utf-8") as again:
        assert again.read() == text, "the same results gave another report"


def test_changed_recipe_changes_it(place):
    with open(place.recipe, "a") as to:
        to.write("# a remark\n")
    assert "unchanged" not in place.run("report")
    assert "# a remark" in place.text()


def test_damage_is_said_once(place):
    """A flipped bit becomes a problem on the page, and the page is whole again after the next run."""
    whole = place.text()
    names = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(place.cache, "objects")) for name in names]
    small = [name for name in names if b'"stage":"powerlaw"' in open(name, "rb").read()]
    assert small
    with open(small[0], "r+b") as to:
        to.seek(3000)
        byte = to.read(1)[0]
        to.seek(3000)
        to.write(bytes([byte ^ 1]))
    again = os.path.join(place.root, "damaged")
    run("report", place.recipe, "--cache", place.cache, "--out", again)
    with open(os.path.join(again, "report.html"), encoding="utf-8") as page:
        assert "cannot be used" in page.read()
    run("run", place.recipe, "--cache", place.cache, "--out", again)
    with open(os.path.join(again, "report.html"), encoding="utf-8") as page:
        assert page.read() == whole


def test_figures_of_old_names_go(place):
    """A renamed entry takes its figures along; what the user put there, or changed, stays."""
    out = os.path.join(place.root, "renamed")
    folder = os.path.join(out, "figures")
    again = os.path.join(place.root, "again.yaml")
    names = lambda: {name for name in os.listdir(folder) if name != ".list"}
    run("report", place.recipe, "--cache", place.cache, "--out", out)
    before = names()
    with open(place.recipe) as old, open(again, "w") as new:
        new.write(re.sub(r"^  svca2:", "  shared:", old.read().replace("svca2.spectrum", "shared.spectrum"), flags=re.M))
    stale = sorted(name for name in before if "svca2" in name)
    assert len(stale) >= 2, before
    with open(os.path.join(folder, stale[0]), "a") as to:
        to.write("<!-- arrow added by hand -->")
    foreign = {"mine.svg", "notes.txt", stale[0]}
    for name in ("mine.svg", "notes.txt"):
        shutil.copy(os.path.join(folder, stale[1]), os.path.join(folder, name))
    run("report", again, "--cache", place.cache, "--out", out)
    after = names()
    assert foreign <= after and not after & set(stale[1:]), after
    kinds = lambda files: sorted(re.sub(r"(_[0-9a-f]{8})?[.]svg$", "", name).replace("shared", "svca2") for name in files)
    assert kinds(after - foreign) == kinds(before), after
    run("report", place.recipe, "--cache", place.cache, "--out", out)
    assert names() == before | {"mine.svg", "notes.txt"}


def start_drawing(place, out):
    """A report whose gnuplot waits to be killed; returns it, its gnuplot's pid, and the folder in which gnuplot would draw."""
    os.makedirs(os.path.join(place.root, "bin"), exist_ok=True)
    gnuplot, told = os.path.join(place.root, "bin", "gnuplot"), os.path.join(place.root, "pid")
    with open(gnuplot, "w") as to:
        to.write(f"#!/bin/sh\necho $$ > '{told}.new'\nmv '{told}.new' '{told}'\nexec sleep 600\n")
    os.chmod(gnuplot, 0o755)
    process = subprocess.Popen([rumble, "report", place.recipe, "--cache", place.cache, "--out", out], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, env=dict(os.environ, PATH=os.path.dirname(gnuplot)))
    while not os.path.exists(told):
        assert process.poll() is None
        time.sleep(0.01)
    with open(told) as pid:
        drawing = int(pid.read())
    os.remove(told)
    return process, drawing, os.readlink(f"/proc/{drawing}/cwd")


def test_what_a_kill_left_goes(place):
    """The folder of figures of a killed report goes with the next; that of a living one stays, and nothing goes through links."""
    out, precious = os.path.join(place.root, "it's killed\n"), os.path.join(place.root, "precious")
    os.mkdir(precious)
    open(os.path.join(precious, "data"), "w").close()
    dead, dead_drawing, left = start_drawing(place, out)
    alive, alive_drawing, kept = start_drawing(place, out)
    try:
        dead.kill()
        os.kill(dead_drawing, signal.SIGKILL)
        dead.wait()
        os.symlink(precious, os.path.join(left, "link"))
        os.symlink(precious, left + "0")
        run("report", place.recipe, "--cache", place.cache, "--out", out)
        assert os.listdir(precious) == ["data"]
        temporary = [name for name in os.listdir(os.path.join(out, "figures")) if ".tmp." in name]
        assert temporary == [os.path.basename(kept)] and os.listdir(kept), temporary
        with open(os.path.join(out, "report.html"), encoding="utf-8") as page:
            assert page.read() == place.text(), "the name of the folder changed the figures"
    finally:
        os.kill(alive_drawing, signal.SIGKILL)
        alive.wait()
    assert not os.path.exists(kept)
    assert "unchanged" not in run("report", place.recipe, "--cache", place.cache, "--out", out), "figures that failed were not tried again"
    shutil.rmtree(precious)


def test_outside_is_refused(place):
    for name in ("../../x.html", "/tmp/rumble-x.html"):
        said = run("report", place.recipe, "--cache", place.cache, "--out", place.out, "--set", f"report.output={name}", status=2)
        assert "outside" in said, said
    assert not os.path.exists(os.path.join(place.root, "..", "x.html")) and not os.path.exists("/tmp/rumble-x.html")


def test_links_out_are_refused(place):
    """A folder of the output that is a link stops the command before anything is computed or written, here or there."""
    for name in ("results", "results/other", "figures"):
        out, away = os.path.join(place.root, "linked"), os.path.join(place.root, "away")
        os.makedirs(os.path.dirname(os.path.join(out, name)))
        os.mkdir(away)
        os.symlink(away, os.path.join(out, name))
        before = sorted(os.walk(out))
        for command in ["run"] + ["report"] * (name == "figures"):
            said = run(command, place.recipe, "--cache", os.path.join(place.root, "unused"), "--out", out, status=2)
            assert name in said and "symbolic link" in said and "--out" in said, said
            assert os.listdir(away) == [] and sorted(os.walk(out)) == before
            objects = os.path.join(place.root, "unused", "objects")
            assert not os.path.exists(objects) or os.listdir(objects) == [], f"{command} computed something for {name}"
        shutil.rmtree(out)
        os.rmdir(away)


def test_valid_html(place):
    if not shutil.which("tidy"):
        return missing("tidy")
    done = subprocess.run(["tidy", "-q", "-e", place.page], capture_output=True, text=True)
    assert not done.stderr.strip(), done.stderr


# ---- in a browser

def test_it_is_drawn(place):
    with browser.Browser(1200, 900) as page:
        page.open(place.page)
        count = page.run("document.querySelectorAll('figure').length")
        for i in range(count):
            page.run(f"document.querySelectorAll('figure')[{i}].scrollIntoView()")
            page.wait(f"document.querySelectorAll('figure')[{i}].querySelector('.main-svg') !== null")
        page.wait("[...document.querySelectorAll('figure')].every(f => f.classList.contains('drawn'))")
        legend = page.run("[...document.querySelectorAll('.legendtext')].map(t => t.textContent).join('|')")
        assert "exponent" in legend and "shuffled" in legend, legend
        assert page.run("document.querySelector('h2 + .about').textContent.length") > 0
        assert page.run("[...document.querySelectorAll('h2')].filter(h => h.textContent.includes('<img src=x onerror')).length") == 1
        page.media("dark")
        page.run("new Promise(done => setTimeout(done, 500))")
        assert page.run("typeof pwned") == "undefined" and "pwned" in page.run("document.title")
        assert not page.said, page.said
        strangers = [a for a in page.asked if not a.startswith(("file://" + place.page, "data:", "blob:", "about:"))]
        assert not strangers, strangers


def test_keyboard(place):
    """Every button is reached by Tab and works by Enter; the data table opens from the keyboard too."""
    with browser.Browser(1200, 900) as page:
        page.open(place.page)
        page.run("saved = []; HTMLAnchorElement.prototype.click = function () { saved.push(this.download + ' ' + this.href.slice(0, 5)) }; 0")
        reached, opened = set(), False
        for _ in range(60):
            page.key("Tab")
            name = page.run("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")
            kind = page.run("document.activeElement.dataset.save || ''")
            if kind and kind not in reached:
                reached.add(kind)
                page.key("Enter", text="\r")
                page.wait(f"saved.length === {len(reached)}")
                assert name.startswith("Save ") and name.endswith(kind), name
            elif name == "Data of this figure" and not opened:
                page.key("Enter", text="\r")
                page.wait("document.querySelectorAll('.data[open] td').length > 0")
                opened = True
        saved = page.run("saved.join(', ')")
        assert reached == {"SVG", "PNG", "CSV"} and opened, (reached, opened)
        for end in (".svg", ".png", ".csv"):
            assert end in saved, saved
        assert not page.said, page.said


def test_without_script_and_on_paper(place):
    with browser.Browser(1200, 900, scripts=False) as page:
        page.open(place.page)
        shown = page.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        pictures = page.call("DOM.querySelectorAll", nodeId=shown, selector="img.static")["nodeIds"]
        assert len(pictures) >= 4
        for picture in pictures:
            box = page.call("DOM.getBoxModel", nodeId=picture)["model"]
            assert box["width"] > 200 and box["height"] > 100, box
    with browser.Browser(1200, 900) as page:
        page.open(place.page)
        page.run("document.querySelector('figure').scrollIntoView()")
        page.wait("document.querySelector('figure.drawn') !== null")
        assert page.run("[...document.images].every(i => i.naturalWidth > 0)"), "a static picture is broken"
        page.media(kind="print")
        assert page.run("[...document.querySelectorAll('.static')].every(i => getComputedStyle(i).display !== 'none')")
        assert page.run("[...document.querySelectorAll('.plot')].every(p => getComputedStyle(p).display === 'none')")


def missing(what):
    if os.environ.get("CI"):
        raise AssertionError(f"{what} is needed in CI and is not installed")
    print(f"skip {what} is not installed")


def main():
    plain = [test_missing_results_are_said, test_what_is_in_it, test_drawn_is_what_was_computed, test_unchanged_is_left_alone, test_same_bytes_elsewhere,
             test_changed_recipe_changes_it, test_damage_is_said_once, test_figures_of_old_names_go,
             test_what_a_kill_left_goes, test_outside_is_refused, test_links_out_are_refused, test_valid_html]
    browsed = [test_it_is_drawn, test_keyboard, test_without_script_and_on_paper]
    with tempfile.TemporaryDirectory(prefix="rumble-report.") as root:
        place = Place(root)
        for test in plain:
            test(place)
            print("ok  ", test.__name__)
        if not browser.find():
            return missing("chromium")
        if "was built without Plotly" in place.text():
            return missing("the chart library (npm ci in pipeline/report, then configure again)")
        for test in browsed:
            test(place)
            print("ok  ", test.__name__)


if __name__ == "__main__":
    sys.exit(main())
