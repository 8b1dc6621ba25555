"""The table of formats for users is that of the formats."""

from __future__ import annotations

import re
from pathlib import Path

from mousegpt_core.io import FORMATS

PAGE = Path(__file__).parents[3] / "docs" / "your-files.md"


def test_every_format_is_in_the_table_as_it_is():
    rows = re.findall(r"^\| `([\w-]+)` \|.*?\|.*?\| (yes|no)\b", PAGE.read_text("utf-8"), re.M)
    assert rows == [(each.name, "yes" if each.writes else "no") for each in FORMATS.values()]
