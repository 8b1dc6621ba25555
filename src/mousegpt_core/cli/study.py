"""Verbs that make a study and mend it: new, add, animals, relink."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import (
    Json,
    StudyFolder,
    animal_columns,
    left_out,
    named_path,
    of_view,
    seconds_of_view,
)
from mousegpt_core.errors import typed
from mousegpt_core.io import FORMATS

if TYPE_CHECKING:
    from mousegpt_core.pipeline import AddedRecording


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("new")(new)
    app.command("add")(add)
    app.command("animals")(animals)
    app.command("relink")(relink)


def new(
    study: StudyFolder,
    name: Annotated[str, typer.Option(help="Its name; by default the folder's.")] = "",
    animals: Annotated[
        Path | None, typer.Option(help="Table of animals to import, csv or xlsx.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an empty study.

    It is a folder that holds what you edit (study.toml: settings; animals.csv: treatment, sex, age,
    dose and columns of your own) and all results. Your films and poses stay where they are.

    Next: `mousegpt add STUDY --id M1 --poses m1.csv --animal treatment=saline`
    """
    from mousegpt_core.study import Study
    from mousegpt_core.study.animals import read_animals

    console = Console(as_json=as_json)
    if animals is not None:
        read_animals(animals)  # before a study is made, which would be in the way of the next try
    made = Study.create(study, name=name)
    if animals is not None:
        made.import_animals(animals)
    console.say(f"Made the study {made.name} in {study}.")
    console.say(f"Next: mousegpt add {typed(study)} --id M1 --poses FILE --film FILE")
    console.result({"study": str(study), "name": made.name})


def add(
    study: StudyFolder,
    id: Annotated[str, typer.Option("--id", help="Id of the recording, unique in the study.")],
    film: Annotated[
        list[str] | None, typer.Option(help="A film, [VIEW=]FILE; once for each camera.")
    ] = None,
    poses: Annotated[
        list[str] | None,
        typer.Option(help="A pose file, [VIEW=]FILE; 3D poses belong to no view."),
    ] = None,
    keypoints: Annotated[
        str, typer.Option(help="Names a,b,c,... in order, for a pose file without a header.")
    ] = "",
    format: Annotated[
        str,
        typer.Option(
            help="Format of the pose file, where it is not recognised: " + ", ".join(FORMATS)
        ),
    ] = "",
    fps: Annotated[
        float | None, typer.Option(help="Frames per second, where neither film nor poses say.")
    ] = None,
    timestamps: Annotated[
        list[str] | None,
        typer.Option(help="File with the time of each frame in s, [VIEW=]FILE: csv, txt or npy."),
    ] = None,
    offset: Annotated[
        list[str] | None,
        typer.Option(help="Seconds to add to the clock of a view, [VIEW=]SECONDS."),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(help="What a film shows, [VIEW=]NAME; for each film of a view in order."),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="That day's calibration of the cameras; kept for 3D.")
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of the coordinates: px, mm, cm or m.")] = "",
    px_per_cm: Annotated[
        float | None, typer.Option(help="Scale of the picture: pixels in one centimetre.")
    ] = None,
    seen_from: Annotated[
        str, typer.Option(help="Where the camera is: above, below or side.")
    ] = "above",
    animal: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of the animal, KEY=VALUE: animal, treatment, sex, age, dose, ... "
            "Of several in one file: INDIVIDUAL:KEY=VALUE for one of them."
        ),
    ] = None,
    individuals: Annotated[
        int | None, typer.Option(help="Number of animals, where there are no poses that tell (1).")
    ] = None,
    notes: Annotated[str, typer.Option(help="Free text.")] = "",
    as_json: Json = False,
) -> None:
    """Add a recording: its films, poses and animal. Files stay where they are.

    Without poses, the animal is found in the film. What you forget to say here can be put right
    in recordings/ID/recording.toml, which explains itself.

    ```bash
    mousegpt add STUDY --id M1 --film m1.mp4 --poses m1DLC.csv --px-per-cm 32
    mousegpt add STUDY --id M2 --poses m2.csv --keypoints nose,neck,tailbase --fps 30 --unit cm
    mousegpt add STUDY --id M3 --poses m3.h5 --animal treatment=saline --animal sex=f
    mousegpt add STUDY --id M4 --film top=a.mp4 --film side=b.mp4 --poses top=a.h5
    ```
    """
    from mousegpt_core.pipeline import NewRecording, add_recording
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    everybody, single = animal_columns(animal or [])
    request = NewRecording(
        id=id,
        films=[named_path(text) for text in film or []],
        poses=[named_path(text) for text in poses or []],
        timestamps=[named_path(text) for text in timestamps or []],
        offsets=[seconds_of_view(text, option="--offset") for text in offset or []],
        channels=[
            of_view(text, option="--channel", example="top=fluorescence") for text in channel or []
        ],
        calibration=calibration,
        keypoints=[name.strip() for name in keypoints.split(",") if name.strip()],
        format=format or None,
        fps=fps,
        unit=unit or None,
        px_per_cm=px_per_cm,
        seen_from=seen_from,
        animal=everybody,
        animal_of=single,
        notes=notes,
        count=individuals,
    )
    added = add_recording(Study.open(study), request)
    show_added(console, added.remarks, added)
    console.say(f"Next: mousegpt run {typed(study)}")
    console.result(
        {
            "recording": id,
            "roles": {name: role for name, role, _ in added.roles},
            "remarks": added.remarks,
        }
    )


def show_added(console: Console, remarks: list[str], added: AddedRecording | None) -> None:
    """What came of adding a recording: remarks, and the roles that were guessed; None = before."""
    for line in remarks:
        console.say(f"note: {line}")
    if added is None:
        return
    rows = [[name, role or "-", how] for name, role, how in added.roles]
    recording = added.recording
    console.table(
        f"{recording.id}: roles of the keypoints (edit in {recording.study_folder}/study.toml)",
        ["keypoint", "role", "why"],
        rows,
    )


def animals(
    study: StudyFolder,
    table: Annotated[
        Path | None, typer.Argument(help="csv or xlsx to import: animal, treatment, sex, age, ...")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the animals of a study; with a table, import it first.

    Animals are matched by name; your own columns are kept. Groups can be derived from a column:
    see `[groups]` in study.toml.
    """
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    opened = Study.open(study)
    if table is not None:
        opened.import_animals(table)
        opened.refresh_groups()
    rows = opened.animals
    console.table("", list(rows.columns), rows.astype(str).values.tolist())
    console.result({"animals": rows.to_dict("records")})


def relink(
    study: StudyFolder,
    folder: Annotated[
        Path, typer.Argument(help="Where the films and poses are now.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Find films and pose files again that were moved; nothing is computed anew for it.

    Files are known by name and content, wherever in the folder they lie.
    """
    from mousegpt_core.pipeline import relink_study
    from mousegpt_core.study import Study

    console = Console(as_json=as_json)
    opened = Study.open(study)
    result = relink_study(opened, folder)
    for row in result["found"]:
        console.say(f"{row['recording']}: {row['was']} is now {row['now']}")
    for row in result["missing"]:
        console.say(f"{row['recording']}: {row['was']} is not in {folder}")
    if not result["found"] and not result["missing"]:
        console.say("All files are where they were.")
    console.result({**result, "failed": left_out(opened)})
    if result["missing"]:
        raise typer.Exit(2)
