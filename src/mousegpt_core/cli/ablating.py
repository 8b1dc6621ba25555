"""The verb ablate: one protocol asked in several ways, scored against a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, StudyFolder, changes_of, key_values, model_options
from mousegpt_core.cli.stages import at_work


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("ablate")(ablate)


def ablate(
    study: StudyFolder,
    protocol: Annotated[
        str, typer.Option(help="A protocol that asks for labels: its name, or a file.")
    ] = "fear",
    way: Annotated[
        list[str] | None,
        typer.Option(help="zero-shot, few-shot, temporal or autoregressive; else all four."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(help="Values of the protocol to compare: TABLE.KEY=VALUE,VALUE,..."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value in all of them: TABLE.KEY=VALUE."),
    ] = None,
    truth: Annotated[
        list[str] | None,
        typer.Option(help="RECORDING=FILE with human labels; else those that the protocol names."),
    ] = None,
    describer: Annotated[str, typer.Option(help="Who is asked; else as in study.toml.")] = "",
    model: Annotated[str, typer.Option(help="Name of the model on the server; its folder.")] = "",
    base_url: Annotated[str, typer.Option(help="Address of the server, up to /v1.")] = "",
    option: Annotated[
        list[str] | None, typer.Option(help="Another option of the describer: KEY=VALUE.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most clips to ask about now, in each way.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Most money to spend now on all, in US dollars.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens to spend now on all.")] = None,
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Score each together with kinematics, too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; tell what the whole table would take.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare ways of asking a model: with examples or without, with neighbours, pictures changed.

    A person's labels of the recordings are expected in `labels/human/RECORDING.csv` in the study.

    ```bash
    mousegpt ablate STUDY --protocol fear --describer openai --model NAME --dry-run
    mousegpt ablate STUDY --protocol fear --describer openai --model NAME \\
        --vary frames.contrast=none,local --vary frames.crop=animal,none
    ```

    Every way is the same protocol with other values. Answers are kept: what was asked before, by
    `describe` or in another way, is not asked again, and a run that was stopped is gone on with.
    The table is printed and written into the study's results, with a figure.
    """
    from mousegpt_core.language.budget import Limits
    from mousegpt_core.pipeline import ablate_study

    console = Console(as_json=as_json)
    options = model_options(model, base_url, option)
    varied = key_values(vary, "--vary", "frames.contrast=none,local")
    files = key_values(truth, "--truth", "M1=labels.csv")
    result = at_work(
        study,
        console,
        lambda work: ablate_study(
            work,
            describer=describer,
            protocol=protocol,
            options=options,
            ways=way or (),
            vary={key: split_values(text) for key, text in varied.items()},
            changes=changes_of(changes),
            truth={owner: Path(file) for owner, file in files.items()},
            limit=limit,
            limits=Limits.parse({"money": max_cost, "tokens": max_tokens}, source="--max-..."),
            ensemble=ensemble,
            dry_run=dry_run,
        ),
    )
    (_show_reckoning if dry_run else _show_scores)(console, result)
    console.result(result)


def split_values(text: str) -> list[str]:
    """Values between commas; commas within brackets and quotes part nothing."""
    found, depth, quoted = [""], 0, ""
    for letter in text:
        if letter == quoted:
            quoted = ""
        elif not quoted and letter in "\"'":
            quoted = letter
        elif not quoted:
            depth += (letter in "[{") - (letter in "]}")
        if letter == "," and not depth and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return [each.strip() for each in found if each.strip()]


def _show_reckoning(console: Console, result: dict[str, Any]) -> None:
    names = ("requests", "images", "tokens_in", "tokens_out", "cost")
    rows = [
        [str(row.get("variant", "all")), *(_number(row[name]) for name in names)]
        for row in (*result["variants"], result["total"])
    ]
    titles = ["way", "requests", "pictures", "tokens asked", "tokens answered", "US dollars"]
    console.table(f"{result['protocol']} by {result['model']}", titles, rows)
    console.say("Questions that several ways have in common are counted in each.")


def _show_scores(console: Console, result: dict[str, Any]) -> None:
    rows, labels = result["variants"], result["labels"]
    title = f"{result['protocol']} by {result['model']}"
    scores = ["way", "macro-F1", "95 %", "balanced accuracy", "MCC"]
    console.table(title, scores, [_scores(row) for row in rows])
    console.table("F1 of each label", ["way", *labels], [
        [row["variant"], *(_number(row["f1"].get(name), ".3f") for name in labels)] for row in rows
    ])  # fmt: skip
    columns = ["way", "clips", "unknown", "tokens an hour of film", "US dollars"]
    console.table("What it took", columns, [_costs(row) for row in rows if "clips" in row])
    console.say(
        f"Scored where every way was asked; 95 % intervals by bootstrap over "
        f"{result['drawn_over']}. Unknown clips are errors."
    )
    if result["stopped"]:
        console.say(f"Stopped at the {result['stopped']}; the same command goes on.")
    if result["not_asked"]:
        console.say("Not asked: " + "; ".join(result["not_asked"]))
    console.say(f"Table and figure: {result['files']['csv']}, {result['files']['svg']}")


def _scores(row: dict[str, Any]) -> list[str]:
    low, high = row["interval"].get("macro_f1", (float("nan"), float("nan")))
    span = f"{low:.2f}-{high:.2f}"
    return [row["variant"], f"{row['macro_f1']:.3f}", span,
            f"{row['balanced_accuracy']:.3f}", f"{row['mcc']:.3f}"]  # fmt: skip


def _costs(row: dict[str, Any]) -> list[str]:
    tokens, cost = row["tokens_in_per_hour"], row["cost_per_hour"]
    return [row["variant"], str(row["clips"]), f"{row['unknown']:.1%}", _number(tokens, ".0f"),
            _number(cost, ".2f")]  # fmt: skip


def _number(value: float | None, form: str = "") -> str:
    if value is None:
        return "-"
    return (
        format(value, form) if form else f"{round(value, 2):g}" if value < 100 else f"{value:.0f}"
    )
