"""Verbs that ask a study: search, evaluate."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import (
    Answerer,
    AskedModel,
    AskedProtocol,
    Json,
    StudyFolder,
    key_values,
    left_out,
)
from mousegpt_core.errors import SettingsError

if TYPE_CHECKING:
    from mousegpt_core.pipeline.searching import Found
    from mousegpt_core.study import Study


class LikeBy(StrEnum):
    """What must be alike."""

    WORDS = "words"
    MOVEMENT = "movement"
    BOTH = "both"


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verb in (search, evaluate):
        app.command(verb.__name__)(verb)


def search(
    study: StudyFolder,
    words: Annotated[
        str,
        typer.Argument(help='What to look for: "mouse standing on two legs", or a clip_id.'),
    ] = "",
    like: Annotated[
        str,
        typer.Option(help="In place of words: a moment, RECORDING:SECONDS."),
    ] = "",
    animal: Annotated[str, typer.Option("--animal", help="With --like: of this animal.")] = "",
    by: Annotated[
        LikeBy | None, typer.Option(help="With --like: what must be alike (both, if not said).")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many to show.")] = 5,
    as_json: Json = False,
) -> None:
    """Find the moments that are told as you say, or that are like a moment.

    ```bash
    mousegpt search STUDY "standing on two legs near the wall"
    mousegpt search STUDY --like M1:12.4
    ```

    By words, moments are alike that are told alike, however fast; by movement, those whose measured
    speeds, angles and heights are near each other; by both, the mean of the two counts.
    """
    console = Console(as_json=as_json)
    if bool(words) == bool(like):
        raise SettingsError("what to look for is not clear", hint="give words, or --like, not both")
    if words and (animal or by):
        raise SettingsError(
            "--animal and --by say what is like a moment, and none is given",
            hint="leave them out, or name the moment: --like RECORDING:SECONDS",
        )
    from mousegpt_core.pipeline import search_study
    from mousegpt_core.study import Study

    opened = Study.open(study)
    if like:
        found = _like(opened, console, like, animal, by or LikeBy.BOTH, top)
    else:
        found = search_study(opened, words, top=top)
    if found.note:
        console.say(f"note: {found.note}")
    if found.hits:
        console.table(
            "",
            ["#", "recording", "animal", "time", "score", "description"],
            [
                [
                    str(hit["rank"]),
                    hit["recording"],
                    hit["individual"],
                    f"{hit['start_s']:.2f} s",
                    f"{hit['score']:.2f}",
                    hit["sentence"],
                ]
                for hit in found.hits
            ],
        )
    console.say(f"Full ranking: {found.ranking}")
    told = {"hits": found.hits, "ranking": str(found.ranking), "note": found.note}
    console.result({**told, "failed": left_out(opened)})


def _like(study: Study, console: Console, like: str, animal: str, by: LikeBy, top: int) -> Found:
    from mousegpt_core.pipeline import Work
    from mousegpt_core.pipeline.likeness import search_like

    recording, _, seconds = like.rpartition(":")
    try:
        moment = float(seconds)
    except ValueError:
        moment = math.nan
    if not recording or not math.isfinite(moment):
        raise SettingsError(
            f"--like {like!r} is not RECORDING:SECONDS", hint="for example --like M1:12.4"
        )
    work = Work(study, console.progress, console.cancellation)
    with console.work():
        return search_like(work, recording, moment, individual=animal, by=by.value, top=top)


def evaluate(
    study: StudyFolder,
    truth: Annotated[
        list[str],
        typer.Option(
            help="RECORDING=FILE (or RECORDING/ANIMAL=FILE where it has several) with human "
            "labels: csv (frame or time, label), bouts, or BORIS."
        ),
    ],
    scheme: Annotated[
        str,
        typer.Option(help="Labels to score: a name given to classify, `activities` or `profile`."),
    ] = "",
    positive: Annotated[
        str, typer.Option(help="Name of the behaviour that 1 stands for in a 0/1 file.")
    ] = "",
    describer: Answerer = "kinematic",
    model: AskedModel = "",
    protocol: AskedProtocol = "",
    as_json: Json = False,
) -> None:
    """Score labels against a human's, frame by frame and bout by bout.

    ```bash
    mousegpt evaluate STUDY --truth M1=scored_m1.csv --truth M2=scored_m2.csv
    ```

    A csv has a row for each frame (`frame` or `time` in s, and `label`), a row for each bout
    (`start_s`, `stop_s`, `label`), or a column of 0 and 1 for each behaviour. Rows with `na` or no
    label are not scored.

    Human scorers mark a posture a moment after it begins. Labels made by `classify` follow by the
    same time; `reaction_s = 0` in the labels file turns it off.

    Labels that `classify` made of a model's answers are named as there:
    `--describer openai --protocol fear`. What the model was not asked about is not scored; where it
    was asked and gave no valid answer, that is an error.
    """
    from mousegpt_core.pipeline import evaluate_study, find_speaker
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    files = key_values(truth, "--truth", "M1=labels.csv")
    paths = {recording: Path(path) for recording, path in files.items()}
    opened = Study.open(study)
    answered = describer != "kinematic"
    if (answered and scheme) or (not answered and (model or protocol)):
        raise SettingsError(
            "which labels are scored is not clear",
            hint="give --scheme, or who answered: --describer, --model and --protocol",
        )
    if answered:
        scheme = find_speaker(opened, describer, model, protocol).name
    result = evaluate_study(opened, paths, scheme=scheme, positive=positive)
    per_class = result["per_class"]
    console.table(
        f"{result['scheme']} against human labels, {result['frames']} frames",
        ["behaviour", "precision", "recall", "F1", "frames"],
        [
            [
                name,
                f"{row['precision']:.3f}",
                f"{row['recall']:.3f}",
                f"{row['f1']:.3f}",
                str(row["support"]),
            ]
            for name, row in per_class.items()
        ],
    )
    if clusters := result.get("clusters"):
        console.say(
            f"{clusters['clusters']} clusters: ARI {clusters['ari']:.3f}, NMI "
            f"{clusters['nmi']:.3f}, purity {clusters['purity']:.3f}"
        )
    console.say(
        f"macro-F1 {result['macro_f1']:.3f}, balanced accuracy {result['balanced_accuracy']:.3f}, "
        f"kappa {result['kappa']:.3f}, MCC {result['mcc']:.3f}"
    )
    if result["unknown"]:
        console.say(f"unknown, and so an error: {result['unknown']:.1%} of the frames")
    for note in result["notes"]:
        console.say(f"note: {note}")
    console.result(result)
