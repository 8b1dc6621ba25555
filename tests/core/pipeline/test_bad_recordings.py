"""One recording that cannot be worked on does not keep the others from their report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commands import mousegpt
from mousegpt_core.errors import DataError, StudyLockedError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording, export_study, run_study
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.run import run_recordings
from mousegpt_core.study import Recording, Study


def add_frames(study: Study, files: Path, count: int, id: str = "few") -> Recording:
    """Add the first frames of a mouse as a recording of its own."""
    poses = read_poses(files / "M1.csv", fps=30.0, unit="cm").isel(time=slice(count))
    path = study.folder.parent / f"{id}.csv"
    write_poses(poses, path, format="wide-csv")
    new = NewRecording(id, poses=[(None, path)], fps=30.0, unit="cm")
    return add_recording(study, new).recording


def lose_a_keypoint(recording: Recording) -> None:
    """Make the recording fail: its skeleton is not written down anywhere."""
    text = recording.toml_path.read_text(encoding="utf-8")
    name = recording.info.skeleton
    changed = text.replace(f'skeleton = "{name}"', 'skeleton = "a dragon"')
    assert changed != text
    recording.toml_path.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_recording_of_a_few_frames_is_worked_on(study: Study, files: Path, count: int) -> None:
    few = add_frames(study, files, count)
    result = run_study(Work(study))
    assert result["recordings"] == ["M1", "M2", "few"]
    assert result["failed"] == {}
    speed = few.store.read_dataset("kinematics")["speed"].values
    assert np.isnan(speed).all() == (count == 1)
    assert len(described_clips(few)) == 1


def test_the_others_go_on_and_the_failed_one_is_named(study: Study, files: Path) -> None:
    lose_a_keypoint(add_frames(study, files, 60, "bad"))
    answer = mousegpt("run", study.folder, "--json")
    assert answer.code == 2
    assert list(answer.json["failed"]) == ["bad"]
    assert "a dragon" in answer.json["failed"]["bad"]
    assert answer.json["recordings"] == ["M1", "M2"]
    page = Path(answer.json["report"]).read_text(encoding="utf-8")
    assert "bad: not in this report" in page
    assert export_study(study, "shares")
    people = mousegpt("run", study.folder)
    assert people.code == 2
    assert "bad: " in people.err
    assert "Report: " in people.out


def test_a_recording_that_fails_later_is_shown_as_it_was(study: Study) -> None:
    lose_a_keypoint(study.recording("M2"))
    result = run_study(Work(Study.open(study.folder)))
    assert result["recordings"] == ["M1", "M2"]
    assert list(result["failed"]) == ["M2"]
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "M2: shown as it was before it failed" in page


def test_where_all_fail_the_reason_is_raised(fresh: Study) -> None:
    for recording in fresh.recordings.values():
        lose_a_keypoint(recording)
    with pytest.raises(DataError, match="a dragon"):
        run_study(Work(Study.open(fresh.folder)))


def test_a_lock_stops_at_once(fresh: Study) -> None:
    seen: list[str] = []

    def locked(recording: Recording) -> None:
        seen.append(recording.id)
        raise StudyLockedError("somebody is at it")

    with pytest.raises(StudyLockedError):
        Work(fresh).each(fresh.recordings.values(), locked)
    assert seen == ["M1"]


def test_one_recording_asked_for_alone_raises(study: Study, files: Path) -> None:
    lose_a_keypoint(add_frames(study, files, 60, "bad"))
    opened = Study.open(study.folder)
    with pytest.raises(DataError, match="a dragon"):
        run_recordings(Work(opened), "kinematics", ["bad"])
    made = run_recordings(Work(opened), "kinematics")
    assert list(made["recordings"]) == ["M1", "M2"]
    assert list(made["failed"]) == ["bad"]


def test_labels_that_a_failed_recording_never_got_are_left_out(study: Study, files: Path) -> None:
    labels = study.folder / "mine.toml"
    labels.write_text("""
[moves]
definition = "walks or runs"
examples = [{recording = "M2", start_s = 1, stop_s = 2}]
[rests]
definition = "motionless"
""")
    lose_a_keypoint(study.recording("M2"))
    answer = mousegpt("classify", study.folder, "--labels", labels, "--json")
    assert answer.code == 2
    assert "the examples in M2 are not used, because this recording failed" in answer.json["notes"]
    again = mousegpt("run", study.folder, "--json")
    assert list(again.json["failed"]) == ["M2"]
    page = Path(again.json["report"]).read_text(encoding="utf-8")
    assert "without your behaviours of “mine”" in page
    exported = {file.name for file in export_study(Study.open(study.folder), "labels")}
    assert "labels-mine-M1.csv" in exported
    assert "labels-mine-M2.csv" not in exported


WHOLE_STUDY = (
    ("run",),
    ("kinematics",),
    ("describe",),
    ("profile",),
    ("map",),
    ("report",),
    ("search", "walking"),
    ("export", "bouts"),
    ("export", "poses"),
)


@pytest.mark.parametrize("command", WHOLE_STUDY, ids=" ".join)
def test_a_command_on_the_whole_study_names_what_cannot_be_read(
    study: Study, files: Path, command: tuple[str, ...]
) -> None:
    add_frames(study, files, 60, "bad").toml_path.write_text("id = ")
    verb, *others = command
    answer = mousegpt(verb, study.folder, *others)
    assert answer.code == 2
    assert "bad: " in answer.err
    assert "not valid TOML" in answer.err
    assert "  -> mend that line" in answer.err
    told = mousegpt(verb, study.folder, *others, "--json")
    assert told.code == 2
    assert list(told.json["failed"]) == ["bad"]


def test_the_report_names_what_cannot_be_read(study: Study) -> None:
    study.recording("M2").toml_path.write_text("id = ")
    page = Path(run_study(Work(study))["report"]).read_text(encoding="utf-8")
    assert "M2: not in this report" in page
    assert "not valid TOML" in page


def test_commands_on_other_recordings_do_not_mind(study: Study) -> None:
    study.recording("M2").toml_path.write_text("id = ")
    assert mousegpt("kinematics", study.folder, "--recording", "M1").code == 0
    assert mousegpt("animals", study.folder).code == 0
    answer = mousegpt("kinematics", study.folder, "--recording", "M2")
    assert answer.code == 2
    assert "M2" in answer.err


def test_where_none_can_be_read_the_reason_is_raised(fresh: Study) -> None:
    for recording in fresh.recordings.values():
        recording.toml_path.write_text("id = ")
    for words in (["run"], ["kinematics"], ["report"], ["export", "bouts"], ["search", "x"]):
        answer = mousegpt(words[0], fresh.folder, *words[1:])
        assert answer.code == 2
        assert "not valid TOML" in answer.err
        assert "has no recordings" not in answer.err
