"""A recording as a protocol shows it to a model: clips, pictures, examples, neighbours."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.describe.in_context import LABEL, ExampleChooser, neighbours
from mousegpt_core.describe.prompt import Shown, build_request
from mousegpt_core.describe.protocol import Protocol
from mousegpt_core.errors import DataError
from mousegpt_core.language import Request
from mousegpt_core.pipeline.footage import Footage
from mousegpt_core.pipeline.labelled_clips import labelled_clips, mean_kinematics
from mousegpt_core.study import Recording, Study

#: Clips whose plans are kept, the latest.
_MOST_SHOWN = 128
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Showing:
    """What a model is shown of a recording's clips; may be asked from several threads.

    Parameters
    ----------
    study : Study
        The study; examples may come from its other recordings.
    recording : Recording
        With its poses read and, where they are asked for, kinematics and bouts.
    protocol : Protocol
        How.
    stack : ExitStack
        Closes the films.
    clips : DataFrame, optional
        Table `clips.CLIPS`; by default the recording as the protocol cuts it.

    Raises
    ------
    DataError, StageMissingError
        If the recording has no film, or is cut by bouts that are not there.
    """

    def __init__(
        self,
        study: Study,
        recording: Recording,
        protocol: Protocol,
        stack: ExitStack,
        clips: pd.DataFrame | None = None,
    ) -> None:
        self._study = study
        self._protocol = protocol
        self._stack = stack
        self._lock = threading.RLock()
        self._own = Footage(study, recording, protocol, stack)
        self._footage = {recording.id: self._own}
        self._clips = self._own.clips() if clips is None else clips
        self._rows = {str(id): row for row, id in enumerate(self._clips["clip_id"])}
        self._neighbours = neighbours(self._clips) if protocol.examples.context != "none" else {}
        self._shown: dict[str, Shown] = {}
        self._chooser: tuple[ExampleChooser, np.ndarray | None] | None = None

    def clips(self) -> pd.DataFrame:
        """The clips that can be shown, table `clips.CLIPS`."""
        return self._clips.copy()

    def context_of(self, clip_id: str) -> tuple[str, str]:
        """The clips before and after that are shown with one; ``""`` = none."""
        return self._neighbours.get(clip_id, ("", ""))

    def request(self, clip_id: str, labels: Mapping[str, str] = _NOTHING) -> Request:
        """What is asked of a clip; its pictures are decoded when they are sent.

        Parameters
        ----------
        clip_id : str
            The clip.
        labels : mapping of str to str
            What was predicted of earlier clips, by their ids.

        Raises
        ------
        DataError, VideoError
            If no film shows the clip, or there are too few examples to show with it.
        """
        clip = self._clip(clip_id)
        before_id, after_id = self.context_of(clip_id)
        before, after = self._neighbour(before_id), self._neighbour(after_id)
        if before is not None and self._protocol.is_chained:
            before = replace(before, label=labels.get(before_id, ""))
        return build_request(
            self._protocol,
            self._show(self._own, clip),
            examples=self._examples(clip),
            before=before,
            after=after,
        )

    def _clip(self, clip_id: str) -> pd.Series[Any]:
        if clip_id not in self._rows:
            raise DataError(
                f"no clip is called {clip_id!r}",
                found=f"{len(self._rows)} clips",
                hint="clips are cut as the protocol says; another one cuts others",
            )
        return self._clips.iloc[self._rows[clip_id]]

    def _neighbour(self, clip_id: str) -> Shown | None:
        """A neighbour as it is shown; None where there is none, or no film of it."""
        if not clip_id:
            return None
        try:
            return self._show(self._own, self._clip(clip_id))
        except DataError:
            return None

    def _examples(self, clip: pd.Series[Any]) -> list[Shown]:
        settings = self._protocol.examples
        if not settings.shots:
            return []
        with self._lock:
            if self._chooser is None:
                self._chooser = self._make_chooser()
        chooser, own = self._chooser
        of_clip = None if own is None else own[self._rows[str(clip["clip_id"])]]
        chosen = chooser.choose(clip, of_clip)
        return [
            replace(
                self._show(self._footage_of(str(example["recording"])), example),
                label=str(example[LABEL]),
            )
            for _, example in chosen.iterrows()
        ]

    def _make_chooser(self) -> tuple[ExampleChooser, np.ndarray | None]:
        """What chooses examples, and kinematics of this recording's clips where it needs them."""
        candidates, features = labelled_clips(self._study, self._protocol, self._footage_of)
        settings = self._protocol.examples
        if features is None:
            return ExampleChooser(candidates, settings), None
        own = mean_kinematics(self._own, self._clips).reindex(columns=features.columns)
        return ExampleChooser(candidates, settings, features.to_numpy()), own.to_numpy()

    def _show(self, footage: Footage, clip: pd.Series[Any]) -> Shown:
        """A clip as it is shown: examples, and neighbours in turn, are planned once."""
        clip_id = str(clip["clip_id"])
        with self._lock:
            shown = self._shown.pop(clip_id, None) or footage.show(clip)
            self._shown[clip_id] = shown
            if len(self._shown) > _MOST_SHOWN:
                del self._shown[next(iter(self._shown))]
            return shown

    def _footage_of(self, id: str) -> Footage:
        with self._lock:
            if id not in self._footage:
                recording = self._study.recording(id)
                self._footage[id] = Footage(self._study, recording, self._protocol, self._stack)
            return self._footage[id]
