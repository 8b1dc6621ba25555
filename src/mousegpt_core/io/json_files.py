"""Reading JSON files that may be damaged or hostile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.contract import COPY_AGAIN
from mousegpt_core.io.csv_tables import reading

_HEAD = 4096
#: What is read from JSON takes some ten times its size in memory.
_MAX_BYTES = 1 << 30


def looks_like_json(path: Path, *words: str) -> bool:
    """Whether a file begins as a JSON object and these words are in its first or last kilobytes."""
    with reading(path), path.open("rb") as file:
        head = file.read(_HEAD)
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        size = path.stat().st_size
        file.seek(max(_HEAD, size - _HEAD))
        ends = head + file.read(_HEAD)
        if size > _MAX_BYTES or _has(ends, words):
            return _has(ends, words)
        file.seek(0)
        return _has(file.read(), words)


def _has(text: bytes, words: Sequence[str]) -> bool:
    return all(f'"{word}"'.encode() in text for word in words)


def load_json(path: Path) -> Any:
    """What a JSON file says.

    Raises
    ------
    FormatError
        If it cannot be read or is no JSON; names the line.
    """
    with reading(path):
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise FormatError(
                "too large", file=path, expected="at most 1 GiB of JSON", found=f"{size >> 20} MiB",
                hint="export the poses as csv or HDF5",
            )  # fmt: skip
        content = path.read_bytes()
    try:
        return json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise FormatError(
            f"not JSON: {error.msg}",
            file=path,
            place=f"line {error.lineno}",
            hint=COPY_AGAIN,
        ) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise FormatError("not JSON in UTF-8", file=path, hint=COPY_AGAIN) from error


def numbers_of(values: Any, path: Path, place: str) -> NDArray[np.float64]:
    """A list of numbers, null as NaN.

    Raises
    ------
    FormatError
        If it is anything else.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError("not numbers", file=path, place=place, hint=COPY_AGAIN) from error
    if array.ndim != 1:
        raise FormatError("not a list of numbers", file=path, place=place, hint=COPY_AGAIN)
    return array
