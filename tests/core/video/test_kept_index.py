"""The index of a large film is made once, and is never another film's."""

from __future__ import annotations

import os
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.video.films import FIXED_B, UNEVEN, encode, number_in
from mousegpt_core.errors import VideoError
from mousegpt_core.video import Film, kept_index
from mousegpt_core.video.index import build_index
from mousegpt_core.video.kept_index import index_of


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where indexes are kept, of films of any size."""
    monkeypatch.setattr(kept_index, "_LEAST_BYTES", 0)
    monkeypatch.setattr(kept_index, "_END_BYTES", 100)
    monkeypatch.setattr(kept_index, "cache_folder", lambda: tmp_path / "cache" / "films")
    return tmp_path / "cache" / "films"


@pytest.fixture
def film(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    return encode(folder / "a.mp4", 40, b_frames=2, options=FIXED_B)


@pytest.fixture
def built(monkeypatch):
    """Films whose index was made."""
    made = []

    def build(path):
        made.append(path)
        return build_index(path)

    monkeypatch.setattr(kept_index, "build_index", build)
    return made


def assert_same(one, other):
    one, other = asdict(one), asdict(other)
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert type(value) is type(other[name])
        np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("even.mp4", {"b_frames": 2, "options": FIXED_B}),
        ("uneven.mkv", {"pts": UNEVEN}),
        ("counted.avi", {"b_frames": 2, "options": FIXED_B}),
    ],
)
def test_what_is_kept_is_what_was_made(name, how, cache, built, tmp_path):
    film = encode(tmp_path / name, 40, **how)
    beside = set(tmp_path.iterdir())
    found = [index_of(film) for _ in range(3)]
    assert built == [film]
    for index in found:
        assert_same(index, build_index(film))
    assert [number_in(image) for image in Film(film)[[0, 17, 39]]] == [0, 17, 39]
    assert built == [film]
    assert set(tmp_path.iterdir()) - beside <= {tmp_path / "cache"}
    assert [file.suffix for file in cache.iterdir()] == [".npz"]


def test_a_film_that_changed_is_read_anew(cache, built, film):
    assert len(index_of(film).pts) == 40
    encode(film, 30, b_frames=2, options=FIXED_B)
    assert len(index_of(film).pts) == 30
    about = film.stat()
    os.utime(film, ns=(about.st_atime_ns, about.st_mtime_ns + 1_000_000_000))
    assert index_of(film).modified_ns == film.stat().st_mtime_ns
    assert len(built) == 3


def test_another_film_of_that_name_size_and_time_is_another(cache, built, film):
    index_of(film)
    about, content = film.stat(), bytearray(film.read_bytes())
    content[-1] ^= 1
    film.write_bytes(content)
    os.utime(film, ns=(about.st_atime_ns, about.st_mtime_ns))
    index_of(film)
    assert len(built) == 2


def test_one_that_is_still_written_is_not_kept(cache, film, monkeypatch):
    def build(path):
        index = build_index(path)
        with path.open("ab") as file:
            file.write(b"more")
        return index

    monkeypatch.setattr(kept_index, "build_index", build)
    index_of(film)
    assert not cache.exists()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_one_is_made_anew(data, cache, film):
    whole = index_of(film)
    (kept,) = cache.iterdir()
    content = bytearray(kept.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    kept.write_bytes(content)
    assert_same(index_of(film), whole)
    kept.unlink()


def test_where_nothing_can_be_kept_it_is_made(cache, built, film):
    cache.parent.mkdir()
    cache.write_text("in the way")
    for _ in range(2):
        assert len(index_of(film).pts) == 40
    assert len(built) == 2
    assert list(cache.parent.iterdir()) == [cache]


def test_those_that_are_used_stay(cache, built, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_index, "_MOST", 2)
    films = [encode(tmp_path / f"{n}.mp4", 10) for n in range(3)]
    for film in films[:2]:
        index_of(film)
    for film in films[:2]:  # long ago
        kept = cache / f"{kept_index._key(film)}.npz"
        os.utime(kept, (0, 1e9))
    index_of(films[0])  # used just now
    index_of(films[2])
    built.clear()
    for film in (films[0], films[2], films[1]):
        index_of(film)
    assert built == [films[1]]


def test_small_films_are_not_kept(cache, film, monkeypatch):
    monkeypatch.setattr(kept_index, "_LEAST_BYTES", film.stat().st_size + 1)
    index_of(film)
    assert not cache.exists()


def test_what_is_no_film_is_told(cache, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no film" * 1000)
    for path in (tmp_path / "a.mp4", tmp_path / "none.mp4", tmp_path):
        with pytest.raises(VideoError, match=path.name):
            index_of(path)
    assert not cache.exists()
