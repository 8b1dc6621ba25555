"""The strongest means by which a server holds a model to a schema: found out once, remembered.

Servers that know nothing of schemas often ignore them silently, so what a server says is not
asked; it is given a schema that no model would keep to by itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

from mousegpt_core.errors import BackendCallError
from mousegpt_core.language.contract import Message, Request, Sampling
from mousegpt_core.language.extraction import read_strictly
from mousegpt_core.language.schema import AnswerSchema
from mousegpt_core.settings import content_hash

Means = Literal["json_schema", "json_object", "none"]
MEANS: tuple[Means, ...] = ("json_schema", "json_object", "none")

#: A key and a value that come from the schema or from nowhere.
_KEY, _VALUE = "probe_7f3", "vermilion-42"
_PROBE = AnswerSchema.parse({"fields": [{"name": _KEY, "kind": "choice", "choices": [_VALUE]}]})
_QUESTION = Request(
    (Message("user", ("Say in a few words what a mouse is, as JSON or not, as you like.",)),),
    sampling=Sampling(max_tokens=64),
)
#: Servers are updated; after so long it is found out again.
_DAYS = 30
#: Statuses by which servers refuse what they don't know.
_REFUSED = (400, 404, 415, 422, 501)


async def find_means(ask: Callable[[Request, dict[str, Any] | None], Awaitable[str]]) -> Means:
    """Try the means, the strongest first.

    Parameters
    ----------
    ask : callable
        From a request and a `response_format` to the words of the reply.

    Raises
    ------
    BackendCallError
        If the server fails otherwise than by refusing the format.
    """
    if await _heeds(ask, json_schema_format(_PROBE), _keeps_to_schema):
        return "json_schema"
    if await _heeds(ask, {"type": "json_object"}, _is_object):
        return "json_object"
    return "none"


def response_format(means: Means, schema: AnswerSchema) -> dict[str, Any] | None:
    """The `response_format` of a chat completion; None = leave it out."""
    if means == "json_schema":
        return json_schema_format(schema)
    return {"type": "json_object"} if means == "json_object" else None


def json_schema_format(schema: AnswerSchema) -> dict[str, Any]:
    """A schema as `response_format`, strict."""
    said = {"name": "answer", "strict": True, "schema": schema.json_schema()}
    return {"type": "json_schema", "json_schema": said}


def in_words(schema: AnswerSchema) -> str:
    """The schema as an instruction, for models that are not held to it."""
    text = json.dumps(schema.json_schema(), ensure_ascii=False)
    return (
        "Answer with one JSON object and nothing else: no explanation, no code fence. "
        f"It must fit this JSON Schema:\n{text}"
    )


def recall(file: Path, server: str, model: str) -> Means | None:
    """What was found out of a server's model, if it is not too long ago."""
    entry = _read(file).get(_name(server, model))
    if not isinstance(entry, list) or len(entry) != 2 or entry[0] not in MEANS:
        return None
    means, when = entry
    fresh = isinstance(when, int | float) and 0 <= time.time() - when < _DAYS * 86400
    return means if fresh else None


def remember(file: Path, server: str, model: str, means: Means) -> None:
    """Keep what was found out; where nothing can be written, it is found out again."""
    entries = {**_read(file), _name(server, model): [means, int(time.time())]}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{content_hash([time.time_ns(), server, model])}")
        new.write_text(json.dumps(entries), encoding="utf-8")
        new.replace(file)
    except OSError:
        return


def cache_file() -> Path:
    """Where it is kept: the user's cache."""
    from platformdirs import user_cache_path

    return Path(user_cache_path("mousegpt", appauthor=False)) / "enforcement.json"


async def _heeds(
    ask: Callable[[Request, dict[str, Any] | None], Awaitable[str]],
    wanted: dict[str, Any],
    shows: Callable[[str], bool],
) -> bool:
    try:
        return shows(await ask(_QUESTION, wanted))
    except BackendCallError as error:
        if error.status in _REFUSED and not error.retryable:
            return False
        raise


def _keeps_to_schema(text: str) -> bool:
    return read_strictly(text) == {_KEY: _VALUE}


def _is_object(text: str) -> bool:
    # A model that is made to write an object may not come to its end in so few words.
    return read_strictly(text) is not None or text.lstrip().startswith('{"')


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_strictly(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError):
        return {}


def _name(server: str, model: str) -> str:
    # Hashed: an address may hold a password.
    return content_hash([server, model], length=16)
