"""What a describer is given and what it gives back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd
import xarray as xr

from mousegpt_core.settings import Settings
from mousegpt_core.skeleton import Skeleton


@dataclass(frozen=True)
class Evidence:
    """Everything that is known about a stretch of one recording.

    Attributes
    ----------
    clips : DataFrame
        Table `clips.CLIPS`: what to describe.
    kinematics : Dataset
        As `kinematics.compute_kinematics` gives it, covering the clips and some context around.
    ethogram : Dataset
        As `describe.ethogram.compute_ethogram` gives it, on the same times.
    skeleton : Skeleton
        Roles of the keypoints.
    """

    clips: pd.DataFrame
    kinematics: xr.Dataset
    ethogram: xr.Dataset
    skeleton: Skeleton


@dataclass(frozen=True)
class Answer:
    """What a describer says of one clip.

    Attributes
    ----------
    clip_id : str
        The clip.
    sections : dict of str to str
        Keys are `clips.SECTIONS`: overall, head, limb, torso, others, keywords (comma separated).
    label : str
        Activity of the documented ethogram, or ``""``.
    score : float
        0-1, how well the label fits.
    status : str
        ``"described"``, ``"invalid"`` or ``"failed"``.
    reason : str
        Why not, where the status is not ``"described"``.
    raw : str
        The unparsed answer of a model.
    """

    clip_id: str
    sections: dict[str, str] = field(default_factory=dict)
    label: str = ""
    score: float = float("nan")
    status: str = "described"
    reason: str = ""
    raw: str = ""


class Describer(ABC):
    """Turns clips into descriptions. One file per backend.

    Class attributes
    ----------------
    name : str
        Name to ask for it by.
    version : int
        Raised by hand when the same input gives another answer.
    paid : bool
        Whether answers cost money or long computing and so are kept for ever.
    Options : type of Settings
        Its options.

    Parameters
    ----------
    options : Settings, optional
        An instance of `Options`; its defaults if not given.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    paid: ClassVar[bool] = False
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, options: Settings | None = None) -> None:
        self.options = self.Options() if options is None else options

    @abstractmethod
    def describe(self, evidence: Evidence) -> AsyncIterator[Answer]:
        """Describe each clip; answers come as they are ready, in any order."""
