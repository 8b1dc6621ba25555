"""Verbs that take over what others say of a study's recordings: descriptions, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, StudyFolder
from mousegpt_core.cli.stages import at_work


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("import-descriptions")(import_them)
    app.command("import-labels")(import_labels)


def import_them(
    study: StudyFolder,
    files: Annotated[
        list[Path],
        typer.Argument(help="JSON lines, JSON, csv or Parquet, or a data set that was exported."),
    ],
    name: Annotated[
        str, typer.Option(help="Who describes: they are kept as those of imported:NAME.")
    ],
    recording: Annotated[
        str, typer.Option("--recording", "-r", help="Recording of the rows that name none.")
    ] = "",
    use: Annotated[
        bool, typer.Option("--use", help="Let the analyses use them: writes it into study.toml.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take over descriptions that others made: a person, a program, another study.

    ```bash
    mousegpt import-descriptions STUDY captions.jsonl --name alice --use
    ```

    A row needs `recording`, `individual` (where there are several), when it is (`start_s` and
    `stop_s`, `start_frame` and `stop_frame`, or `frame`), and what is said: `overall`, `head`,
    `limb`, `torso`, `others`, `keywords`, or a `text` (which may be JSON with these keys), and
    maybe `label` and `score`. All rows are checked before any is kept.
    """
    from mousegpt_core.pipeline.importing_descriptions import import_descriptions

    console = Console(as_json=as_json)
    made = at_work(
        study,
        console,
        lambda work: import_descriptions(work, files, name, recording=recording, use=use),
    )
    console.table(
        "",
        ["recording", "descriptions"],
        [[id, str(count)] for id, count in made["recordings"].items()],
    )
    if not use:
        console.say(f'To analyse them: describer = "{made["describer"]}" in [describe], or --use')
    console.result(made)


def import_labels(
    study: StudyFolder,
    file: Annotated[
        Path, typer.Argument(help="csv (frames, times or bouts), or of BORIS: a project or events.")
    ],
    recording: Annotated[
        str, typer.Option("--recording", "-r", help="Whose they are, where the file does not say.")
    ] = "",
    individual: Annotated[str, typer.Option(help="Which animal, where it has several.")] = "",
    who: Annotated[str, typer.Option(help="Who made them.")] = "",
    as_json: Json = False,
) -> None:
    """Take over a person's labels, in the place of those that the study has of the same animals.

    ```bash
    mousegpt import-labels STUDY scored.boris --who ME
    mousegpt import-labels STUDY scored.csv --recording M1
    ```

    They are kept in `STUDY/labels/human`, where they can be changed in the dock Ethogram. Of BORIS,
    observations are found by the recordings' names and subjects by the animals'.
    """
    from mousegpt_core.pipeline.boris import import_labels
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    made = import_labels(
        Study.open(study), file, recording=recording, individual=individual, who=who
    )
    rows = [[owner, str(count)] for owner, count in made["labelled"].items()]
    console.table("", ["recording", "bouts"], rows)
    for name in made["passed_over"]:
        console.say(f"note: {name} is no recording or animal of the study")
    for note in made["notes"]:
        console.say(f"note: {note}")
    console.result(made)
