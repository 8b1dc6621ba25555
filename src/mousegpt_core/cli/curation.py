"""Verbs that tell good descriptions from bad ones: curate, edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, Only, StudyFolder, key_value
from mousegpt_core.cli.stages import at_work
from mousegpt_core.errors import SettingsError

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
    as_json: Json = False,
) -> None:
    """Judge descriptions: by what was measured, without a model.

    Each description is held against the kinematics of its clip: it says "walks", and the speed is
    about 0; "paws in the air", and they are on the floor; left, and it is right. Scores are
    accuracy, coherence, relevance (0-10) and contradictions (0-1, the strongest).

    `mousegpt curate STUDY --threshold accuracy=6 --threshold contradictions=0.9` leaves out what
    scores less (or contradicts more) from profile, search and report. Nothing is deleted:
    thresholds are in study.toml, `[curation]`, and what they drop is marked in `mousegpt export
    STUDY descriptions`. What a person has edited is always kept.
    """
    from mousegpt_core.pipeline import curate_study

    console = Console(as_json=as_json)
    thresholds = _thresholds(threshold)
    result = at_work(
        study,
        console,
        lambda work: curate_study(work, only=recording, thresholds=thresholds, show=show),
    )
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
    for text in texts or ():
        name, value = key_value(text, option="--threshold", example="accuracy=6")
        try:
            values[name] = float(value)
        except ValueError:
            raise SettingsError(
                f"--threshold {text!r} is no number", hint="for example --threshold accuracy=6"
            ) from None
    return values


def _show(console: Console, result: dict[str, Any]) -> None:
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
    the log; `mousegpt run` brings profile and report up to date.
    """
    from mousegpt_core.pipeline.editing import (
        edit_descriptions,
        one_correction,
        read_corrections,
    )
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    if bool(clip and say) == bool(corrections) or bool(clip) != bool(say):
        raise SettingsError(
            "name a clip and what is to be said of it, or a table of corrections",
            hint='mousegpt edit STUDY CLIP --say overall="..." or --from corrections.csv',
        )
    if corrections is not None:
        table, source = read_corrections(corrections), str(corrections)
    else:
        pairs = [key_value(each, option="--say", example="label=rearing") for each in say or ()]
        table, source = one_correction(clip, dict(pairs)), "--say"
    result = edit_descriptions(Study.open(study), table, who=who, source=source)
    console.say(
        f"{result['edited']} values of {result['clips']} clips corrected, "
        f"{result['unchanged']} said so already"
    )
    if result["passed_over"]:
        console.say(f"passed over: {', '.join(result['passed_over'])}")
    console.result(result)
