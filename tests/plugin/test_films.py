"""Films as layers: the right frame, read when it is shown; in napari's own model of a viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
from PIL import Image

from core.video.films import FIXED_B, UNEVEN, encode, number_in
from mousegpt_core.errors import VideoError
from mousegpt_core.pipeline import Conversion, convert_film
from mousegpt_core.video import Film, contract
from napari_mousegpt._readers.films import get_reader
from napari_mousegpt.late_pictures import LatePictures
from napari_mousegpt.timeline import InStep
from on_screen import on_screen

COUNT = 90


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return encode(folder / "mouse.mp4", COUNT, b_frames=2, options=FIXED_B, pts=UNEVEN, moving=True)


def opened(path: Path) -> tuple[Any, dict[str, Any]]:
    """The one layer that the reader makes of a path."""
    read = get_reader(str(path))
    assert read is not None
    ((data, options, kind),) = read(str(path))
    assert kind == "image"
    return data, options


def shown(data: Any, options: dict[str, Any], frame: int) -> np.ndarray[Any, Any]:
    """What napari shows of a layer at a frame."""
    pytest.importorskip("napari")
    from napari.components import ViewerModel
    from napari.layers import Layer

    viewer = ViewerModel()
    layer = Layer.create(data, options, "image")
    viewer.add_layer(layer)
    assert viewer.dims.nsteps[0] == len(data)
    viewer.dims.set_point(0, frame)
    return np.asarray(layer._slice.image.view)


def test_napari_shows_the_right_frame(film: Path) -> None:
    data, options = opened(film)
    assert options["name"] == "mouse"
    assert options["metadata"]["fps"] == Film(film).fps
    for frame in (0, 61, 60, COUNT - 1):
        picture = shown(data, options, frame)
        assert number_in(picture) == frame
        np.testing.assert_array_equal(picture[..., :3], Film(film)[frame])


def test_only_frames_that_are_shown_are_read(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, options = opened(film)
    read: set[int] = set()
    original = data.pictures._read
    monkeypatch.setattr(data.pictures, "_read", lambda number: read.add(number) or original(number))
    shown(data, options, 70)
    # The first, which napari shows as a layer is added, one in the middle of the slider, and ours.
    assert 70 in read
    assert len(read) <= 3


def test_in_3d_no_film_is_read(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("napari")
    from napari.components import ViewerModel
    from napari.layers import Layer

    data, options = opened(film)
    in_step = LatePictures(InStep(data.pictures, np.arange(COUNT)))
    for pictures in (data, in_step):
        viewer = ViewerModel()
        layer = viewer.add_layer(Layer.create(pictures, options, "image"))
        read: list[int] = []
        with monkeypatch.context() as patched:
            patched.setattr(contract, "_MOST_BYTES", 10 * data[0].nbytes)
            patched.setattr(data.pictures, "_read", read.append)
            with pytest.raises(VideoError, match="in 2D"):
                viewer.dims.ndisplay = 3
        assert read == []
        viewer.dims.ndisplay = 2
        viewer.dims.set_current_step(0, 33)
        assert number_in(np.asarray(layer._slice.image.view)) == 33


def test_converted_films(film: Path, tmp_path: Path) -> None:
    for how in (Conversion(), Conversion(grey=True, start_s=1)):
        made = convert_film(film, tmp_path / f"{how.grey}.zarr", how)["film"]
        data, options = opened(made)
        assert isinstance(data, dask.array.Array)
        assert options["rgb"] is not how.grey
        first = Film(film).number_at(how.start_s) + (how.start_s > 0)
        assert number_in(shown(data, options, 30)) == first + 30
    assert "cut to" in options["metadata"]["remarks"][0]


def test_folders_of_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert get_reader(str(folder)) is None
    for number in range(4):
        Image.fromarray(np.full((20, 30), 10 * number, np.uint8)).save(folder / f"{number}.png")
    data, options = opened(folder)
    assert (shown(data, options, 3) == 30).all()


def test_several_films_and_damaged_ones(film: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"no film")
    read = get_reader([str(film), str(damaged)])
    assert read is not None
    assert len(read([str(film), str(film)])) == 2
    with pytest.raises(VideoError, match=r"damaged\.mp4"):
        read(str(damaged))
    (tmp_path / "other.zarr").mkdir()
    (tmp_path / "other.zarr" / "zarr.json").write_text("{}")
    assert get_reader(str(tmp_path / "other.zarr")) is None
    assert get_reader(str(tmp_path / "none.mp4")) is None


@pytest.mark.parametrize("name", ["a.mp4", "A.MP4", "a.AVI", "a.mkv"])
def test_the_manifest_names_films(name: str, tmp_path: Path) -> None:
    from npe2 import PluginManager, PluginManifest

    manager = PluginManager()
    manager.register(PluginManifest.from_distribution("napari-mousegpt"))
    commands = {reader.command for reader in manager.iter_compatible_readers([tmp_path / name])}
    assert commands == {"napari-mousegpt.read_films"}
    folders = {reader.command for reader in manager.iter_compatible_readers([tmp_path])}
    kinds = ("films", "poses", "study")
    assert folders == {f"napari-mousegpt.read_{kind}" for kind in kinds}


@on_screen
def test_in_a_window(film: Path, tmp_path: Path) -> None:
    pytest.importorskip("PyQt6")
    import napari

    made = convert_film(film, tmp_path / "mouse.zarr")["film"]
    viewer = napari.Viewer(show=False)
    try:
        for path in (film, made):
            (layer,) = viewer.open(str(path), plugin="napari-mousegpt")
            for frame in (0, 61, 60, COUNT - 1):
                viewer.dims.set_point(0, frame)
                assert number_in(np.asarray(layer._slice.image.view)) == frame
    finally:
        viewer.close()
