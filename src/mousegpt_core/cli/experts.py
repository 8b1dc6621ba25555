"""Verbs for experts who judge descriptions: experts make, experts score."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, StudyFolder, folder_to_write
from mousegpt_core.cli.stages import at_work


class Asked(StrEnum):
    """What experts are asked."""

    JUDGE = "judge"
    CHOOSE = "choose"


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    group = typer.Typer(help="Descriptions judged by blinded experts.", no_args_is_help=True)
    group.command("make")(make)
    group.command("score")(score)
    app.add_typer(group, name="experts")


def make(
    study: StudyFolder,
    expert: Annotated[list[str], typer.Option(help="Name of an expert; several times.")],
    kind: Annotated[
        Asked, typer.Option(help="judge each answer, or choose the better one of two.")
    ] = Asked.JUDGE,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose answers: study (if not said), kinematic, imported:NAME, or "
            "DESCRIBER-MODEL-PROTOCOL."
        ),
    ] = None,
    clips: Annotated[int, typer.Option(min=1, help="Clips that are drawn.")] = 100,
    repeats: Annotated[
        float, typer.Option(min=0, max=0.33, help="Share of the items that come twice.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Of clips, orders and sides.")] = 0,
    protocol: Annotated[str, typer.Option(help="How clips are shown.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            callback=folder_to_write, help="New folder; by default STUDY/results/experts-KIND."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace forms.")] = False,
    as_json: Json = False,
) -> None:
    """Make a form with pictures for each expert; nothing on it tells whose answers it shows.

    ```bash
    mousegpt experts make STUDY --expert ada --expert bo
    mousegpt experts make STUDY --kind choose --source study --source kinematic --expert ada
    ```

    Hand out the folders in `forms/`; keep `key.csv`. Experts open `form.html`, and save their
    answers as csv; or they fill in `form.csv`.
    """
    from mousegpt_core.pipeline.expert_forms import STUDY, make_forms

    console = Console(as_json=as_json)
    made = at_work(
        study,
        console,
        lambda work: make_forms(
            work, kind.value, source or [STUDY], expert, clips=clips, repeats=repeats, seed=seed,
            protocol=protocol, out=out, overwrite=overwrite,
        ),
    )  # fmt: skip
    for form in made["forms"]:
        console.say(form)
    console.say(f"{made['items']} items of {made['clips']} clips. Keep to yourself: {made['key']}")
    console.result(made)


def score(
    folder: Annotated[Path, typer.Argument(help="Folder that experts make made.")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Filled forms; by default those in the folder.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the intervals' bootstrap.")] = 0,
    as_json: Json = False,
) -> None:
    """Score filled forms: shares or wins with intervals, agreement, consistency; as csv.

    Intervals are of 95 %: `low` and `high` by drawing whole items (2000 draws), since ratings of
    one item hang together; `wilson_low` and `wilson_high` as if they did not.
    """
    from mousegpt_core.pipeline.expert_forms import score_forms

    console = Console(as_json=as_json)
    found = score_forms(folder, files or (), seed=seed)
    for name, rows in found["tables"].items():
        if rows:
            columns = list(rows[0])
            console.table(name, columns, [[_cell(row[key]) for key in columns] for row in rows])
            console.say("")
    if found["missing"]:
        console.say(f"note: {found['missing']} answers were not given")
    for file in found["files"]:
        console.say(file)
    console.result(found)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
