"""Corrected poses written in the formats of their files: only what was corrected differs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from commands import mousegpt
from mousegpt_core.errors import DataError, MouseGPTError
from mousegpt_core.io import FORMATS, read_poses, write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording, relink_study
from mousegpt_core.pipeline import writing_back as room
from mousegpt_core.pipeline.correcting import add_pose_edit, corrected, pose_edits
from mousegpt_core.pipeline.recording_stages import import_poses
from mousegpt_core.pipeline.writing_back import write_back
from mousegpt_core.poses import make_poses
from mousegpt_core.study import Recording, Study
from mousegpt_core.study.pose_edits import DeletePoints, MovePoints, SwapSides

FPS = 30.0


def recording_of(folder: Path, file: Path) -> Recording:
    """A recording of a file of poses, which was read."""
    study = Study.create(folder)
    add_recording(
        study, NewRecording(id="A", poses=[(None, file)], fps=FPS, animal={"animal": "Ada"})
    )
    recording = Study.open(folder).recording("A")
    import_poses(Work(study), recording, recording.info.poses[0])
    return recording


@pytest.fixture
def spoilt(tmp_path: Path) -> Recording:
    """Left and right swapped in frames 2-4, of a csv of DeepLabCut with names of its own."""
    position = np.random.default_rng(1).uniform(10, 90, size=(8, 2, 3, 1))
    poses = make_poses(
        position, np.full((8, 3, 1), 0.9), keypoints=["nose", "ear_left", "ear_right"],
        individuals=["rat 1"], fps=FPS,
    )  # fmt: skip
    return recording_of(
        tmp_path / "study", write_poses(poses, tmp_path / "poses.csv", format="dlc-csv")
    )


def plain_file(path: Path) -> Path:
    """Poses of one animal, in the format of the file's ending."""
    position = np.random.default_rng(1).uniform(10, 90, size=(4, 2, 2, 1))
    poses = make_poses(
        position, np.full((4, 2, 1), 0.9), keypoints=["nose", "tail"], individuals=["m"], fps=FPS
    )
    return write_poses(poses, path, format={".csv": "dlc-csv", ".nwb": "nwb"}[path.suffix])


def correct(recording: Recording) -> None:
    pairs = (("ear_left", "ear_right"),)
    swap = SwapSides(start=2, stop=5, pairs=pairs, individuals=("Ada",))
    move = MovePoints(frame=6, points=(("nose", "Ada"),), to=((1.5, 2.5),))
    view = recording.info.poses[0].view
    for edit in (swap, move, DeletePoints(frame=7, points=(("nose", "Ada"),))):
        add_pose_edit(recording, view, edit, who="me")


def shown(recording: Recording) -> np.ndarray:
    """The poses as they are for all who compute with them."""
    (source,) = recording.info.poses
    import_poses(Work(Study.open(recording.study_folder)), recording, source)
    stage = f"poses2d/{source.view}" if source.view else "poses3d"
    read = recording.store.read_dataset(stage)
    return np.asarray(corrected(recording, source.view, read)["position"].values)


def test_a_copy_differs_in_what_was_corrected_only(spoilt: Recording) -> None:
    correct(spoilt)
    file = spoilt.resolve(spoilt.info.poses[0].path)
    before = file.read_bytes()
    answer = mousegpt("export", spoilt.study_folder, "poses", "--format", "own", "--json").json
    copy = Path(answer["files"][0])
    assert copy.name == file.name
    assert file.read_bytes() == before
    old, new = (path.read_text().splitlines() for path in (file, copy))
    changed = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    headers = len(old) - 8
    assert [line - headers for line in changed] == [2, 3, 4, 6, 7]
    assert "rat 1" in new[1]


def test_what_is_in_the_file_is_not_done_twice(spoilt: Recording) -> None:
    correct(spoilt)
    file = spoilt.resolve(spoilt.info.poses[0].path)
    before, wanted = file.read_bytes(), shown(spoilt)
    study = Study.open(spoilt.study_folder)
    (written,) = write_back(study, into_files=True)
    assert Path(written["kept"]).read_bytes() == before
    assert file.read_bytes() != before
    np.testing.assert_allclose(shown(spoilt), wanted, atol=1e-3)
    assert pose_edits(spoilt) == []
    # The former file, put back, is corrected again.
    shutil.copy(written["kept"], file)
    np.testing.assert_allclose(shown(spoilt), wanted, atol=1e-3)
    assert len(pose_edits(spoilt)) == 3


def test_a_file_that_was_written_is_found_again(spoilt: Recording, tmp_path: Path) -> None:
    correct(spoilt)
    study = Study.open(spoilt.study_folder)
    (written,) = write_back(study, into_files=True)
    wanted = shown(spoilt)
    (tmp_path / "new").mkdir()
    moved = shutil.move(written["file"], tmp_path / "new")
    assert [row["now"] for row in relink_study(study, tmp_path / "new")["found"]] == [moved]
    np.testing.assert_array_equal(shown(spoilt), wanted)
    assert pose_edits(spoilt) == []


def test_acts_after_the_file_was_written_count(spoilt: Recording) -> None:
    correct(spoilt)
    study = Study.open(spoilt.study_folder)
    write_back(study, into_files=True)
    view = spoilt.info.poses[0].view
    add_pose_edit(spoilt, view, MovePoints(frame=0, points=(("nose", "Ada"),), to=((3.0, 4.0),)))
    np.testing.assert_array_equal(shown(spoilt)[0, :, 0, 0], [3, 4])
    assert len(pose_edits(spoilt)) == 1
    write_back(study, into_files=True)
    assert pose_edits(spoilt) != []  # until the file is read again
    np.testing.assert_array_equal(shown(spoilt)[0, :, 0, 0], [3, 4])
    assert pose_edits(spoilt) == []


def test_a_file_that_cannot_be_written_stays_and_so_do_corrections(
    spoilt: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct(spoilt)
    file = spoilt.resolve(spoilt.info.poses[0].path)
    before, wanted = file.read_bytes(), shown(spoilt)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_poses", full)
    with pytest.raises(MouseGPTError, match="disk is not full"):
        write_back(Study.open(spoilt.study_folder), into_files=True)
    assert file.read_bytes() == before
    np.testing.assert_array_equal(shown(spoilt), wanted)
    assert not list(file.parent.glob(".writing-*"))


def test_files_of_one_name_become_copies_of_their_own(tmp_path: Path) -> None:
    # The third is called as the copy of the first could be.
    places = {"left": "l/poses.csv", "right": "r/poses.csv", "top": "left-poses.csv"}
    study = Study.create(tmp_path / "study")
    files = [(view, plain_file(tmp_path / place)) for view, place in places.items()]
    add_recording(study, NewRecording(id="A", poses=list(files), fps=FPS))
    recording = Study.open(study.folder).recording("A")
    (animal,) = recording.info.individuals
    for x, view in enumerate(places, start=1):
        add_pose_edit(
            recording, view, MovePoints(frame=0, points=(("nose", animal),), to=((x, x),))
        )
    written = write_back(Study.open(study.folder))
    least = [float(read_poses(one["file"], fps=FPS)["position"].values.min()) for one in written]
    assert least == [1.0, 2.0, 3.0]
    assert [Path(one["file"]).parent.name for one in written] == list(places)


def test_a_file_that_may_hold_more_is_not_replaced(tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    file = plain_file(tmp_path / "poses.nwb")
    recording = recording_of(tmp_path / "study", file)
    view, before = recording.info.poses[0].view, file.read_bytes()
    add_pose_edit(recording, view, MovePoints(frame=0, points=(("nose", "Ada"),), to=((1, 2),)))
    with pytest.raises(DataError, match="would be lost"):
        write_back(Study.open(recording.study_folder), into_files=True)
    assert file.read_bytes() == before


def test_nothing_to_write_is_told(spoilt: Recording) -> None:
    answer = mousegpt("export", spoilt.study_folder, "poses", "--format", "own")
    assert answer.code != 0
    assert "no poses were corrected" in answer.err


def test_a_format_that_is_not_written_is_told(
    spoilt: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    correct(spoilt)
    one = FORMATS["dlc-csv"]
    monkeypatch.setitem(
        FORMATS, "dlc-csv", type(one)(one.name, one.title, one.suffixes, one.module)
    )
    with pytest.raises(DataError, match="read but not written"):
        write_back(Study.open(spoilt.study_folder))


REAL = (
    ("sleap-anipose-4view-mouse", "minimal_session/top/minimal_top_proofread.slp"),
    ("sleap-anipose-4view-mouse", "minimal_session/top/minimal_top_proofread.analysis.h5"),
    ("dlc-openfield", "*/labeled-data/m4s1/CollectedData_Pranav.h5"),
    ("dlc-openfield", "*/labeled-data/m4s1/CollectedData_Pranav.csv"),
)


@pytest.mark.parametrize(("name", "pattern"), REAL)
def test_a_real_file_is_corrected_in_place(
    name: str, pattern: str, test_data: Callable[[str], Path], tmp_path: Path
) -> None:
    (there,) = test_data(name).glob(pattern)
    file = Path(shutil.copyfile(there, tmp_path / there.name))
    recording = recording_of(tmp_path / "study", file)
    (source,) = recording.info.poses
    before = read_poses(file, fps=FPS)
    keypoint, frame = str(before["keypoint"].values[1]), int(before["frame"].values[5])
    edit = MovePoints(frame=frame, points=((keypoint, "Ada"),), to=((11.25, 22.5),))
    add_pose_edit(recording, source.view, edit)
    write_back(Study.open(recording.study_folder), into_files=True)
    after = read_poses(file, fps=FPS)
    np.testing.assert_array_equal(after["position"].values[5, :, 1, 0], [11.25, 22.5])
    old, new = before["position"].values.copy(), after["position"].values.copy()
    old[5, :, 1], new[5, :, 1] = 0, 0
    np.testing.assert_array_equal(old, new)
    assert after["individual"].values.tolist() == before["individual"].values.tolist()
    assert after.attrs == before.attrs
    no_confidence = not np.isfinite(before["confidence"]).any()
    assert no_confidence == (not np.isfinite(after["confidence"]).any())
