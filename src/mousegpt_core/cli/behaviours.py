"""Verbs for the behaviours of the profile: behaviours list, rename, merge, split, undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, StudyFolder
from mousegpt_core.errors import SettingsError

if TYPE_CHECKING:
    from mousegpt_core.study import Study

_Behaviour = Annotated[str, typer.Argument(help="Name or id of a behaviour.")]
_Who = Annotated[str, typer.Option(help="Who changes it.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    group = typer.Typer(help="Behaviours of the profile, changed by you.", no_args_is_help=True)
    group.command("list")(list_)
    for verb in (rename, merge, split, undo):
        group.command(verb.__name__)(verb)
    app.add_typer(group, name="behaviours")


def list_(study: StudyFolder, as_json: Json = False) -> None:
    """Names, ids and shares, as you have changed them."""
    from mousegpt_core.study import Study

    _show(Study.open(study), Console(as_json=as_json))


def rename(
    study: StudyFolder,
    behaviour: _Behaviour,
    name: Annotated[str, typer.Argument(help="New name.")],
    who: _Who = "",
    as_json: Json = False,
) -> None:
    """Call a behaviour otherwise; its id stays."""
    from mousegpt_core.pipeline.behaviours import rename_behaviour

    _change(study, as_json, lambda opened: rename_behaviour(opened, behaviour, name, who=who))


def merge(
    study: StudyFolder,
    into: Annotated[str, typer.Argument(help="Name or id of the one that stays.")],
    others: Annotated[list[str], typer.Argument(help="Those that it takes up.")],
    who: _Who = "",
    as_json: Json = False,
) -> None:
    """Make behaviours one."""
    from mousegpt_core.pipeline.behaviours import merge_behaviours

    _change(study, as_json, lambda opened: merge_behaviours(opened, into, others, who=who))


def split(
    study: StudyFolder,
    behaviour: _Behaviour = "",
    parts: Annotated[int | None, typer.Option(min=2, help="Into how many; 2, if not said.")] = None,
    clips: Annotated[
        Path | None,
        typer.Option(help="Instead: a csv with a column clip_id; these become a behaviour."),
    ] = None,
    name: Annotated[str, typer.Option(help="With --clips: its name.")] = "",
    who: _Who = "",
    as_json: Json = False,
) -> None:
    """Split a behaviour by what is told of its clips, or make one of clips of your choice."""
    from mousegpt_core.pipeline.behaviours import make_behaviour, split_behaviour

    if bool(behaviour) == bool(clips) or (parts if clips else name):
        raise SettingsError(
            "what is split is not clear",
            hint="name a behaviour (and --parts), or give --clips and --name",
        )
    if clips is None:
        _change(study, as_json, lambda o: split_behaviour(o, behaviour, parts or 2, who=who))
    else:
        chosen = _clip_ids(clips)
        _change(study, as_json, lambda opened: make_behaviour(opened, chosen, name, who=who))


def undo(study: StudyFolder, who: _Who = "", as_json: Json = False) -> None:
    """Take your newest change back; again, the one before."""
    from mousegpt_core.pipeline.behaviours import undo_behaviour

    _change(study, as_json, lambda opened: undo_behaviour(opened, who=who))


def _change(study: Path, as_json: bool, change: Callable[[Study], object]) -> None:
    """Make a change, and show the behaviours after it."""
    from mousegpt_core.study import Study

    opened = Study.open(study)
    change(opened)
    _show(opened, Console(as_json=as_json))


def _clip_ids(file: Path) -> list[str]:
    from mousegpt_core.pipeline.editing import read_corrections

    table = read_corrections(file)
    if "clip_id" not in table:
        raise SettingsError(
            f"{file} has no column clip_id", hint="`mousegpt export STUDY map` writes one"
        )
    return [str(id) for id in table["clip_id"].unique()]


def _show(study: Study, console: Console) -> None:
    from mousegpt_core.pipeline.behaviours import profiled

    rows = profiled(study).behaviours.to_dict("records")
    console.table(
        "Behaviours",
        ["name", "share", "keywords", "id"],
        [[r["name"], f"{r['share']:.1%}", r["keywords"], r["behaviour_id"]] for r in rows],
    )
    console.result({"behaviours": [{str(k): v for k, v in row.items()} for row in rows]})
