"""Several animals in one film: which one is worked on, and identities exchanged, by keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.video.films import encode
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.pipeline.correcting import pose_edits
from mousegpt_core.pipeline.writing_back import write_back
from mousegpt_core.poses import make_poses
from mousegpt_core.study import Study
from on_screen import on_screen

pytest.importorskip("napari")
FRAMES, LOST = 90, slice(40, 60)
KEYPOINTS = ("nose", "ear_left", "ear_right", "tailbase")
BODY = np.array([[8, 0], [5, 3], [5, -3], [-8, 0]], dtype=float).T
ANIMALS = ("a", "b", "c")
A, B, C = ("M-a", "M-b", "M-c")


def true_positions() -> np.ndarray:
    """Three animals that walk beside each other: (time, space, keypoint, individual)."""
    along = np.linspace(15, 65, FRAMES)[:, None, None, None]
    body = BODY[None, :, :, None]
    lanes = np.zeros((1, 2, 1, len(ANIMALS)))
    lanes[0, 1, 0] = (12, 32, 52)
    return body + lanes + np.concatenate([along, np.zeros_like(along)], axis=1)


@pytest.fixture(params=["sleap-slp", "dlc-csv"])
def lost(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Study, Path]:
    """A study of three, whose tracker took b for c for a while, and the file of its poses."""
    position = true_positions()
    position[LOST, ..., 1:] = position[LOST, ..., :0:-1]
    poses = make_poses(position, keypoints=KEYPOINTS, individuals=ANIMALS, fps=25)
    suffix = ".slp" if request.param == "sleap-slp" else ".csv"
    file = write_poses(poses, tmp_path / f"M{suffix}", format=request.param)
    film = encode(tmp_path / "M.mp4", FRAMES, moving=True, height=64)
    study = Study.create(tmp_path / "study")
    added = NewRecording(id="M", films=[("top", film)], poses=[("top", file)], px_per_cm=3.0)
    add_recording(study, added)
    return study, file


@pytest.fixture
def editing(lost: tuple[Study, Path]) -> Iterator[Any]:
    """The recording, corrected without a window."""
    from napari.components import ViewerModel

    from napari_mousegpt.editable import read_editable
    from napari_mousegpt.editing import Editing
    from napari_mousegpt.session import session_of

    viewer = ViewerModel()
    session = session_of(viewer)
    session.open_study(lost[0].folder)
    editing = Editing(session, read_editable(session)(), who="ada")
    yield editing
    editing.close()


def numbers(layer: Any, individual: str) -> list[int]:
    """Numbers of an animal's points."""
    return [int(n) for n in np.flatnonzero(layer.features["individual"] == individual)]


def test_the_animal_of_a_selected_point_is_worked_on(editing: Any) -> None:
    session, points = editing.session, editing.session.points
    assert session.individual == A
    session.select((0.0, 1.0))
    chosen = numbers(points, B)[0]
    points.selected_data = {chosen}
    assert (session.individual, session.span) == (B, None)
    assert points.selected_data == {chosen}
    editing.swap_sides()
    editing.delete()
    told = [one.edit.describe() for one in editing.corrections.done]
    assert told == ["left and right of M-b swapped, frame 0", "nose of M-b deleted"]
    points.selected_data = {*numbers(points, A), *numbers(points, C)}
    assert session.individual == B
    points.add(np.array([[31.0, 24.0]]))  # by napari's tool Add: the one that B lacks
    assert points.data[chosen].tolist() == [31.0, 24.0]


def test_a_click_where_nothing_is_missing_says_so(editing: Any) -> None:
    told: list[str] = []
    editing.told.connect(told.append)
    editing.session.points.add(np.array([[31.0, 24.0]]))
    assert told == ["M-a has all its keypoints: choose in Place which to put"]
    assert not editing.corrections.done


def test_colours_of_the_animals(editing: Any) -> None:
    from napari_mousegpt.picking import colours_of

    points = editing.session.points
    colours = colours_of(points)
    assert list(colours) == [A, B, C]
    assert len(set(colours.values())) == 3
    points.metadata["coloured"] = "keypoint"
    assert colours_of(points) == {}


class Hands:
    """Somebody with a keyboard only, before the dock Keypoints."""

    def __init__(self, qtbot: Any, folder: Path) -> None:
        import napari

        self.qtbot = qtbot
        self.viewer = napari.Viewer(show=False)
        self.viewer.window.add_plugin_dock_widget("napari-mousegpt", "Home")[1].open_study(folder)
        self.dock = self.viewer.window.add_plugin_dock_widget("napari-mousegpt", "Keypoints")[1]
        self.points = self.viewer.layers["keypoints"]

    def press(self, key: str, *modifiers: str) -> None:
        """A key, pressed in the picture."""
        from qtpy.QtCore import Qt

        held = Qt.KeyboardModifier.NoModifier
        for name in modifiers:
            held |= getattr(Qt.KeyboardModifier, f"{name}Modifier")
        canvas = self.viewer.window._qt_viewer.canvas.native
        self.qtbot.keyPress(canvas, getattr(Qt.Key, f"Key_{key}"), held)
        self.qtbot.keyRelease(canvas, getattr(Qt.Key, f"Key_{key}"), held)

    def near(self, individual: str, lane: float) -> bool:
        """Whether an animal is in its lane."""
        mine = self.points.data[numbers(self.points, individual)]
        return bool(abs(np.median(mine[:, 0]) - lane) < 1)

    def keep(self) -> None:
        """Wait until all is kept."""
        self.qtbot.waitUntil(lambda: not self.dock.editing.corrections.unsaved, timeout=60_000)


@pytest.fixture
def begin(qtbot: Any, lost: tuple[Study, Path]) -> Iterator[Any]:
    """Open the study in a window."""
    opened: list[Hands] = []

    def begin() -> Hands:
        opened.append(Hands(qtbot, lost[0].folder))
        return opened[-1]

    yield begin
    for one in opened:
        one.viewer.close()


@on_screen
def test_identities_are_exchanged_back_by_keys_alone(begin: Any, lost: tuple[Study, Path]) -> None:
    study, file = lost
    one = begin()
    one.qtbot.waitUntil(lambda: one.dock._doubts._list.count() > 0, timeout=60_000)
    one.press("N")
    assert one.viewer.dims.current_step[0] == LOST.start
    assert (one.dock._animal.currentText(), one.dock._other.currentText()) == (B, C)
    assert "identities exchanged with M-c" in one.dock._doubts._list.item(0).text()
    assert one.near(B, 52)
    one.press("W")
    assert one.near(B, 32)
    assert one.near(C, 52)
    one.press("Z", "Control")
    assert one.near(B, 52)
    one.press("Z", "Control", "Shift")
    assert one.near(B, 32)
    one.press("Q")
    assert one.dock._animal.currentText() == C
    assert one.dock._other.currentText() == A
    one.press("Q", "Shift")
    assert one.dock._other.currentText() == B
    one.press("Y")
    one.keep()
    kinds = [done.edit.kind for done in pose_edits(study.recording("M"))]
    assert kinds == ["swap_identities", "accept"]
    again = begin()
    again.viewer.dims.set_current_step(0, LOST.start)
    assert again.near(B, 32)
    write_back(Study.open(study.folder), into_files=True)
    read = read_poses(file, fps=25)["position"].transpose("time", "space", "keypoint", "individual")
    np.testing.assert_allclose(read.values, true_positions(), atol=1e-2)


@on_screen
def test_one_is_corrected_among_several_by_keys_alone(begin: Any, lost: tuple[Study, Path]) -> None:
    one = begin()
    one.viewer.dims.set_current_step(0, 4)
    before = one.points.data.copy()
    one.press("Q")
    one.press("Period")
    chosen = numbers(one.points, B)[0]
    assert one.points.selected_data == {chosen}
    one.press("Right", "Shift")
    one.press("H")
    one.press("H")
    one.press("Delete")
    assert not one.points.shown[chosen]
    one.press("M")
    assert one.points.shown[chosen]
    one.press("BracketLeft")
    for _ in range(4):
        one.press("Right")
    one.press("BracketRight")
    one.press("I")
    one.press("L")
    told = [done.edit.describe() for done in one.dock.editing.corrections.done]
    assert told == [
        "nose of M-b placed", "nose of M-b hidden", "nose of M-b confirmed", "nose of M-b deleted",
        "nose of M-b interpolated, frame 4", "4 points of M-b interpolated, frames 5-7",
        "left and right of M-b swapped, frames 4-8",
    ]  # fmt: skip
    for _ in told:
        one.press("Z", "Control")
    one.viewer.dims.set_current_step(0, 4)
    np.testing.assert_array_equal(one.points.data, before)
    one.keep()
    assert pose_edits(lost[0].recording("M")) == []
