"""The verb export: tables, poses, and data sets to train on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mousegpt_core.cli.console import Console
from mousegpt_core.cli.options import (
    Json,
    Only,
    StudyFolder,
    changes_of,
    folder_to_write,
    left_out,
)
from mousegpt_core.cli.stages import at_work
from mousegpt_core.errors import SettingsError
from mousegpt_core.io import FORMATS

_POSE_FORMATS = ", ".join(each.name for each in FORMATS.values() if each.writes)
_DATASET = "dataset"
_OWN = "own"
_PANEL = "Of a data set"


class By(StrEnum):
    """What divides training from testing."""

    ANIMAL = "animal"
    TIME = "time"


class Drop(StrEnum):
    """Which clips that are like one that tests do not train."""

    NONE = "none"
    PICTURES = "pictures"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("export")(export)


def export(
    study: StudyFolder,
    what: Annotated[
        str,
        typer.Argument(
            help="descriptions, bouts, labels, behaviours, map, shares, comparisons, zones, "
            "kinematics, poses, dataset."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(callback=folder_to_write, help="Folder; by default in STUDY/results."),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            help=f"csv (if not said) or parquet; of poses also {_POSE_FORMATS}; of bouts also "
            "boris; of a dataset swift (if not said) or hub."
        ),
    ] = "",
    protocol: Annotated[
        str | None,
        typer.Option(help="How clips are shown and asked about.", rich_help_panel=_PANEL),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value of it, TABLE.KEY=VALUE.", rich_help_panel=_PANEL),
    ] = None,
    recording: Only = None,
    test: Annotated[
        float | None,
        typer.Option(help="Share of clips kept to test (0.01).", rich_help_panel=_PANEL),
    ] = None,
    by: Annotated[
        By | None,
        typer.Option(help="What divides training and testing (animal).", rich_help_panel=_PANEL),
    ] = None,
    gap: Annotated[
        float | None,
        typer.Option(help="By time: s between the two (10).", rich_help_panel=_PANEL),
    ] = None,
    drop: Annotated[
        Drop | None,
        typer.Option(
            help="What does not train if one that tests is like it: none, pictures (if not said), "
            "or all, words too.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the chance (0).", rich_help_panel=_PANEL)
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Of the data, for its card: cc-by-4.0.", rich_help_panel=_PANEL),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace one.", rich_help_panel=_PANEL)
    ] = False,
    into_files: Annotated[
        bool,
        typer.Option(
            "--into-files",
            help="With poses --format own: into your files themselves; they are kept beside.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write tables for other programs, poses as other tools have them, or data to train on.

    ```bash
    mousegpt export STUDY shares
    mousegpt export STUDY descriptions --format parquet
    mousegpt export STUDY poses --format dlc-h5
    mousegpt export STUDY poses --format own --into-files
    mousegpt export STUDY bouts --format boris
    mousegpt export STUDY dataset --format hub --licence cc-by-4.0
    ```

    A dataset has each description with the pictures and words that a model is shown, speeds,
    keypoints and treatment. No animal is both in training and in testing.
    """
    console = Console(as_json=as_json)
    options = {
        "test": test, "by": by, "gap_s": gap, "drop": drop, "seed": seed, "licence": licence,
    }  # fmt: skip
    chosen = {name: value for name, value in options.items() if value is not None}
    if into_files and (what, format) != ("poses", _OWN):
        raise SettingsError(
            "--into-files is of corrected poses in the formats of their files",
            hint="mousegpt export STUDY poses --format own --into-files",
        )
    if what == _DATASET:
        settings = {"layout": format or "swift", **chosen}
        asked = {"protocol": protocol or "", "changes": changes_of(changes), "only": recording}
        _dataset(console, study, settings, {**asked, "out": out, "overwrite": overwrite})
        return
    if what == "poses" and format == _OWN and not (chosen or protocol or changes or overwrite):
        _write_back(console, study, recording, out, into_files=into_files)
        return
    if chosen or protocol or changes or recording or overwrite:
        raise SettingsError(
            f"{what} takes only --out and --format",
            hint="the other options are of a data set: mousegpt export STUDY dataset",
        )
    from mousegpt_core.pipeline import export_study
    from mousegpt_core.study import Study

    opened = Study.open(study)
    files = export_study(opened, what, out=out, format=format or "csv")
    for file in files:
        console.say(str(file))
    console.result({"files": [str(file) for file in files], "failed": left_out(opened)})


def _write_back(
    console: Console, study: Path, only: list[str] | None, out: Path | None, *, into_files: bool
) -> None:
    from mousegpt_core.pipeline.writing_back import write_back
    from mousegpt_core.study import Study

    if into_files and out is not None:
        raise SettingsError(
            "--into-files with --out", hint="leave one of them out: copies go to a folder"
        )
    opened = Study.open(study)
    written = write_back(opened, only=only, out=out, into_files=into_files)
    for one in written:
        before = f" (before: {one['kept']})" if one["kept"] else ""
        console.say(f"{one['file']}: {one['acts']} corrections{before}")
    failed = {} if only else left_out(opened)
    files = [one["file"] for one in written]
    console.result({"files": files, "written": written, "failed": failed})


def _dataset(
    console: Console, study: Path, settings: dict[str, Any], options: dict[str, Any]
) -> None:
    from mousegpt_core.pipeline.datasets import DatasetSettings, export_dataset

    parsed = DatasetSettings.parse(settings, source="the options of a data set")
    made = at_work(study, console, lambda work: export_dataset(work, parsed, **options))
    console.table(
        "",
        ["part", "clips", "pictures"],
        [[part, str(n), str(made["pictures"][part])] for part, n in made["rows"].items()],
    )
    for reason, count in made["left_out"].items():
        console.say(f"note: {count} clips are left out: {reason}")
    for reason, count in made["like_test"].items():
        console.say(f"note: {count} clips train although {reason}")
    if made["split"]["by"] == "time":
        console.say("note: the same animals train and test; the two are apart only in time")
    if made["text_only"]:
        console.say(f"note: without pictures, for want of a film: {', '.join(made['text_only'])}")
    console.say(f"Data set: {made['folder']}")
    console.result(made)
