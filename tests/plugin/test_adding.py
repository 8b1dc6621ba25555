"""How layers come into a viewer, in turns: their controls first, nothing selected, nothing left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from on_screen import on_screen

pytest.importorskip("napari")
pytest.importorskip("pytestqt")

from napari.components import ViewerModel
from napari.layers import Points
from qtpy.compat import isalive

from napari_mousegpt.adding import adding


def at_once(viewer: Any, layer: Any, below: Any = None) -> None:
    for _ in adding(viewer, layer, from_start=False, below=below):
        pass


def points(name: str) -> Points:
    return Points(np.zeros((3, 2)), name=name)


def test_layers_that_come_leave_what_is_selected() -> None:
    viewer = ViewerModel()
    mine = viewer.add_layer(points("mine"))
    at_once(viewer, points("ours"))
    assert viewer.layers.selection == {mine}
    later = viewer.add_layer(points("mine, too"))
    assert viewer.layers.selection == {later}


def test_a_layer_comes_on_top_or_below_another() -> None:
    viewer = ViewerModel()
    first, second = points("first"), points("second")
    at_once(viewer, first)
    at_once(viewer, second, below=first)
    at_once(viewer, points("third"), below=points("one that is not there"))
    assert [each.name for each in viewer.layers] == ["second", "first", "third"]


@on_screen
def test_controls_are_made_before_their_layer(viewer: Any) -> None:
    controls = viewer.window._qt_viewer.controls
    layer, before = points("ours"), controls.count()
    turns = adding(viewer, layer, from_start=False)
    while layer not in controls.widgets:
        next(turns)
    assert layer not in viewer.layers
    made = controls.widgets[layer]
    for _ in turns:
        pass
    assert layer in viewer.layers
    assert controls.widgets == {layer: made}
    assert controls.count() == before + 1
    viewer.layers.selection.active = layer
    assert controls.currentWidget() is made
    viewer.layers.remove(layer)
    assert (controls.widgets, controls.count()) == ({}, before)
    # Layers that others add have controls as ever.
    mine = viewer.add_layer(points("mine"))
    assert list(controls.widgets) == [mine]


@on_screen
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_given_up_leaves_no_controls(
    viewer: Any, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    controls = viewer.window._qt_viewer.controls
    layer, before = points("ours"), controls.count()
    turns = adding(viewer, layer, from_start=False)
    while layer not in controls.widgets:
        next(turns)
    if fails:

        def fail(*_: Any) -> None:
            raise MemoryError

        monkeypatch.setattr(type(viewer.layers), "insert", fail)
        with pytest.raises(MemoryError):
            next(turns)
    else:
        turns.close()
    assert (controls.widgets, controls.count()) == ({}, before)
    assert layer not in viewer.layers


@on_screen
def test_boxes_are_not_for_editing(viewer: Any, study_folder: Path) -> None:
    from napari_mousegpt.session import session_of

    session = session_of(viewer)
    session.open_study(study_folder)
    session.arrange(replace(session.arrangement, boxes=True))
    boxes = viewer.layers["boxes"]
    assert not boxes.editable
    viewer.dims.set_current_step(0, 20)
    assert not boxes.editable
    # The eye of a layer that is going is nobody's wish.
    session.close_recording()
    boxes.visible = False
    assert session.arrangement.boxes


@on_screen
def test_what_is_given_up_as_its_window_goes_is_quiet(qtbot: Any) -> None:
    import napari

    viewer = napari.Viewer(show=False)
    controls, layer = viewer.window._qt_viewer.controls, points("ours")
    turns = adding(viewer, layer, from_start=False)
    while layer not in controls.widgets:
        next(turns)
    viewer.close()
    qtbot.waitUntil(lambda: not isalive(controls), timeout=60_000)
    turns.close()
