"""What makes a step of the slider light in a window: pictures first, words soon after."""

from __future__ import annotations

import os
import string
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet, ref

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QThread, QTimer, Signal
from qtpy.QtWidgets import QApplication

from napari_mousegpt._widgets.rest import rest
from napari_mousegpt._widgets.rounds import in_a_round
from napari_mousegpt._widgets.telling import errors_told
from napari_mousegpt._widgets.textures import keep_texture
from napari_mousegpt.gone import when_gone
from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.pace import stand_back

#: How long words may be behind the picture (ms): too short to be noticed; while a film plays they
#: are laid out ten times a second rather than with each picture, which takes as long as drawing it.
_BEHIND_MS = 100
#: How long a step waits for its pictures (s): most are there by then, and the window is not felt
#: to be away.
_PATIENCE_S = 0.02
#: The slider rests when nothing was shown anew for so long (ms).
_REST_MS = 300
#: What most words are written with, and by what vispy tells how high a line is.
_LETTERS = string.ascii_letters + string.digits + " .,:;…'\"()-_/%" + "ÅÉÑŐ"
_KEYS = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
#: Who does this over the picture does something with it.
_ACTS = (*_KEYS, QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.Wheel)


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
            in_a_round(act)


class PicturesFollow(QObject):
    """Lets pictures of films come after the step that a person goes to.

    That is while a mouse button or a key over the picture is down, and where a dock goes to a
    moment. A script gets the pictures of a step with the step.

    Parameters
    ----------
    viewer : Viewer
        Whose.
    window : QWidget
        Its window.

    Attributes
    ----------
    caught_up : Signal
        All pictures are those of the step again.
    """

    caught_up = Signal()
    _came = Signal()

    def __init__(self, viewer: Any, window: Any) -> None:
        super().__init__(window)
        self._viewer = ref(viewer)
        self._invited = 0
        self._at_a_key = False
        self._point: tuple[float, ...] = ()
        self._asked = self._until = 0.0
        self._patience = _PATIENCE_S
        threads = self._threads = ThreadPoolExecutor(
            os.cpu_count() or 1, "mousegpt-pictures", initializer=stand_back
        )
        followed = self._followed = WeakSet[LatePictures]()
        when_gone(window, lambda: _let_go(followed, threads))
        self._came.connect(self._show)
        self._canvas = window._qt_viewer.canvas
        for layer in viewer.layers:
            self._follow(layer)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.dims.events.current_step.connect(rest.end)
        self._canvas.native.installEventFilter(self)

    @property
    def are_late(self) -> bool:
        """Whether another picture is shown than the step's."""
        # Beyond its end a film shows nothing, and napari asks it for nothing.
        return any(
            pictures.is_late and layer.visible and not layer._slice.empty
            for layer, pictures in self._films()
        )

    @contextmanager
    def may_follow(self) -> Iterator[None]:
        """Pictures of steps that are gone to within may come later."""
        self._invited += 1
        try:
            yield
        finally:
            self._invited -= 1

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Know that a key is being pressed over the picture, and that something is done there."""
        if event.type() in _ACTS or (event.type() == QEvent.Type.MouseMove and event.buttons()):
            rest.end()
        if event.type() in _KEYS and not self._at_a_key:
            self._at_a_key = True
            QTimer.singleShot(0, self._leave_key)
        return bool(super().eventFilter(watched, event))

    def _leave_key(self) -> None:
        self._at_a_key = False

    def _films(self) -> list[tuple[Any, LatePictures]]:
        viewer = self._viewer()
        layers = () if viewer is None else viewer.layers
        return [(each, each.data) for each in layers if isinstance(each.data, LatePictures)]

    def until(self) -> float | None:
        """Until when pictures of this step are waited for; None = however long."""
        viewer = self._viewer()
        if viewer is None or not self._may_come_late():
            return None
        if viewer.dims.point != self._point:
            self._point, self._asked = viewer.dims.point, time.perf_counter()
            self._until = self._asked + self._patience
            # All are read side by side while the first is waited for.
            for layer, pictures in self._films():
                if layer.visible:
                    step = round(layer.world_to_data(self._point[-layer.ndim :])[0])
                    pictures.ask(min(max(step, 0), len(pictures) - 1))
        return self._until

    def begin(self, reading: Callable[[], None]) -> None:
        """Read in a thread."""
        self._threads.submit(reading)

    def came(self) -> None:
        """A picture was read; after one that took longer than a step waits, the next does not."""
        soon = time.perf_counter() - self._asked <= _PATIENCE_S
        self._patience = _PATIENCE_S if soon else 0.0
        self._came.emit()

    def _may_come_late(self) -> bool:
        if QThread.currentThread() is not self.thread():  # napari's own, which slices for others
            return False
        pressed = QApplication.mouseButtons() != Qt.MouseButton.NoButton
        return bool(self._invited) or self._at_a_key or pressed

    def _on_inserted(self, event: Any) -> None:
        self._follow(event.value)

    def _follow(self, layer: Any) -> None:
        if isinstance(layer.data, LatePictures):
            # Two layers may show two pictures of one film at a time: they are waited for.
            shared = any(
                pictures is layer.data for other, pictures in self._films() if other is not layer
            )
            layer.data.reader = None if shared else self
            self._followed.add(layer.data)
            keep_texture(self._canvas, layer)

    def _show(self) -> None:
        """Show what came late, or meanwhile the newest that there is."""
        rest.end()
        late = [layer for layer, pictures in self._films() if pictures.has_news]
        with self.may_follow():
            self._until = 0.0
            for layer in late:
                with errors_told():
                    layer.refresh(extent=False)
        if late and not self.are_late:
            self.caught_up.emit()


def _let_go(followed: Iterable[LatePictures], threads: ThreadPoolExecutor) -> None:
    """Nobody shows late pictures any more; layers may outlive their window."""
    for pictures in followed:
        pictures.stop()
        pictures.reader = None
    threads.shutdown(wait=False, cancel_futures=True)


def pictures_follow(viewer: Any, window: Any) -> PicturesFollow:
    """What lets the pictures of a window come late, made on first use."""
    found = window.findChild(PicturesFollow)
    return PicturesFollow(viewer, window) if found is None else found


class ThumbnailsFollow(QObject):
    """Lets the list of layers show what is of a view anew once the slider rests: films, trails.

    At each step napari would draw all their thumbnails, and then the rows of its list: a tenth of
    what a step of four films takes. Until then a layer's ``thumbnail`` is that of before.

    Parameters
    ----------
    viewer : Viewer
        Whose; of its layers those of views.
    window : QWidget
        Its window.
    """

    def __init__(self, viewer: Any, window: Any) -> None:
        super().__init__(window)
        self._due = WeakSet[Any]()
        followed = self._followed = WeakSet[Any]()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._draw)
        when_gone(window, lambda: _draw_at_once(followed))
        for layer in viewer.layers:
            self._follow(layer)
        viewer.layers.events.inserted.connect(self._on_inserted)

    def _on_inserted(self, event: Any) -> None:
        self._follow(event.value)

    def _follow(self, layer: Any) -> None:
        if "view" in layer.metadata:
            its = ref(layer)
            layer._update_thumbnail = lambda: self._wait(its())
            self._followed.add(layer)

    def _wait(self, layer: Any) -> None:
        self._due.add(layer)
        self._timer.start()

    def _draw(self) -> None:
        due = [layer for layer in self._due if layer.visible]
        self._due.clear()
        for layer in due:
            type(layer)._update_thumbnail(layer)


def _draw_at_once(layers: Iterable[Any]) -> None:
    """Thumbnails follow no slider any more; layers may outlive their window."""
    for layer in layers:
        layer.__dict__.pop("_update_thumbnail", None)


def learn_letters(window: Any) -> None:
    """Have the letters drawn that words over the picture are made of, one a round of the loop.

    The first time that a letter is shown takes napari 5 to 10 ms: words that begin with a dozen new
    ones would stop the window. A napari that keeps its letters elsewhere is left alone.
    """
    about = getattr(window._qt_viewer.canvas, "_font_info", None)
    if about is None:
        return
    font, letters = about.font_manager.get_font(about.face), iter(_LETTERS)

    def learn() -> None:
        letter = next(letters, None)
        if letter is not None and isalive(window):
            font[letter]  # keeps it
            in_a_round(learn)

    learn()
