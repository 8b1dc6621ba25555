"""Plain values out of pickle's opcodes, without unpickling.

PyTables keeps column labels as pickled attributes. The opcodes are only parsed here, and only
those that build strings, numbers, lists, tuples and dictionaries are understood: nothing in a file
can name a function, much less call one.
"""

from __future__ import annotations

import pickletools
from typing import Any

_MARK = object()
_LIMIT = 1_000_000
_CONSTANTS: dict[str, Any] = {
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
}
_VALUES = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "BINBYTES",
        "SHORT_BINBYTES",
    ]
)
_PUT = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_GET = frozenset(("GET", "BINGET", "LONG_BINGET"))


def read_literal(data: bytes) -> Any:
    """Value of a pickle that holds only plain values.

    Parameters
    ----------
    data : bytes
        As stored.

    Raises
    ------
    ValueError
        If the data is damaged or holds anything but plain values.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if count > _LIMIT:
            raise ValueError("too long")
        name = opcode.name
        if name == "STOP":
            break
        try:
            _step(name, argument, stack, memo)
        except (IndexError, KeyError, AttributeError, TypeError) as error:
            raise ValueError(f"damaged at {name}") from error
    if len(stack) != 1 or stack[0] is _MARK:
        raise ValueError("damaged")
    return stack[0]


def _step(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Carry out one opcode that builds a plain value."""
    if name in _VALUES:
        stack.append(argument)
    elif name in _CONSTANTS:
        stack.append(_CONSTANTS[name])
    elif name == "MARK":
        stack.append(_MARK)
    elif name in ("EMPTY_LIST", "EMPTY_DICT"):
        stack.append([] if name == "EMPTY_LIST" else {})
    elif name in ("LIST", "TUPLE", "DICT"):
        items = _pop_to_mark(stack)
        stack.append(
            items if name == "LIST" else tuple(items) if name == "TUPLE" else _pairs(items)
        )
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        size = int(name[-1])
        stack[-size:] = [tuple(stack[-size:])]
    elif name == "APPEND":
        item = stack.pop()
        stack[-1].append(item)
    elif name == "APPENDS":
        items = _pop_to_mark(stack)
        stack[-1].extend(items)
    elif name == "SETITEM":
        value, key = stack.pop(), stack.pop()
        stack[-1][key] = value
    elif name == "SETITEMS":
        items = _pop_to_mark(stack)
        stack[-1].update(_pairs(items))
    elif name in _PUT:
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in _GET:
        stack.append(memo[argument])
    elif name not in ("PROTO", "FRAME"):
        raise ValueError(f"holds more than plain values ({name})")


def _pop_to_mark(stack: list[Any]) -> list[Any]:
    items: list[Any] = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))
