"""Verbs that compute: kinematics, classify, embed, profile, map, report, run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import (
    Answerer,
    AskedModel,
    AskedProtocol,
    Json,
    Only,
    StudyFolder,
)
from mousegpt_core.cli.study import show_added
from mousegpt_core.errors import DataError, SettingsError, typed

if TYPE_CHECKING:
    from mousegpt_core.pipeline import Work


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verb in (kinematics, classify, embed, profile, report, run):
        app.command(verb.__name__)(verb)
    app.command("map")(map_)


def at_work(
    study: Path, console: Console, compute: Callable[[Work], dict[str, Any]]
) -> dict[str, Any]:
    """Compute with progress on screen; Ctrl-C stops between steps."""
    from mousegpt_core.pipeline import Work
    from mousegpt_core.study import Study

    work = Work(Study.open(study), console.progress, console.cancellation)
    with console.work():
        return {**compute(work), "failed": work.failures}


def kinematics(study: StudyFolder, recording: Only = None, as_json: Json = False) -> None:
    """Compute speeds, angles, heights and the rest from the poses.

    Short gaps are filled, errors of tracking left out, positions smoothed and brought to cm; then
    follow some 30 quantities in cm, s and radians. `mousegpt export STUDY kinematics` writes them
    as tables; settings are in study.toml, `[kinematics]`.
    """
    from mousegpt_core.pipeline import run_recordings

    console = Console(as_json=as_json)
    made = at_work(study, console, lambda work: run_recordings(work, "kinematics", recording))
    console.result(made)


def classify(
    study: StudyFolder,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="TOML file: one table per behaviour with `definition`, maybe `examples`."
        ),
    ] = None,
    scheme: Annotated[
        str, typer.Option(help="Name to keep the result under; by default the file's.")
    ] = "",
    describer: Answerer = "kinematic",
    model: AskedModel = "",
    protocol: AskedProtocol = "",
    sure: Annotated[
        float, typer.Option(min=0, max=1, help="Clips whose score is lower stay unknown.")
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Assign every clip one of your own behaviours, each defined in words.

    A labels file looks like this:

    ```toml
    [walking]
    definition = "moves forward on all four paws"

    [rearing]
    definition = "stands on its hind legs, forepaws off the floor"
    examples = [{recording = "M1", start_s = 12.0, stop_s = 13.5}]
    ```

    Human scorers mark a posture a moment after it begins; labels of postures follow by the same
    time, so that they compare with a human's. `reaction_s = 0` at the top of the file turns it off.

    What a model answered to `mousegpt describe` becomes labels, too; a labels file is needed only
    where it answered in words. `ensemble` weighs its answers and kinematics against each other:

    ```bash
    mousegpt classify STUDY --describer openai --protocol fear
    mousegpt classify STUDY --describer ensemble --protocol fear --sure 0.6
    ```

    A clip without a valid answer is `unknown`; such clips are counted and shown.
    """
    from mousegpt_core.pipeline import classify_study

    console = Console(as_json=as_json)
    if describer != "kinematic":
        _classify_answers(study, console, describer, model, protocol, labels, scheme, sure)
        return
    if labels is None or model or protocol or sure:
        raise SettingsError(
            "kinematics need a labels file, and neither model, protocol nor score",
            hint="give --labels FILE, or name who answered: --describer openai",
        )
    result = at_work(study, console, lambda work: classify_study(work, labels, scheme=scheme))
    console.table(
        "How your behaviours were understood",
        ["behaviour", "activities", "why"],
        [
            [row["behaviour"], ", ".join(row["activities"]) or "-", row["why"]]
            for row in result["mapping"]
        ],
    )
    console.table(
        "Share of time",
        ["behaviour", "share"],
        [[name, f"{share:.1%}"] for name, share in result["shares"].items()],
    )
    for note in result["notes"]:
        console.say(f"note: {note}")
    console.say(f"The behaviour vector of each recording is in {result['folder']}")
    console.result(result)


def _classify_answers(
    study: Path,
    console: Console,
    describer: str,
    model: str,
    protocol: str,
    labels: Path | None,
    scheme: str,
    sure: float,
) -> None:
    """Labels from a model's answers."""
    from mousegpt_core.pipeline import classify_answers

    result = at_work(
        study,
        console,
        lambda work: classify_answers(
            work,
            describer=describer,
            model=model,
            protocol=protocol,
            labels=labels,
            scheme=scheme,
            sure=sure,
        ),
    )
    console.table(
        "Share of the time that was asked about",
        ["behaviour", "share"],
        [[name, f"{share:.1%}"] for name, share in result["shares"].items()],
    )
    console.table(
        "How the clips ended", ["", "clips"], [[k, str(n)] for k, n in result["clips"].items()]
    )
    for note in result["notes"]:
        console.say(f"note: {note}")
    console.say(f"The behaviour vector of each recording is in {result['folder']}")
    console.say(f"Score it: mousegpt evaluate STUDY --scheme {result['scheme']} --truth ...")
    console.result(result)


def embed(study: StudyFolder, as_json: Json = False) -> None:
    """Turn each description into a vector.

    `embedder = "lsa"` in study.toml, `[embed]`, learns which words go together in this study;
    `"minilm"` knows English beforehand and needs an extra, which `mousegpt doctor` tells about.
    Profile and search rest on the vectors.
    """
    from mousegpt_core.pipeline import embed_study

    console = Console(as_json=as_json)
    console.result(at_work(study, console, embed_study))


def profile(study: StudyFolder, as_json: Json = False) -> None:
    """Group the descriptions into named behaviours.

    For what you did not think of; behaviours that you know beforehand are for `mousegpt classify`.
    Names are suggestions: read the examples in the report.
    """
    from mousegpt_core.pipeline import profile_study

    console = Console(as_json=as_json)
    result = at_work(study, console, profile_study)
    console.table(
        "Behaviours",
        ["name", "share", "keywords"],
        [[row["name"], f"{row['share']:.1%}", row["keywords"]] for row in result["behaviours"]],
    )
    console.result(result)


def map_(study: StudyFolder, as_json: Json = False) -> None:
    """Lay the clips out on a map: what is told alike lies together.

    The dock Behaviours and the report show it; `mousegpt export STUDY map` writes it as a table.
    `method = "umap"` in study.toml, `[map]`, needs the extra `map`; `"tsne"` needs none.
    """
    from mousegpt_core.pipeline import map_study

    console = Console(as_json=as_json)
    result = at_work(study, console, map_study)
    console.say(f"{result['clips']} clips are on the map, made by {result['method']}")
    console.result(result)


def report(
    study: StudyFolder,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write results/report.html, one page with all figures.

    It can be mailed: figures, stills and tables are inside. Groups are compared by the column of
    animals.csv that `compare` in study.toml, `[report]`, names.
    """
    from mousegpt_core.pipeline import report_study

    console = Console(as_json=as_json)
    result = at_work(study, console, report_study)
    _show_report(console, result, open_it=open_it)


def run(
    target: Annotated[
        Path,
        typer.Argument(
            help="A study, or a film or pose file to make one for (`mousegpt backends` lists the "
            "formats)."
        ),
    ],
    poses: Annotated[
        Path | None, typer.Option(help="Poses of the film; by default looked for beside it.")
    ] = None,
    keypoints: Annotated[
        str, typer.Option(help="Names a,b,c,... in order, for a pose file without a header.")
    ] = "",
    fps: Annotated[float | None, typer.Option(help="Frames per second, if unknown.")] = None,
    unit: Annotated[str, typer.Option(help="Unit of the coordinates: px, mm, cm or m.")] = "",
    px_per_cm: Annotated[float | None, typer.Option(help="Pixels in one centimetre.")] = None,
    seen_from: Annotated[
        str, typer.Option(help="Where the camera is: above (if not said), below or side.")
    ] = "",
    individuals: Annotated[
        int | None, typer.Option(help="Number of animals, where there are no poses (1).")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Show the report.")] = False,
    as_json: Json = False,
) -> None:
    """Do all that is missing, from poses to report. Run it again at any time.

    `mousegpt run STUDY` works on a study. `mousegpt run FILM --poses FILE` makes a study
    beside the film first; where there are no poses, the animal is found in the film.
    """
    from mousegpt_core.pipeline import is_poses, run_study, study_for_file
    from mousegpt_core.video import is_film_folder

    console = Console(as_json=as_json)
    remarks: list[str] = []
    names = [name.strip() for name in keypoints.split(",") if name.strip()]
    if (target / "study.toml").exists():
        if poses or names or fps or unit or px_per_cm or seen_from or individuals:
            raise SettingsError(
                f"{target} is a study; --poses, --keypoints, --fps, --unit, --px-per-cm, "
                "--seen-from and --individuals are of a recording",
                hint=f"give them to mousegpt add {typed(target)} --id ID ..., or change them in "
                "recording.toml",
            )
    elif target.is_file() or is_film_folder(target) or (target.is_dir() and is_poses(target)):
        made = study_for_file(
            target,
            poses,
            keypoints=names,
            fps=fps,
            unit=unit or None,
            px_per_cm=px_per_cm,
            seen_from=seen_from or None,
            count=individuals,
        )
        show_added(console, made.remarks, made.added)
        target, remarks = made.folder, made.remarks
    elif target.suffix and not target.exists():
        raise DataError("no such file or study", file=target, hint="check the path")
    result = at_work(target, console, run_study)
    _show_report(console, {**result, "remarks": remarks}, open_it=open_it)


def _show_report(console: Console, result: dict[str, Any], *, open_it: bool) -> None:
    console.say(f"Report: {result['report']}")
    if open_it:
        from mousegpt_core.cli.system import open_in_browser

        open_in_browser(Path(result["report"]))
    console.result(result)
