"""Clocks of views: rates, timestamps of all kinds, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.errors import DataError, FormatError, MouseGPTError
from mousegpt_core.poses import frame_rate, is_rate_of
from mousegpt_core.video import Clock, Film, rate_of_timestamps, read_timestamps, write_film

TIMES = np.array([0.5, 0.6, 0.7, 0.9, 1.0])


def test_an_even_clock() -> None:
    assert Clock(50.0, offset_s=2.0).at([0, 1, 100]).tolist() == [2.0, 2.02, 4.0]


def test_a_clock_of_timestamps_ends_with_them() -> None:
    clock = Clock(10.0, 1.0, TIMES)
    assert clock.at([0, 3]).tolist() == [1.5, 1.9]
    assert np.isnan(clock.at([5, -1])).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.txt", "0.5\n0.6\n0.7\n0.9\n1.0\n\n"),
        ("t.csv", "time\n0.5\n0.6\n0.7\n0.9\n1.0\n"),
        ("t.csv", "frame,Timestamp\r\n0,0.5\r\n1,0.6\r\n2,0.7\r\n3,0.9\r\n4,1.0\r\n"),
        ("t.tsv", "\ufefftime_s\tled\n.5\t0\n.6\t0\n.7\t1\n.9\t\n1\t0\n"),
    ],
)
def test_tables_of_timestamps(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert read_timestamps(path).tolist() == TIMES.tolist()


@pytest.mark.parametrize("shape", [(5,), (5, 1), (1, 5)])
def test_arrays_of_timestamps(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "t.npy", TIMES.reshape(shape))
    assert read_timestamps(tmp_path / "t.npy").tolist() == TIMES.tolist()


def test_a_film_tells_its_own_times(tmp_path: Path) -> None:
    frames = (np.full((32, 32, 3), 90, np.uint8) for _ in range(12))
    film = write_film(tmp_path / "f.mp4", frames, 25.0)
    assert read_timestamps(film) == pytest.approx(np.arange(12) / 25)
    assert read_timestamps(film).tolist() == Film(film).times.tolist()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("t.csv", "", "empty"),
        ("t.csv", "time\n", "no times"),
        ("t.csv", "time\n0.1\nsoon\n", "row 3"),
        ("t.csv", "0.1\n\n0.3\n", "row 2"),
        ("t.csv", "0.1\nnan\n0.3\n", "row 2"),
        ("t.csv", "0.1\n0.3\n0.3\n", "row 3"),
        ("t.csv", "0.1,4\n0.3,5\n", "which column"),
        ("t.csv", "left,right\n0.1,4\n0.3,5\n", "left, right"),
        ("t.txt", "2024-05-01 12:00:00\n2024-05-01 12:00:01\n", "row 2"),
        ("t.npy", "no array", "not an array"),
        ("absent.csv", None, "no such file"),
    ],
)
def test_bad_timestamps_say_where(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=says) as caught:
        read_timestamps(path)
    assert name in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "values",
    [
        np.array([{"a": 1}], dtype=object),
        np.zeros((5, 2)),
        np.array(["0.1", "0.2"]),
        np.array(1.0 + 1j),
        np.zeros(0),
    ],
    ids=["pickled", "two columns", "text", "complex", "empty"],
)
def test_bad_arrays_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "t.npy", values, allow_pickle=True)
    with pytest.raises(FormatError, match=r"t\.npy"):
        read_timestamps(tmp_path / "t.npy")


@given(st.binary(max_size=200), st.sampled_from([".csv", ".txt", ".npy"]))
def test_anything_else_is_refused_with_our_errors(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"t{suffix}"
    path.write_bytes(content)
    try:
        times = read_timestamps(path)
    except MouseGPTError:
        return
    assert (np.diff(times) > 0).all()


def test_the_rate_of_timestamps() -> None:
    file = Path("t.csv")
    assert rate_of_timestamps(np.arange(100) / 30, None, file) == pytest.approx(30)
    # Most frames were dropped: the rate that is given is that of the camera.
    kept = np.flatnonzero(np.random.default_rng(0).random(300) < 0.4)
    assert rate_of_timestamps(kept / 30, 30.0, file) == 30.0
    with pytest.raises(DataError, match="not to be in seconds"):
        rate_of_timestamps(np.arange(100) * 33.3, None, file)
    with pytest.raises(DataError, match="contradicts"):
        rate_of_timestamps(np.arange(100) / 30, 50.0, file)
    assert rate_of_timestamps(np.arange(100) * 60.0, 1 / 60, file) == 1 / 60


def test_rates_and_dropped_frames() -> None:
    times = np.array([0, 1, 2, 4, 5, 6, 7, 8, 11]) / 20
    assert frame_rate(times) == 20
    assert is_rate_of(20.0, times)
    assert not is_rate_of(40.0, times)
    assert not is_rate_of(15.0, times)
    assert frame_rate(times, np.array([0, 1, 2, 4, 5, 6, 7, 8, 11])) == 20


def test_timestamps_of_a_real_rig(test_data: Callable[[str], Path]) -> None:
    folder = test_data("eks-ibl-paw-2cam") / "ibl-paw"
    rates = {}
    for view in ("left", "right"):
        path = next(folder.glob(f"*.timestamps.{view}.npy"))
        rates[view] = rate_of_timestamps(read_timestamps(path), None, path)
    assert rates["left"] == pytest.approx(60, rel=0.02)
    assert rates["right"] == pytest.approx(150, rel=0.02)
