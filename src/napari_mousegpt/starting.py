"""What takes a second or two once, so that it can be had in a thread before a window needs it."""

from __future__ import annotations

from importlib import import_module
from threading import Event

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
_started = Event()


def has_started() -> bool:
    """Whether it is all there."""
    return _started.is_set()


def start() -> None:
    """Import all that a study and the docks need, and read what the person prefers."""
    for name in _HEAVY:
        import_module(name)
    from napari_mousegpt.preferences import preferences

    preferences()
    _started.set()
