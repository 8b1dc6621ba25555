"""The layers of a recording in a viewer, and the films that they read; no window."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from typing import Any
from weakref import WeakSet

from napari_mousegpt.adding import adding
from napari_mousegpt.arranging import FRAME, look_from_above
from napari_mousegpt.pace import Turns

#: So many layers are taken away between two collections of their garbage.
_AT_A_TIME = 3


class Stage:
    """Layers of ours; those of the user's own are left alone.

    Attributes
    ----------
    layers : list of Layer
        The lowest first.
    films : ExitStack
        Closes what they read.
    lacks : bool
        Whether a person took some of the recording's away.
    """

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.films = ExitStack()
        self.lacks = False
        self._added: WeakSet[Any] = WeakSet()
        self._fitted: tuple[float, ...] = ()
        self._began_at = 0.0

    @property
    def is_bare(self) -> bool:
        """Whether a person took all of them away."""
        return self.lacks and not self.layers

    def add(self, viewer: Any, layer: Any, *, below: Any = None) -> Turns:
        """Add a layer; the first is shown at the first step, and read nowhere else.

        Parameters
        ----------
        viewer, layer : ViewerModel, Layer
            Which, and where.
        below : Layer, optional
            One of ours that stays above it.
        """
        first = not self.layers
        viewer.layers.events.removed.connect(self._on_removed)
        under = below in self.layers
        self.layers.insert(self.layers.index(below) if under else len(self.layers), layer)
        self._added.add(layer)
        yield from adding(viewer, layer, from_start=first, below=below if under else None)
        if first:
            self._began_at = viewer.dims.range[0].start

    def set(self, viewer: Any, *, in_space: bool) -> None:
        """Select the uppermost, and see all of it, from its beginning.

        Where a person has moved the slider since the first of them came, it stays there.
        """
        viewer.layers.selection.active = self.layers[-1] if self.layers else None
        viewer.dims.axis_labels = (FRAME, *viewer.dims.axis_labels[1:])
        if in_space:
            look_from_above(viewer.scene.camera)
        self.fit(viewer)
        if viewer.dims.point[0] == self._began_at:
            viewer.dims.set_current_step(0, 0)

    def fit(self, viewer: Any) -> None:
        """See all of it, in a canvas of any size until a person moves the camera."""
        viewer.fit_to_view()
        self._fitted = _look(viewer)

    def refit(self, viewer: Any) -> None:
        """See all of it in a canvas of another size, if no one has looked elsewhere."""
        if self.layers and self._fitted == _look(viewer):
            self.fit(viewer)

    def clear(self, viewer: Any) -> Turns:
        """Take the layers away, the uppermost first, and close their films."""
        self.lacks = False
        if self.layers:
            # One batch, at whose end napari looks for garbage: little of it is left by then, and
            # little else that lives, as each look takes long.
            with viewer.layers.batched_update():
                yield from self._taking_away(viewer)
            yield None
        self.lacks = False  # as a person may have taken the last of them
        self.films.close()

    def _taking_away(self, viewer: Any) -> Turns:
        in_window = getattr(viewer, "window", None) is not None
        taken = 0
        # A person may take some away, too, between the turns.
        while self.layers:
            layer = self.layers.pop()
            if layer in viewer.layers:
                viewer.layers.remove(layer)
            del layer  # else it outlives the collection
            taken += 1
            yield None
            if in_window and taken % _AT_A_TIME == 0:
                gc.collect()
                yield None

    def _on_removed(self, event: Any) -> None:
        """A person took a layer away."""
        if event.value in self.layers:
            self.layers.remove(event.value)
            # What a dock lets a person draw on is not of the recording.
            self.lacks |= event.value in self._added


def _look(viewer: Any) -> tuple[float, ...]:
    """Where a viewer's camera looks, and from how near."""
    camera = viewer.scene.camera
    return (camera.zoom, *camera.center)
