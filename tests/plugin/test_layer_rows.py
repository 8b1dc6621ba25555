"""napari's list of layers is told of what its rows show, and of no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytestqt")

from napari_mousegpt._widgets.layer_rows import spare_rows
from on_screen import on_screen


@pytest.fixture
def shown(viewer: Any, qtbot: Any) -> Any:
    """A window whose list is spared; seen, as else nothing of it is drawn."""
    window = viewer.window._qt_window
    with qtbot.waitExposed(window):
        window.show()
    spare_rows(window)
    return viewer


def model_of(viewer: Any) -> Any:
    return viewer.window._qt_viewer.layers.model().sourceModel()


def told(viewer: Any) -> list[tuple[int, list[int]]]:
    """Rows whose view is told of a change, and of which; fills as they are."""
    rows: list[tuple[int, list[int]]] = []
    model_of(viewer).dataChanged.connect(
        lambda first, _last, roles: rows.append((first.row(), [int(role) for role in roles]))
    )
    return rows


def painted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows as they are painted."""
    from napari._qt.containers._layer_delegate import LayerDelegate

    rows: list[int] = []
    paint = LayerDelegate.paint

    def note(self: Any, painter: Any, option: Any, index: Any) -> None:
        rows.append(index.row())
        paint(self, painter, option, index)

    monkeypatch.setattr(LayerDelegate, "paint", note)
    return rows


@on_screen
def test_a_step_paints_no_rows(shown: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = shown.add_image(np.zeros((9, 4, 4), np.uint8))
    qtbot.wait(300)
    layer._update_thumbnail = lambda: None  # as of films, whose thumbnails follow
    rows, changes = painted(monkeypatch), told(shown)
    shown.dims.set_current_step(0, 3)
    layer.data = np.ones((9, 4, 4), np.uint8)
    qtbot.wait(300)
    assert (rows, changes) == ([], [])
    layer.name = "another"
    qtbot.waitUntil(lambda: bool(rows))


@on_screen
@pytest.mark.parametrize(
    "change",
    [
        lambda layer: setattr(layer, "name", "another"),
        lambda layer: setattr(layer, "visible", False),
        lambda layer: setattr(layer, "thumbnail", np.full((32, 32, 4), 255, np.uint8)),
    ],
    ids=["name", "visible", "thumbnail"],
)
def test_rows_show_what_changes_of_a_layer(
    shown: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]
) -> None:
    shown.add_image(np.zeros((4, 4), np.uint8))
    layer = shown.add_image(np.zeros((4, 4), np.uint8))
    qtbot.wait(300)
    rows, changes = painted(monkeypatch), told(shown)
    change(layer)
    ((row, roles),) = changes
    assert row == 1
    assert roles
    qtbot.waitUntil(lambda: bool(rows))


@on_screen
def test_layers_come_and_go_in_the_list(shown: Any) -> None:
    layer = shown.add_image(np.zeros((4, 4), np.uint8))
    shown.add_points(np.zeros((1, 2)), name="keypoints")
    names = [model_of(shown).index(row, 0).data() for row in range(model_of(shown).rowCount())]
    assert names == [layer.name, "keypoints"]
    shown.layers.remove(layer)
    assert model_of(shown).rowCount() == 1


def test_another_kind_of_list_is_left_alone() -> None:
    class Window:
        _qt_viewer = object()

    spare_rows(Window())
