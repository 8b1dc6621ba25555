"""What is older than a correction is told by a rehearsal of the run, which makes nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
import pytest

from mousegpt_core.pipeline import Work, edit_descriptions, run_study
from mousegpt_core.pipeline.behaviours import profiled, rename_behaviour
from mousegpt_core.pipeline.correcting import add_pose_edit
from mousegpt_core.pipeline.out_of_date import OutOfDate, out_of_date
from mousegpt_core.study import Study
from mousegpt_core.study.pose_edits import HidePoints

STAGES = ("kinematics", "activities", "descriptions")
NOTHING = OutOfDate(dict.fromkeys(STAGES, ()), ())
EVERYTHING = ("profile/behaviours", "report")


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def a_minute_ago(study: Study) -> None:
    """As if the study had been run then: times of edits are told in whole seconds."""
    now = time.time()
    settings = [study.toml_path, study.animals_path]
    settings += [one.toml_path for one in study.recordings.values()]
    for file in settings:
        os.utime(file, (now - 90, now - 90))
    os.utime(study.report_path, (now - 60, now - 60))


def test_after_a_run_nothing_is_old_and_nothing_is_made(study: Study) -> None:
    before = files(study.folder)
    assert out_of_date(study) == NOTHING
    assert files(study.folder) == before


def test_a_study_that_was_not_run_is_not_old(fresh: Study) -> None:
    assert out_of_date(fresh) == NOTHING


def test_a_corrected_pose_makes_all_of_its_recording_old(study: Study) -> None:
    poses = study.recording("M1").store.read_dataset("poses3d")
    point = (str(poses["keypoint"].values[0]), str(poses["individual"].values[0]))
    add_pose_edit(study.recording("M1"), "", HidePoints(frame=30, points=(point,)))
    assert out_of_date(study) == OutOfDate(dict.fromkeys(STAGES, ("M1",)), EVERYTHING)
    run_study(Work(study))
    assert out_of_date(study) == NOTHING


def test_a_corrected_sentence_leaves_the_recording_as_it_is(study: Study) -> None:
    clip = study.recording("M2").store.read_table("clips")["clip_id"].iloc[0]
    said = pd.DataFrame({"clip_id": [clip], "overall": ["The mouse plays chess."]})
    edit_descriptions(study, said)
    assert out_of_date(study) == OutOfDate(dict.fromkeys(STAGES, ()), EVERYTHING)


def test_clips_cut_otherwise_leave_the_movement_as_it_is(study: Study) -> None:
    study.set_section("clips", rate=2.0)
    old = {"kinematics": (), "activities": (), "descriptions": ("M1", "M2")}
    assert out_of_date(study) == OutOfDate(old, EVERYTHING)


@pytest.mark.parametrize("change", ["behaviour", "animals", "settings"])
def test_what_only_the_report_tells_makes_it_old(study: Study, change: str) -> None:
    a_minute_ago(study)
    assert out_of_date(study) == NOTHING
    if change == "behaviour":
        rename_behaviour(study, str(profiled(study).behaviours["behaviour_id"].iloc[0]), "idle")
    elif change == "animals":
        study.animals_path.touch()
    else:
        study.set_section("report", compare="sex")
    assert out_of_date(study) == OutOfDate(NOTHING.recordings, ("report",))


def test_what_is_missing_is_not_old(study: Study) -> None:
    study.report_path.unlink()
    study.set_section("profile", clusters=3)
    assert out_of_date(study) == OutOfDate(NOTHING.recordings, ("profile/behaviours",))


def test_a_recording_that_cannot_be_read_does_not_hide_another_ones(study: Study) -> None:
    study.recording("M1").toml_path.write_text("id = ", encoding="utf-8")
    study.set_section("kinematics", max_speed=90.0)
    assert out_of_date(study).recordings == dict.fromkeys(STAGES, ("M2",))


def test_a_missing_table_and_a_damaged_log_are_told_elsewhere(study: Study) -> None:
    a_minute_ago(study)
    study.animals_path.unlink()
    (study.folder / "log.sqlite").write_bytes(b"damaged" * 100)
    assert out_of_date(study).recordings == NOTHING.recordings
