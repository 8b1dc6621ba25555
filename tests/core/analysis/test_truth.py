"""Human labels in every form they come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mousegpt_core.analysis.truth import read_truth
from mousegpt_core.errors import DataError, FormatError

TIMES = np.arange(6) / 10
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return make


def _at(path: Path, **options: object) -> list[str]:
    return read_truth(path, times=TIMES, **options).at(TIMES).tolist()


WALK_REAR = ["walk", "walk", "", "rear", "rear", ""]


@pytest.mark.parametrize(
    "text",
    [
        "frame,label\n0,walk\n1,walk\n2,na\n3,rear\n4,rear\n5,NA\n",
        "Frame;Label\n0;walk\n1;walk\n2;\n3;rear\n4;rear\n5;unscored\n",
        "time,label\n0.0,walk\n0.1,walk\n0.2,na\n0.3,rear\n0.4,rear\n0.5,na\n",
        "Time (s);Behaviour\n0,0;walk\n0,1;walk\n0,2;na\n0,3;rear\n0,4;rear\n0,5;na\n",
        "TIME\tnote\tBehavior\n0.0\tx\twalk\n.1\tx\twalk\n.3\tx\trear\n.4\tx\trear\n",
        ",0\n0.0,walk\n0.1,walk\n0.2,na\n0.3,rear\n0.4,rear\n0.5,na\n",
        ",0\n0,walk\n1,walk\n2,na\n3,rear\n4,rear\n5,na\n",
        "0.0,walk\n0.1,walk\n0.2,na\n0.3,rear\n0.4,rear\n",
        "label\nwalk\nwalk\nna\nrear\nrear\n\n",
        "walk\nwalk\n\nrear\nrear\n",
        "\ufefflabel\r\nwalk\r\nwalk\r\nna\r\nrear\r\nrear\r\nna\r\n",
    ],
)
def test_rows_over_time(write: Write, text: str) -> None:
    assert _at(write(text)) == WALK_REAR


def test_rows_at_uneven_times_hold(write: Write) -> None:
    path = write("time,label\n0.0,walk\n0.19,na\n0.3,rear\n1.0,other\n")
    truth = read_truth(path)
    assert truth.at(np.arange(12) / 10).tolist() == [
        *["walk", "walk", "", *["rear"] * 7],
        *["other"] * 2,
    ]
    assert truth.rest == "other"
    assert "holds" in truth.notes[0]
    frames = write("frame,label\n0,walk\n2,rear\n5,walk\n")
    assert _at(frames) == ["walk", "walk", "rear", "rear", "rear", "walk"]


def test_another_rate_and_an_end(write: Write) -> None:
    rows = "".join(f"{i / 20},{'walk' if i < 10 else 'rear'}\n" for i in range(20))
    truth = read_truth(write("time,label\n" + rows))
    assert truth.names == ["rear", "walk"]
    five = truth.at(np.arange(8) / 5).tolist()
    assert five == ["walk"] * 3 + ["rear"] * 2 + [""] * 3
    # At 60 a second the change lies half a row before 0.5 s.
    sixty = truth.at(np.arange(60) / 60)
    assert (sixty == "walk").sum() == pytest.approx(0.475 * 60, abs=1)


def test_frames_begin_later_or_have_their_own_clock(write: Write) -> None:
    path = write("frame,label\n100,walk\n101,rear\n")
    truth = read_truth(path, times=[7.0, 7.1, 7.2], frames=[100, 101, 102])
    assert truth.at([7.0, 7.1, 7.2]).tolist() == ["walk", "rear", ""]
    assert read_truth(path, fps=100).at([1.0, 1.01]).tolist() == ["walk", "rear"]
    with pytest.raises(DataError, match="frame rate"):
        read_truth(path)


FROZEN = ["other", "freezing", "freezing", "other", "other", "freezing"]


@pytest.mark.parametrize(
    ("text", "positive"),
    [
        ("freezing\n0\n1\n1\n0\n0\n1\n", ""),
        ("0\n1\n1\n0\n0\n1\n", "freezing"),
        ("0.0\n1.0\n1.0\n0.0\n0.0\n1.0\n", "freezing"),
        ("label\n0\n1\n1\n0\n0\n1\n", "freezing"),
        ("frame,Freezing\n0,0\n1,1\n2,1\n3,0\n4,0\n5,1\n", ""),
        (",freezing\n0,0\n1,1\n2,1\n3,0\n4,0\n5,1\n", ""),
        (",background,freezing\n0,1,0\n1,0,1\n2,0,1\n3,1,0\n4,1,0\n5,0,1\n", ""),
        ("start_s,stop_s,label\n0.1,0.3,freezing\n0.5,0.6,freezing\n", ""),
        ("from;to;type\n0,1;0,3;freezing\n0,5;0,6;freezing\n", ""),
        ("label,start_frame,stop_frame\nfreezing,1,3\nfreezing,5,6\n", ""),
    ],
)
def test_one_behaviour_and_the_rest(write: Write, text: str, positive: str) -> None:
    truth = read_truth(write(text), times=TIMES, positive=positive)
    expected = [truth.rest if name == "other" else name for name in FROZEN]
    assert truth.at(TIMES).tolist() == expected
    assert truth.rest in ("other", "background")


def test_zeros_and_ones_need_a_name(write: Write) -> None:
    with pytest.raises(DataError, match="what 1 stands for"):
        _at(write("0\n1\n0\n"))


def test_numbers_are_labels_where_a_column_says_so(write: Write) -> None:
    assert _at(write("frame,label\n0,3\n1,3\n2,4\n")) == ["3", "3", "4", "", "", ""]


def test_what_was_looked_for_is_known(write: Write) -> None:
    truth = read_truth(write("frame,background,Freezing\n0,1,0\n1,1,0\n"), times=TIMES)
    assert truth.names == ["freezing"]
    assert set(truth.labels) == {truth.rest} == {"background"}
    assert read_truth(write("0\n0\n"), times=TIMES, positive="freezing").names == ["freezing"]


@pytest.mark.parametrize(
    "text",
    [
        "start_s,stop_s,label\n100,160,freezing\n",
        "time,label\n100.0,walk\n100.1,rear\n",
        "time,label\n100.0,walk\n101.0,rear\n107.0,rear\n",
    ],
)
def test_labels_of_another_time(write: Write, text: str) -> None:
    path = write(text)
    with pytest.raises(DataError, match="none of the labels lies within") as caught:
        read_truth(path, times=TIMES)
    assert "labels.csv" in str(caught.value)
    assert caught.value.hint
    assert read_truth(path, times=TIMES + 100).covers([100.0])


def test_few_rows_label_their_own_frame_only(write: Write) -> None:
    times = np.arange(900) / 30
    truth = read_truth(write("frame,label\n0,walk\n300,rear\n600,walk\n"), times=times)
    labels = truth.at(times)
    assert np.flatnonzero(labels != "").tolist() == [0, 300, 600]
    assert labels[300] == "rear"
    assert "10 s apart" in truth.notes[0]
    dense = read_truth(write("time,label\n0,walk\n1,rear\n2,walk\n"), times=times)
    assert (dense.at(times) != "").sum() == 75
    assert not dense.notes


def test_several_behaviours_in_columns(write: Write) -> None:
    path = write("frame,walk,rear\n0,1,0\n1,0,1\n2,0,0\n3,1,1\n4,,\n")
    truth = read_truth(path, times=TIMES)
    assert truth.at(TIMES).tolist() == ["walk", "rear", "other", "rear", "", ""]
    assert "at once" in truth.notes[0]


def test_overlapping_bouts_are_said(write: Write) -> None:
    truth = read_truth(write("start,stop,behaviour\n0,0.4,walk\n0.1,0.2,sniff\n0.5,9,na\n"))
    assert truth.at(TIMES).tolist() == ["walk", "sniff", "walk", "walk", "other", ""]
    assert "overlap" in truth.notes[0]


RATERS = "Rater;from;to;type\nA;0.0;0.2;walk\nB;0.1;0.3;rear\nA;0.4;0.5;rear\n"


def test_only_some_rows(write: Write) -> None:
    path = write(RATERS)
    assert _at(path, only={"Rater": "A"}) == ["walk", "walk", "other", "other", "rear", "other"]
    with pytest.raises(DataError, match="no row has 'C'"):
        _at(path, only={"rater": "C"})
    with pytest.raises(DataError, match="no column 'Animal'"):
        _at(path, only={"Animal": "A"})


BORIS_OLD = """Observation id,M1
Media file(s)
,,,,,,,,
Observation date,2024-05-01 10:00:00
Independent variables,,,,,,,,
variable,value
Player #1,m1.mp4

Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status
0.0,m1.mp4,0.5,10,M1,walk,,,START
0.2,m1.mp4,0.5,10,M1,walk,,,STOP
0.2,m1.mp4,0.5,10,M1,rear,,a comment,START
0.3,m1.mp4,0.5,10,M1,twitch,,,POINT
0.4,m1.mp4,0.5,10,M1,rear,,,STOP
"""
_NEW = "Observation id,Observation date,Media duration (s),FPS (frame/s),Subject,Behavior,"
BORIS_NEW = f"""{_NEW}Behavior type,Time,Image index,Comment
M1,2024-05-01,0.5,10,No focal subject,rear,START,0.2,2,
M1,2024-05-01,0.5,10,No focal subject,walk,START,0.0,0,
M1,2024-05-01,0.5,10,No focal subject,walk,STOP,0.2,2,
M1,2024-05-01,0.5,10,No focal subject,twitch,POINT,0.3,3,
M1,2024-05-01,0.5,10,No focal subject,rear,STOP,0.4,4,
"""
BORIS_AGGREGATED = f"""{_NEW}Behavior type,Start (s),Stop (s),Duration (s),Comment start
M1,2024-05-01,0.5,10,No focal subject,walk,STATE,0.0,0.2,0.2,
M1,2024-05-01,0.5,10,No focal subject,rear,STATE,0.2,0.4,0.2,
M1,2024-05-01,0.5,10,No focal subject,twitch,POINT,0.3,0.3,NA,
"""


@pytest.mark.parametrize("text", [BORIS_OLD, BORIS_NEW, BORIS_AGGREGATED])
@pytest.mark.parametrize("tabs", [False, True])
def test_boris(write: Write, text: str, tabs: bool) -> None:
    path = write(text.replace(",", "\t"), "events.tsv") if tabs else write(text)
    truth = read_truth(path, times=TIMES)
    # 0.5 s was observed: what comes later is not scored.
    assert truth.at(TIMES).tolist() == ["walk", "walk", "rear", "twitch", "other", ""]
    assert any("1 point event" in note for note in truth.notes)


def test_boris_of_two_subjects(write: Write) -> None:
    text = BORIS_NEW + BORIS_NEW.split("\n", 1)[1].replace("No focal subject", "female")
    with pytest.raises(DataError, match="several values in column 'subject'"):
        _at(write(text))
    labels = _at(write(text), only={"Subject": "female"})
    assert labels == ["walk", "walk", "rear", "twitch", "other", ""]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (BORIS_OLD.replace("0.2,m1.mp4,0.5,10,M1,walk,,,STOP\n", ""), "row 10", "never stops"),
        (BORIS_OLD.replace("walk,,,START", "walk,,,STOP"), "row 10", "does not fit"),
        (BORIS_OLD.replace("0.3,m1", "soon,m1"), "row 13", "not a number"),
        (BORIS_AGGREGATED.replace("0.2,0.4", "0.4,0.2"), "row 3", "before it starts"),
    ],
)
def test_wrong_boris(write: Write, text: str, place: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        _at(write(text))
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n\n", "empty"),
        ("frame,label\n", "no rows"),
        ("frame,label\n0,walk\none,rear\n", "row 3"),
        ("time,label\n0.0,walk\n,rear\n", "row 3"),
        ("time,label\n0.0,walk\n0.2,rear\n0.1,rear\n", "row 4"),
        ("time,label\n0,walk\ninf,rear\n", "row 3"),
        ("start_s,stop_s,label\n0,1,walk\n3,2,rear\n", "row 3"),
        ("x,y,z\n1.5,2.5,3.5\n", "no column has labels"),
        ("x,y\n1,2\n", "numbers, not labels"),
        ("1,2\n3,4\n", "numbers, not labels"),
        ("3\n4\n5\n", "numbers, not labels"),
        (",0\n0.0,1.5\n0.1,2.5\n", "numbers, not labels"),
        ("frame,x\n0,1.5\n1,2.5\n", "numbers, not labels"),
        ("frame,x,y,likelihood\n0,1.5,2,1\n1,2.5,3,1\n", "numbers, not labels"),
        ("a,b,c\nd,e,f\n", "names"),
    ],
)
def test_wrong_files(write: Write, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        _at(write(text))
    assert "labels.csv" in str(caught.value)


def test_not_text(write: Write, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not text"):
        _at(write("frame,label\n0,läuft\n", encoding="latin-1"))
    with pytest.raises(FormatError, match="cannot be read"):
        _at(tmp_path / "nowhere.csv")
    (tmp_path / "old.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(FormatError, match=r"7\.3"):
        _at(tmp_path / "old.mat")


def test_matlab_vector(tmp_path: Path) -> None:
    path = tmp_path / "human.mat"
    with h5py.File(path, "w") as file:
        file["hBehavior/Freezing/Vector"] = np.array([[0.0], [1], [1], [0], [0], [1]])
        file["hBehavior/Freezing/Bouts"] = np.array([[2.0, 6], [3, 6]])
        file["hBehavior/Freezing/Count"] = np.array([[2.0]])
    assert _at(path) == FROZEN
    with h5py.File(path, "a") as file:
        file["hBehavior/Rearing/Vector"] = np.zeros((6, 1))
    with pytest.raises(FormatError, match="one vector of 0 and 1"):
        _at(path)


def test_real_files(test_data: Callable[[str], Path]) -> None:
    frozen = test_data("behaviordepot-freezing-demo1") / "demo1"
    truth = read_truth(frozen / "hB_demo1_manual_annotations.mat.mat", fps=50)
    labels = truth.at(np.arange(6000) / 50)
    assert (labels == "freezing").sum() == 1368
    assert (labels == "other").sum() == 6000 - 1368

    path = test_data("subtle-avatar3d") / "y5a5" / "annots" / "adult_6112.csv"
    raw = [line.split(",")[1] for line in path.read_text().splitlines()[1:]]
    labels = read_truth(path).at(np.arange(len(raw)) / 20)
    assert labels.tolist() == ["" if name == "na" else name for name in raw]
