"""Names and files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.errors import DataError, MouseGPTError
from mousegpt_core.study.files import (
    check_folder,
    fingerprint,
    safe_name,
    validate_name,
    write_atomic,
)


@pytest.mark.parametrize("name", ["m1", "mouse 12", "Mäuschen_3", "2024-01-02.a", "小鼠"])
def test_good_names(name: str) -> None:
    assert validate_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "/etc", "C:x", "CON", "con.txt", "LPT1", "nul ", ".x",
     "x.", "x ", "-x", "a\nb", "a\x00b", "x" * 81],
)  # fmt: skip
def test_bad_names(name: str) -> None:
    with pytest.raises(DataError):
        validate_name(name)


@given(st.text())
def test_safe_names_are_valid(text: str) -> None:
    assert validate_name(safe_name(text))


def test_names_are_normalised() -> None:
    assert validate_name("u\u0308") == "ü"


def test_fingerprint_sees_content_and_size(tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(b"a" * 1000)
    first = fingerprint(file)
    assert first == fingerprint(file)
    file.write_bytes(b"a" * 999 + b"b")
    assert fingerprint(file) != first


def test_fingerprint_of_a_large_film_reads_little(tmp_path: Path) -> None:
    file = tmp_path / "film.mp4"
    with file.open("wb") as stream:
        stream.truncate(5 << 30)  # sparse: five GiB that take no room
    first = fingerprint(file)
    with file.open("r+b") as stream:
        stream.seek(-10, os.SEEK_END)
        stream.write(b"x")
    assert fingerprint(file) != first


def test_fingerprint_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        fingerprint(tmp_path / "none")


def test_write_atomic_leaves_the_old_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.json"
    write_atomic(file, "old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(MouseGPTError, match="No space left"):
        write_atomic(file, "new")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_folder_on_a_drive_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(DataError, match="no such drive"):
        check_folder(Path("anywhere"))
