"""The command ``mousegpt``: one file per group of verbs, no science."""

from mousegpt_core.cli.app import main

__all__ = ["main"]
