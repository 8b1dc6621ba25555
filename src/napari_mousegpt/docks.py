"""Makers of the docks that the manifest names; Qt is imported when one is opened."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def home() -> Any:
    """Open or make a study; what is there, what is missing, and one button to go on."""
    return _opened("home", "Home")


def study() -> Any:
    """The recordings and animals of the study; drop films and poses here."""
    return _opened("study", "StudyTable")


def views() -> Any:
    """Which views are shown and how, their clocks, scale, walls and zones."""
    return _opened("views", "Views")


def describe() -> Any:
    """Clips put into words: who describes, what it sees and takes; read, corrected, judged."""
    return _opened("describe", "Describe")


def ethogram() -> Any:
    """What every animal does, over time."""
    return _opened("ethogram", "Ethogram")


def behaviours() -> Any:
    """The map of the clips; behaviours are looked at, renamed, merged and split."""
    return _opened("behaviours", "Behaviours")


def search() -> Any:
    """Find moments by words, or by a moment that is like them."""
    return _opened("search", "Search")


def keypoints() -> Any:
    """Correct keypoints, from one doubtful moment to the next."""
    return _opened("keypoints", "Keypoints")


def convert_film() -> None:
    """Convert the film of the chosen layer to Zarr, while napari goes on."""
    session, runner = _here()
    from napari_mousegpt._widgets.converting import convert_film_of

    convert_film_of(session.viewer.layers.selection.active, runner)


def write_back() -> None:
    """Save the chosen points in the file that they were read from."""
    session, _ = _here()
    from napari_mousegpt._widgets.writing_back import write_points_back

    write_points_back(session.viewer.layers.selection.active)


def _opened(module: str, name: str) -> Any:
    """A dock of the viewer in which it is opened; imported when the window is ready for it."""
    here = _here()
    return getattr(import_module(f"napari_mousegpt._widgets.{module}"), name)(*here)


def _here() -> tuple[Any, Any]:
    """Session and runner of the viewer in which a dock is opened."""
    from napari import current_viewer

    from napari_mousegpt.windows import session_in_window

    session = session_in_window(current_viewer())
    from napari_mousegpt._widgets.runner import runner_of
    from napari_mousegpt.preferences import preferences

    if session.study is None:
        session.arrangement = preferences().views
    return session, runner_of(session)
