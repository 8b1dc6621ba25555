"""Sample data: fetched once, whole, or with words that say why not."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.video.films import encode
from mousegpt_core.errors import DataError, MouseGPTError
from mousegpt_core.io import read_poses
from mousegpt_core.video import Film
from napari_mousegpt import _sample_data
from napari_mousegpt._sample_data import (
    FOUR_CAMERAS,
    MOUSE_FROM_ABOVE,
    MOUSE_FROM_BELOW,
    OPEN_FIELD,
    Remote,
    fetch,
    poses_layers,
    views_beside,
)

pytest.importorskip("pooch")

CONTENT = b"scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1,2,1\n1,2,3,1\n"
HASH = hashlib.sha256(CONTENT).hexdigest()


class Server(HTTPServer):
    """Serves one file, and counts how often."""

    asked = 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked += 1
        found = self.path == "/m.csv"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(CONTENT) if found else 0))
        self.end_headers()
        self.wfile.write(CONTENT if found else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url(server: Server, name: str = "m.csv") -> str:
    return f"http://127.0.0.1:{server.server_port}/{name}"


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    file = fetch(Remote(url(server), HASH), tmp_path)
    assert file.read_bytes() == CONTENT
    assert fetch(Remote(url(server), HASH), tmp_path) == file
    assert server.asked == 1
    kinds = [kind for _, _, kind in poses_layers(read_poses(file, fps=25), name="m")]
    assert kinds == ["tracks", "vectors", "points"]


def test_another_file_in_its_place_is_not_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not the one that we know"):
        fetch(Remote(url(server), "0" * 64), tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_what_is_not_there_is_told(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be fetched"):
        fetch(Remote(url(server, "gone.csv"), HASH), tmp_path)


def test_without_a_connection_it_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DataError, match="could not be fetched") as caught:
        fetch(Remote(f"http://127.0.0.1:{port}/m.csv", HASH), tmp_path)
    assert "connection" in caught.value.hint


def test_where_poses_cannot_be_read_no_film_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Watched] = []

    def watched(path: Path) -> Watched:
        opened.append(Watched(path))
        return opened[-1]

    monkeypatch.setattr("mousegpt_core.video.open_film", watched)
    film, whole, broken = encode(tmp_path / "m.mp4", 3), tmp_path / "m.csv", tmp_path / "n.csv"
    whole.write_bytes(CONTENT)
    broken.write_text("no poses")
    with pytest.raises(MouseGPTError, match=r"n\.csv"):
        views_beside([(film, whole), (film, broken)])
    assert [each.closed for each in opened] == [True, True]


class Watched(Film):
    """Tells whether it was closed."""

    closed = False

    def close(self) -> None:
        super().close()
        self.closed = True


#: Samples and where their files lie among the real recordings.
REAL = {
    "mouse_from_above": ("deepof-single-topview", (MOUSE_FROM_ABOVE,)),
    "mouse_from_below": ("vame-sample", MOUSE_FROM_BELOW),
    "open_field": ("dlc-openfield", (OPEN_FIELD,)),
    "four_cameras": ("sleap-anipose-4view-mouse", FOUR_CAMERAS),
}


@pytest.fixture
def as_fetched(
    test_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[Any]]:
    """Makes the layers of a sample of the files that would be fetched for it."""

    def layers(sample: str) -> list[Any]:
        folder, remotes = REAL[sample]
        files = {}
        for remote in remotes:
            # Where they are published is where they lie here, but for the first folders.
            tail = "/".join(remote.url.rsplit("/", 2)[-2:])
            (files[remote],) = (file for file in test_data(folder).rglob("*") if tail in str(file))
        monkeypatch.setattr(_sample_data, "fetch", lambda remote, folder: files[remote])
        return list(getattr(_sample_data, sample)())

    return layers


@pytest.mark.parametrize("sample", REAL)
def test_real_samples_are_the_files_that_we_know(
    sample: str, test_data: Callable[[str], Path]
) -> None:
    folder, remotes = REAL[sample]
    there = {hashlib.sha256(f.read_bytes()).hexdigest() for f in files_of(test_data(folder))}
    assert {remote.sha256 for remote in remotes} <= there
    # At one state of a repository, not at what is newest there.
    assert all(re.search("/[0-9a-f]{40}/", remote.url) for remote in remotes)


def files_of(folder: Path) -> list[Path]:
    endings = {remote.url.rsplit(".", 1)[-1] for _, remotes in REAL.values() for remote in remotes}
    return [file for file in folder.rglob("*") if file.suffix[1:] in endings]


def test_poses_from_above(as_fetched: Callable[[str], list[Any]]) -> None:
    assert as_fetched("mouse_from_above")[-1][1]["features"]["keypoint"].nunique() == 14


def test_a_real_film_has_its_keypoints(as_fetched: Callable[[str], list[Any]]) -> None:
    layers = as_fetched("mouse_from_below")
    assert [kind for _, _, kind in layers] == ["image", "tracks", "vectors", "points"]
    film, points = layers[0][0], layers[-1][0]
    assert (film.shape, points[:, 0].max()) == ((749, 1070, 1064, 3), 749)
    # They lie in its pictures.
    assert (points[:, 1:].max(axis=0) < film.shape[1:3]).all()


def test_a_real_film_alone(as_fetched: Callable[[str], list[Any]]) -> None:
    ((film, _, kind),) = as_fetched("open_field")
    assert (film.shape, kind) == ((2330, 480, 640, 3), "image")


def test_four_cameras_lie_beside_each_other(as_fetched: Callable[[str], list[Any]]) -> None:
    layers = as_fetched("four_cameras")
    films = [layer for layer in layers if layer[2] == "image"]
    assert [layer[1]["name"] for layer in films] == [
        "back film",
        "mid film",
        "side film",
        "top film",
    ]
    assert len({layer[1]["translate"][-2:] for layer in films}) == 4
    points = {
        layer[1]["name"]: layer[1]["translate"][-2:] for layer in layers if layer[2] == "points"
    }
    assert points == {
        layer[1]["name"].removesuffix(" film"): layer[1]["translate"][-2:] for layer in films
    }
