"""What makes a step of the slider light in a window: pictures first, words soon after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer

#: How long words may be behind the picture (ms): too short to be noticed; while a film plays they
#: are laid out ten times a second rather than with each picture, which takes as long as drawing it.
_BEHIND_MS = 100


class Soon:
    """Does what may follow the picture of a step soon after it, once for several steps."""

    def __init__(self) -> None:
        self._acts: dict[Callable[[], None], None] = {}

    def __call__(self, act: Callable[[], None]) -> None:
        if not self._acts:
            QTimer.singleShot(_BEHIND_MS, self._catch_up)
        self._acts[act] = None

    def _catch_up(self) -> None:
        acts, self._acts = self._acts, {}
        for act in acts:
            act()


def keep_mesh_shaders() -> None:
    """Let vispy keep the shader of a mesh whose data change.

    It makes a new function for the colours each time, equal to the one before, and so compiles the
    shader anew: 5 ms a step for each skeleton and each box of words. One function serves all
    meshes, as the one beside it for their places does. A vispy without that method is left alone.
    """
    from vispy.visuals.mesh import MeshVisual

    build = getattr(MeshVisual, "_build_color_transform", None)
    if build is not None and build.__module__ != __name__:
        MeshVisual._build_color_transform = _keeping(build)


def _keeping(build: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    kept: list[Any] = []

    def colour_transform(mesh: Any, colours: Any) -> Any:
        if colours.ndim == 2 and colours.shape[1] == 1:  # values, as the mesh's colormap has them
            return build(mesh, colours)
        if not kept:
            kept.append(build(mesh, colours))
        return kept[0]

    return colour_transform
