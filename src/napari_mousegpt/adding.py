"""How a layer comes into a viewer: in turns of the window's loop, as napari's one takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from napari_mousegpt.pace import Turns


def adding(viewer: Any, layer: Any, *, from_start: bool, below: Any = None) -> Turns:
    """Add a layer, and show it in the next turn; it is not selected.

    Parameters
    ----------
    viewer, layer : ViewerModel, Layer
        Which, and where.
    from_start : bool
        Whether it is shown at the first step: napari goes to the middle of the first of all, which
        of a film takes long.
    below : Layer, optional
        What stays above it; by default it comes on top.
    """
    if not len(viewer.layers):
        _prepare_dims(viewer, layer)
        yield None
    # In 3D napari cannot add vectors that are hidden.
    shown, layer.visible = layer.visible, layer.visible and viewer.dims.ndisplay == 3
    yield from _inserting(viewer, layer, below)
    if from_start:
        viewer.dims.set_current_step(0, 0)
    yield None
    if shown != layer.visible:
        layer.visible = shown
        yield None


def _inserting(viewer: Any, layer: Any, below: Any) -> Turns:
    """Insert a layer; the controls of a window, which take a third of it, are made before."""
    controls, layers = _controls_of(viewer), viewer.layers
    told = SimpleNamespace(value=layer)
    if controls is None:
        with _unselected(layers):
            layers.insert(_place(layers, below), layer)
        return
    controls._add(told)
    try:
        yield None
        with _unselected(layers), layers.events.inserted.blocker(controls._add):
            layers.insert(_place(layers, below), layer)
    finally:
        if layer not in layers:
            with suppress(RuntimeError):  # its window is gone, and they with it
                controls._remove(told)


def _place(layers: Any, below: Any) -> int:
    return int(layers.index(below)) if below in layers else len(layers)


def _prepare_dims(viewer: Any, layer: Any) -> None:
    """Give the viewer the sliders that its first layer needs; they take as long as the layer."""
    extent = layer.extent
    viewer.dims.ndim = layer.ndim
    viewer.dims.range = tuple(zip(*extent.world, extent.step, strict=True))


def _controls_of(viewer: Any) -> Any:
    """What makes the controls of a window's layers; None in a script, and in another napari."""
    window = getattr(viewer, "window", None)
    controls = getattr(getattr(window, "_qt_viewer", None), "controls", None)
    return controls if hasattr(controls, "_add") and hasattr(controls, "_remove") else None


@contextmanager
def _unselected(layers: Any) -> Iterator[None]:
    """Layers that are inserted meanwhile are not selected: that takes as long as their controls."""
    selects = getattr(layers, "_activate_on_insert", True)  # others select as they do
    layers._activate_on_insert = False
    try:
        yield
    finally:
        layers._activate_on_insert = selects
