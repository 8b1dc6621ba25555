"""Small pictures of clips, cut to the animal; those that were taken are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from mousegpt_core.errors import MouseGPTError

if TYPE_CHECKING:
    from mousegpt_core.study import Study

_KEPT = 600


class Clip(NamedTuple):
    """A clip in a list.

    Attributes
    ----------
    clip_id, recording, individual : str
        Which.
    start_s, stop_s : float
        Seconds on the recording's clock.
    sentence : str
        What is said of it.
    tip : str
        More of it.
    """

    clip_id: str
    recording: str
    individual: str
    start_s: float
    stop_s: float
    sentence: str
    tip: str = ""

    @property
    def place(self) -> str:
        """For people."""
        animal = "" if self.individual in ("", self.recording) else f" · {self.individual}"
        return f"{self.recording}{animal}, {self.start_s:.1f} s"


class Thumbnails:
    """Pictures by study and clip, made on demand in whatever thread asks; the newest are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, str], bytes | None] = OrderedDict()

    def known(self, study: Path, clip_id: str) -> bytes | None:
        """A picture that was taken before; None where there is none."""
        return self._kept.get((study, clip_id))

    def take(self, study: Path, clips: Sequence[Clip]) -> Iterator[tuple[str, bytes | None]]:
        """Id and JPEG of each clip that has not been taken before; None where it is not filmed.

        A film that cannot be read gives no picture, and no error.
        """
        from mousegpt_core.pipeline.stills import stills_of
        from mousegpt_core.study import Study

        wanted = [one for one in clips if (study, one.clip_id) not in self._kept]
        if not wanted:
            return
        opened = Study.open(study)
        rows: dict[str, dict[str, pd.Series[Any]]] = {}
        with stills_of(opened) as stills:
            for one in wanted:
                try:
                    if one.recording not in rows:
                        ids = {each.clip_id for each in wanted}
                        rows[one.recording] = _placed(opened, one.recording, ids)
                    picture = stills.take(rows[one.recording][one.clip_id])
                except (MouseGPTError, KeyError):  # gone since, or its film has
                    picture = None
                self._keep((study, one.clip_id), picture)
                yield one.clip_id, picture

    def _keep(self, key: tuple[Path, str], picture: bytes | None) -> None:
        self._kept[key] = picture
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def _placed(study: Study, recording: str, ids: set[str]) -> dict[str, pd.Series[Any]]:
    """Where and when some clips of a recording are, by their ids."""
    clips = study.recording(recording).store.read_table("clips")
    mine = clips[clips["clip_id"].isin(ids)].rename(columns={"individuals": "individual"})
    return {str(row["clip_id"]): row for _, row in mine.iterrows()}
