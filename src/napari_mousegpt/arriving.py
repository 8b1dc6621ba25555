"""What napari opens by itself (files, samples): made as the window goes on, closed at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mousegpt_core.progress import CancelledError
from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.starting import spare_collector

if TYPE_CHECKING:
    from napari_mousegpt.layers import LayerTuple

#: What a reader returns that has no layer, or has put it into the viewer itself (npe2).
NO_LAYER: LayerTuple = (None,)  # type: ignore[assignment]
Found = TypeVar("Found")


def current_viewer() -> Any:
    """The viewer of the window that is in front; None where there is no window."""
    napari = sys.modules.get("napari")
    return None if napari is None else napari.current_viewer()


def meanwhile(call: Callable[[], Found], title: str) -> Found:
    """What comes of a call, made in a thread while a window's loop runs, else at once."""
    if current_viewer() is not None:
        from napari_mousegpt._widgets.waiting import loop_runs, window_goes_on

        if loop_runs():
            return window_goes_on(call, title)
    return call()


def arrived(make: Callable[[], list[LayerTuple]], title: str) -> list[Any]:
    """Layers that napari is to add.

    While a window's loop runs, they are made in a thread, and added to its viewer in a turn of the
    loop each, but the last, which is left to napari. In a script they are made at once.

    Parameters
    ----------
    make : callable
        Gives layer tuples; knows nothing of Qt.
    title : str
        What it does, for people.

    Returns
    -------
    list of layer tuple, or of one Layer
        What napari has still to add.

    Raises
    ------
    CancelledError
        If a person gave it up, or closed the window.
    """
    viewer = current_viewer()
    if viewer is None:
        return make()
    viewer.layers.events.removed.connect(_close_film)
    from napari_mousegpt._widgets.waiting import Waiting, loop_runs

    if not loop_runs():
        return make()
    window = viewer.window._qt_window
    spare_collector(window)
    from napari_mousegpt._widgets.garbage import collect_in_rounds
    from napari_mousegpt._widgets.stepping import pictures_follow

    collect_in_rounds(window)
    pictures_follow(viewer, window)
    step = int(viewer.dims.current_step[0])
    with Waiting(title, window) as waiting:
        layers = waiting.result(lambda: _created(make(), step), _close_all)
        from napari_mousegpt.adding import adding  # heavy, but for what was imported by now

        try:
            for layer in layers[:-1]:
                for _ in adding(viewer, layer, from_start=not viewer.layers):
                    waiting.turn()
        except CancelledError:
            _remove(viewer, layers)
            _close_all(layers)
            raise
        return layers[-1:]


def arrived_or_none(make: Callable[[], list[LayerTuple]], title: str) -> list[Any]:
    """As `arrived`, for a reader: no layer where it was given up."""
    try:
        return arrived(make, title)
    except CancelledError:
        return [NO_LAYER]


def _created(tuples: list[LayerTuple], step: int) -> list[Any]:
    """The layers; pictures that napari shows first are read."""
    from napari.layers import Layer

    for data, _, kind in tuples:
        if kind == "image":
            # napari goes to the middle of what is first, and stays where it is otherwise.
            for number in {0, (len(data) - 1) // 2, min(step, len(data) - 1)}:
                np.asarray(data[number])
    return [Layer.create(*each) for each in tuples]


def _remove(viewer: Any, layers: list[Any]) -> None:
    for layer in layers:
        if layer in viewer.layers:
            viewer.layers.remove(layer)


def _close_film(event: Any) -> None:
    """Close the film of a layer that was removed; it is opened again where it is still shown."""
    _close_all([event.value])


def _close_all(layers: list[Any]) -> None:
    for layer in layers:
        if isinstance(layer.data, LatePictures):
            layer.data.close()
