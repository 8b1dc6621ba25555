"""The layer of boxes around animals in a session: made when a person first wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_mousegpt.boxes import boxes_at, boxes_layer, draw_boxes
from napari_mousegpt.pace import AtOnce, Pace, Turns

if TYPE_CHECKING:
    from napari_mousegpt.moving import MovingPoses
    from napari_mousegpt.recordings import OpenedRecording
    from napari_mousegpt.session import Session
    from napari_mousegpt.stage import Stage


class Boxing:
    """Boxes of the recording that a session shows.

    Parameters
    ----------
    session : Session
        Whose arrangement tells whether they are wanted.
    stage : Stage
        Its layers.

    Attributes
    ----------
    pace : Pace
        How the layer is made: napari's first shapes take a second or two.
    """

    def __init__(self, session: Session, stage: Stage) -> None:
        self.pace: Pace = AtOnce()
        self._session, self._stage = session, stage
        self._layer: Any = None
        #: The recording whose layer is being made.
        self._coming: OpenedRecording | None = None

    def show(self) -> None:
        """Show them or not, as the arrangement has it; a layer that was removed is made anew."""
        session = self._session
        wanted, opened = session.arrangement.boxes, session.opened
        if self._layer is not None and self._layer not in session.viewer.layers:
            self._let_go()
        if self._layer is not None:
            self._layer.visible = wanted
        elif wanted and opened is not None and opened is not self._coming:
            self.pace.begin(self._making(opened))

    def draw(self, step: int) -> None:
        """Draw those of a step of the slider, where they are looked at."""
        opened = self._session.opened
        if opened is not None and self._layer is not None and self._layer.visible:
            draw_boxes(self._layer, boxes_at(opened.moving, step))

    def forget(self) -> None:
        """Their recording is not shown any more."""
        self.pace.stop()
        self._let_go()

    def _let_go(self) -> None:
        if self._layer is not None:
            self._layer.events.visible.disconnect(self._on_shown)
            self._layer = None

    def _making(self, opened: OpenedRecording) -> Turns:
        session = self._session
        if self._stage.is_bare:  # a person took everything away
            return
        self._coming = opened
        try:
            step = session.step
            layer = yield lambda: _made(opened.moving, step)
            if layer is None:
                return
            yield from self._stage.add(session.viewer, layer, below=session.points)
        finally:
            self._coming = None
        # Its controls made it editable.
        layer.editable = False
        self._layer = layer
        layer.events.visible.connect(self._on_shown)
        self.show()
        session.redraw()

    def _on_shown(self) -> None:
        """A person opened or closed the layer's eye; so it stays, in other recordings too."""
        shown, arrangement = bool(self._layer.visible), self._session.arrangement
        if shown != arrangement.boxes:
            self._session.arrangement = replace(arrangement, boxes=shown)
            self._session.redraw()
            self._session.arrangement_changed.emit()


def _made(every: Sequence[MovingPoses], step: int) -> Any:
    """The layer, with its boxes at a step; None where nothing is in pictures."""
    from napari.layers import Layer

    about = boxes_layer(every)
    if about is None:
        return None
    layer = Layer.create(*about)
    draw_boxes(layer, boxes_at(every, step))
    return layer
