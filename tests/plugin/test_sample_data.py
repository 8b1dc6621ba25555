"""Sample data: fetched once, whole, or with words that say why not."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mousegpt_core.errors import DataError
from napari_mousegpt._sample_data import MOUSE_FROM_ABOVE, Remote, fetch, poses_layers

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
    kinds = [kind for _, _, kind in poses_layers(file)]
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


def test_the_real_sample_is_the_file_that_we_know(test_data: Callable[[str], Path]) -> None:
    folder = test_data("deepof-single-topview") / "test_single_topview" / "Tables"
    file = folder / MOUSE_FROM_ABOVE.url.rsplit("/", 1)[-1]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == MOUSE_FROM_ABOVE.sha256
    points = poses_layers(file)[-1][1]
    assert points["features"]["keypoint"].nunique() == 14
