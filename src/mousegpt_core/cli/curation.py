"""Verbs that tell good descriptions from bad ones: curate, edit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.describing import Retry, show_reckoning
from mousegpt_core.cli.options import Json, Only, StudyFolder, key_values, model_options
from mousegpt_core.cli.stages import at_work
from mousegpt_core.errors import SettingsError

if TYPE_CHECKING:
    from mousegpt_core.study import Study

_BAR = 30


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("curate")(curate)
    app.command("edit")(edit)


def curate(
    study: StudyFolder,
    recording: Only = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(help="Least score that is kept, written into study.toml: accuracy=6."),
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="How many of the best and worst to show.")] = 3,
    judge: Annotated[
        str, typer.Option(help="kinematic (no model), or a describer that asks one: openai.")
    ] = "kinematic",
    protocol: Annotated[
        str, typer.Option(help="What a model is told and asked: default, or your own.")
    ] = "",
    model: Annotated[str, typer.Option(help="Name of the model on the server.")] = "",
    base_url: Annotated[str, typer.Option(help="Address of the server, up to /v1.")] = "",
    option: Annotated[
        list[str] | None, typer.Option(help="Another option of the server: KEY=VALUE.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most clips to judge now.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Most money to spend now, in US dollars.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens to spend now.")] = None,
    retry: Annotated[
        list[Retry] | None, typer.Option(help="Judge again what ended so before.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; tell how much there is to ask.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Judge descriptions: by what was measured, or by a model that sees the pictures.

    Each description is held against the kinematics of its clip: it says "walks", and the speed is
    about 0; "paws in the air", and they are on the floor; left, and it is right. Scores are
    accuracy, coherence, relevance (0-10) and contradictions (0-1, the strongest).

    `mousegpt curate STUDY --threshold accuracy=6 --threshold contradictions=0.9` leaves out what
    scores less (or contradicts more) from profile, search and report. Nothing is deleted:
    thresholds are in study.toml, `[curation]`, and what they drop is marked in `mousegpt export
    STUDY descriptions`. What a person has edited is always kept.

    A model judges a sample, or all; what it says is kept and never asked for twice:

    `mousegpt curate STUDY --judge openai --model qwen2.5vl --base-url http://localhost:11434/v1 --limit 200`
    """  # noqa: E501 (a command that is copied must be one line)
    from mousegpt_core.language.budget import Limits
    from mousegpt_core.pipeline import curate_study

    console = Console(as_json=as_json)
    options = model_options(model, base_url, option)
    orders: dict[str, Any] = {}
    if judge != "kinematic":
        orders = {
            "protocol": protocol or "default",
            "options": options,
            "limit": limit,
            "retry": [str(each) for each in retry or ()],
            "limits": Limits.parse({"money": max_cost, "tokens": max_tokens}, source="--max-..."),
            "dry_run": dry_run,
        }
    elif any((protocol, options, limit, max_cost, max_tokens, retry, dry_run)):
        raise SettingsError(
            "the judge 'kinematic' asks no model, so there is nothing to order",
            hint="name one that does: --judge openai",
        )
    thresholds = _thresholds(threshold)
    if thresholds and dry_run:
        raise SettingsError(
            "--dry-run writes nothing, so no threshold", hint="leave out --dry-run or --threshold"
        )
    result = at_work(
        study,
        console,
        lambda work: curate_study(
            work, judge=judge, only=recording, thresholds=thresholds, show=show, **orders
        ),
    )
    if dry_run:
        show_reckoning(console, result["asked"])
    else:
        _show(console, result)
    console.result(result)


def _thresholds(texts: list[str] | None) -> dict[str, float]:
    """``NAME=NUMBER`` as numbers.

    Raises
    ------
    SettingsError
        If it is none.
    """
    values = {}
    for name, value in key_values(texts, "--threshold", "accuracy=6").items():
        try:
            values[name] = float(value)
        except ValueError:
            raise SettingsError(
                f"--threshold {name}={value} is no number",
                hint="for example --threshold accuracy=6",
            ) from None
    return values


def _show(console: Console, result: dict[str, Any]) -> None:
    if asked := result.get("asked"):
        total = asked["all"]
        console.say(
            f"{total['asked']} asked now: {total['described']} judged in all, "
            f"{total['invalid']} invalid, {total['failed']} failed, {total['not_asked']} not asked"
        )
        if asked["stopped"]:
            console.say(f"Stopped at the {asked['stopped']}; the same command goes on.")
    columns = ["clips", "judged", "kept", "dropped", "edited"]
    tallies = {**result["recordings"], "all": result["all"]}
    rows = [[id, *(str(tally[name]) for name in columns)] for id, tally in tallies.items()]
    limits = ", ".join(f"{name} {value:g}" for name, value in result["thresholds"].items())
    title = f"Judged by {result['judge']}; thresholds: {limits or 'none'}"
    console.table(title, ["recording", *columns], rows)
    for name, counts in result["histogram"].items():
        if any(counts):
            console.table(f"\n{name}", ["tenth", "clips", ""], _bars(counts))
    if result["contradictions"]:
        false = sorted(result["contradictions"].items(), key=lambda item: -item[1])
        rows = [[claim, str(count)] for claim, count in false]
        console.table("\nContradicted by the kinematics", ["says", "clips"], rows)
    for name in ("worst", "best"):
        console.table(f"\nThe {name}", ["clip", "scores", "says", "why"], _told(result[name]))


def _bars(counts: list[int]) -> list[list[str]]:
    most = max(counts)
    return [
        [f"{tenth + 1}", str(count), "#" * -(-count * _BAR // most)]
        for tenth, count in enumerate(counts)
    ]


def _told(clips: list[dict[str, Any]]) -> list[list[str]]:
    names = ("accuracy", "coherence", "relevance")
    return [
        [
            f"{clip['clip_id']} ({clip['start_s']:.2f} s)" + ("" if clip["kept"] else " dropped"),
            " ".join("-" if clip[name] != clip[name] else f"{clip[name]:.1f}" for name in names),
            clip["sentence"],
            clip["reason"],
        ]
        for clip in clips
    ]


def edit(
    study: StudyFolder,
    clip: Annotated[str, typer.Argument(help="clip_id of the clip to correct.")] = "",
    say: Annotated[
        list[str] | None,
        typer.Option(help='What is to be said: SECTION="TEXT", or label=NAME.'),
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option("--from", help="Table (csv) of corrections: clip_id and sections."),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the newest correction of the clip back.")
    ] = False,
    who: Annotated[str, typer.Option(help="Who corrects.")] = "",
    as_json: Json = False,
) -> None:
    """Correct descriptions: yours win over what was said, and are always kept.

    ```bash
    mousegpt edit STUDY M1/mouse@000120 --say overall="The mouse rears up." --say label=rearing
    mousegpt export STUDY descriptions    # correct the table, then
    mousegpt edit STUDY --from corrected.csv --who ME
    ```

    The sections are overall, head, limb, torso, others and keywords. What was said before stays in
    the log, and `--undo` takes a correction back; `mousegpt run` brings profile
    and report up to date.
    """
    from mousegpt_core.pipeline.editing import (
        edit_descriptions,
        one_correction,
        read_corrections,
    )
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    if undo and clip and not (say or corrections):
        console.result(_undo(Study.open(study), clip, who, console))
        return
    if undo or bool(clip and say) == bool(corrections) or bool(clip) != bool(say):
        raise SettingsError(
            "name a clip and what is to be said of it, or a table of corrections",
            hint='mousegpt edit STUDY CLIP --say overall="..." or --from corrections.csv',
        )
    if corrections is not None:
        table, source = read_corrections(corrections), str(corrections)
    else:
        values = key_values(say, "--say", "label=rearing")
        table, source = one_correction(clip, values), "--say"
    result = edit_descriptions(Study.open(study), table, who=who, source=source)
    console.say(
        f"{result['edited']} values of {result['clips']} clips corrected, "
        f"{result['unchanged']} said so already"
    )
    if result["passed_over"]:
        console.say(f"passed over: {', '.join(result['passed_over'])}")
    console.result(result)


def _undo(study: Study, clip: str, who: str, console: Console) -> dict[str, Any]:
    """Take the newest correction of a clip back."""
    from mousegpt_core.pipeline.choosing import recording_of
    from mousegpt_core.pipeline.editing import undo_correction

    recording = study.recording(recording_of(clip))
    field = undo_correction(recording, clip, who=who)
    console.say(f"{clip}: {field} is as it was" if field else f"{clip} was not corrected")
    return {"clip_id": clip, "taken_back": field}
