"""What napari opens by itself: beside the window, closed with its layers, given up at any time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.video.films import FIXED_B, encode, number_in
from mousegpt_core.errors import DataError, VideoError
from mousegpt_core.progress import CancelledError
from on_screen import ON_SCREEN

pytest.importorskip("napari")
pytest.importorskip("pytestqt")

from napari_mousegpt import _sample_data, arriving, layers
from napari_mousegpt._readers import films
from napari_mousegpt._widgets.waiting import Waiting, loop_runs, window_goes_on
from napari_mousegpt.layers import LayerTuple, film_layer

COUNT = 30


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arriving")
    return encode(folder / "mouse.mp4", COUNT, b_frames=2, options=FIXED_B, moving=True)


def two_layers(before: Callable[[], Any] = lambda: None) -> list[LayerTuple]:
    """A picture and a point on it; something is done before."""
    before()
    axes = {"axis_labels": ("frame", "y", "x")}
    return [
        (np.zeros((COUNT, 4, 4)), {"name": "picture", "contrast_limits": (0, 1), **axes}, "image"),
        (np.zeros((1, 3)), {"name": "point", **axes}, "points"),
    ]


# -- waiting ---------------------------------------------------------------------------------------


def test_the_window_goes_on_meanwhile(qtbot: Any) -> None:
    from qtpy.QtCore import QTimer

    alive, told = Event(), []
    QTimer.singleShot(0, lambda: told.append("drawn") or alive.set())
    assert window_goes_on(lambda: alive.wait(10), "waiting") is True
    assert told == ["drawn"]
    with pytest.raises(DataError, match="not there"):
        window_goes_on(fails, "waiting")


@pytest.fixture
def window(qtbot: Any) -> Any:
    from qtpy.QtWidgets import QWidget

    return QWidget()


def test_waiting_gives_what_came(window: Any) -> None:
    with Waiting("waiting", window) as waiting:
        assert waiting.result(lambda: 3, print) == 3
        waiting.turn()
        with pytest.raises(DataError):
            waiting.result(fails, print)


def fails() -> None:
    raise DataError("not there")


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_waiting_is_given_up(window: Any, how: str) -> None:
    from qtpy.QtCore import QTimer

    slow, late = Event(), SimpleQueue[bool]()
    try:
        with Waiting("waiting", window) as waiting:
            QTimer.singleShot(0, waiting._bar.cancel if how == "cancel" else window.deleteLater)
            with pytest.raises(CancelledError):
                waiting.result(slow.wait, late.put)
            with pytest.raises(CancelledError):
                waiting.turn()
    finally:
        slow.set()
    assert late.get(timeout=60) is True


# -- without a loop --------------------------------------------------------------------------------


def open_files() -> set[str]:
    """Files that this process has open."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not tell which files are open")
    return {os.path.realpath(each) for each in folder.iterdir()}


def test_a_film_is_closed_with_its_layer(
    film: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari.components import ViewerModel
    from napari.layers import Layer

    viewer = ViewerModel()
    monkeypatch.setattr(arriving, "current_viewer", lambda: viewer)
    for _ in range(2):  # listened to once, however many there are
        ((data, options, kind),) = films.read(str(film))
    layer = viewer.add_layer(Layer.create(data, options, kind))
    viewer.add_layer(Layer.create(np.zeros((4, 4)), {}, "image"))
    assert str(film) in open_files()
    viewer.layers.remove(layer)
    assert str(film) not in open_files()
    viewer.add_layer(layer)  # as after an undo: it is opened again
    viewer.dims.set_current_step(0, COUNT // 3)
    assert number_in(np.asarray(layer._slice.image.view)) == COUNT // 3
    viewer.layers.clear()
    assert str(film) not in open_files()


def test_without_napari_it_is_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "current_viewer", lambda: None)
    assert [name(each) for each in arriving.arrived(two_layers, "reading")] == ["picture", "point"]


def name(layer: LayerTuple) -> str:
    return str(layer[1]["name"])


# -- in a window -----------------------------------------------------------------------------------


@pytest.fixture
def by_a_person(qtbot: Any) -> Callable[[Callable[[], Any]], Any]:
    """Does something as the window's loop does what people do; gives its result, or raises."""
    from qtpy.QtCore import QTimer

    def act(what: Callable[[], Any]) -> Any:
        found: list[Any] = []

        def do() -> None:
            assert loop_runs()
            try:
                found.append(what())
            except Exception as error:  # noqa: BLE001 - raised below, not in Qt's loop
                found.append(error)

        QTimer.singleShot(0, do)
        qtbot.waitUntil(lambda: bool(found), timeout=60_000)
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    return act


class TestInWindow:
    """Files and samples that a person opens."""

    pytestmark = ON_SCREEN

    def test_a_film_comes_while_the_window_goes_on(
        self, viewer: Any, by_a_person: Any, film: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from qtpy.QtCore import QTimer

        drawn = Event()

        def slow_layer(opened: Any, *, name: str) -> LayerTuple:
            assert drawn.wait(60)
            return film_layer(opened, name=name)

        monkeypatch.setattr(layers, "film_layer", slow_layer)
        QTimer.singleShot(200, drawn.set)
        (layer,) = by_a_person(lambda: viewer.open(str(film), plugin="napari-mousegpt"))
        assert list(viewer.layers) == [layer]
        assert (layer.name, layer.source.path) == ("mouse", str(film))
        shown = int(viewer.dims.current_step[0])
        assert number_in(np.asarray(layer._slice.image.view)) == shown
        assert str(film) in open_files()
        viewer.layers.clear()
        assert str(film) not in open_files()

    def test_what_a_folder_is_is_found_meanwhile(
        self, viewer: Any, by_a_person: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            Image.fromarray(np.full((20, 30), 10 * number, np.uint8)).save(
                tmp_path / f"{number}.png"
            )
        threads: list[Thread] = []
        really = films._may_be_film

        def looked_into(path: Path) -> bool:
            threads.append(current_thread())
            return really(path)

        monkeypatch.setattr(films, "_may_be_film", looked_into)
        (layer,) = by_a_person(lambda: viewer.open(str(tmp_path), plugin="napari-mousegpt"))
        assert layer.data.shape == (3, 20, 30)
        assert main_thread() not in threads

    def test_scripts_get_it_at_once(self, viewer: Any, film: Path) -> None:
        (layer,) = viewer.open(str(film), plugin="napari-mousegpt", name="mine", opacity=0.5)
        assert (layer.name, layer.opacity) == ("mine", 0.5)
        viewer.close()
        assert str(film) not in open_files()

    def test_what_cannot_be_read_is_told(
        self, viewer: Any, by_a_person: Any, tmp_path: Path
    ) -> None:
        damaged = tmp_path / "damaged.mp4"
        damaged.write_bytes(b"no film")
        with pytest.raises(VideoError, match=r"damaged\.mp4"):
            by_a_person(lambda: viewer.open(str(damaged), plugin="napari-mousegpt"))

    def test_a_sample_has_its_layers_in_their_order(
        self, viewer: Any, by_a_person: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_sample_data, "_synthetic_mouse", two_layers)
        by_a_person(lambda: viewer.open_sample("napari-mousegpt", "synthetic-mouse"))
        assert [layer.name for layer in viewer.layers] == ["picture", "point"]
        assert all(layer.visible for layer in viewer.layers)
        assert {layer.source.sample for layer in viewer.layers} == {
            ("napari-mousegpt", "synthetic-mouse")
        }
        # From its beginning, where nothing was looked at; else where one was.
        assert viewer.dims.current_step[0] == 0
        viewer.dims.set_current_step(0, 5)
        by_a_person(lambda: viewer.open_sample("napari-mousegpt", "synthetic-mouse"))
        assert (len(viewer.layers), viewer.dims.current_step[0]) == (4, 5)

    def test_a_sample_that_is_given_up_leaves_nothing(
        self, viewer: Any, by_a_person: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from napari.utils.progress import cancelable_progress, progress

        def give_up() -> None:
            for bar in list(progress._all_instances):
                if isinstance(bar, cancelable_progress):
                    bar.cancel()

        monkeypatch.setattr(_sample_data, "_synthetic_mouse", two_layers)
        viewer.layers.events.inserted.connect(give_up)
        with pytest.raises(DataError, match="given up"):
            by_a_person(lambda: viewer.open_sample("napari-mousegpt", "synthetic-mouse"))
        assert list(viewer.layers) == []

    def test_a_window_that_is_closed_waits_for_nothing(
        self, viewer: Any, by_a_person: Any, film: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from qtpy.QtCore import QTimer

        begun, slow, closed = Event(), Event(), SimpleQueue[None]()
        really = arriving._close_all
        monkeypatch.setattr(arriving, "_close_all", lambda layers: closed.put(really(layers)))

        def slow_layer(opened: Any, *, name: str) -> LayerTuple:
            begun.set()
            assert slow.wait(60)
            return film_layer(opened, name=name)

        monkeypatch.setattr(layers, "film_layer", slow_layer)

        def close() -> None:
            if begun.is_set():
                timer.stop()
                viewer.close()

        timer = QTimer()
        timer.timeout.connect(close)
        timer.start(10)
        try:
            assert by_a_person(lambda: viewer.open(str(film), plugin="napari-mousegpt")) == []
        finally:
            slow.set()
        closed.get(timeout=60)
        assert str(film) not in open_files()
