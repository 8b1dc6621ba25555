"""A protocol: how clips are cut, shown and asked about, as one readable file.

Built in are MouseGPT's frames (``mousegpt``), the labelled seconds of the fear study (``fear``) and
BehaviorVLM's clips (``clip-caption``). A user's own stands in ``STUDY/protocols/NAME.toml``;
``based_on = "fear"`` takes over all that it does not say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from mousegpt_core.describe.protocol_tables import Cutting, Form, Frames, InContext, Views, Words
from mousegpt_core.errors import SettingsError
from mousegpt_core.language import Sampling
from mousegpt_core.settings import Settings, content_hash, read_toml

BUILT_IN = Path(__file__).parent / "protocols"
_BASE = "based_on"
_MOST_BASES = 5
#: Tables that are not laid over each other.
_WHOLE = ("clips", "labels")


class Protocol(Settings):
    """How clips are cut, shown and asked about.

    Attributes
    ----------
    name : str
        Name of the file.
    about : str
        What it is, in a sentence.
    clips, views, frames, words, answer, examples, model
        The tables of the file.
    """

    name: str = ""
    about: str = ""
    clips: Cutting
    views: Views = Views()
    frames: Frames = Frames()
    words: Words
    answer: Form
    examples: InContext = InContext()
    model: Sampling = Field(default_factory=Sampling)

    @model_validator(mode="after")
    def _fits(self) -> Protocol:
        shown = self.examples.shots or self.examples.context == "autoregressive"
        key = "shots" if self.examples.shots else "context"
        others = {field.means for field in self.answer.fields} - {"label", "score"}
        if shown and (not self.answer.has_label or others):
            raise ValueError(
                f"`examples.{key}`: labelled clips say a label and nothing else, so the answer "
                "may have only a label and a score"
            )
        if self.clips.bouts and "{seconds}" in self.words.instructions:
            raise ValueError(
                "`words.instructions`: bouts differ in length; write {seconds} into the question"
            )
        if self.words.asks_for("labels") and not self.answer.labels:
            raise ValueError("`words.instructions`: {labels} needs [answer.labels] or a scheme")
        return self

    @property
    def is_chained(self) -> bool:
        """Whether a clip can be asked about only after the one before it is answered."""
        return self.examples.context == "autoregressive"

    @property
    def hash(self) -> str:
        """Changes with everything that is shown or said; not with the name."""
        return content_hash(self.model_dump(mode="json", exclude={"name", "about"}))


def list_protocols(folder: Path | None = None) -> dict[str, Path]:
    """Names of the built-in protocols and of a study's own, with their files.

    Parameters
    ----------
    folder : Path, optional
        The study; its own come after and win.
    """
    files = sorted(BUILT_IN.glob("*.toml"))
    if folder is not None:
        files += sorted((Path(folder) / "protocols").glob("*.toml"))
    return {file.stem: file for file in files}


def load_protocol(
    name: str, folder: Path | None = None, changes: Mapping[str, str] | None = None
) -> Protocol:
    """A protocol by its name or file.

    Parameters
    ----------
    name : str
        Name of a built-in one or of a file in ``STUDY/protocols``, or a path to a file.
    folder : Path, optional
        The study.
    changes : mapping of str to str, optional
        Keys like ``"examples.shots"`` to other values, written as in TOML.

    Raises
    ------
    SettingsError
        If there is none of that name, or a key or combination is not possible; names file and line.
    """
    known = list_protocols(folder)
    path = known.get(name)
    if path is None:
        if not name.endswith(".toml"):
            raise SettingsError(
                f"no protocol is called {name!r}", hint="protocols: " + ", ".join(known)
            )
        path = Path(name)
    values = _with_base(path, known)
    for key, text in (changes or {}).items():
        _change(values, key, text)
    values["name"] = path.stem
    _fill_in_labels(values, path, folder)
    return _parsed(values, path)


def protocol_text(name: str, folder: Path | None = None) -> str:
    """The file of a protocol, as it is written."""
    load_protocol(name, folder)  # says what is wrong with it
    return list_protocols(folder).get(name, Path(name)).read_text(encoding="utf-8")


def _with_base(path: Path, known: Mapping[str, Path], depth: int = 0) -> dict[str, Any]:
    """The file's values laid over those of the protocol that it is based on."""
    values = read_toml(path)
    base = values.pop(_BASE, None)
    if base is None:
        return values
    # A study's own `fear` may be based on the built-in one of that name.
    others = {k: f for k, f in (*list_protocols().items(), *known.items()) if f != path}
    if base not in others or depth == _MOST_BASES:
        raise SettingsError(
            f"{path}, line {line_of(path, (_BASE,))}: no protocol {base!r} to be based on",
            hint="protocols: " + ", ".join(others),
        )
    return _overlaid(_with_base(others[base], others, depth + 1), values)


def _overlaid(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables key by key; those of which one key says what the others may be, as a whole."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _overlaid(result[key], value) if both and key not in _WHOLE else value
    return result


def _change(values: dict[str, Any], key: str, text: str) -> None:
    """Set ``TABLE.KEY`` to a value written as in TOML, or a plain word."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    table, dot, name = key.partition(".")
    if not dot or not isinstance(values.get(table, {}), dict):
        raise SettingsError(f"{key!r} is no key of a protocol", hint="for example examples.shots=0")
    values[table] = {**values.get(table, {}), name: value}


def _fill_in_labels(values: dict[str, Any], path: Path, folder: Path | None) -> None:
    """Take the labels from the study's own, where the protocol says so."""
    answer = values.get("answer")
    scheme = answer.get("scheme") if isinstance(answer, dict) else None
    if not scheme:
        return
    file = None if folder is None else Path(folder) / "labels" / f"{scheme}.toml"
    if file is None or not file.is_file():
        where = f"{path}, line {line_of(path, ('answer', 'scheme'))}"
        raise SettingsError(
            f"{where}: the study has no labels {scheme!r}",
            hint=f"mousegpt classify STUDY --labels {scheme}.toml, or write [answer.labels]",
        )
    tables = {k: v for k, v in read_toml(file).items() if isinstance(v, dict)}
    labels = {name: str(table.get("definition", "")) for name, table in tables.items()}
    values["answer"] = {**values["answer"], "labels": labels}


def _parsed(values: dict[str, Any], path: Path) -> Protocol:
    try:
        return Protocol.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        loc = tuple(part for part in first["loc"] if isinstance(part, str | int))
        message = str(first["msg"]).removeprefix("Value error, ")
        hint = "correct the value, or leave it out to take the default"
        if first["type"] == "extra_forbidden":
            message = "no such key"
            hint = "known keys: " + ", ".join(_known_keys(loc[:-1]))
        elif first["type"] == "value_error" and (named := re.search(r"`([\w.]+)`", message)):
            loc = (*loc, *named.group(1).split("."))
            message = message.replace("`", "").removeprefix(named.group(1) + ": ")
        where = f"{path}, line {line_of(path, loc)}: {'.'.join(map(str, loc))}"
        raise SettingsError(f"{where}: {message}", hint=hint) from error


def _known_keys(loc: tuple[str | int, ...]) -> list[str]:
    """Keys of the table at a place."""
    model: Any = Protocol
    for part in loc:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = [a for a in getattr(annotation, "__args__", ()) if hasattr(a, "model_fields")]
            model = inner[0] if inner else annotation
    return list(model.model_fields)


def line_of(path: Path, loc: tuple[str | int, ...]) -> int:
    """Line of a key in a TOML file; of its table where it is not written, else 1.

    Parameters
    ----------
    path : Path
        The file.
    loc : tuple of str and int
        Tables and key; numbers are places in lists of tables.
    """
    places = _places(path.read_text(encoding="utf-8"))
    while loc and loc not in places:
        loc = loc[:-1]
    return places.get(loc, 1)


def _places(text: str) -> dict[tuple[str | int, ...], int]:
    """Line of each table and key."""
    found: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        was_inside, inside = inside, inside ^ bool(line.count('"""') % 2)
        if was_inside:
            continue
        if header := re.match(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]", line):
            names = tuple(header.group(2).split("."))
            table = names
            if header.group(1) == "[[":
                counts[names] = counts.get(names, -1) + 1
                table = (*names, counts[names])
                found.setdefault(names, number)
            found.setdefault(table, number)
        elif key := re.match(r"\s*([\w.\-]+)\s*=", line):
            found.setdefault((*table, *key.group(1).split(".")), number)
    return found
