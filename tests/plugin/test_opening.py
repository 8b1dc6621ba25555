"""Opening in turns of a window's loop: what was asked for last is shown, nothing half."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousegpt_core.errors import DataError
from mousegpt_core.study import Study
from on_screen import on_screen

pytest.importorskip("napari")
pytest.importorskip("pytestqt")

from napari_mousegpt import opening
from napari_mousegpt._widgets import turns
from napari_mousegpt.session import Session, session_of

FLAT = {"top", "side", "keypoints", "skeleton", "top trails"}
SPACE = {"floor", "trails", "skeleton", "keypoints"}


@pytest.fixture
def at_once() -> None:
    """Here it is not."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors that are told."""
    said: list[str] = []
    monkeypatch.setattr(
        "napari_mousegpt._widgets.telling.tell_error", lambda message, *_: said.append(message)
    )
    return said


@dataclass
class Films:
    """How many recordings were read, and how many were closed again."""

    read: int = 0
    closed: int = 0

    def close(self) -> None:
        """Count one."""
        self.closed += 1


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> Films:
    counted, really = Films(), opening.open_recording

    def count(*args: Any, **options: Any) -> Any:
        made = really(*args, **options)
        made.stack.callback(counted.close)
        counted.read += 1
        return made

    monkeypatch.setattr(opening, "open_recording", count)
    return counted


@pytest.fixture
def session(qtbot: Any) -> Iterator[Session]:
    from napari.components import ViewerModel
    from qtpy.QtCore import QObject

    window, viewer = QObject(), ViewerModel()
    session = session_of(viewer)
    session.take_turns(lambda: turns.InTurns(window))
    yield session
    session.close_recording()


@pytest.fixture
def until(qtbot: Any) -> Callable[[Callable[[], bool]], None]:
    """Waits for something."""
    return lambda what: qtbot.waitUntil(what, timeout=60_000)


def names(session: Session) -> set[str]:
    return {layer.name for layer in session.viewer.layers}


def test_a_study_opens_while_the_window_goes_on(
    session: Session, until: Any, study_folder: Path
) -> None:
    changes: list[str] = []
    session.recording_changed.connect(lambda: changes.append(session.recording))
    session.open_study(study_folder)
    assert (session.study, names(session)) == (None, set())
    until(lambda: session.coming == "flat")
    text = session.viewer.canvas.overlays.text
    assert (text.text, text.visible) == ("opening flat …", True)
    until(lambda: session.recording == "flat")
    assert names(session) >= FLAT
    assert session.coming == ""
    assert text.text.startswith("0.00 s")
    assert changes == ["flat"]


def test_what_is_asked_for_last_is_shown(
    session: Session, until: Any, study_folder: Path, films: Films
) -> None:
    session.open_study(study_folder)
    until(lambda: session.coming == "flat")
    session.open_recording("space")
    until(lambda: session.recording == "space")
    until(lambda: not session._openings.busy)
    assert names(session) == SPACE
    until(lambda: films.closed == films.read - 1)


@pytest.mark.parametrize("layers", range(1, 6))
def test_a_change_of_mind_leaves_nothing_half_shown(
    session: Session, until: Any, study_folder: Path, films: Films, layers: int
) -> None:
    mine = session.viewer.add_image(np.zeros((4, 4)), name="mine")
    session.open_study(study_folder)
    until(lambda: len(session.viewer.layers) > layers)
    session.open_recording("space")
    until(lambda: session.recording == "space")
    assert names(session) == {"mine", *SPACE}
    assert mine in session.viewer.layers
    until(lambda: films.closed == films.read - 1)


@pytest.mark.parametrize("layers", [0, 2, 5])
def test_what_comes_can_be_closed(
    session: Session, until: Any, study_folder: Path, films: Films, layers: int
) -> None:
    session.open_study(study_folder)
    until(lambda: films.read == 1)
    until(lambda: len(session.viewer.layers) >= layers)
    session.close_recording()
    assert (session.recording, session.coming, names(session)) == ("", "", set())
    assert not session.viewer.canvas.overlays.text.visible
    until(lambda: films.closed == 1)


def test_a_change_while_the_last_one_goes_away(
    session: Session, until: Any, study_folder: Path
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    everything = len(session.viewer.layers)
    session.open_recording("space")
    until(lambda: 0 < len(session.viewer.layers) < everything)
    assert session.opened is None
    session.open_recording("flat")
    until(lambda: session.recording == "flat")
    assert len(session.viewer.layers) == everything


def test_one_goes_to_the_last_of_several_moments_of_what_comes(
    session: Session, until: Any, study_folder: Path
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    for moment in (1.0, 2.0, 3.0):
        session.go_to(moment, recording="space", until=moment + 0.5)
    until(lambda: session.span is not None)
    assert session.recording == "space"
    assert session.moment == pytest.approx(3.0, abs=0.02)
    assert session.span == (3.0, 3.5)


def test_one_stays_where_one_goes_back_to(session: Session, until: Any, study_folder: Path) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    session.open_recording("space")
    session.go_to(1.0, recording="flat")
    assert (session.recording, session.coming, session.moment) == ("flat", "", 1.0)
    assert names(session) >= FLAT


def test_a_recording_is_opened_anew_at_the_same_moment(
    session: Session, until: Any, study_folder: Path
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    session.go_to(2.0)
    before = session.opened
    session.viewer.scene.camera.zoom = 3.0
    session.reopen()
    session.reopen()
    until(lambda: session.opened is not before and session.moment == 2.0)
    assert session.viewer.scene.camera.zoom == 3.0


def test_what_cannot_be_read_is_told_and_the_last_stays(
    session: Session, until: Any, study_folder: Path, told: list[str], tmp_path: Path
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    session.open_recording("flat", in_space=True)
    until(lambda: bool(told))
    assert "no 3D" in told[0]
    assert (session.recording, session.coming) == ("flat", "")
    assert names(session) >= FLAT
    session.open_study(tmp_path)
    until(lambda: len(told) == 2)
    assert session.study is not None
    assert session.study.folder == study_folder
    assert session.recording == "flat"


def test_what_cannot_be_shown_is_taken_away(
    session: Session, until: Any, study_folder: Path, told: list[str], films: Films,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    kind = type(session.viewer.layers)
    insert = kind.insert

    def fail(layers: Any, index: int, layer: Any) -> None:
        if layer.name == "skeleton":
            raise DataError("no room for it")
        insert(layers, index, layer)

    monkeypatch.setattr(kind, "insert", fail)
    session.open_study(study_folder)
    until(lambda: bool(told))
    assert told == ["no room for it"]
    assert (session.recording, session.coming, names(session)) == ("", "", set())
    assert films.closed == 1


def test_boxes_are_made_while_the_window_goes_on(
    session: Session, until: Any, study_folder: Path
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    session.arrange(replace(session.arrangement, boxes=True))
    assert "boxes" not in names(session)

    def shown() -> bool:
        # They are made once, whatever else is arranged meanwhile.
        colour = "individual" if session.arrangement.colour == "keypoint" else "keypoint"
        session.arrange(replace(session.arrangement, colour=colour))
        return "boxes" in names(session) and session.viewer.layers["boxes"].visible

    until(shown)
    boxes = session.viewer.layers["boxes"]
    assert len(boxes.data) == 1
    assert [each.name for each in session.viewer.layers].count("boxes") == 1
    assert "boxes [1]" not in names(session)
    assert session.viewer.layers.selection.active is session.points
    # One that a person removed is made anew when it is wanted again.
    session.viewer.layers.remove(boxes)
    session.arrange(replace(session.arrangement, boxes=False))
    session.arrange(replace(session.arrangement, boxes=True))
    until(lambda: "boxes" in names(session))


def test_boxes_of_a_recording_that_was_closed_do_not_come(
    session: Session, until: Any, study_folder: Path, qtbot: Any
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    session.arrange(replace(session.arrangement, boxes=True))
    until(lambda: "boxes" in {each.name for each in session._stage.layers})
    session.close_recording()
    qtbot.wait(200)
    assert names(session) == set()
    session.open_recording("flat")
    until(lambda: "boxes" in names(session))


def test_boxes_alone_are_not_shown(session: Session, until: Any, study_folder: Path) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    session.viewer.layers.clear()
    session.arrange(replace(session.arrangement, boxes=True))
    until(lambda: not session._boxing.pace.busy)
    assert names(session) == set()
    session.go_to(0.4, recording="flat")
    until(lambda: names(session) >= FLAT | {"boxes"})


def test_a_layer_that_a_person_takes_away_while_all_go(
    session: Session, until: Any, study_folder: Path, told: list[str]
) -> None:
    session.open_study(study_folder)
    until(lambda: session.recording == "flat")
    viewer, stage = session.viewer, session._stage
    clearing = stage.clear(viewer)
    next(clearing)
    viewer.layers.remove(stage.layers[-1])
    for _ in clearing:
        pass
    assert (names(session), stage.layers, stage.lacks) == (set(), [], False)


def test_results_are_taken_up_while_the_window_goes_on(
    session: Session, until: Any, own_study: Study
) -> None:
    session.open_study(own_study.folder)
    until(lambda: session.recording == "flat")
    told: list[Any] = []
    session.study_changed.connect(lambda: told.append(None))
    assert session.sentence
    (own_study.recording("flat").folder / "manifest.json").unlink()
    session.refresh()
    session.refresh()
    until(lambda: session.sentence == "")
    assert told


@on_screen
@pytest.mark.parametrize("layers", [0, 3])
def test_a_window_is_closed_while_it_opens_a_study(
    qtbot: Any, until: Any, study_folder: Path, films: Films, layers: int
) -> None:
    pytest.importorskip("pyqtgraph")
    import napari

    viewer = napari.Viewer(show=False)
    viewer.window.add_plugin_dock_widget("napari-mousegpt", "Home")
    viewer.open(str(study_folder), plugin="napari-mousegpt")
    until(lambda: len(viewer.layers) >= layers)
    viewer.close()
    qtbot.wait(300)
    until(lambda: films.closed == films.read)
