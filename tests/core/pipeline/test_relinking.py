"""Files that were moved are found again by name and content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import mousegpt
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline import NewRecording, add_recording, relink_study
from mousegpt_core.study import Study


@pytest.fixture
def moved(tmp_path: Path, files: Path) -> Study:
    """A study whose poses have gone from `old` to somewhere in `new`."""
    old, new = tmp_path / "old", tmp_path / "new" / "deep"
    old.mkdir()
    new.mkdir(parents=True)
    study = Study.create(tmp_path / "study")
    for name in ("M1", "M2 [a]"):
        shutil.copy(files / f"{name[:2]}.csv", old / f"{name}.csv")
        poses = [(None, old / f"{name}.csv")]
        add_recording(study, NewRecording(name[:2], poses=poses, fps=30.0, unit="cm"))
        shutil.move(old / f"{name}.csv", new)
    return study


def test_moved_files_are_found(moved: Study, tmp_path: Path) -> None:
    decoy = tmp_path / "new" / "M1.csv"
    decoy.write_text("nose_x,nose_y\n1,2\n")
    with pytest.raises(DataError, match="mousegpt relink"):
        moved.recording("M1").resolve(moved.recording("M1").info.poses[0].path)
    result = relink_study(moved, tmp_path / "new")
    assert [row["recording"] for row in result["found"]] == ["M1", "M2"]
    assert not result["missing"]
    for recording in moved.recordings.values():
        assert recording.resolve(recording.info.poses[0].path).parent.name == "deep"
    assert relink_study(moved, tmp_path / "new") == {"found": [], "missing": []}


def test_what_is_not_there_is_said(moved: Study, tmp_path: Path) -> None:
    (tmp_path / "new" / "deep" / "M2 [a].csv").unlink()
    answer = mousegpt("relink", moved.folder, tmp_path / "new")
    assert answer.code == 2
    assert "M1.csv is now" in answer.out
    assert "M2 [a].csv is not in" in answer.out
    assert mousegpt("relink", moved.folder, tmp_path / "nowhere").code == 2
