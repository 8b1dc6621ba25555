"""Verbs about the program itself: demo, doctor, backends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import Json, folder_to_write


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verb in (demo, doctor, backends):
        app.command(verb.__name__)(verb)


def demo(
    out: Annotated[
        Path, typer.Option(callback=folder_to_write, help="Folder to make it in.")
    ] = Path("mousegpt-demo"),
    open_it: Annotated[bool, typer.Option("--open", help="Show the report.")] = False,
    as_json: Json = False,
) -> None:
    """Make a synthetic cohort of mice and take it from poses to report.

    It needs no key, GPU, network or data of yours, and takes a minute or two.
    """
    from mousegpt_core.pipeline import run_demo

    console = Console(as_json=as_json)
    with console.work():
        result = run_demo(
            out, console.progress, console.cancellation, processes=os.cpu_count() or 1
        )
    console.say(f"Study:  {result['study']}")
    console.say(f"Report: {result['report']}")
    console.result(result)
    if open_it:
        open_in_browser(Path(result["report"]))


def doctor(as_json: Json = False) -> None:
    """Tell what works on this machine, and how to get the rest."""
    from mousegpt_core.cli.doctor import examine

    console = Console(as_json=as_json)
    findings = examine()
    console.table(
        "",
        ["", "what", "found", "to get it"],
        [["ok" if item.works else "--", item.what, item.found, item.remedy] for item in findings],
    )
    console.result({"findings": [vars(item) for item in findings]})
    if any(item.required and not item.works for item in findings):
        raise typer.Exit(1)


def backends(as_json: Json = False) -> None:
    """List describers, embedders, language models and formats of poses, of all packages."""
    from mousegpt_core.io import describe_format_table
    from mousegpt_core.registry import BUILT_IN, list_backends

    console = Console(as_json=as_json)
    found = [info for kind in BUILT_IN for info in list_backends(kind)]
    formats = describe_format_table()
    rows = [[info.kind, info.name, info.source] for info in found]
    rows += [["poses", each["name"], each["title"]] for each in formats]
    console.table("", ["kind", "name", "from"], rows)
    console.result({"backends": [vars(info) for info in found], "formats": formats})


def open_in_browser(page: Path) -> None:
    """Show a page where there is a screen; elsewhere do nothing."""
    import sys
    import webbrowser

    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return
    webbrowser.open(page.resolve().as_uri())
