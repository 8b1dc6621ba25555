"""The verb that tells which frames of poses to look at: doubts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, Only, StudyFolder, new_file
from mousegpt_core.cli.stages import at_work


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("doubts")(doubts)


def doubts(
    study: StudyFolder,
    recording: Only = None,
    top: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    out: Annotated[
        Path | None,
        typer.Option(callback=new_file, help="Table (csv) of all of them; must not be there yet."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the moments at which the poses look wrong, the worst first.

    Jumps, unusual lengths, left and right or animals exchanged, low confidence, keypoints that are
    missing: each recording is measured against itself. They are corrected in napari (dock
    Keypoints); moments that a person has accepted there do not come back.
    """
    from mousegpt_core.pipeline.doubting import doubts_of_study, write_doubts

    console = Console(as_json=as_json)

    def look(work: Any) -> dict[str, Any]:
        found = doubts_of_study(work, recording)
        if out is not None:
            write_doubts(found, out)
        return {"doubts": len(found), "shown": found.head(top).to_dict("records")}

    made = at_work(study, console, look)
    rows = [
        [
            f"{row['recording']} {row['view']}".strip(),
            row["individual"],
            str(row["frame"]),
            f"{row['time_s']:.2f} s",
            f"{row['score']:.2f}",
            f"{row['reason']}: {row['keypoints']}",
        ]
        for row in made["shown"]
    ]
    if rows:
        console.table("", ["recording", "animal", "frame", "time", "doubt", "why"], rows)
    console.say(f"{made['doubts']} moments are doubtful" + (f": {out}" if out else ""))
    console.result({**made, "out": str(out or "")})
