"""What takes a second or two once, so that it can be had in a thread before a window needs it."""

from __future__ import annotations

import gc
from importlib import import_module
from threading import Event, Lock
from typing import Any

from napari_mousegpt.gone import when_gone

_DOCKS = ("home", "study", "views", "keypoints", "describe", "behaviours", "ethogram", "search")
#: Ours with all that they import, and those that they import where they need them.
_HEAVY = (
    "napari_mousegpt.session",
    "mousegpt_core.study",
    "mousegpt_core.pipeline",
    "av",
    "zarr",
    "dask.array",
    "pyarrow.parquet",
    "pyqtgraph",
    *(f"napari_mousegpt._widgets.{dock}" for dock in _DOCKS),
)
_started, _starting = Event(), Lock()


def has_started() -> bool:
    """Whether it is all there."""
    return _started.is_set()


def is_starting() -> bool:
    """Whether it is being brought."""
    return _starting.locked()


def start() -> None:
    """Import all that a study and the docks need, read what the person prefers, find describers."""
    with _starting:
        if not has_started():
            _import_all()
            from mousegpt_core.registry import list_backends
            from napari_mousegpt.preferences import preferences

            preferences()
            list_backends("describers")
            _started.set()


def _import_all() -> None:
    collects = gc.isenabled()
    gc.disable()  # what is imported stays, and each look through all of it stops the window
    try:
        for name in _HEAVY:
            import_module(name)
    finally:
        if collects:
            gc.enable()


def spare_collector(window: Any) -> None:
    """Let the garbage collector pass over what stays for as long as a window does.

    napari collects garbage whenever a layer is removed, and most of what it would walk through,
    for longer than the window may be away, are modules. Layers that are there by now would never
    be collected: where there are some, in any window, all stays as it is.
    """
    from napari.viewer import Viewer

    if not gc.get_freeze_count() and not any(len(each.layers) for each in Viewer._instances):
        gc.freeze()
        when_gone(window, gc.unfreeze)
