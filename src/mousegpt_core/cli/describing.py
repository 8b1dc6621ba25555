"""The verb describe: by kinematics, or by asking a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, Only, StudyFolder, changes_of, model_options
from mousegpt_core.cli.stages import at_work
from mousegpt_core.errors import SettingsError
from mousegpt_core.progress import duration

#: So many reasons are shown, the commonest.
_REASONS = 5


class Retry(StrEnum):
    """Which clips are asked about again."""

    FAILED = "failed"
    INVALID = "invalid"


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("describe")(describe)


def describe(
    study: StudyFolder,
    recording: Only = None,
    describer: Annotated[
        str,
        typer.Option(help="kinematic, openai, transformers or lmdeploy; else as in study.toml."),
    ] = "",
    protocol: Annotated[
        str, typer.Option(help="How clips are cut, shown and asked about: its name, or a file.")
    ] = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value of the protocol: TABLE.KEY=VALUE."),
    ] = None,
    model: Annotated[str, typer.Option(help="Name of the model on the server; its folder.")] = "",
    base_url: Annotated[str, typer.Option(help="Address of the server, up to /v1.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(help="Another option of the describer: KEY=VALUE, e.g. most_at_once=8."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most clips to ask about now.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Most money to spend now, in US dollars.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens to spend now.")] = None,
    retry: Annotated[
        list[Retry] | None, typer.Option(help="Ask again about clips that ended so.")
    ] = None,
    times: Annotated[
        int,
        typer.Option(min=1, help="Ask so often, with other seeds; agreement tells confidence."),
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; tell how much there is to ask.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Describe every clip in words: from kinematics, or by showing it to a model.

    Without options it does what study.toml says; at first, words from kinematics, which need no
    model. Their rules and thresholds are changed in ethogram.toml in the study's folder (only what
    differs from the built-in table).

    To ask a model that runs on your own computer, and see first what it would take:

    `mousegpt describe STUDY --describer openai --model qwen2.5vl --base-url http://localhost:11434/v1 --protocol mousegpt --dry-run`

    Any server of the OpenAI kind will do (OpenAI, Azure, vLLM, LMDeploy, Ollama, llama.cpp). Its
    key is taken from the environment or the keyring: OPENAI_API_KEY, or the variable that
    `--option key_variable=NAME` names. It is never written down.

    Without a server, a model's folder is enough: `--describer transformers --model FOLDER`.

    `mousegpt preview STUDY` shows what the model will see. `--limit 20` tries it on a few clips.
    Ctrl-C pauses; the same command goes on. Each answer is kept as it comes and never asked for
    twice; a changed protocol asks only what it changes.

    To use the answers in search, profile and report, write into study.toml:

    ```toml
    [describe]
    describer = "openai"
    model = "qwen2.5vl"
    base_url = "http://localhost:11434/v1"
    protocol = "mousegpt"
    ```
    """  # noqa: E501 (a command that is copied must be one line)
    console = Console(as_json=as_json)
    name = describer or _describer_of(study)
    options = model_options(model, base_url, option)
    orders = (protocol, changes, options, limit, max_cost, max_tokens, retry, dry_run, times > 1)
    if name == "kinematic":
        if any(orders):
            raise SettingsError(
                "the describer 'kinematic' asks no model, so there is nothing to order",
                hint="name one that does: --describer openai",
            )
        _from_kinematics(study, recording, console)
        return
    from mousegpt_core.language.budget import Limits
    from mousegpt_core.pipeline import ask_study

    result = at_work(
        study,
        console,
        lambda work: ask_study(
            work,
            describer=name,
            protocol=protocol,
            options=options,
            changes=changes_of(changes),
            only=recording,
            limit=limit,
            retry=[str(each) for each in retry or ()],
            limits=Limits.parse({"money": max_cost, "tokens": max_tokens}, source="--max-..."),
            times=times,
            dry_run=dry_run,
        ),
    )
    (show_reckoning if dry_run else _show_result)(console, result)
    console.result(result)


def _describer_of(study: Path) -> str:
    from mousegpt_core.study import Study

    return str(Study.open(study).section("describe").get("describer", "kinematic"))


def _from_kinematics(study: Path, recording: list[str] | None, console: Console) -> None:
    """Words from kinematics; their settings are in study.toml.

    Raises
    ------
    SettingsError
        If the study says that a model's answers are its descriptions.
    """
    from mousegpt_core.pipeline import run_recordings

    own = _describer_of(study)
    if own != "kinematic":
        raise SettingsError(
            f"{study / 'study.toml'} [describe] names the describer {own!r}",
            hint='write describer = "kinematic" there; answers of models are kept',
        )

    made = at_work(study, console, lambda work: run_recordings(work, "descriptions", recording))
    console.result(made)


def show_reckoning(console: Console, result: dict[str, Any]) -> None:
    """What asking would take, for people."""
    cost, seconds = result["cost"], result["seconds"]
    rows = [
        ["clips", f"{result['clips']}"],
        ["answered already", f"{result['there_already']}"],
        ["cannot be shown", f"{result['unshown']}"],
        ["requests", f"{result['requests']}"],
        ["pictures", f"{result['images']}"],
        ["tokens asked", f"{result['tokens_in']}"],
        ["tokens answered", f"{result['tokens_out']}"],
        ["cost, US dollars", "the price is not known" if cost is None else f"{cost:.2f}"],
        ["time", "not known; try --limit 20" if seconds is None else duration(seconds)],
    ]
    console.table(f"{result['protocol']} by {result['model']}", ["what", "how much"], rows)
    _show_reasons(console, result["reasons"])
    if result["estimated"]:
        console.say("Tokens are estimated; once some clips were asked about, they are known.")


def _show_result(console: Console, result: dict[str, Any]) -> None:
    columns = [
        "clips",
        "described",
        "invalid",
        "failed",
        "not_asked",
        "asked_again",
        "retries",
    ]
    tallies = {**result["recordings"], "all": result["all"]}
    rows = [[id, *(str(tally[name]) for name in columns)] for id, tally in tallies.items()]
    titles = [name.replace("_", " ") for name in ("recording", *columns)]
    console.table(f"{result['protocol']} by {result['model']}", titles, rows)
    total = result["all"]
    cost = "" if math.isnan(total["cost"]) else f", {total['cost']:.4f} US dollars"
    tokens = f"{total['tokens_in']} tokens asked, {total['tokens_out']} answered"
    console.say(f"Asked now: {total['asked']} clips, {tokens}{cost}")
    for number, again in enumerate(result["again"], start=2):
        console.say(
            f"Time {number}: {again['described']} described, {again['not_asked']} not asked"
        )
    if result["stopped"]:
        console.say(f"Stopped at the {result['stopped']}; the same command goes on.")
    _show_reasons(console, total["reasons"])
    if total["failed"] or total["invalid"]:
        console.say("Ask again about what failed: --retry failed --retry invalid")


def _show_reasons(console: Console, reasons: Mapping[str, int]) -> None:
    """Why clips are not described, the commonest first."""
    commonest = sorted(reasons.items(), key=lambda each: -each[1])[:_REASONS]
    rows = [[str(count), reason] for reason, count in commonest]
    if rows:
        console.table("Why clips are not described", ["clips", "reason"], rows)
    if len(reasons) > _REASONS:
        console.say(f"and {len(reasons) - _REASONS} other reasons")
