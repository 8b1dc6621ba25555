"""Progress as it is drawn for people: a bar for each stage, and a table where there are counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mousegpt_core.progress import count_title, count_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress as Bars
    from rich.progress import Task
    from rich.table import Table


def progress_bars() -> Bars:
    """Bars on standard error; tasks have the fields ``remark`` and ``counts``."""
    from rich.console import Console as Rich
    from rich.progress import (
        BarColumn,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Remark(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(str(task.fields.get("remark", "")), style="dim")

    class TimeLeft(TimeRemainingColumn):
        """Left out where the counts tell it."""

        def render(self, task: Task) -> Text:
            return Text() if task.fields.get("counts") else super().render(task)

    class BarsAndTable(Bars):
        def get_renderables(self) -> Iterable[RenderableType]:
            yield self.make_tasks_table(self.tasks)
            counted = [task for task in self.tasks if task.fields.get("counts")]
            if counted:
                yield counts_table(counted)

    return BarsAndTable(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeLeft(elapsed_when_finished=True),
        Remark(),
        console=Rich(stderr=True),
    )


def counts_table(tasks: Iterable[Task]) -> Table:
    """A row for each task, a column for each of their counts."""
    from rich.table import Table
    from rich.text import Text

    tasks = list(tasks)
    names = list(dict.fromkeys(name for task in tasks for name in task.fields["counts"]))
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    table.add_column("")
    for name in names:
        table.add_column(count_title(name), justify="right")
    for task in tasks:
        counts = task.fields["counts"]
        cells = [count_words(name, counts[name]) if name in counts else "" for name in names]
        table.add_row(Text(task.description), *cells)
    return table
