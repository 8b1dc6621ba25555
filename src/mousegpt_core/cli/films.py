"""The verb that works on films: convert."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, folder_to_write
from mousegpt_core.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("convert")(convert)


def convert(
    film: Annotated[Path, typer.Argument(help="A film, or a folder of pictures.")],
    out: Annotated[
        Path | None,
        typer.Option(
            callback=folder_to_write, help="The new folder; by default FILM.zarr beside the film."
        ),
    ] = None,
    grey: Annotated[
        bool, typer.Option("--grey/--rgb", help="Without colours: a third of the size.")
    ] = False,
    crop: Annotated[
        str, typer.Option(help="Part of the picture to keep, in pixels: X,Y,WIDTH,HEIGHT.")
    ] = "",
    downscale: Annotated[int, typer.Option(help="How many times smaller, by averaging.")] = 1,
    start: Annotated[float, typer.Option(help="Seconds from which to keep the film.")] = 0.0,
    stop: Annotated[
        float | None, typer.Option(help="Seconds up to which to keep it; by default the end.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second of a folder of pictures.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Convert a film to Zarr, where every frame is read at once, for much more space.

    If it is broken off, run it again to go on. A converted film can be used wherever a film can.
    """
    from mousegpt_core.pipeline import Conversion, convert_film

    console = Console(as_json=as_json)
    conversion = Conversion(
        grey=grey,
        crop=_rectangle(crop) if crop else None,
        downscale=downscale,
        start_s=start,
        stop_s=math.inf if stop is None else stop,
    )
    with console.work():
        made = convert_film(
            film,
            out,
            conversion,
            fps=fps,
            report=console.progress,
            cancellation=console.cancellation,
        )
    console.say(f"{made['film']}: {made['frames']} frames, {made['megabytes']:.0f} MB")
    console.result(made)


def _rectangle(text: str) -> tuple[int, int, int, int]:
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"--crop {text!r} is not X,Y,WIDTH,HEIGHT", hint="for example --crop 100,50,640,480"
        ) from error
    return x, y, width, height
