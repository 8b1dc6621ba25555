"""What is drawn while a model is asked."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from mousegpt_core.cli.live import counts_table, progress_bars


def drawn(tasks: list[tuple[str, dict[str, Any]]]) -> list[str]:
    with progress_bars() as bars:
        for name, counts in tasks:
            bars.add_task(name, counts=counts)
        table = counts_table(bars.tasks)
    out = io.StringIO()
    Console(file=out, width=120).print(table)
    return out.getvalue().splitlines()


def test_counts_are_a_row_for_each_recording() -> None:
    first = {"described": 1200, "retries": 3, "clips_per_s": 2.04, "seconds_left": 600.0}
    second = {"described": 5, "cost": 0.125, "clips_per_s": 0.0}
    head, _, one, two = drawn([("describe [M1]", first), ("describe M2", second)])
    assert head.split() == [
        "┃",
        "described",
        "┃",
        "retries",
        "┃",
        "clips/s",
        "┃",
        "left",
        "┃",
        "cost",
    ]
    assert one.startswith("describe [M1]")
    assert [cell.strip() for cell in one.split("│")[1:]] == ["1,200", "3", "2.0", "10 min", ""]
    assert [cell.strip() for cell in two.split("│")[1:]] == ["5", "", "0.0", "", "$0.12"]
