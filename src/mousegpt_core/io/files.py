"""Writing a file so that it is there whole, or as it was before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, put in its place at the end.

    Parameters
    ----------
    path : Path
        The file to make or replace; its folder is made.

    Yields
    ------
    Path
        Keeps the ending, by which some libraries choose the format. If the block raises, it is
        deleted and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Named as other unfinished files, so that what a kill leaves in a study is swept.
    partial = path.with_name(f".writing-{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield partial
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def keep_copy(path: Path) -> Path:
    """A copy of a file beside it, as ``NAME.before-N`` with the first number that is free."""
    number = 1
    while (copy := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    with replaced_file(copy) as partial:
        shutil.copy2(path, partial)
    return copy
