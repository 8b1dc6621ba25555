"""The layers of a recording in a viewer, and the films that they read; no window."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from weakref import WeakSet

from napari_mousegpt.arranging import FRAME, look_from_above
from napari_mousegpt.pace import Turns


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

    @property
    def is_bare(self) -> bool:
        """Whether a person took all of them away."""
        return self.lacks and not self.layers

    def add(self, viewer: Any, layer: Any) -> Turns:
        """Add a layer; the first is shown at the first step, and read nowhere else."""
        first = not self.layers
        viewer.layers.events.removed.connect(self._on_removed)
        self.layers.append(layer)
        self._added.add(layer)
        yield from adding(viewer, layer, from_start=first)

    def set(self, viewer: Any, *, in_space: bool) -> None:
        """See all of it, from its beginning."""
        viewer.dims.axis_labels = (FRAME, *viewer.dims.axis_labels[1:])
        if in_space:
            look_from_above(viewer.scene.camera)
        self.fit(viewer)
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
            # napari cleans up after all of them once: it takes longer than all else.
            with viewer.layers.batched_update():
                while self.layers:
                    layer = self.layers.pop()
                    if layer in viewer.layers:
                        viewer.layers.remove(layer)
                    yield None
            yield None
        self.films.close()

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


def adding(viewer: Any, layer: Any, *, from_start: bool) -> Turns:
    """Add a layer, and show it in the next turn.

    Parameters
    ----------
    viewer, layer : ViewerModel, Layer
        Which, and where.
    from_start : bool
        Whether it is shown at the first step: napari goes to the middle of the first of all, which
        of a film takes long.
    """
    if not len(viewer.layers):
        _prepare_dims(viewer, layer)
        yield None
    # In 3D napari cannot add vectors that are hidden.
    shown, layer.visible = layer.visible, layer.visible and viewer.dims.ndisplay == 3
    viewer.add_layer(layer)
    if from_start:
        viewer.dims.set_current_step(0, 0)
    yield None
    if shown != layer.visible:
        layer.visible = shown
        yield None


def _prepare_dims(viewer: Any, layer: Any) -> None:
    """Give the viewer the sliders that its first layer needs; they take as long as the layer."""
    extent = layer.extent
    viewer.dims.ndim = layer.ndim
    viewer.dims.range = tuple(zip(*extent.world, extent.step, strict=True))
