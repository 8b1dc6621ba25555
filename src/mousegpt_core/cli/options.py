"""Arguments that several commands share, and how their texts are read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mousegpt_core.errors import SettingsError

if TYPE_CHECKING:
    from mousegpt_core.study import Study

StudyFolder = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output, for machines.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--recording", "-r", help="Only this recording (may be given several times)."),
]
#: One clip, by its place or by a moment.
ClipOption = Annotated[
    str, typer.Option("--clip", help="Number of the clip, from 1 (if not said), or its id.")
]
OneRecording = Annotated[str, typer.Option("--recording", "-r", help="By default the first.")]
AtOption = Annotated[
    float | None, typer.Option("--at", help="In place of a clip: the moment that it shows, s.")
]
AnimalOption = Annotated[str, typer.Option("--animal", help="With --at: of this animal.")]
#: Whose labels; shared by the commands that make them and score them.
Answerer = Annotated[
    str,
    typer.Option(
        "--describer",
        help="kinematic; a model that was asked (openai, ...); or ensemble, of both.",
    ),
]
AskedModel = Annotated[str, typer.Option("--model", help="Its name; if only one was asked, that.")]
AskedProtocol = Annotated[str, typer.Option("--protocol", help="By which protocol it was asked.")]


def new_file(path: Path | None) -> Path | None:
    """Refuse a file to write that is there already, or cannot be made, before any work."""
    if path is not None:
        from mousegpt_core.study.files import check_new_file

        check_new_file(path)
    return path


def folder_to_write(path: Path | None) -> Path | None:
    """Refuse a folder to write into that is a file, or cannot be made, before any work."""
    if path is not None:
        from mousegpt_core.study.files import check_folder

        check_folder(path)
    return path


def left_out(study: Study) -> dict[str, str]:
    """For the result of a command on a whole study: what of it cannot be read, and why."""
    return {id: str(error) for id, error in study.unreadable.items()}


def key_value(text: str, *, option: str, example: str) -> tuple[str, str]:
    """Split ``KEY=VALUE``.

    Raises
    ------
    SettingsError
        If there is no ``=`` or no key.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(
            f"{option} {text!r} is not KEY=VALUE", hint=f"for example {option} {example}"
        )
    return key.strip(), value.strip()


def key_values(texts: list[str] | None, option: str, example: str) -> dict[str, str]:
    """Texts ``KEY=VALUE`` of an option; raises as `key_value`, and if a key comes twice."""
    found: dict[str, str] = {}
    for text in texts or ():
        key, value = key_value(text, option=option, example=example)
        if key in found:
            raise SettingsError(f"{option} {key} is given twice", hint="leave one of them out")
        found[key] = value
    return found


def changes_of(texts: list[str] | None) -> dict[str, str]:
    """``--set TABLE.KEY=VALUE``: other values of a protocol."""
    return key_values(texts, "--set", "examples.shots=0")


def model_options(model: str, base_url: str, others: list[str] | None) -> dict[str, Any]:
    """``--model``, ``--base-url`` and ``--option KEY=VALUE``, as far as they are given."""
    given = {"model": model, "base_url": base_url}
    return {
        **{key: value for key, value in given.items() if value},
        **key_values(others, "--option", "timeout_s=60"),
    }


def named_path(text: str) -> tuple[str | None, Path]:
    """Split ``[NAME=]PATH``; a path that exists is never taken apart."""
    if Path(text).exists() or "=" not in text:
        return None, Path(text)
    name, _, path = text.partition("=")
    return name, Path(path)


def of_view(text: str, *, option: str, example: str) -> tuple[str | None, str]:
    """Split ``[VIEW=]VALUE``; raises as `key_value`."""
    if "=" not in text:
        return None, text.strip()
    return key_value(text, option=option, example=example)


def seconds_of_view(text: str, *, option: str) -> tuple[str | None, float]:
    """Split ``[VIEW=]SECONDS``.

    Raises
    ------
    SettingsError
        If the seconds are no number.
    """
    view, value = of_view(text, option=option, example="top=0.25")
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise SettingsError(
            f"{option} {text!r} is no number of seconds", hint=f"for example {option} top=0.25"
        )
    return view, seconds


def animal_columns(pairs: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """``--animal [INDIVIDUAL:]KEY=VALUE`` as columns of the table of animals.

    Returns
    -------
    all : dict
        Column to value, for every individual.
    single : dict of dict
        The same for single individuals, by name.
    """
    everybody: dict[str, Any] = {}
    single: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        key, value = key_value(pair, option="--animal", example="treatment=saline")
        individual, colon, column = key.rpartition(":")
        columns = single.setdefault(individual.strip(), {}) if colon else everybody
        columns[column.strip()] = value
    return everybody, single
