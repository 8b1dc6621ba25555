"""The verb that works on files of poses: import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, new_file
from mousegpt_core.errors import SettingsError
from mousegpt_core.io import FORMATS

_WRITTEN = ", ".join(each.name for each in FORMATS.values() if each.writes)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="A file of poses, or a folder of OpenPose's.")],
    out: Annotated[
        Path | None,
        typer.Option(callback=new_file, help="New file to write them to; without it, only look."),
    ] = None,
    to: Annotated[
        str, typer.Option(help=f"Format to write, where the ending fits several: {_WRITTEN}.")
    ] = "",
    format: Annotated[
        str,
        typer.Option(help="Format of FILE, where it is not recognised: " + ", ".join(FORMATS)),
    ] = "",
    view: Annotated[
        str, typer.Option(help="Which view, where FILE holds several; 3d for points in space.")
    ] = "",
    keypoints: Annotated[
        str,
        typer.Option(
            help="Names a,b,c,... in order, or those to keep; or the name of a built-in skeleton."
        ),
    ] = "",
    fps: Annotated[
        float | None, typer.Option(help="Frames per second, where the file does not say.")
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of the coordinates: px, mm, cm or m.")] = "",
    as_json: Json = False,
) -> None:
    """Read poses of any format: tell what the file holds, and write it in another format.

    A study takes every format as it is: see `mousegpt add`.
    """
    from mousegpt_core.pipeline import convert_poses

    if to and out is None:
        raise SettingsError("--to without --out", hint=f"name the new file: --out FILE --to {to}")
    console = Console(as_json=as_json)
    found = convert_poses(
        file,
        out,
        to=to or None,
        format=format or None,
        keypoints=[name.strip() for name in keypoints.split(",") if name.strip()] or None,
        fps=fps,
        unit=unit or None,
        view=view or None,
    )
    console.say(
        f"{file}: {found['format']}, {_length(found)}, "
        f"{found['dimensions']}D in {found['unit']}, {found['seen']:.1%} of the points seen"
    )
    for what in ("keypoint", "individual"):
        names = found[f"{what}s"]
        console.say(f"{len(names)} {what}{'s' * (len(names) != 1)}: {', '.join(names)}")
    if found["out"]:
        console.say(f"Written: {found['out']}")
    console.result(found)


def _length(found: dict[str, Any]) -> str:
    if found["single_pictures"]:
        return f"{found['frames']} single pictures"
    rate = found["fps"]
    told = f"at {rate:g} a second" if rate else "of a rate that the file does not tell (--fps)"
    return f"{found['frames']} frames {told}"
