"""The session of a viewer that has a window; Qt is imported where there is one."""

from __future__ import annotations

from typing import Any

from napari_mousegpt.session import Session, session_of


def session_in_window(viewer: Any) -> Session:
    """The session of a viewer; in a window it does what takes a while in turns, words later."""
    session = session_of(viewer)
    window = getattr(getattr(session.viewer, "window", None), "_qt_window", None)
    if window is not None and not session.in_turns:
        from napari_mousegpt._widgets.stepping import Soon, keep_mesh_shaders
        from napari_mousegpt._widgets.turns import InTurns

        session.take_turns(lambda: InTurns(window))
        window.destroyed.connect(lambda: session.leave_window())
        session.afterwards = Soon()
        keep_mesh_shaders()
    return session
