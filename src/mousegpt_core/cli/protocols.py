"""Verbs about protocols: protocol list, protocol show, preview."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import (
    AnimalOption,
    AtOption,
    ClipOption,
    Json,
    OneRecording,
    StudyFolder,
    changes_of,
    folder_to_write,
)

_Study = Annotated[Path | None, typer.Option("--study", help="A study with protocols of its own.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value, TABLE.KEY=VALUE, such as examples.shots=0."),
]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    group = typer.Typer(help="How clips are cut, shown and asked about.", no_args_is_help=True)
    group.command("list")(list_them)
    group.command("show")(show)
    app.add_typer(group, name="protocol")
    app.command("preview")(preview)


def list_them(study: _Study = None, as_json: Json = False) -> None:
    """List the protocols: built-in ones, and those of a study."""
    from mousegpt_core.describe.protocol import list_protocols, load_protocol

    console = Console(as_json=as_json)
    found = [load_protocol(name, study) for name in list_protocols(study)]
    console.table("", ["protocol", "what it is"], [[one.name, one.about] for one in found])
    console.result({"protocols": {one.name: one.about for one in found}})


def show(
    name: Annotated[str, typer.Argument(help="Its name, or a file.")],
    study: _Study = None,
    as_json: Json = False,
) -> None:
    """Show a protocol: its file, to be read or copied."""
    from mousegpt_core.describe.protocol import load_protocol, protocol_text

    console = Console(as_json=as_json)
    console.say(protocol_text(name, study))
    protocol = load_protocol(name, study)
    console.result({**protocol.fingerprint(), "hash": protocol.hash})


def preview(
    study: StudyFolder,
    clip: ClipOption = "",
    protocol: Annotated[str, typer.Option(help="Its name, or a file.")] = "mousegpt",
    recording: OneRecording = "",
    at: AtOption = None,
    animal: AnimalOption = "",
    changes: Changes = None,
    out: Annotated[
        Path | None,
        typer.Option(callback=folder_to_write, help="Folder; by default STUDY/results/preview/..."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show exactly what a model will see of a clip: its pictures and words, as a page."""
    from mousegpt_core.pipeline import Work, preview_clip
    from mousegpt_core.pipeline.choosing import ClipChoice
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    with console.work():
        made = preview_clip(
            Work(Study.open(study), console.progress, console.cancellation),
            protocol,
            ClipChoice(clip, recording, at, animal),
            changes=changes_of(changes),
            out=out,
        )
    console.say(made["text"])
    for note in made["notes"]:
        console.say(f"note: {note}")
    console.say(f"{made['clip_id']}, one of {made['clips']} clips: {made['page']}")
    console.result(made)
