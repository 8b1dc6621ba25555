"""Makers of the docks that the manifest names; Qt is imported when one is opened."""

from __future__ import annotations

from typing import Any


def home() -> Any:
    """Open or make a study; what is there, what is missing, and one button to go on."""
    from napari_mousegpt._widgets.home import Home

    return Home(*_here())


def study() -> Any:
    """The recordings and animals of the study; drop films and poses here."""
    from napari_mousegpt._widgets.study import StudyTable

    return StudyTable(*_here())


def views() -> Any:
    """Which views are shown and how, their clocks, scale, walls and zones."""
    from napari_mousegpt._widgets.views import Views

    return Views(*_here())


def describe() -> Any:
    """Clips put into words: who describes, what it sees and takes; read, corrected, judged."""
    from napari_mousegpt._widgets.describe import Describe

    return Describe(*_here())


def ethogram() -> Any:
    """What every animal does, over time."""
    from napari_mousegpt._widgets.ethogram import Ethogram

    return Ethogram(*_here())


def behaviours() -> Any:
    """The map of the clips; behaviours are looked at, renamed, merged and split."""
    from napari_mousegpt._widgets.behaviours import Behaviours

    return Behaviours(*_here())


def search() -> Any:
    """Find moments by words, or by a moment that is like them."""
    from napari_mousegpt._widgets.search import Search

    return Search(*_here())


def keypoints() -> Any:
    """Correct keypoints, from one doubtful moment to the next."""
    from napari_mousegpt._widgets.keypoints import Keypoints

    return Keypoints(*_here())


def convert_film() -> None:
    """Convert the film of the chosen layer to Zarr, while napari goes on."""
    from napari_mousegpt._widgets.converting import convert_film_of

    session, runner = _here()
    convert_film_of(session.viewer.layers.selection.active, runner)


def _here() -> tuple[Any, Any]:
    """Session and runner of the viewer in which a dock is opened."""
    from napari import current_viewer

    from napari_mousegpt._widgets.runner import runner_of
    from napari_mousegpt.preferences import preferences
    from napari_mousegpt.windows import session_in_window

    session = session_in_window(current_viewer())
    if session.study is None:
        session.arrangement = preferences().views
    return session, runner_of(session)
