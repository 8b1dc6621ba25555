"""The application: its groups of verbs and its one way out."""

from __future__ import annotations

import sys

import typer

from mousegpt_core.cli import answers, stages, study, system
from mousegpt_core.cli.console import EXIT_STOPPED, Console, exit_code
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.progress import CancelledError

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
answers.register(app)
system.register(app)


def main() -> None:
    """Run the command; errors become a message, a hint and an exit code."""
    console = Console(as_json="--json" in sys.argv)
    try:
        app()
    except MouseGPTError as error:
        console.error(error)
        sys.exit(exit_code(error))
    except CancelledError:
        sys.stderr.write("Stopped. Run the same command again to go on.\n")
        sys.exit(EXIT_STOPPED)
    except KeyboardInterrupt:
        sys.stderr.write("Broken off. What was finished is kept; run the same command to go on.\n")
        sys.exit(EXIT_STOPPED)
