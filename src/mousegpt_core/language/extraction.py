"""The answer in what a model wrote: strictly where it is JSON, else as MouseGPT takes it from text.

Fences, chatter before and after, thoughts, wrappers, escaped JSON in a text, and all that
`loose_json` reads. What was not said in full is not there afterwards, and two different answers
are none: asking again is cheaper than a wrong answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mousegpt_core.errors import InvalidResponseError
from mousegpt_core.language.loose_json import find_objects
from mousegpt_core.language.schema import AnswerField, AnswerSchema

Values = dict[str, str | float | list[str]]

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|$)", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHTS = re.compile(r"^.*</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^\s*```\w*\s*|\s*```\s*$")
_PLACEHOLDER = re.compile(r"\s*(?:\.{2,}|…|<[^<>]*>|\[[^\[\]]*\]|string)\s*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r"}
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def read_strictly(text: str) -> dict[str, Any] | None:
    """The object that a text is, by the letter of JSON; None if it is anything else."""
    try:
        value = json.loads(text, object_pairs_hook=_unique_pairs, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_text(value) else None


def extract(text: str, schema: AnswerSchema) -> Values | None:
    """The one answer in a text that is not quite JSON.

    Parameters
    ----------
    text : str
        What a model wrote.
    schema : AnswerSchema
        What the answer must look like.

    Returns
    -------
    dict or None
        Checked values of all keys; None if there is no whole answer, or two that differ.
    """
    keys = [field.name for field in schema.fields]
    for reading in _readings(text, keys):
        fitting: list[Values] = []
        for candidate in find_objects(reading, keys):
            values = _fitted(candidate, schema)
            if values is not None and values not in fitting and not _is_template(values):
                fitting.append(values)
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _readings(text: str, keys: list[str]) -> Iterator[str]:
    """The text less its thoughts; with the brace that a prompt began; unescaped once."""
    text = _END_OF_THOUGHTS.sub("", _THOUGHTS.sub("", text)).strip().lstrip("\ufeff")
    yield text
    bare = _FENCE.sub("", text)
    if any(re.match(rf"""["']?{re.escape(key)}["']?\s*:""", bare) for key in keys):
        yield "{" + bare
    if re.search(r'\{\s*\\+["n]', text):
        # A text in JSON that is JSON itself; its own quotes are none of the object's.
        text = text.removeprefix('"').removesuffix('"')
        yield _ESCAPE.sub(lambda found: _UNESCAPED.get(found.group(1), found.group()), text)


def _fitted(found: dict[str, Any], schema: AnswerSchema) -> Values | None:
    """Values under the schema's keys if all are there and fit, however they are written."""
    named: dict[str, list[Any]] = {}
    for key, value in found.items():
        named.setdefault(_plain(key), []).append(value)
    values: dict[str, Any] = {}
    for field in schema.fields:
        said = [found[field.name]] if field.name in found else named.get(_plain(field.name), [])
        if len(said) != 1:
            return None
        values[field.name] = _as_meant(said[0], field)
    try:
        return schema.checked(values) if _is_text(values) else None
    except InvalidResponseError:
        return None


def _as_meant(value: Any, field: AnswerField) -> Any:
    """A number written as a text, a choice in other letters; anything else as it is."""
    if not isinstance(value, str):
        return value
    if field.kind == "number" and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if field.kind == "choice":
        same = [choice for choice in field.choices if _plain(choice) == _plain(value)]
        return same[0] if len(same) == 1 else value
    return value


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip(" .*").casefold()


def _is_text(values: dict[str, Any]) -> bool:
    """Whether it can be written to a file: halves of characters cannot."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_template(values: Values) -> bool:
    """Whether an answer is the form to fill in, not one filled in."""
    return any(isinstance(said, str) and _PLACEHOLDER.fullmatch(said) for said in values.values())


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ValueError(f"{key!r} is said twice")
        found[key] = value
    return found


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
