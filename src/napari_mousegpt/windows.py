"""The session of a viewer that has a window; Qt is imported where there is one."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mousegpt_core.progress import CancelledError
from napari_mousegpt.arriving import meanwhile
from napari_mousegpt.gone import when_gone
from napari_mousegpt.manners import Manners
from napari_mousegpt.starting import has_started, spare_collector, start

if TYPE_CHECKING:
    from napari_mousegpt.session import Session


def session_in_window(viewer: Any) -> Session:
    """The session of a viewer; in a window it does what takes a while in turns, words later."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    if window is not None:
        from napari_mousegpt._widgets.garbage import collect_in_rounds

        collect_in_rounds(window)
        if not has_started():
            _start(window)
    from napari_mousegpt.session import session_of

    session = session_of(viewer)
    if window is not None and not session.in_turns:
        _settle(session, window)
    return session


def _start(window: Any) -> None:
    """Import what is heavy while the window goes on, but for its menus: a dock opens once."""
    menus = window.menuBar()
    menus.setEnabled(False)
    try:
        meanwhile(start, "Starting MouseGPT")
    finally:
        if not _is_gone(window):
            menus.setEnabled(True)
    if _is_gone(window):
        given_up = CancelledError("the window was closed before its dock was there")
        _keep_quiet(given_up)
        raise given_up


def _keep_quiet(given_up: CancelledError) -> None:
    """Tell nobody that a dock goes with its window: napari would print that as an error.

    napari puts back the hook of before when its loop has ended.
    """
    tell = sys.excepthook

    def quietly(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if error is not given_up:
            tell(kind, error, trace)

    sys.excepthook = quietly


def is_going(session: Session) -> bool:
    """Whether the window of a session is being destroyed; its canvas goes before its docks."""
    if session.is_closed:
        return True
    window = getattr(getattr(session.viewer, "window", None), "_qt_window", None)
    return window is not None and _is_gone(window._qt_viewer.canvas.native)


def _is_gone(widget: Any) -> bool:
    from qtpy.compat import isalive

    return not isalive(widget)


def _settle(session: Session, window: Any) -> None:
    """Let a session work as it should in its window."""
    from napari_mousegpt._widgets.layer_rows import spare_rows
    from napari_mousegpt._widgets.shaders import lighten_shaders
    from napari_mousegpt._widgets.stepping import (
        Soon,
        ThumbnailsFollow,
        learn_letters,
        pictures_follow,
    )
    from napari_mousegpt._widgets.telling import tell_left_out, unreadable_told
    from napari_mousegpt._widgets.turns import InTurns

    session.take_turns(lambda: InTurns(window))
    when_gone(window, session.leave_window)
    follow = pictures_follow(session.viewer, window)
    follow.caught_up.connect(session.catch_up)
    session.manners = Manners(Soon(), tell_left_out, follow.may_follow, lambda: follow.are_late)
    session.study_changed.connect(unreadable_told(session))
    if window.findChild(ThumbnailsFollow) is None:
        ThumbnailsFollow(session.viewer, window)
        learn_letters(window)
        spare_rows(window)
    lighten_shaders()
    spare_collector(window)
