"""MATLAB's files of version 5 to 7, read so that a damaged one is an error and nothing worse.

scipy's reader trusts the sizes in a file, and a wrong one can end the program. This one checks each
against the bytes that are there. Numbers, texts, structs and cells are read; of an array of structs
the first. The layout is that of the "MAT-File Format" document of MATLAB, chapter 1.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_STORED = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
_CODECS = {"u1": "utf-8", "i1": "latin-1", "u2": "utf-16", "u4": "utf-32"}
_DEEPEST = 8
#: Enough of a packed variable to see its name and shape.
_GLANCE = 4096
#: MATLAB writes no larger variable into such a file (bytes); a few packed ones may claim any size.
_MOST = 2 << 30


@dataclass(frozen=True)
class _Piece:
    """A piece of a file: its kind, and its bytes."""

    kind: int
    data: memoryview


@dataclass(frozen=True)
class _Array:
    """The head of a variable, and the pieces that follow it."""

    kind: int
    shape: tuple[int, ...]
    name: str
    rest: _Pieces


class _Pieces:
    """The pieces of some bytes, one after the other."""

    def __init__(self, data: memoryview, order: str) -> None:
        self.data = data
        self.order = order

    def take(self, *, cut: bool = False) -> _Piece:
        """The next piece; `cut` ones may be longer than the bytes.

        Raises
        ------
        ValueError
            If there is none, or it is longer than the bytes.
        """
        if len(self.data) < 8:
            raise ValueError("it ends in the middle of a variable")
        kind, length = struct.unpack_from(self.order + "II", self.data)
        start = 8
        if kind >> 16:  # a small one: kind and length in one word, and the bytes beside it
            kind, length, start = kind & 0xFFFF, kind >> 16, 4
        if length > (4 if start == 4 else len(self.data) - 8) and not cut:
            raise ValueError("a variable is longer than the file")
        piece = _Piece(kind, self.data[start : start + length])
        end = 8 if start == 4 else start + length
        self.data = self.data[end if kind == _COMPRESSED else -(-end // 8) * 8 :]
        return piece

    def array(self, *, cut: bool = False) -> _Array | None:
        """The next piece, which must be a variable; None if it is an empty one."""
        piece = self.take(cut=cut)
        if piece.kind != _MATRIX:
            raise ValueError("something that is no variable")
        if not piece.data:
            return None
        rest = _Pieces(piece.data, self.order)
        flags, dims, name = rest.take(), rest.take(), rest.take()
        shape = tuple(int(size) for size in rest.numbers(dims))
        if len(flags.data) < 8 or min(shape, default=-1) < 0:
            raise ValueError("a variable without a shape")
        kind = struct.unpack_from(self.order + "I", flags.data)[0] & 0xFF
        return _Array(kind, shape, bytes(name.data).decode("latin-1"), rest)

    def numbers(self, piece: _Piece) -> NDArray[Any]:
        """The numbers of a piece, as they are stored."""
        if piece.kind not in _STORED:
            raise ValueError(f"numbers of an unknown kind ({piece.kind})")
        stored = np.dtype(self.order + _STORED[piece.kind])
        return np.frombuffer(piece.data[: len(piece.data) // stored.itemsize * stored.itemsize],
                             dtype=stored)  # fmt: skip


class Mat5:
    """A file that is open.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ValueError
        If it is not of this kind, or, by each of the methods, if it is damaged.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        orders = {b"IM": "<", b"MI": ">"}
        mark = bytes(self._data[_HEADER - 2 : _HEADER])
        if mark not in orders:
            raise ValueError("no mark of the order of bytes")
        self._order = orders[mark]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each variable."""
        return {array.name: array.shape for array in self._arrays(glance=True)}

    def load(self, names: Collection[str]) -> dict[str, Any]:
        """Some variables: arrays as arrays, texts as str, a struct as dict, cells as list."""
        return {array.name: _value(array, 0) for array in self._arrays() if array.name in names}

    def _arrays(self, *, glance: bool = False) -> Iterator[_Array]:
        """The variables of the file; with `glance` only as much of each as to know its shape."""
        pieces = _Pieces(self._data[_HEADER:], self._order)
        while len(pieces.data) >= 8:
            here = _Pieces(pieces.data, self._order)
            piece = pieces.take()
            if piece.kind == _COMPRESSED:
                unpacked = zlib.decompressobj().decompress(piece.data, _GLANCE if glance else _MOST)
                here = _Pieces(memoryview(unpacked), self._order)
            array = here.array(cut=glance) if piece.kind in (_COMPRESSED, _MATRIX) else None
            if array is not None:
                yield array


def _value(array: _Array | None, depth: int) -> Any:
    """What a variable holds; None where it is of a kind that is not read."""
    if array is None:
        return np.zeros((0, 0))
    if depth > _DEEPEST:
        return None
    if array.kind in _NUMBERS:
        return _matrix(array)
    if array.kind == _CHAR:
        return _text(array)
    if array.kind == _CELL:
        return [_value(array.rest.array(), depth + 1) for _ in range(_count(array))]
    if array.kind == _STRUCT:
        return _struct(array, depth)
    return None


def _count(array: _Array) -> int:
    """How many variables a cell has; each needs some bytes."""
    count = prod(array.shape)
    if 8 * count > len(array.rest.data):
        raise ValueError("more cells than the file has room for")
    return count


def _matrix(array: _Array) -> NDArray[Any]:
    values = array.rest.numbers(array.rest.take())
    if prod(array.shape) != len(values):
        raise ValueError("numbers that do not fit their shape")
    return values.astype(_NUMBERS[array.kind]).reshape(array.shape, order="F")


def _text(array: _Array) -> str | list[str]:
    """A text, or one for each row."""
    if not prod(array.shape):
        return ""
    piece = array.rest.take()
    letters = bytes(piece.data).decode(_codec(piece.kind, array.rest.order), "replace")
    rows = array.shape[0]
    texts = [letters[row::rows].strip() for row in range(min(rows, len(letters)))]
    return texts[0] if len(texts) == 1 else texts


def _codec(kind: int, order: str) -> str:
    name = _CODECS.get(_STORED.get(kind, ""), "latin-1")
    return f"{name}-{'le' if order == '<' else 'be'}" if name in ("utf-16", "utf-32") else name


def _struct(array: _Array, depth: int) -> dict[str, Any]:
    """The first struct of an array of them."""
    rest = array.rest
    length = int(rest.numbers(rest.take())[0])
    names = bytes(rest.take().data)
    if length < 1:
        raise ValueError("a struct whose fields have no names")
    if not prod(array.shape):
        return {}
    fields = [names[at : at + length] for at in range(0, len(names), length)]
    keys = [field.split(b"\0")[0].decode("latin-1") for field in fields]
    return {key: _value(rest.array(), depth + 1) for key in keys}
