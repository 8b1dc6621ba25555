"""Whether MATLAB 5 files hold what their headers claim, before scipy allocates or looks up any.

Layout as in MathWorks' "MAT-File Format": elements of a tag (type, bytes) and data; a matrix is an
element of elements: flags, dimensions, name, then numbers, or a matrix for each cell or field.
"""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from mousegpt_core.errors import FormatError
from mousegpt_core.io.contract import COPY_AGAIN

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _OBJECT, _SPARSE = 1, 2, 3, 5
_CONTAINERS = (_CELL, _STRUCT, _OBJECT)
#: Texts, sparse and full numbers; functions and classes of MATLAB's own are no poses.
_ARRAYS = range(4, 16)
#: scipy looks up types of numbers without asking whether there is such a type.
_NUMBER_TYPES = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18})
_COMPLEX = 1 << 11
_FLAGS_BYTES = 8
#: A variable of these files has no more; a few packed bytes may claim any size.
_MAX_BYTES = 2 << 30
_PEEK_BYTES = 4096
_MAX_DEPTH = 16


def check_claims(path: Path, names: Collection[str]) -> None:
    """Check that the variables of these names are as large as they say.

    Raises
    ------
    FormatError
        If parts are claimed that are not there, are of a type that there is not or lie too deep in
        each other, or a variable is too large.
    struct.error, zlib.error, ValueError
        If the file is damaged.
    """
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER_BYTES)[-2:] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            start = file.tell()
            if kind in (_MATRIX, _COMPRESSED):
                _check_variable(file, kind, size, order, names, path)
            file.seek(start + size)


def _check_variable(
    file: BinaryIO, kind: int, size: int, order: str, names: Collection[str], path: Path
) -> None:
    """Check the variable that begins here, if it is one of those."""
    start = file.tell()
    head = file.read(min(size, _PEEK_BYTES))
    if kind == _COMPRESSED:
        head = zlib.decompressobj().decompress(head, _PEEK_BYTES)[8:]
    name = _name(memoryview(head), order)
    if name not in names:
        return
    file.seek(start)
    content = file.read(size)
    if kind == _COMPRESSED:
        content = zlib.decompressobj().decompress(content, _MAX_BYTES + 1)[8:]
    if len(content) > _MAX_BYTES - 8:
        raise FormatError(
            "too large", file=path, place=name, expected="at most 2 GiB, as MATLAB writes it",
            hint=COPY_AGAIN,
        )  # fmt: skip
    if not _is_sound(memoryview(content), order, 0):
        raise FormatError(
            "the MATLAB file is damaged: parts that are not there, of no known type, or too deep "
            "in each other", file=path, place=name, hint=COPY_AGAIN,
        )  # fmt: skip


def _name(matrix: memoryview, order: str) -> str:
    parts = [inner for _, inner in itertools.islice(_elements(matrix, order), 3)]
    if not parts or len(parts[0]) != _FLAGS_BYTES:  # scipy takes them for granted
        raise ValueError("a variable without flags")
    return bytes(parts[2]).decode("latin-1") if len(parts) == 3 else ""


def _is_sound(matrix: memoryview, order: str, depth: int) -> bool:
    """Whether a matrix has all the elements that its head claims, of types that there are."""
    if not len(matrix):  # an empty cell
        return True
    (_, flags), (_, sizes), _, *rest = _elements(matrix, order)
    if len(flags) != _FLAGS_BYTES:
        return False
    flag = struct.unpack_from(f"{order}I", flags)[0]
    kind = flag & 0xFF
    if kind not in _CONTAINERS:
        parts = (3 if kind == _SPARSE else 1) + bool(flag & _COMPLEX)
        typed = all(each in _NUMBER_TYPES for each, _ in rest)
        return kind in _ARRAYS and typed and len(rest) == parts
    claimed = math.prod(struct.unpack(f"{order}{len(sizes) // 4}i", sizes))
    if kind == _OBJECT:  # its class
        rest = rest[1:]
    if kind != _CELL:
        (_, field), (_, fields), *rest = rest
        length = struct.unpack(f"{order}i", field)[0]
        claimed *= len(fields) // length if length > 0 else -1
    return claimed == len(rest) and all(
        each == _MATRIX and depth < _MAX_DEPTH and _is_sound(inner, order, depth + 1)
        for each, inner in rest
    )


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and data of each element; small ones have both in their tag."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        start, stop = at + 8, len(data)
        at = start + (size + 7) // 8 * 8
        if kind >> 16:
            kind, size, start, stop, at = kind & 0xFFFF, kind >> 16, start - 4, start, start
        if start + size > stop:
            raise ValueError("an element goes beyond its end")
        yield kind, data[start : start + size]
