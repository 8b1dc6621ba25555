"""The verb that makes recordings whose truth is known: synth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, folder_to_write, key_value
from mousegpt_core.errors import SettingsError
from mousegpt_core.progress import Progress


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("synth")(synth)


def synth(
    out: Annotated[Path, typer.Option(callback=folder_to_write, help="Folder to make it in.")],
    animals: Annotated[int, typer.Option(help="Mice in the arena, 1 to 4.")] = 1,
    cameras: Annotated[
        str,
        typer.Option(
            help="How many, 1 to 8 (one on top, the others around at the height of the floor), or "
            "names: top, ring1 to ring7, side."
        ),
    ] = "8",
    seconds: Annotated[float, typer.Option(help="Length.")] = 10.0,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 60.0,
    rate: Annotated[
        list[str] | None,
        typer.Option(help="Frames per second of one camera, VIEW=FPS; several may be given."),
    ] = None,
    size: Annotated[str, typer.Option(help="Pictures, WIDTHxHEIGHT in pixels.")] = "640x480",
    coats: Annotated[
        str, typer.Option(help="Coats of the mice: black, white, agouti, brown.")
    ] = "",
    format: Annotated[str, typer.Option(help="Format of the poses; see `mousegpt backends`.")] = (
        "wide-csv"
    ),
    offsets: Annotated[
        bool, typer.Option("--offsets", help="The cameras start at different times.")
    ] = False,
    drop: Annotated[float, typer.Option(help="Share of frames that cameras lose, 0 to 0.9.")] = 0.0,
    fluorescence: Annotated[
        bool, typer.Option("--fluorescence", help="Film fluorescent dots on the skin, too.")
    ] = False,
    exposure: Annotated[
        float, typer.Option(help="Exposure of a picture in s; longer ones blur more.")
    ] = 0.004,
    seed: Annotated[int, typer.Option(help="The same seed makes the same recording.")] = 0,
    processes: Annotated[
        int, typer.Option(help="Films drawn at once; by default as many as there are processors.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Make a recording of synthetic mice, with films of all cameras and everything that is true.

    Films, calibration, poses in space and in every picture, behaviours, visibility and clocks.
    """
    from mousegpt_core.synthetic import SessionSettings, write_session

    console = Console(as_json=as_json)
    pairs = [key_value(text, option="--rate", example="top=30") for text in rate or []]
    settings = SessionSettings.parse(
        {
            "animals": animals,
            "coats": tuple(name.strip() for name in coats.split(",") if name.strip()),
            "cameras": cameras,
            "size": _size(size),
            "seconds": seconds,
            "fps": fps,
            "rates": dict(pairs),
            "offsets": offsets,
            "drop": drop,
            "fluorescence": fluorescence,
            "exposure_s": exposure,
            "seed": seed,
        },
        source="mousegpt synth",
    )

    def notify(step: Progress) -> None:
        console.cancellation.check()
        console.progress(step)

    with console.work():
        files = write_session(
            out, settings, notify, format=format, processes=processes or os.cpu_count() or 1
        )
    console.say(f"{len(files)} files in {out}: films, calibration.toml, poses, clocks, truth.")
    console.result({"folder": str(out), "files": [path.name for path in files]})


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.strip().isdecimal() and height.strip().isdecimal()):
        raise SettingsError(f"--size {text!r} is not WIDTHxHEIGHT", hint="for example 640x480")
    return int(width), int(height)
