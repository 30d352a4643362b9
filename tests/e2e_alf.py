"""ALF folders through the binary: sessions of probes as the International Brain Laboratory writes them, and one folder for all probes."""
import os

import numpy as np

from support.loads import load, refuse, texts
from support.running import place, tests

TIMES = np.array([0.5, 1.25, 1.5, 2.0, 2.75, 3.5])
CLUSTERS = np.array([4, 0, 4, 2, 0, 4], np.int32)


def write(folder, **files):
    """Arrays and tables of one folder: spikes__times becomes spikes.times.npy; texts keep their endings, as in clusters__metrics__csv."""
    os.makedirs(folder, exist_ok=True)
    for name, value in {"spikes__times": TIMES, "spikes__clusters": CLUSTERS, **files}.items():
        path = os.path.join(folder, name.replace("__", "."))
        if isinstance(value, str):
            with open(path, "w") as file:
                file.write(value)
        elif value is not None:
            np.save(path + ".npy", value)


def spikes(got, i):
    return got["time"][got["first"][i]:got["first"][i + 1]]


def areas(got):
    return texts(got["area"])


def test_a_probe_has_depths_channels_acronyms_and_labels():
    with place() as p:
        write(p.file("s/alf/probe00/pykilosort"), clusters__channels=np.array([0, 1, 2, 1, 0]), clusters__depths=np.array([20., 40, np.nan, 80, 100]),
              channels__localCoordinates=np.array([[11., 20], [43, 40], [27, 60]]),
              channels__brainLocationAcronyms_ccf_2017=np.array(["VISp5" + 60 * "x", "CA1", "vo\u00efd"]),
              clusters__metrics__csv=",cluster_id,label,ks2_label\n0,0,1.0,mua\n1,1,0.0,good\n2,2,0.3333,good\n3,3,1,good\n4,4,1.0,good\n")
        for path in "s", "s/alf", "s/alf/probe00", "s/alf/probe00/pykilosort":
            got, said = load(p, path)
            assert list(got["id"]) == [0, 4] and "2 of 3 units" in said
            assert np.array_equal(spikes(got, 0), TIMES[CLUSTERS == 0]) and np.array_equal(spikes(got, 1), TIMES[CLUSTERS == 4])
            assert list(got["x"]) == [11, 11] and list(got["y"]) == [20, 100] and areas(got) == 2 * ["VISp5" + 60 * "x"]
            assert list(got["quality"]) == [1, 1] and list(got["probe"]) == [0, 0]
        got, _ = load(p, "s", ", units: good+mua")
        assert list(got["id"]) == [0, 2, 4] and list(got["x"]) == [11, 27, 11] and list(got["y"]) == [20, 60, 100]
        assert list(got["quality"]) == [1, 0.3333, 1] and areas(got)[1] == "vo\u00efd"
        assert texts(got["label"]) == ["good", "mua", "good"]


def test_metrics_that_were_never_fetched_are_named():
    with place() as p:
        write(p.file("s"))
        os.symlink("/nowhere/annex", p.file("s/clusters.metrics.csv"))
        refuse(p, "s", "", "clusters.metrics.csv", "a link to a file that is not there")


def test_probes_become_one_recording():
    with place() as p:
        for i, metrics in enumerate([",ks2_label\n0,good\n1,good\n2,mua\n3,good\n4,good\n", "ks2_label\nmua\ngood\ngood\ngood\nmua\n"]):
            write(p.file(f"alf/probe0{i}"), spikes__times=TIMES + i / 8, clusters__metrics__csv=metrics, clusters__depths=np.arange(5.) * 10)
        got, _ = load(p, "alf")
        assert list(got["id"]) == [0, 4, 1000002] and list(got["probe"]) == [0, 0, 1] and list(got["y"]) == [0, 40, 20]
        assert list(spikes(got, 2)) == [2.125]


def test_revisions_namespaces_and_longer_names():
    with place() as p:
        write(p.file("s"), spikes__times=None, **{"_ks2_spikes__times": TIMES + 100})
        write(p.file("s/#2023-01-01#"), spikes__clusters=None, **{"spikes__times": None, "spikes__times__probe00": TIMES + 200})
        write(p.file("s/#2024-05-06#"), spikes__times=TIMES + 300, spikes__clusters=None)
        got, said = load(p, "s")
        assert list(spikes(got, 0)) == [301.25, 302.75] and "no unit is labelled" in said
        write(p.file("s/#2024-05-06#"), spikes__times=TIMES + 400, spikes__clusters=None)   # what counts is in the key
        assert list(spikes(load(p, "s")[0], 0)) == [401.25, 402.75]


def test_one_folder_for_all_probes():
    """As published with Steinmetz et al. 2019: lists (n, 1), channels from 1, annotations of phy, areas in a table."""
    with place() as p:
        write(p.file("s"), spikes__times=TIMES[:, None], spikes__clusters=CLUSTERS[:, None], clusters__probes=np.array([[0], [0], [0], [1], [1]]),
              clusters__peakChannel=np.array([[1.], [2], [3], [2], [3]]), clusters___phy_annotation=np.array([[2], [3], [0], [2], [1]]),
              channels__sitePositions=np.array([[0., 10], [16, 20], [32, 30]]),
              channels__brainLocation__tsv="ccf_ap\tallen_ontology\n1\tVISp\n2\tCA3\n3\troot\n")
        got, said = load(p, "s")
        assert list(got["id"]) == [0] and areas(got) == ["VISp"] and "from 1" in said and "1 of 3 units" in said
        got, _ = load(p, "s", ", units: good+mua")
        assert list(got["id"]) == [0, 4] and list(got["probe"]) == [0, 1] and list(got["y"]) == [10, 30] and areas(got) == ["VISp", "root"]


def test_what_is_wrong_is_said():
    with place() as p:
        write(p.file("a"), spikes__clusters=CLUSTERS[:5])
        refuse(p, "a", "", "spikes.times.npy has 6", "spikes.clusters.npy has 5")
        write(p.file("b"), spikes__clusters=None)
        refuse(p, "b", "", "no spikes.clusters.npy")
        write(p.file("c"), spikes__clusters=np.array([0, 1, 2, 3, -4, 5]))
        refuse(p, "c", "", "cluster -4")
        write(p.file("d"), clusters__depths=np.arange(3.))
        refuse(p, "d", "", "cluster 4", "clusters.depths has 3 rows")
        write(p.file("e/probe00/pykilosort"))
        write(p.file("e/probe00/ks2"))
        refuse(p, "e", "", "two sortings", "e/probe00/ks2", "give the path of one")
        load(p, "e/probe00/ks2")
        write(p.file("f"), clusters__metrics__csv="cluster_id,label\nx,1\n")
        refuse(p, "f", "", "cluster_id in row 1")
        write(p.file("g"), **{"spikes__times__new": TIMES})
        refuse(p, "g", "", "both spikes.times.new.npy and spikes.times.npy")
        write(p.file("h"), clusters__metrics__pqt="PAR1")
        assert "pandas.read_parquet('clusters.metrics.pqt')" in load(p, "h")[1]
        write(p.file("i"), spikes__times=np.where(TIMES > 2, np.nan, TIMES))
        p.recipe("recordings: [{name: r, path: i}]\nstages:\n  raw: {stage: load}\n")
        assert "of 'spikes.times.npy' is not a number" in p.run("run", "recipe.yaml", status=1)
        write(p.file("j"), clusters__acronym=np.array(5 * ["x" * 300]))
        refuse(p, "j", "", "a text of 300 bytes", "up to 255")


tests(globals())
