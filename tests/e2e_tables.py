"""Tables of text through the binary: spikes, frames by neurons, neurons by frames; what a first line may say, and where a mistake lies."""
import numpy as np

from support.loads import load, refuse
from support.running import fixture, place, tests

X = np.random.default_rng(5).normal(size=(4, 30)).round(4)


def write(p, name, text):
    with open(p.file(name), "w", newline="") as file:
        file.write(text)


def table(first, names, columns, separator=","):
    rows = [separator.join(names if first is None else [first, *names])]
    return "\n".join(rows + [separator.join(str(v) for v in row) for row in columns]) + "\n"


def spikes(got, i):
    return got["time"][got["first"][i]:got["first"][i + 1]]


def test_a_recording_of_spikes_as_a_table_is_the_recording():
    with place() as p:
        with np.load(fixture("T219_2019_11_19.npz")) as f:
            st, count = f["st"], f["clu"] if "clu" in f else None
            names = list(f)
            units = count if count is not None else np.repeat(np.arange(len(f["sCount"])), f["sCount"])
        assert count is not None or "sCount" in names
        order = np.argsort(st, kind="stable")
        write(p, "s.tsv", "unit\ttime\n" + "".join(f"{units[i]}\t{st[i]!r}\n" for i in order))
        got, _ = load(p, "s.tsv")
        ids = np.unique(units)
        assert np.array_equal(got["id"], ids) and got["time"].size == st.size
        for i, u in enumerate(ids):
            assert np.array_equal(spikes(got, i), np.sort(st[units == u]))


def test_what_is_known_of_units():
    with place() as p:
        write(p, "s.csv", "time (s),cluster_id,area,depth,amplitude,snr\r\n0.5,7,CA1,20,9,1.5\r\n0.25, 3.0 ,\"CA3, left\",40,8,NA\r\n1.5,7,CA1,20,7,1.5")
        got, said = load(p, "s.csv")
        assert list(got["id"]) == [3, 7] and list(spikes(got, 1)) == [0.5, 1.5] and list(got["y"]) == [40, 20]
        assert [a.decode().rstrip("\0") for a in got["area"]] == ["CA3, left", "CA1"] and np.isnan(got["quality"][0]) and got["quality"][1] == 1.5
        refuse(p, "s.csv", ", quality: amplitude", "column 'amplitude' is not of the units", "'9' for unit 7 in line 2 and '7' in line 4")
        write(p, "names.csv", "neuron;t\nb2;0.5\na1;0.75\nb2;1.25\n")
        got, said = load(p, "names.csv")
        assert list(got["id"]) == [0, 1] and list(spikes(got, 0)) == [0.5, 1.25] and "0 is 'b2'" in said
        write(p, "words.csv", "Time [s],Unit ID,Depth (um)\n0.5,1,100\n0.75,2,200\n")
        got, _ = load(p, "words.csv")
        assert list(got["id"]) == [1, 2] and list(got["time"]) == [0.5, 0.75] and list(got["y"]) == [100, 200]
        write(p, "names.csv", ",timestamps,spike_clusters\n0,0.5,1\n1,0.75,2\n")
        assert list(load(p, "names.csv")[0]["id"]) == [1, 2]
        write(p, "ticks.csv", "sample_30k,who\n30000,1\n60000,2\n")
        got, _ = load(p, "ticks.csv", ", spikes: sample_30k, unit: who, clock: 30 kHz")
        assert list(got["time"]) == [1, 2] and list(got["id"]) == [1, 2]
        write(p, "moving.csv", "time,unit,area\n0.5,1,CA1\n0.6,1,CA3\n")
        assert "column 'area' was left out: it is 'CA1' for unit 1 in line 2 and 'CA3' in line 3" in load(p, "moving.csv")[1]


def test_times_are_in_the_unit_that_the_name_says():
    with place() as p:
        for name, ticks in (("time_ms", 1e3), ("Time (ms)", 1e3), ("spike_time_us", 1e6), ("t [\u00b5s]", 1e6), ("timestamps_ns", 1e9), ("time (min)", 1 / 60)):
            write(p, "s.csv", f"{name},unit\n1500,1\n2000,2\n4500.5,1\n")
            got, said = load(p, "s.csv")
            assert np.allclose(got["time"], np.array([1500, 4500.5, 2000]) / ticks, rtol=1e-15) and "made seconds" in said, (name, got["time"])
            assert np.array_equal(load(p, "s.csv", f", spikes: '{name}', unit: unit")[0]["time"], got["time"])
        write(p, "s.csv", "time_ms,unit\n1500000,1\n2000000,2\n")
        assert list(load(p, "s.csv")[0]["time"]) == [1500, 2000]    # whole, and still no ticks
        assert list(load(p, "s.csv", ", clock: 10 Hz")[0]["time"]) == [150000, 200000]
        write(p, "s.csv", "time_ms,time_s,unit\n1500,1.5,1\n2000,2,2\n")
        assert list(load(p, "s.csv")[0]["time"]) == [1.5, 2]
        write(p, "f.csv", "t_ms,a,b\n" + "".join(f"{1000 + 50 * i},{i % 7},{i % 5}\n" for i in range(40)))
        got, _ = load(p, "f.csv")
        assert got["activity"].shape == (2, 40) and abs(got["rate"] - 20) < 1e-9 and got["segment_time"][0] == 1
        for name in "sample", "spike_samples", "frame":
            write(p, "s.csv", f"unit,{name}\n1,30000\n2,45000\n")
            refuse(p, "s.csv", "", "counts samples", "`clock: 30 kHz`")
            assert list(load(p, "s.csv", ", clock: 30 kHz")[0]["time"]) == [1, 1.5]
        for when in "time", "frame":
            write(p, "long.csv", f"neuron,{when},dff\n1,0.5,3\n2,0.5,4\n1,1,5\n2,1,6\n")
            refuse(p, "long.csv", "", "one sample of one neuron", f"index='{when}', columns='neuron', values='dff'")
        write(p, "long.csv", "neuron,time,value\n1,0.5,3\n2,0.75,4\n")
        assert list(load(p, "long.csv", ", spikes: time, unit: neuron")[0]["time"]) == [0.5, 0.75]


def test_frames_by_neurons():
    with place() as p:
        times = 0.125 * np.arange(30)
        write(p, "f.csv", table("time", ["a", "b", "c", "d"], np.column_stack([times, X.T])))
        got, said = load(p, "f.csv")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and got["rate"] == 8 and "frames-first" not in said
        write(p, "f.csv", table("frame", ["a", "b", "running", "c", "d"], np.column_stack([np.arange(30), X[:2].T, np.arange(30) % 2, X[2:].T]), "\t"))
        got, _ = load(p, "f.csv", ", rate: 8 Hz, state: running")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and list(got["state"]) == [0, 1] * 15
        write(p, "f.csv", table("", ["a", "b", "c", "d"], np.column_stack([np.arange(30), X.T])))   # an index, as pandas writes it
        got, _ = load(p, "f.csv", ", rate: 8 Hz, orientation: frames-first")
        assert np.array_equal(got["activity"], X.astype(np.float32))
        write(p, "f.csv", table("", ["time", "a", "b", "c", "d"], np.column_stack([np.arange(30), times, X.T])))
        got, _ = load(p, "f.csv")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and got["rate"] == 8
        write(p, "f.csv", "\ufeff# " + table(None, ["a", "b", "c", "d"], X.T))
        got, _ = load(p, "f.csv", ", rate: 8 Hz, orientation: frames-first")
        assert np.array_equal(got["activity"], X.astype(np.float32))


def test_remarks_before_the_header_are_left_out():
    rows = "0.5,7\n0.25,3\n1.5,7\n"
    with place() as p:
        for remarks, n in (("# made by hand\n", "1 line"), ("\ufeff% a, b\r\n%\n# c\n", "3 lines"), ("\n# t,u\n\n#x\ty\n", "2 lines")):
            write(p, "s.csv", remarks + "time,unit\n" + rows)
            got, said = load(p, "s.csv")
            assert list(got["id"]) == [3, 7] and list(spikes(got, 1)) == [0.5, 1.5] and f"left out {n} of remarks before the header" in said, said
        for names in "# time,unit\n", "%time,unit\n", "# by hand, twice, 2024\n#time,unit\n":     # the last of them names what follows
            write(p, "s.csv", names + rows)
            got, said = load(p, "s.csv")
            assert list(got["id"]) == [3, 7] and ("left out 1 line of remarks" in said) == ("hand" in names), said
        write(p, "f.csv", "# one, two, 3\n" + table("time", ["1", "2", "3", "4"], np.column_stack([0.125 * np.arange(30), X.T])))
        got, said = load(p, "f.csv")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and got["rate"] == 8 and "left out 1 line" in said
        write(p, "s.csv", "# remark\ntime,unit\n0.5,1,2\n")
        refuse(p, "s.csv", "", "line 3 has 3 cells, and the line behind the remarks names 2")
        write(p, "s.csv", "# remark\n# another\n")
        refuse(p, "s.csv", "", "plain text of one line")
        write(p, "s.csv", "# remark\n0.5,1\n")
        refuse(p, "s.csv", "", "first line is all numbers")


def test_cell_traces_of_inscopix():
    status = ["accepted", "rejected", "undecided", "accepted"]
    times = 0.05 * np.arange(30)

    def traces(status, first=" ", second="Time (s)/Cell Status"):
        names = f"{first},C00,C01,C02,C03\n{second}, {', '.join(status)}\n"
        return names + table(None, [], np.column_stack([times.round(3), X.T]))[1:]
    with place() as p:
        for first, second in ((" ", "Time (s)/Cell Status"), ("", "Time(s)/Cell Status"), ('""', '"Time (s)/Cell Status"')):
            write(p, "c.csv", traces(status, first, second))
            got, said = load(p, "c.csv")
            assert np.array_equal(got["activity"], X[[0, 3]].astype(np.float32)) and abs(got["rate"] - 20) < 1e-9 and list(got["id"]) == [0, 3]
            assert "read the 2 of 4 cells that are accepted; `rois: all` reads every one" in said
        got, said = load(p, "c.csv", ", rois: all")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and "rois" not in said
        write(p, "c.csv", traces(["undecided", "rejected", "undecided", ""]))
        got, said = load(p, "c.csv")
        assert list(got["id"]) == [0, 2, 3] and "3 of 4 cells that are not rejected" in said
        write(p, "c.csv", traces(["rejected"] * 4))
        refuse(p, "c.csv", "", "every cell is rejected", "`rois: all`")
        write(p, "c.csv", traces(status[:3]))
        refuse(p, "c.csv", "", "line 2 has 4 cells")


def test_neurons_by_frames():
    with place() as p:
        rows = [[9, 1.5, "V1", *X[0, :2], 20.25, *X[0, 2:]], [4, 2.5, "V1", *X[1, :2], 30, *X[1, 2:]], [5, 3, "LM", *X[2, :2], 1, *X[2, 2:]], [6, 4, "", *X[3, :2], 2, *X[3, 2:]]]
        write(p, "n.csv", table("neuron", ["x", "area", "f0", "f1", "depth", *(f"f{i}" for i in range(2, 30))], rows))
        got, said = load(p, "n.csv", ", rate: 8 Hz, pixel: 2 um")
        assert np.array_equal(got["activity"], X.astype(np.float32)) and list(got["id"]) == [9, 4, 5, 6]
        assert list(got["x"]) == [3, 5, 6, 8] and list(got["y"]) == [40.5, 60, 2, 4]
        assert [a.decode().rstrip("\0") for a in got["area"]] == ["V1", "V1", "LM", ""]
        rows[2][2], rows[2][5] = "L" * 200, "#N/A"
        rows[3][2], rows[3][0] = "L" * 255, 9
        rows[2][8] = ""
        write(p, "n.csv", table("neuron", ["x", "area", "f0", "f1", "depth", *(f"f{i}" for i in range(2, 30))], rows))
        got, said = load(p, "n.csv", ", rate: 8 Hz")
        assert list(got["id"]) == [9, 4, 9] and "dropped 1 of 4 neurons" in said and "1 of 4 neurons have a number that another one has" in said
        assert got["area"][2].decode() == "L" * 255
        write(p, "n.csv", table(None, [f"{i}s" for i in range(30)], X))
        got, _ = load(p, "n.csv", ", rate: 8 Hz, orientation: neurons-first")
        assert np.array_equal(got["activity"], X.astype(np.float32))


def test_mistakes_have_a_line_and_a_column():
    with place() as p:
        cases = [("a,b\n1,2\n3,4\n", "", ["a table of 2 columns and 2 rows", "orientation: frames-first"]),
                 ("1,2\n3,4\n", "", ["all numbers"]), ("time,a\n", "", ["one line"]),
                 ("time,a\n0,1\n0.1,2,3\n", "", ["line 3 has 3 cells", "names 2 columns"]),
                 ("time,a\n0,1\n0.1\n", "", ["line 3 has 1 cell,"]),
                 ("time,a\n0,1\n", ", orientation: neurons-first", ["a row is a frame", "orientation: neurons-first"]),
                 ("time;unit\n0,5;3\n", "", ["line 2, column 1 ('time'): '0,5' is no number; write decimal points"]),
                 ("time,unit\n0.5,3\n,3\n", "", ["line 3, column 1", "is empty"]), ("time,unit\n0.5,\n", "", ["line 2, column 2", "a unit has a name"]),
                 ("time,unit\ninf,2\n", "", ["line 2, column 1 ('time'): 'inf'"]), ("time,t,unit\n1,2,3\n", "", ["both a column 'time' and a column 't'"]),
                 ("time,a\n0.5,2\n", ", spikes: time", ["no unit", "unit: NAME"]), ("moment,unit\n10.5,3\n", ", unit: unit", ["no time", "spikes: NAME"]),
                 ("spike_time,who\n0.5,2\n0.75,3\n", "", ["a row is a spike", "`unit: NAME`"]),
                 ("time,unit\n1\0,2\n", "", ["NUL byte near line"])]
        for text, settings, words in cases:
            write(p, "t.csv", text)
            refuse(p, "t.csv", settings, *words)
        for text, settings, words in [("neuron,area,f0,f1\n1," + 256 * "x" + ",1,2\n", "", "line 2, column 2 ('area'): an area is a text of 256 bytes"),
                                      ("time,a\n0,1\n1,0x10\n", "", "line 3, column 2 ('a'): '0x10' is no number"),
                                      ("frame,a\n0,1\n1,two\n", "", "line 3, column 2 ('a'): 'two' is no number"),
                                      ("time,unit\n30000,1\n60000,2\n", "", "ticks of a clock")]:
            write(p, "t.csv", text)
            p.recipe(f"recordings: [{{name: r, path: t.csv{settings}}}]\nstages:\n  raw: {{stage: load}}\n")
            said = p.run("run", "recipe.yaml", status=1)
            assert words in said, said


tests(globals())
