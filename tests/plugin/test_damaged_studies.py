"""Files of a study that are damaged, gone, or where nobody expects them: told, and nothing lost."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.video.films import FIXED_B, encode
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study import Study

pytest.importorskip("napari")

from napari.components import ViewerModel

from napari_mousegpt._readers.study import read
from napari_mousegpt.editable import read_editable
from napari_mousegpt.editing import Editing
from napari_mousegpt.session import Session, session_of

FLAT = Path("recordings", "flat")


def halve(file: Path) -> None:
    """Cut a file off in the middle."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def log_of(study: Study) -> Path:
    """A log that holds corrections, so that half of it is no log."""
    recording = study.recording("flat")
    for number in range(50):
        recording.log.add_edit("description", f"clip {number}", "head", "It sniffs. " * 20)
    return recording.log.path


def poses_of(study: Study) -> Path:
    """One of the files of the poses as they were read."""
    return next((study.folder / FLAT).glob("poses2d/top-*.zarr/position/c.*"))


Damage = tuple[Callable[[Study], Path], Callable[[Path], object], str]
#: What is damaged, how, and what is said of it, without which nothing can be shown.
REFUSED: dict[str, Damage] = {
    "study.toml": (
        lambda study: study.folder / "study.toml", lambda file: file.write_text("name = [["),
        "study.toml.*not valid TOML.*mend that line",
    ),
    "recording.toml": (
        lambda study: study.folder / FLAT / "recording.toml", lambda file: file.write_text("= 1"),
        "recording.toml.*not valid TOML.*mend that line",
    ),
}  # fmt: skip
#: The same of what the rest is shown without, and layers of that.
LEFT_OUT: dict[str, tuple[Damage, set[str]]] = {
    "log": (
        (log_of, halve, "log.sqlite.*log is damaged.*restore a backup"),
        {"top", "side", "keypoints"},
    ),
    "manifest": (
        (
            lambda study: study.folder / FLAT / "manifest.json", halve,
            "manifest.json.*manifest is damaged.*delete",
        ),
        {"top", "side"},
    ),
    "descriptions": (
        (
            lambda study: next((study.folder / FLAT).glob("descriptions-*.parquet")), halve,
            "descriptions-.*has lost files.*mousegpt describe",
        ),
        {"top", "side", "keypoints"},
    ),
    "poses": (
        (poses_of, halve, "poses2d.*top-.*damaged.*delete this folder and run"),
        {"top", "side"},
    ),
    "film that is gone": (
        (
            lambda study: study.folder.parent / "top.mp4", Path.unlink,
            "top.mp4.*not there.*put the file back",
        ),
        {"side"},
    ),
    "film that is cut off": (
        (
            lambda study: study.folder.parent / "top.mp4", halve,
            "top.mp4.*not a film.*play the file",
        ),
        {"side"},
    ),
}  # fmt: skip
DAMAGES = REFUSED | {name: damage for name, (damage, _) in LEFT_OUT.items()}


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def session(viewer: ViewerModel) -> Session:
    return session_of(viewer)


def begin(session: Session, study: Study) -> Editing:
    """Open the study and begin to correct keypoints."""
    session.open_study(study.folder, recording="flat")
    return Editing(session, read_editable(session)(), who="me")


def nudge(editing: Editing) -> np.ndarray[Any, Any]:
    """Correct a keypoint; where all are then."""
    editing.select([0])
    editing.nudge(1.0, 2.0)
    return np.array(editing.session.points.data)


@pytest.mark.parametrize("name", REFUSED)
def test_what_nothing_can_be_shown_without_is_told_with_what_to_do(
    name: str, own_study: Study, viewer: ViewerModel, session: Session
) -> None:
    find, damage, told = REFUSED[name]
    file = find(own_study)
    whole = file.read_bytes()
    damage(file)
    with pytest.raises(MouseGPTError, match=f"(?s){told}"):
        session.open_study(own_study.folder, recording="flat")
    file.write_bytes(whole)
    session.open_study(own_study.folder, recording="flat")
    assert "keypoints" in viewer.layers
    assert session.sentence


def test_poses_whose_file_was_damaged_since_are_shown(
    own_study: Study, viewer: ViewerModel, session: Session
) -> None:
    (own_study.folder.parent / "top.csv").write_text("gone\n")
    session.open_study(own_study.folder, recording="flat")
    assert "keypoints" in viewer.layers


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_damaged_is_left_out_and_told(
    name: str, own_study: Study, viewer: ViewerModel, session: Session
) -> None:
    (find, damage, told), shown = LEFT_OUT[name]
    file = find(own_study)
    whole = file.read_bytes()
    damage(file)
    with pytest.warns(UserWarning, match=f"(?s){told}"):
        session.open_study(own_study.folder, recording="flat")
    assert {"top", "side", "keypoints"} & {layer.name for layer in viewer.layers} == shown
    assert session.recording == "flat"
    file.write_bytes(whole)
    session.reopen()
    assert {"top", "side", "keypoints"} <= {layer.name for layer in viewer.layers}
    assert session.sentence


@pytest.mark.parametrize("damage", [Path.unlink, halve])
def test_without_its_main_film_a_recording_keeps_its_time(
    damage: Callable[[Path], object], own_study: Study, session: Session
) -> None:
    session.open_study(own_study.folder, recording="flat")
    session.shift("side", 0.5)
    session.go_to(1.2)
    step, times = session.step, session.opened.timeline.times
    assert [view.is_main for view in session.views] == [True, False]
    damage(own_study.folder.parent / "top.mp4")
    with pytest.warns(UserWarning, match="left out") as told:
        session.open_study(own_study.folder, recording="flat")
    assert len(told) == 1
    assert [(view.name, view.is_main) for view in session.views] == [("side", False)]
    np.testing.assert_allclose(session.opened.timeline.times, times[: len(session.opened.timeline)])
    session.go_to(1.2)
    assert session.step == step
    session.shift("side", 0.5)
    assert session.views[0].offset_s == 0.5


def test_without_the_times_of_the_main_film_that_is_told(
    own_study: Study, session: Session
) -> None:
    (own_study.folder.parent / "top.mp4").unlink()
    halve(poses_of(own_study))
    with pytest.warns(UserWarning, match="left out") as told:
        session.open_study(own_study.folder, recording="flat")
    words = [str(one.message) for one in told]
    assert any("the times of top, the main view, are not known" in each for each in words)
    assert any("the frames of side" in each for each in words)
    assert not any(view.is_main for view in session.views)
    session.go_to(1.2)
    assert session.moment == pytest.approx(1.2, abs=0.05)


def test_of_a_recording_that_is_nothing_but_damaged_the_first_damage_is_told(
    own_study: Study, session: Session
) -> None:
    for name in ("top.mp4", "side.mp4", "top.csv"):
        (own_study.folder.parent / name).unlink()
    (own_study.folder / FLAT / "manifest.json").unlink()
    with pytest.raises(MouseGPTError, match=r"(?s)top.mp4.*put the file back"):
        session.open_study(own_study.folder, recording="flat")


@pytest.mark.parametrize("name", [name for name in DAMAGES if not name.startswith("film")])
def test_what_is_corrected_outlives_damage(name: str, own_study: Study, session: Session) -> None:
    find, damage, _ = DAMAGES[name]
    file = find(own_study)
    editing = begin(session, own_study)
    before = nudge(editing)
    editing.corrections.close()
    whole = file.read_bytes()
    damage(file)
    with suppress(MouseGPTError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session.open_study(own_study.folder, recording="flat")
    file.write_bytes(whole)
    session.open_study(own_study.folder, recording="flat")
    np.testing.assert_array_equal(session.points.data, before)


def test_a_study_that_was_moved_away_is_told_and_corrections_wait_for_it(
    own_study: Study, session: Session
) -> None:
    editing = begin(session, own_study)
    away = own_study.folder.with_name("away")
    own_study.folder.rename(away)
    nudge(editing)
    with pytest.raises(MouseGPTError, match="check that the folder"):
        editing.corrections.close()
    with pytest.raises(MouseGPTError, match=r"(?s)not there any more.*put it back"):
        session.reopen()
    assert not own_study.folder.exists()
    away.rename(own_study.folder)
    editing.corrections.close()
    assert len(own_study.recording("flat").log.edits("poses")) == 1


def test_a_film_that_was_replaced_by_a_shorter_one(
    own_study: Study, viewer: ViewerModel, session: Session
) -> None:
    encode(own_study.folder.parent / "top.mp4", 40, b_frames=2, options=FIXED_B, moving=True)
    session.open_study(own_study.folder, recording="flat")
    editing = Editing(session, read_editable(session)())
    assert session.end == pytest.approx(39 / 25)
    session.go_to(99.0)
    assert np.asarray(viewer.layers["top"].data[39]).any()
    nudge(editing)
    editing.close()


@pytest.mark.parametrize(
    "names", [["My mice & rats"], ["Mäuse, Käfig №1", "日本"], ["n" * 120] * 3]
)
def test_names_of_folders_do_not_matter(
    names: list[str], study_folder: Path, tmp_path: Path, session: Session
) -> None:
    place = tmp_path.joinpath(*names)
    shutil.copytree(study_folder.parent, place)
    study = Study.open(place / study_folder.name)
    editing = begin(session, study)
    before = nudge(editing)
    editing.close()
    study.recording("flat").change(notes="ä")
    session.open_study(study.folder)
    np.testing.assert_array_equal(session.points.data, before)


def test_a_script_opens_the_rest_of_a_study_and_is_warned(own_study: Study) -> None:
    own_study.recording("space").toml_path.write_text("id = ")
    with pytest.warns(UserWarning, match="(?s)space.*not valid TOML.*mend that line"):
        layers = read(str(own_study.folder))
    assert "top" in {options["name"] for _, options, _ in layers}
    own_study.recording("flat").toml_path.write_text("id = ")
    with pytest.raises(MouseGPTError, match="not valid TOML"):
        read(str(own_study.folder))
