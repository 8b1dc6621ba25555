"""Corrected poses in a study: what rests on them is made again, what was read stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import mousegpt
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.pipeline import Work, export_study, run_study
from mousegpt_core.pipeline.correcting import (
    add_pose_edit,
    corrected,
    pose_edits,
    pose_edits_mark,
)
from mousegpt_core.pipeline.doubting import doubts_of_study
from mousegpt_core.pipeline.recording_stages import run_kinematics
from mousegpt_core.pipeline.sights import Sights
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.pose_edits import Accept, HidePoints, MovePoints

NOSE = (("nose", "mouse"),)
MOVE = MovePoints(frame=30, points=NOSE, to=((1.0, 2.0, 3.0),))


@pytest.fixture
def nose(study: Study) -> tuple[tuple[str, str], ...]:
    """A keypoint that is there, and its individual."""
    poses = study.recording("M1").store.read_dataset("poses3d")
    return ((str(poses["keypoint"].values[0]), str(poses["individual"].values[0])),)


def move(nose: tuple[tuple[str, str], ...], frame: int = 30) -> MovePoints:
    return MovePoints(frame=frame, points=nose, to=((1.0, 2.0, 3.0),))


def kinematics_key(study: Study) -> str:
    return run_kinematics(Work(study), study.recording("M1"))


def test_kinematics_are_made_again_when_poses_were_corrected(
    study: Study, nose: tuple[tuple[str, str], ...]
) -> None:
    recording = study.recording("M1")
    before = kinematics_key(study)
    poses_key = recording.store.entry("poses3d").key
    add_pose_edit(recording, "", Accept(frame=3, individuals=("mouse",)), who="me")
    assert kinematics_key(study) == before
    add_pose_edit(recording, "other", move(nose))
    assert kinematics_key(study) == before
    add_pose_edit(recording, "", move(nose), who="me")
    after = kinematics_key(study)
    assert after != before
    assert recording.store.entry("poses3d").key == poses_key
    (done,) = [one for one in pose_edits(recording) if one.who == "me" and one.edit.kind == "move"]
    recording.log.take_back(done.id)
    assert pose_edits_mark(recording, "") == {}
    assert kinematics_key(study) == before
    add_pose_edit(recording, "", done.edit)
    assert kinematics_key(study) == after


def test_what_is_hidden_is_not_measured(study: Study, nose: tuple[tuple[str, str], ...]) -> None:
    recording = study.recording("M1")
    kinematics_key(study)
    measured = recording.store.read_dataset("kinematics")["measured"].values.copy()
    assert measured[30, 0].all()
    add_pose_edit(recording, "", HidePoints(frame=30, points=nose))
    kinematics_key(study)
    assert not recording.store.read_dataset("kinematics")["measured"].values[30, 0].any()


def test_corrected_poses_are_shown_and_exported(
    study: Study, nose: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    recording = study.recording("M1")
    read = recording.store.read_dataset("poses3d")
    assert corrected(recording, "", read) is read
    add_pose_edit(recording, "", move(nose))
    shown = Sights(study, recording).poses("")
    assert shown is not None
    np.testing.assert_array_equal(shown["position"].values[30, :, 0, 0], [1, 2, 3])
    file = next(f for f in export_study(study, "poses", out=tmp_path) if "M1" in f.name)
    assert "edited" not in file.read_text().splitlines()[0]
    run_study(Work(study))


ADD = """
import sys
from mousegpt_core.pipeline.correcting import add_pose_edit
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.pose_edits import MovePoints
recording = Study.open(sys.argv[1]).recording("M1")
for n in range(int(sys.argv[2]), 10_000):
    act = MovePoints(frame=n, points=(("nose", "mouse"),), to=((1.0, 2.0, 3.0),))
    add_pose_edit(recording, "", act, who=sys.argv[3])
    print(n, flush=True)
"""


def test_what_was_told_to_be_kept_survives_a_kill_and_two_writers(study: Study) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", ADD, str(study.folder), "0", who],
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in ("one", "two")
    ]
    told = []
    for writer in writers:
        assert writer.stdout is not None
        told.append([int(writer.stdout.readline()) for _ in range(5)])
    for writer in writers:
        writer.kill()
        writer.wait(timeout=60)
        assert writer.stdout is not None
        writer.stdout.close()
    recording = Study.open(study.folder).recording("M1")
    done = pose_edits(recording)
    for who, kept in zip(("one", "two"), told, strict=True):
        frames = [one.edit.frames()[0] for one in done if one.who == who]
        assert frames[:5] == kept
    add_pose_edit(recording, "", MOVE, who="three")
    assert pose_edits(recording)[-1].who == "three"


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_lost(study: Study) -> None:
    recording = study.recording("M1")
    add_pose_edit(recording, "", MOVE)
    log = recording.log.path
    kept = log.read_bytes()
    log.unlink()
    log.mkdir()  # as good as a folder that is read-only, which root does not feel
    with pytest.raises(MouseGPTError) as caught:
        add_pose_edit(recording, "", MOVE)
    assert caught.value.hint
    log.rmdir()
    log.write_bytes(kept)
    assert len(pose_edits(recording)) == 1


def _spoil(recording: Recording, row: int) -> None:
    """Put a jump into the file of poses, in a copy of it."""
    toml = recording.toml_path
    source = recording.info.poses[0]
    table = pd.read_csv(recording.resolve(source.path))
    table.iloc[row, 0] += 5.0
    file = toml.with_name("spoiled.csv")
    table.to_csv(file, index=False)
    text = toml.read_text().replace(source.path, file.as_posix())
    toml.write_text(text)


def test_doubts_are_listed_and_accepted_ones_do_not_come_back(study: Study, tmp_path: Path) -> None:
    _spoil(study.recording("M1"), 60)
    out = tmp_path / "doubts.csv"
    answer = mousegpt("doubts", study.folder, "-r", "M1", "--out", out, "--json").json
    table = pd.read_csv(out)
    assert len(table) == answer["doubts"] > 0
    assert list(table.columns[:3]) == ["recording", "view", "frame"]
    first = table.iloc[0]
    act = Accept(frame=int(first["frame"]), individuals=(first["individual"],))
    add_pose_edit(study.recording("M1"), "", act)
    again = doubts_of_study(Work(study), ["M1"])
    assert first["frame"] not in again["frame"].tolist()
    refused = mousegpt("doubts", study.folder, "--out", out)
    assert refused.code != 0
    assert "there already" in refused.err
