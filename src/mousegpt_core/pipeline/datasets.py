"""What was described, as data to train and test a model on.

What counts of a clip is its description as everywhere: the newest edit, else the chosen answer.
Nothing is held in memory but the texts of one recording and short hashes of what tests; the data
set appears under its name when it is whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from mousegpt_core.clips import CLIPS, SECTIONS
from mousegpt_core.describe.cutting import spread_frames
from mousegpt_core.describe.near_duplicates import (
    PICTURE_BITS,
    PICTURE_DISTANCE,
    TEXT_BITS,
    TEXT_DISTANCE,
    NearIndex,
    picture_hash,
    text_hash,
)
from mousegpt_core.describe.prompt import Shown, build_request
from mousegpt_core.describe.protocol import Protocol, load_protocol
from mousegpt_core.describe.training_rows import TrainingRow, answer_text, is_said
from mousegpt_core.describe.training_split import Split, split_by_animal, split_by_time
from mousegpt_core.errors import DataError, InvalidResponseError, VideoError
from mousegpt_core.language import Request
from mousegpt_core.pipeline.answered import DEFAULT_PROTOCOL
from mousegpt_core.pipeline.curating import described_clips, run_curated
from mousegpt_core.pipeline.dataset_card import card_text
from mousegpt_core.pipeline.dataset_files import CARD, SUMMARY, WRITERS, RowWriter, new_folder
from mousegpt_core.pipeline.filmed import open_view, views_with_films
from mousegpt_core.pipeline.footage import Footage
from mousegpt_core.pipeline.measures import Measures
from mousegpt_core.pipeline.previewing import prepare_showing
from mousegpt_core.pipeline.showing import Showing
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import Settings
from mousegpt_core.study import Recording, descriptions
from mousegpt_core.study.files import write_atomic

LEASE = "dataset"
#: Clips whose kinematics are read at once.
_BLOCK = 500
#: Clips between two tellings of progress.
_TELL_EVERY = 20
_SAID = (*SECTIONS, "label", "score")
#: Why clips are left out.
NOT_SAID, OTHER_ANSWER = "nothing is said of them", "what is said is no answer by the protocol"
DROPPED = "what is said of them misses a threshold of [curation]"
UNSHOWN, NEAR = "no film shows them", "too near in time to what tests"
LIKE_PICTURE, LIKE_TEXT = (
    "their pictures are like some that test",
    "their words are like some that test",
)


class DatasetSettings(Settings):
    """How a data set is made.

    Attributes
    ----------
    layout : {"swift", "hub"}
        JSON lines for ms-swift, or a folder for Hugging Face `datasets`.
    test : float
        Share of the clips that is kept to test; 0 = none.
    by : {"animal", "time"}
        What divides training from testing. By time also where all recordings share an animal.
    gap_s : float
        By time: seconds on both sides of what tests that are in neither part.
    drop : {"none", "pictures", "all"}
        Which clips that train are left out for being like one that tests: none (they are told),
        those of like pictures, those of like pictures or words.
    seed : int
        Of the chance.
    licence : str
        Of the data, written into the card; as Hugging Face names it (``"cc-by-4.0"``).
    """

    layout: Literal["swift", "hub"] = "swift"
    test: float = Field(default=0.01, ge=0, lt=1)
    by: Literal["animal", "time"] = "animal"
    gap_s: float = Field(default=10.0, ge=0)
    drop: Literal["none", "pictures", "all"] = "pictures"
    seed: int = Field(default=0, ge=0)
    licence: str = ""


def export_dataset(
    work: Work,
    settings: DatasetSettings | None = None,
    *,
    protocol: str = "",
    changes: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write a study's descriptions with all that they were made of.

    Parameters
    ----------
    work : Work
        The study at work; descriptions that are out of date are made anew, but no model is asked.
    settings : DatasetSettings, optional
        How.
    protocol : str
        How clips are shown and asked about; by default as ``[describe]`` of study.toml says.
        Labelled examples are left out: they may be of animals that test.
    changes : mapping of str to str, optional
        Of the protocol, as in `load_protocol`.
    only : sequence of str, optional
        Ids of recordings.
    out : Path, optional
        New folder; by default ``results/dataset-LAYOUT`` of the study.
    overwrite : bool
        Whether a data set that is there is replaced.

    Returns
    -------
    dict
        What ``dataset.json`` says: ``folder``, ``rows`` and ``pictures`` by part, ``split``,
        ``left_out`` (reason to number), ``like_test`` (rows that train although they are like one
        that tests), ``text_only`` (recordings without films) and more.

    Raises
    ------
    DataError
        If there is something at `out`, or nothing to write, or to train on.
    StageMissingError
        If nothing was described.
    StudyLockedError
        If another process makes a data set of this study.
    CancelledError
        If it was stopped; no folder is left.
    """
    import dask

    settings = settings or DatasetSettings()
    study = work.study
    name = protocol or str(study.section("describe").get("protocol", DEFAULT_PROTOCOL))
    asked = load_protocol(name, study.folder, {**(changes or {}), "examples.shots": "0"})
    folder = Path(out or study.folder / "results" / f"dataset-{settings.layout}")
    layout = WRITERS[settings.layout]
    with study.store.lease(LEASE), new_folder(folder, overwrite=overwrite) as partial_folder:
        export = _Export(work, settings, asked)
        recordings = export.prepare(work.chosen(only))
        # What is read of a clip is small: threads would cost more than they bring.
        with dask.config.set(scheduler="synchronous"), layout(partial_folder) as writer:
            export.write(recordings, writer)
        told = export.summary()
        write_atomic(partial_folder / CARD, card_text(told, asked))
        write_atomic(partial_folder / SUMMARY, json.dumps(told, indent=1, ensure_ascii=False))
    work.finish("dataset", str(folder))
    return {"folder": str(folder), **told}


@dataclass
class _Export:
    """A data set in the making."""

    work: Work
    settings: DatasetSettings
    protocol: Protocol
    split: Split = field(default_factory=Split)
    rows: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    like_test: Counter[str] = field(default_factory=Counter)
    told: dict[str, Counter[str]] = field(default_factory=dict)
    text_only: list[str] = field(default_factory=list)
    total: int = 0

    def __post_init__(self) -> None:
        self._texts = NearIndex(TEXT_BITS, TEXT_DISTANCE)
        self._seen = NearIndex(PICTURE_BITS, PICTURE_DISTANCE)

    # -- what there is --------------------------------------------------------------------

    def prepare(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Make what is missing, and decide which clips test.

        Raises
        ------
        DataError
            If there is nothing to write.
        """
        ready = self.work.each(recordings, self._prepare)
        tables = {id: table for id, table in ready.items() if len(table)}
        if not tables:
            raise DataError(
                "there is nothing to make a data set of",
                found="; ".join(f"{reason}: {n}" for reason, n in self.left_out.items()),
                hint="describe the study first, or choose the protocol by which it was described",
            )
        if self.settings.test:
            self.split = self._divided(tables)
        self.total = sum(map(len, tables.values()))
        return [each for each in recordings if each.id in tables]

    def _prepare(self, recording: Recording) -> pd.DataFrame:
        run_curated(self.work, recording)
        if views_with_films(recording.info):
            prepare_showing(self.work, recording, self.protocol)
            with ExitStack() as stack:  # says now if a film is gone
                for view in views_with_films(recording.info):
                    open_view(recording, view, stack)
        else:
            self.text_only.append(recording.id)
        found = self._described(recording, self.left_out)
        return found[["individuals", "start_s", "stop_s"]]

    def _divided(self, tables: Mapping[str, pd.DataFrame]) -> Split:
        share, seed = self.settings.test, self.settings.seed
        animals = {
            id: frozenset(table["individuals"]) - {""}
            | frozenset(self.work.study.recording(id).info.individuals)
            for id, table in tables.items()
        }
        counts = {id: len(table) for id, table in tables.items()}
        split = None
        if self.settings.by == "animal":
            split = split_by_animal(counts, animals, share=share, seed=seed)
        gap = self.settings.gap_s
        return split or split_by_time(tables, share=share, seed=seed, gap_s=gap)

    def _described(self, recording: Recording, left_out: Counter[str]) -> pd.DataFrame:
        """Clips of which something is said that the protocol asks for, in time, with the answer."""
        answers = recording.store.read_table("descriptions")
        said = descriptions(answers, recording.log.edits("description"))
        clips = recording.store.read_table("clips")
        joined = clips.merge(said, on="clip_id", how="inner")
        kept = joined["clip_id"].isin(described_clips(recording)["clip_id"])
        left_out[DROPPED] += int((~kept).sum())
        joined = joined[kept]
        joined = joined.sort_values(["start_s", "individuals"], kind="stable")
        form = self.protocol.answer
        texts = []
        for values in joined[list(_SAID)].itertuples(index=False, name=None):
            one = dict(zip(_SAID, values, strict=True))
            try:
                texts.append(answer_text(form, one) if is_said(one, form) else "")
                reason = NOT_SAID
            except InvalidResponseError:
                texts.append("")
                reason = OTHER_ANSWER
            left_out[reason] += not texts[-1]
        joined = joined.assign(answer=texts)
        return joined[joined["answer"] != ""].reset_index(drop=True)

    # -- rows -----------------------------------------------------------------------------

    def write(self, recordings: Sequence[Recording], writer: RowWriter) -> None:
        """Write what tests, then what trains and is not like it."""
        for part in ("test", "train"):
            for recording in recordings:
                for row in self._rows(recording, part):
                    self._write(part, row, writer)
        if not self.rows["train"]:
            reasons = "; ".join(f"{reason}: {n}" for reason, n in self.left_out.items() if n)
            raise DataError(
                "no clip is left to train on", found=reasons,
                hint="less to test (--test), or keep what is like it (--drop none)",
            )  # fmt: skip

    def _rows(self, recording: Recording, part: str) -> Iterator[TrainingRow]:
        table = self._described(recording, Counter())
        parts = [
            self.split.part(recording.id, start, stop)
            for start, stop in zip(table["start_s"], table["stop_s"], strict=True)
        ]
        if part == "train":
            self.left_out[NEAR] += parts.count("")
        chosen = table[np.array(parts, dtype=object) == part]
        if chosen.empty:
            return
        facts = _Facts(self.work, recording, self.protocol)
        with ExitStack() as stack:
            ask = self._asking(recording, table, stack)
            for first in range(0, len(chosen), _BLOCK):
                block = chosen.iloc[first : first + _BLOCK]
                facts.read(block)
                for _, clip in block.iterrows():
                    self._tell(recording.id)
                    try:
                        request = ask(clip)
                    except (DataError, VideoError):
                        self.left_out[UNSHOWN] += 1
                        continue
                    yield TrainingRow(request, str(clip["answer"]), facts.of(clip))

    def _asking(
        self, recording: Recording, table: pd.DataFrame, stack: ExitStack
    ) -> Callable[[pd.Series[Any]], Request]:
        """From a clip to what a model would be asked of it."""
        study = self.work.study
        if recording.id in self.text_only:
            words = self.protocol.words.model_copy(update={"kinematics": "speeds"})
            protocol = self.protocol.model_copy(update={"words": words})
            return partial(_in_words, protocol, Footage(study, recording, protocol, stack))
        labels = dict(zip(table["clip_id"], table["label"], strict=True))
        clips = table[list(CLIPS.columns)]
        showing = Showing(study, recording, self.protocol, stack, clips)
        return lambda clip: showing.request(str(clip["clip_id"]), labels)

    def _write(self, part: str, row: TrainingRow, writer: RowWriter) -> None:
        try:
            encoded = [picture.load() for picture in row.pictures]
        except VideoError:
            self.left_out[UNSHOWN] += 1
            return
        if not self._keeps(part, row.answer, encoded):
            return
        writer.write(part, row, encoded)
        self.rows[part] += 1
        self.pictures[part] += len(encoded)
        for column in ("recording", "individual", "treatment", "describer", "model", "label"):
            self.told.setdefault(column, Counter())[str(row.facts[column])] += 1
        self.told.setdefault("edited", Counter())["edited"] += bool(row.facts["edited"])

    def _keeps(self, part: str, answer: str, encoded: Sequence[bytes]) -> bool:
        """Whether a row stays, of which no like one may be in the other part."""
        if self.split.by == "nothing":
            return True
        text, hashes = text_hash(answer), [picture_hash(each) for each in encoded]
        if part == "test":
            self._texts.add(text)
            for each in hashes:
                self._seen.add(each)
            return True
        drop = self.settings.drop
        for like, reason, dropped in (
            (any(map(self._seen.has_near, hashes)), LIKE_PICTURE, drop != "none"),
            (self._texts.has_near(text), LIKE_TEXT, drop == "all"),
        ):
            if like and dropped:
                self.left_out[reason] += 1
                return False
            self.like_test[reason] += like
        return True

    def _tell(self, recording: str) -> None:
        self.work.cancellation.check()
        done = sum(self.rows.values())
        if done % _TELL_EVERY == 0:
            self.work.step("dataset", recording, done, self.total)

    # -- what became of it ----------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """All that a reader must know of the data set; the same for the same study and settings."""
        animals = sorted(
            name
            for id in self.split.recordings
            for name in self.work.study.recording(id).info.individuals
        )
        return {
            "format_version": 1,
            "study": self.work.study.name,
            **self.settings.fingerprint(),
            "protocol": self.protocol.name,
            "protocol_hash": self.protocol.hash,
            "rows": dict(sorted(self.rows.items())),
            "pictures": dict(sorted(self.pictures.items())),
            "split": {
                "by": self.split.by,
                "test_recordings": sorted(self.split.recordings),
                "test_animals": sorted(set(animals)),
                "test_stretches_s": {id: list(s) for id, s in self.split.stretches.items()},
                "gap_s": self.split.gap_s,
            },
            "left_out": {reason: n for reason, n in self.left_out.items() if n},
            "like_test": {reason: n for reason, n in self.like_test.items() if n},
            "text_only": self.text_only,
            "failed": self.work.failures,
            **{name: dict(sorted(counts.items())) for name, counts in self.told.items()},
        }


class _Facts:
    """What is known of a recording's clips besides question and answer."""

    def __init__(self, work: Work, recording: Recording, protocol: Protocol) -> None:
        self._study = work.study
        self._session = recording.info.treatment
        self._measures = Measures(recording)
        self._frames = protocol.frames.count
        self._treatments: dict[str, str] = {}

    def read(self, clips: pd.DataFrame) -> None:
        """Read the kinematics of consecutive clips."""
        self._measures.read(float(clips["start_s"].min()), float(clips["stop_s"].max()))

    def of(self, clip: pd.Series[Any]) -> dict[str, Any]:
        """Columns of `training_rows.FACTS` and `LISTS`."""
        animal = str(clip["individuals"])
        if animal not in self._treatments:
            self._treatments[animal] = self._session or self._study.treatment_of(animal)
        start, stop = int(clip["start_frame"]), int(clip["stop_frame"])
        score = float(clip["score"])
        return {
            "clip_id": str(clip["clip_id"]),
            "recording": str(clip["recording"]),
            "individual": animal,
            "treatment": self._treatments[animal],
            "start_s": float(clip["start_s"]),
            "stop_s": float(clip["stop_s"]),
            "clock_view": str(clip["clock_view"]),
            "start_frame": start,
            "stop_frame": stop,
            **{section: str(clip[section]) for section in SECTIONS},
            "label": str(clip["label"]),
            "score": score if np.isfinite(score) else None,
            "describer": str(clip["describer"]),
            "model": str(clip["model"]),
            "edited": bool(clip["edited"]),
            "speeds": self._measures.speeds(animal, float(clip["start_s"]), float(clip["stop_s"])),
            "keypoints": self._measures.keypoints(
                animal, spread_frames(start, stop, self._frames).tolist()
            ),
        }


def _in_words(protocol: Protocol, footage: Footage, clip: pd.Series[Any]) -> Request:
    """What can be asked of a clip that no film shows: what was measured."""
    start, stop = int(clip["start_frame"]), int(clip["stop_frame"])
    frames = len(spread_frames(start, stop, protocol.frames.count))
    seconds = float(clip["stop_s"] - clip["start_s"])
    return build_request(protocol, Shown((), frames, seconds, footage.measured(clip)))
