"""The application: its groups of verbs and its one way out."""

from __future__ import annotations

import io
import sys
from typing import Any

import typer

from mousegpt_core.cli import (
    ablating,
    answers,
    behaviours,
    correcting,
    curation,
    describing,
    experts,
    exporting,
    films,
    importing,
    poses,
    protocols,
    stages,
    study,
    synthetic,
    system,
    trying,
)
from mousegpt_core.cli.console import EXIT_STOPPED, Console, exit_code
from mousegpt_core.errors import MouseGPTError, SettingsError
from mousegpt_core.progress import CancelledError

#: Typer's error of usage, which has no public name: the base of this one.
_WrongArguments: type[Any] = typer.BadParameter.__base__ or typer.BadParameter

app = typer.Typer(
    name="mousegpt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Turn video of mice into language, and language into statistics.

    **First steps**

    `mousegpt demo` shows everything on a synthetic cohort.

    `mousegpt run FILM --poses POSES` goes from one recording to a report.

    Many recordings: `mousegpt new STUDY`, then for each
    `mousegpt add STUDY --id M1 --poses POSES --film FILM`, then `mousegpt run STUDY`.
    Run it again at any time; only what is missing is done.
    """,
)
study.register(app)
stages.register(app)
describing.register(app)
trying.register(app)
ablating.register(app)
answers.register(app)
behaviours.register(app)
curation.register(app)
correcting.register(app)
importing.register(app)
exporting.register(app)
experts.register(app)
synthetic.register(app)
films.register(app)
poses.register(app)
protocols.register(app)
system.register(app)


def main() -> None:
    """Run the command; errors become a message, a hint and an exit code."""
    _write_any_script()
    console = Console(as_json="--json" in sys.argv)
    try:
        _run(console)
    except MouseGPTError as error:
        console.error(error)
        sys.exit(exit_code(error))
    except CancelledError:
        console.stopped("Stopped")
    except KeyboardInterrupt:
        console.stopped("Broken off")
    except SystemExit as leaving:
        if leaving.code != EXIT_STOPPED:
            raise
        console.stopped("Broken off")


def _write_any_script() -> None:
    """UTF-8 for files and programs that take what we say; else Windows has 256 letters for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _run(console: Console) -> None:
    """Run the application; errors of the system and of usage become ours.

    Raises
    ------
    MouseGPTError
        In place of any ``OSError``; with ``--json`` also of wrong arguments.
    """
    try:
        code = app(prog_name="mousegpt", standalone_mode=not console.as_json)
    except _WrongArguments as error:  # for people, Typer has said it and left
        raise SettingsError(error.format_message(), hint="see --help") from error
    except BrokenPipeError:  # who read our output has seen enough
        sys.exit(1)
    except MouseGPTError:
        raise
    except OSError as error:
        raise MouseGPTError(
            f"{error.filename or 'the system'}: {error.strerror or error}",
            hint="check that the folder is there and writable and the disk is not full",
        ) from error
    if isinstance(code, int) and code:
        sys.exit(code)
