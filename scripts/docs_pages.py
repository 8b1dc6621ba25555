"""Pages of the documentation that are made from the code (a hook of mkdocs)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mkdocs.structure.files import File
from typer.main import get_command
from typer.testing import CliRunner

from mousegpt_core.cli.app import app

_INTRODUCTION = """# Commands

What `--help` says. Commands that compute have `--json`: one JSON object on standard output, for
programs.
"""
#: Of a terminal as wide as the page, without colours.
_PLAIN = {"NO_COLOR": "1", "COLUMNS": "90", "TERMINAL_WIDTH": "90"}


def on_files(files: Any, config: Any) -> Any:
    """Add the page of the commands, as the command itself knows them."""
    text = "\n".join([_INTRODUCTION, *_sections(get_command(app), [])])
    files.append(File.generated(config, "commands.md", content=text))
    return files


def _sections(command: Any, words: list[str]) -> Iterator[str]:
    """A section for each command that does something."""
    if hasattr(command, "commands"):
        for word, inner in command.commands.items():
            yield from _sections(inner, [*words, word])
        return
    said = CliRunner().invoke(app, [*words, "--help"], env=_PLAIN, prog_name="mousegpt").output
    helped = re.sub(r"[ \t]+\n", "\n", said).strip("\n")
    yield f"## {' '.join(words)}\n\n```text\n{helped}\n```\n"
