"""Verbs that try a model before a study is described by it: server, try."""

from __future__ import annotations

from typing import Annotated, Any

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
    key_values,
    model_options,
)

_Options = Annotated[
    list[str] | None, typer.Option("--option", help="Another option of the server: KEY=VALUE.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("server")(server)
    app.command("try")(try_)


def server(
    base_url: Annotated[str, typer.Argument(help="Its address, up to /v1.")],
    model: Annotated[str, typer.Option(help="Ask this model to say yes.")] = "",
    option: _Options = None,
    as_json: Json = False,
) -> None:
    """Look whether a server of models is there: its models, our key, an answer.

    `mousegpt server http://localhost:11434/v1 --model qwen2.5vl`

    A key is taken from the environment or the keyring: `--option key_variable=NAME`.
    """
    from mousegpt_core.language.openai_server import ServerOptions
    from mousegpt_core.language.server_check import check_server
    from mousegpt_core.pipeline.asynchronous import run_to_end

    console = Console(as_json=as_json)
    given: dict[str, Any] = {"retrying": {"attempts": 1}, "timeout_s": 20.0}
    given |= {**key_values(option, "--option", "timeout_s=60"), "base_url": base_url}
    # Which models there are can be asked without naming one.
    options = ServerOptions.parse({**given, "model": model or "?"}, source="--option")
    found = run_to_end(check_server(options, ask=bool(model)))
    console.say(f"models: {', '.join(found['models']) or 'the server has no list'}")
    name, place = found["key_variable"], found["key"]
    console.say(f"key: {name} ({place})" if place else "key: none")
    if model:
        console.say(f"{model} answered {found['answer']!r} in {found['seconds']:.1f} s")
    console.result(found)


def try_(
    study: StudyFolder,
    describer: Annotated[str, typer.Option(help="openai, transformers or lmdeploy.")] = "openai",
    protocol: Annotated[str, typer.Option(help="Its name, or a file.")] = "mousegpt",
    model: Annotated[str, typer.Option(help="Name of the model on the server; its folder.")] = "",
    base_url: Annotated[str, typer.Option(help="Address of the server, up to /v1.")] = "",
    option: _Options = None,
    clip: ClipOption = "",
    recording: OneRecording = "",
    at: AtOption = None,
    animal: AnimalOption = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value of the protocol: TABLE.KEY=VALUE."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask even if it was answered.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a model about one clip, and show what it says.

    The answer is kept: `mousegpt describe` does not ask for it again.
    """
    from mousegpt_core.pipeline import Work, try_clip
    from mousegpt_core.pipeline.choosing import ClipChoice
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    with console.work():
        said = try_clip(
            Work(Study.open(study), console.progress, console.cancellation),
            ClipChoice(clip, recording, at, animal),
            describer=describer,
            protocol=protocol,
            options=model_options(model, base_url, option),
            changes=changes_of(changes),
            again=again,
        )
    rows = [*said["sections"].items(), ("label", said["label"]), ("why", said["reason"])]
    console.table(f"{said['clip_id']}: {said['status']}", ["", ""], [[n, t] for n, t in rows if t])
    for note in said["notes"]:
        console.say(f"note: {note}")
    console.result(said)
