"""A film that is shown is converted by a job of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytestqt")

from napari.components import ViewerModel
from napari.utils.notifications import notification_manager

from core.video.films import encode
from mousegpt_core.video import Film, open_film
from napari_mousegpt._readers.films import read
from napari_mousegpt._widgets.converting import convert_film_of
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.timeline import InStep

#: Far more than any job takes (ms).
LONG = 120_000


@pytest.fixture
def runner(qtbot: Any) -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


def told() -> str:
    """The newest notification."""
    return str(notification_manager.records[-1].message)


def test_the_film_of_a_layer_is_converted(qtbot: Any, runner: Runner, tmp_path: Path) -> None:
    path = encode(tmp_path / "film.mp4", 20)
    data, options, _ = read(str(path))[0]
    layer = ViewerModel().add_image(data, **options)
    convert_film_of(layer, runner)
    qtbot.waitUntil(lambda: not runner.busy, timeout=LONG)
    made = tmp_path / "film.zarr"
    assert str(made) in told()
    np.testing.assert_array_equal(open_film(made)[5], Film(path)[5])


def test_a_view_in_step_knows_its_film(tmp_path: Path) -> None:
    film = Film(encode(tmp_path / "film.mp4", 20))
    assert LatePictures(InStep(film, np.arange(3))).path == film.path


@pytest.mark.parametrize("empty", [True, False])
def test_what_is_no_film_is_told(empty: bool, qtbot: Any, runner: Runner) -> None:
    layer = None if empty else ViewerModel().add_points(np.zeros((1, 2)), name="dots")
    convert_film_of(layer, runner)
    assert "no film is chosen" in told()
    assert "mousegpt convert" in told()
    assert not runner.busy
