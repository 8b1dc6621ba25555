"""A person's labels in the study: kept, merged, scored, and exchanged with BORIS."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from commands import mousegpt
from mousegpt_core.analysis.human_bouts import Change, new_bout, put
from mousegpt_core.analysis.truth import read_truth
from mousegpt_core.errors import DataError, FormatError, SettingsError
from mousegpt_core.pipeline import evaluate_study, export_study
from mousegpt_core.pipeline.boris import import_labels
from mousegpt_core.pipeline.comparing import FILES, compare_labels
from mousegpt_core.pipeline.human_labels import (
    HUMAN,
    change_human,
    human_bouts,
    human_files,
    read_human,
)
from mousegpt_core.study import RecordingInfo, Study


@pytest.fixture
def own(study: Study, tmp_path: Path) -> Study:
    """A copy of the study, to be written to."""
    shutil.copytree(study.folder, tmp_path / "own")
    return Study.open(tmp_path / "own")


def _draw(study: Study, id: str, *spans: tuple[float, float, str]) -> None:
    recording = study.recording(id)
    for start, stop, label in spans:
        bouts = read_human(study, recording, id)
        change_human(study, recording, id, put(bouts, new_bout(start, stop, label, who="ann")))


def test_bouts_are_kept_and_read_by_evaluate(own: Study) -> None:
    _draw(
        own, "M1", (0, 4, "walking"), (4, 8, "freezing"), (8, 12.25, "grooming"), (12.25, 15, "na")
    )
    file = own.folder / "labels" / "human" / "M1.csv"
    assert file.read_text().splitlines()[0] == "start_s,stop_s,label,who,when,bout_id"
    truth = read_truth(file)
    assert truth.at([1, 5, 9, 13]).tolist() == ["walking", "freezing", "grooming", ""]
    bouts = human_bouts(own, own.recording("M1"))
    assert bouts["behaviour_id"].tolist() == ["walking", "freezing", "grooming"]
    assert set(bouts["source"]) == {"ann"}
    result = evaluate_study(own, {"M1": file}, scheme="activities")
    assert result["per_class"]["freezing"]["f1"] > 0.8
    assert list(human_files(file.parent)) == ["M1"]


def test_two_windows_lose_nothing(own: Study) -> None:
    _draw(own, "M1", (0, 4, "walking"), (4, 8, "freezing"))
    recording = own.recording("M1")
    seen = read_human(own, recording, "M1")
    change_human(own, recording, "M1", put(seen, new_bout(8, 9, "rearing")))
    # The other window has not seen the new bout.
    now = change_human(
        own, recording, "M1", put(seen, replace(seen[0], stop_s=3), old=seen[0], who="bob")
    )
    assert [(b.label, b.stop_s, b.who) for b in now] == [
        ("walking", 3, "bob"), ("freezing", 8, "ann"), ("rearing", 9, ""),
    ]  # fmt: skip
    assert now == read_human(own, recording, "M1")
    assert change_human(own, recording, "M1", Change(now)) == ()
    assert human_files(own.folder / "labels" / "human") == {}


def test_an_animal_of_any_name_has_a_file(tmp_path: Path) -> None:
    names = ("A:1", "../B", "a@b", "50%", "50%25", "m 1")
    study = Study.create(tmp_path / "study")
    recording = study.add_recording(RecordingInfo(id="R", individuals=names))
    for name in names:
        change_human(study, recording, name, put((), new_bout(0, 1, f"of {name}")))
    folder = study.folder / "labels" / "human"
    assert set(human_files(folder)) == {f"R/{name}" for name in names}
    assert all(re.fullmatch(r"R@[\w .%-]+\.csv", file.name) for file in folder.iterdir())
    assert [read_human(study, recording, name)[0].label for name in names] == [
        f"of {name}" for name in names
    ]


def test_two_processes_lose_nothing(own: Study) -> None:
    code = (
        "import sys; from pathlib import Path; from mousegpt_core.study import Study;"
        "from mousegpt_core.pipeline.human_labels import change_human;"
        "from mousegpt_core.analysis.human_bouts import Change, new_bout;"
        "s = Study.open(Path(sys.argv[1])); r = s.recording('M1'); k = int(sys.argv[2]);"
        "[change_human(s, r, 'M1', Change((), (new_bout(n + k / 4, n + k / 4 + 0.1, 'a'),)))"
        " for n in range(10)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(own.folder), str(k)]) for k in range(2)
    ]
    assert [one.wait(60) for one in running] == [0, 0]
    assert len(read_human(own, own.recording("M1"), "M1")) == 20


def test_a_file_of_another_form_is_shown_and_kept(own: Study) -> None:
    folder = own.folder / "labels" / "human"
    folder.mkdir(parents=True)
    rows = "".join(f"{n},{'walking' if n < 60 else 'na'}\n" for n in range(90))
    (folder / "M1.csv").write_text("frame,label\n" + rows)
    (folder / ".writing-M1.csv-7").write_text("cut")
    recording = own.recording("M1")
    first, rest, after = read_human(own, recording, "M1")
    assert (first.label, rest.label, after.label) == ("walking", "na", "na")
    assert first.stop_s == pytest.approx(2.0, abs=0.05)
    assert after.stop_s == pytest.approx(15.0, abs=0.2)
    now = change_human(
        own, recording, "M1", put((first, rest, after), replace(first, label="running"), old=first)
    )
    assert now[0].label == "running"
    (kept,) = (folder / "originals").iterdir()
    assert kept.read_text().startswith("frame,label")
    assert list(human_files(folder)) == ["M1"]
    (folder / "M1.csv").write_text("start_s,stop_s,label,who,when,bout_id\n2,1,walking,,,x\n")
    with pytest.raises(DataError, match="no bout") as caught:
        read_human(own, recording, "M1")
    assert caught.value.place == "row 2"


def test_boris_there_and_back(own: Study, tmp_path: Path) -> None:
    spans = [(0, 4.04, "walking"), (4.04, 8, "freezing"), (8, 9, "walking"), (9, 12, "walking")]
    _draw(own, "M1", *spans)
    _draw(own, "M2", (1, 2, "rearing"))
    written = export_study(own, "bouts", out=tmp_path / "out", format="boris")
    names = [path.name for path in written]
    assert {"bouts-human.boris", "bouts-activities.boris"} <= set(names)
    project = json.loads(written[names.index("bouts-human.boris")].read_text())
    assert project["observations"]["M2"]["events"] == [
        [1.0, "M2", "rearing", "", ""], [2.0, "M2", "rearing", "", ""],
    ]  # fmt: skip
    assert {one["name"] for one in project["subjects_conf"].values()} == {"M1", "M2"}
    (own.folder / "labels" / "human" / "M1.csv").unlink()
    made = import_labels(own, tmp_path / "out" / "bouts-human.boris", who="boris")
    assert made["labelled"] == {"M1": 4, "M2": 1}
    back = read_human(own, own.recording("M1"), "M1")
    assert [(b.start_s, b.stop_s, b.label) for b in back] == spans
    assert {bout.who for bout in back} == {"boris"}
    labels = read_truth(tmp_path / "out" / "bouts-human.boris", only={"observation id": "M2"}).at(
        [0.5, 1.5]
    )
    assert labels.tolist() == ["other", "rearing"]


def test_what_was_scored_after_the_film_is_scored(own: Study, tmp_path: Path) -> None:
    _draw(own, "M1", (1, 2, "rearing"), (9, 10, "walking"))
    written = export_study(own, "bouts", out=tmp_path / "out", format="boris")
    (project,) = (path for path in written if path.name == "bouts-human.boris")
    told = json.loads(project.read_text())
    media = {"length": {"m1.mp4": 5.0}, "fps": {"m1.mp4": 30.0}}
    told["observations"]["M1"] |= {"file": {"1": ["m1.mp4"]}, "media_info": media}
    project.write_text(json.dumps(told))
    import_labels(own, project)
    spans = [
        (bout.start_s, bout.stop_s, bout.label)
        for bout in read_human(own, own.recording("M1"), "M1")
    ]
    assert spans[:2] == [(1, 2, "rearing"), (9, 10, "walking")]
    assert all(start >= 10 for start, _, label in spans if label == "na")
    assert any(label == "na" for _, _, label in spans)


def test_boris_events_find_their_animals(own: Study, tmp_path: Path) -> None:
    rows = ["Observation id,Subject,Behavior,Behavior type,Start (s),Stop (s)"]
    rows += ["m1,No focal subject,walking,STATE,0,3", "x,M1,walking,STATE,0,3"]
    (tmp_path / "events.csv").write_text("\n".join(rows) + "\n")
    made = import_labels(own, tmp_path / "events.csv")
    assert made["labelled"] == {"M1": 1}
    assert made["passed_over"] == ["x / M1"]
    (tmp_path / "none.csv").write_text("\n".join([rows[0], rows[2]]) + "\n")
    with pytest.raises(DataError, match="none of the labels"):
        import_labels(own, tmp_path / "none.csv")
    assert import_labels(own, tmp_path / "none.csv", recording="M2")["labelled"] == {"M2": 1}
    (tmp_path / "plain.csv").write_text("start_s,stop_s,label\n0,2,walking\n")
    with pytest.raises(DataError, match="of which recording"):
        import_labels(own, tmp_path / "plain.csv")
    assert import_labels(own, tmp_path / "plain.csv", recording="M1")["labelled"] == {"M1": 1}
    (tmp_path / "bad.boris").write_text('{"observations": {}}')
    with pytest.raises(FormatError, match="no project"):
        import_labels(own, tmp_path / "bad.boris")
    with pytest.raises(SettingsError):
        export_study(own, "labels", format="boris")


def test_labels_of_which_a_part_cannot_be_read_change_nothing(own: Study, tmp_path: Path) -> None:
    rows = ["Observation id,Subject,Behavior,Behavior type,Start (s),Stop (s)"]
    rows += ["M1,No focal subject,walking,STATE,0,3", "M2,No focal subject,walking,STATE,5,3"]
    (tmp_path / "events.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(FormatError):
        import_labels(own, tmp_path / "events.csv")
    assert read_human(own, own.recording("M1"), "M1") == ()


def test_every_former_file_is_kept(own: Study, tmp_path: Path) -> None:
    for label in ("walking", "rearing", "grooming"):
        (tmp_path / "a.csv").write_text(f"start_s,stop_s,label\n0,2,{label}\n")
        import_labels(own, tmp_path / "a.csv", recording="M1")
    kept = (own.folder / "labels" / "human" / "originals").iterdir()
    said = sorted(path.read_text() for path in kept)
    assert len(said) == 2
    assert "rearing" in said[0] + said[1]
    assert "walking" in said[0] + said[1]


def test_the_command_takes_labels(own: Study, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("start_s,stop_s,label\n0,2,walking\n")
    file = tmp_path / "a.csv"
    made = mousegpt("import-labels", own.folder, file, "--recording", "M1", "--json")
    assert made.code == 0
    assert made.json["labelled"] == {"M1": 1}


def test_any_two_labellings_are_compared(own: Study, tmp_path: Path) -> None:
    _draw(
        own, "M1", (0, 4, "walking"), (4, 8, "freezing"), (8, 12, "grooming"), (12, 15, "walking")
    )
    found = compare_labels(own, HUMAN, "activities")
    assert found.scores["scored"] == ["M1"]
    assert found.scores["per_class"]["freezing"]["f1"] > 0.8
    file = own.folder / "labels" / "human" / "M1.csv"
    assert found.scores["kappa"] == pytest.approx(
        evaluate_study(own, {"M1": file}, scheme="activities")["kappa"]
    )
    gaps = found.differences
    spans = (gaps["stop_s"] - gaps["start_s"]).to_numpy()
    assert (np.diff(spans) <= 1e-9).all()
    assert (gaps["reference"] != gaps["compared"]).all()
    wrong = 1 - found.scores["accuracy"]
    assert spans.sum() / 15 == pytest.approx(wrong, abs=0.02)
    other = tmp_path / "other.csv"
    other.write_text("start_s,stop_s,label\n0,4,walking\n4,10,Freezing\n10,15,na\n")
    with_file = compare_labels(own, HUMAN, FILES, files={"M1": other})
    (row,) = with_file.differences.to_dict("records")
    assert (row["reference"], row["compared"]) == ("grooming", "freezing")
    assert (row["start_s"], row["stop_s"]) == pytest.approx((8, 10), abs=0.05)
    assert compare_labels(own, HUMAN, "profile").scores["clusters"]["clusters"] > 0
    with pytest.raises(DataError, match="no recording has labels of both"):
        compare_labels(own, HUMAN, FILES)
