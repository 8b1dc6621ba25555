"""Anipose's ``pose-3d`` csv: points in space, a wide csv with columns of Anipose's own.

``name_error`` is the error of reprojection in pixels and ``name_score`` the likelihood; ``fnum`` is
the frame. The number of cameras (``name_ncams``) and the frame of reference (``M_00``, ...,
``center_0``, ...), in which the points are given, are not kept.
"""

from __future__ import annotations

from pathlib import Path

from mousegpt_core.errors import FormatError
from mousegpt_core.io import wide_csv
from mousegpt_core.io.contract import OTHER_FORMAT, RawPoses, ReadOptions
from mousegpt_core.io.csv_tables import sniff_table

LOOKED_FOR = "a header row with columns such as nose_x, nose_error, nose_ncams, and fnum"


def recognise(path: Path) -> bool:
    """Whether the header is that of Anipose's points in space."""
    return path.suffix.lower() == ".csv" and wide_csv.is_anipose(sniff_table(path).rows[0])


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read Anipose's points in space.

    Raises
    ------
    FormatError
        If header or rows are not as they must be.
    """
    if not wide_csv.is_anipose(sniff_table(path).rows[0]):
        raise FormatError(
            "not a pose-3d csv of Anipose", file=path, place="row 1", expected=LOOKED_FOR,
            hint=OTHER_FORMAT,
        )  # fmt: skip
    raw = wide_csv.read(path, options)
    raw.source_software = "Anipose"
    return raw
