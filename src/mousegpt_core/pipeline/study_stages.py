"""The stages of a whole study: vectors of the descriptions, and the profile of behaviours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.analysis.bouts import bouts_from_clips
from mousegpt_core.analysis.model_naming import Namer, model_namer
from mousegpt_core.analysis.profile import VERSION as PROFILE_VERSION
from mousegpt_core.analysis.profile import ProfileSettings, make_profile
from mousegpt_core.embed.cache import VectorCache, embed_texts, text_hash
from mousegpt_core.embed.contract import Embedder
from mousegpt_core.embed.texts import description_texts
from mousegpt_core.errors import DataError, StageMissingError, typed
from mousegpt_core.language import LanguageModel
from mousegpt_core.pipeline.curating import (
    curation_mark,
    curation_of,
    described_clips,
    run_curated,
)
from mousegpt_core.pipeline.work import Work, refuse_unreadable
from mousegpt_core.registry import load_backend
from mousegpt_core.settings import Settings, content_hash
from mousegpt_core.study import Provenance, Recording, Study

EMBED_VERSION = 1


def refuse_empty(study: Study) -> None:
    """Check that there is something to work on.

    Raises
    ------
    DataError
        If the study has no recordings.
    MouseGPTError
        If it has none that can be read.
    """
    if not study.recordings:
        refuse_unreadable(study, ())
        raise DataError(
            "the study has no recordings",
            file=study.folder,
            hint=f"mousegpt add {typed(study.folder)} --id M1 --poses FILE",
        )


def run_all_descriptions(work: Work) -> dict[str, str]:
    """Describe every recording; returns recording to the hash of what is said in it.

    Raises
    ------
    DataError
        If the study has no recordings.
    MouseGPTError
        If none of them can be described.
    """
    refuse_empty(work.study)
    curation = curation_of(work.study)
    work.each(work.chosen(), lambda one: run_curated(work, one))
    said = {}
    for recording in described_recordings(work.study):
        entry = recording.store.entry("descriptions")
        marks = [entry.key if entry else "", edits_hash(recording, "description")]
        curated = curation_mark(recording, curation)
        said[recording.id] = content_hash([*marks, curated] if curated else marks)
    return said


def described_recordings(study: Study) -> list[Recording]:
    """The recordings that have been described, now or before they failed.

    Raises
    ------
    DataError
        If the study has no recordings.
    StageMissingError
        If none of them has been described.
    """
    refuse_empty(study)
    everyone = list(study.recordings.values())
    described = [one for one in everyone if one.store.entry("descriptions") is not None]
    if not described:
        raise StageMissingError(
            f"{study.folder}: no recording has been described",
            hint=f"mousegpt run {typed(study.folder)}",
        )
    return described


def edits_hash(recording: Recording, kind: str) -> str:
    """Hash of a person's edits of one kind, so that what rests on them is made again."""
    return content_hash(recording.log.edits(kind)["edit_id"].tolist())


def all_described_clips(study: Study) -> pd.DataFrame:
    """`described_clips` of the `described_recordings`, one after the other; raises as they do.

    Raises
    ------
    DataError
        If no description passes the study's thresholds.
    """
    tables = [described_clips(recording) for recording in described_recordings(study)]
    if not any(map(len, tables)) and curation_of(study).thresholds:
        raise DataError(
            f"no description passes the thresholds of {study.toml_path} [curation]",
            hint="lower them; `mousegpt curate STUDY` shows how the scores lie",
        )
    return pd.concat(tables, ignore_index=True)


def make_embedder(study: Study) -> Embedder:
    """The embedder that ``study.toml`` asks for, not fitted."""
    section = study.section("embed")
    name = str(section.pop("embedder", "lsa"))
    kind: type[Embedder] = load_backend("embedders", name)
    options: Settings = kind.Options.parse(section, source="study.toml [embed]")
    return kind(options)


def run_embedding(work: Work) -> str:
    """Vectors of all distinct texts of the study, and the embedder that made them."""
    said = run_all_descriptions(work)
    study = work.study
    embedder = make_embedder(study)
    settings = {"embedder": embedder.name, "options": embedder.options.fingerprint()}
    model = Provenance(f"models/{embedder.name}", embedder.version, settings, said)

    def fit() -> None:
        texts = description_texts(all_described_clips(study))
        work.step("embed", message=f"{len(texts)} descriptions")
        embedder.fit(texts)
        study.store.write_files(model, embedder.save)

    model_key = work.make(study.store, model, fit)
    vectors = Provenance(_vectors_stage(embedder), EMBED_VERSION, {}, {"model": model_key})

    def write() -> None:
        distinct = list(dict.fromkeys(description_texts(all_described_clips(study))))
        fitted = fitted_embedder(study)
        work.step("embed", message=f"{len(distinct)} distinct texts")
        matrix = embed_texts(fitted, distinct, cache=_cache(study, fitted))
        study.store.write_dataset(vectors, _vectors_dataset(distinct, matrix), dim="text")

    return work.make(study.store, vectors, write)


def fitted_embedder(study: Study) -> Embedder:
    """The embedder as it was fitted to this study."""
    embedder = make_embedder(study)
    return type(embedder).load(study.store.folder(f"models/{embedder.name}"))


#: Share of the descriptions that may have changed since they were embedded.
_MOST_NEW = 0.5


def vectors_of(study: Study, clips: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Vectors of described clips, from those that were kept; those of corrected ones are made.

    Raises
    ------
    StageMissingError
        If the descriptions have not been embedded.
    DataError
        If most of them have changed since.
    """
    kept = study.store.read_dataset(_vectors_stage(make_embedder(study)))
    matrix: np.ndarray[Any, np.dtype[np.float32]] = kept["vector"].values
    row_of = {hash_: row for row, hash_ in enumerate(kept["text"].values)}
    texts = description_texts(clips)
    new = [text for text in dict.fromkeys(texts) if text_hash(text) not in row_of]
    if len(new) > _MOST_NEW * len(set(texts)):
        raise DataError(
            "the descriptions are others than those that were embedded",
            hint=f"mousegpt embed {typed(study.folder)}; in napari: Home's blue button",
        )
    if new:
        embedder = fitted_embedder(study)
        matrix = np.concatenate([matrix, embed_texts(embedder, new, cache=_cache(study, embedder))])
        row_of |= {text_hash(text): len(row_of) + row for row, text in enumerate(new)}
    return matrix[[row_of[text_hash(text)] for text in texts]]


def _cache(study: Study, fitted: Embedder) -> VectorCache | None:
    """Vectors by text: of what is fitted to one study they are of no use to another one."""
    return None if fitted.needs_fit else VectorCache(study.folder / ".cache" / "vectors")


def _vectors_stage(embedder: Embedder) -> str:
    return f"vectors/{embedder.name}"


def _vectors_dataset(texts: list[str], matrix: np.ndarray[Any, Any]) -> xr.Dataset:
    hashes = np.array([text_hash(text) for text in texts])
    return xr.Dataset({"vector": (("text", "dimension"), matrix)}, coords={"text": hashes})


def run_profile(work: Work) -> str:
    """Group the descriptions of the study into named behaviours, and tell their bouts."""
    vectors_key = run_embedding(work)
    study = work.study
    settings = ProfileSettings.parse(study.section("profile"), source="study.toml [profile]")
    values = settings.fingerprint()
    inputs = {"vectors": vectors_key}
    table_of = {
        name: Provenance(f"profile/{name}", PROFILE_VERSION, values, inputs)
        for name in ("labels", "examples", "bouts", "behaviours")
    }

    def write() -> None:
        clips = all_described_clips(study)
        source = str(clips["describer"].iloc[0])
        made = make_profile(
            clips, vectors_of(study, clips), settings, source=source, namer=_namer(settings)
        )
        placed = clips.rename(columns={"individual": "individuals"})
        labels = made.labels.set_index("clip_id").loc[placed["clip_id"]]
        tables = {
            "labels": made.labels,
            "examples": made.examples,
            "bouts": bouts_from_clips(
                placed, labels["behaviour_id"], source="profiled", scores=labels["score"]
            ),
            "behaviours": made.behaviours.assign(notes="; ".join(made.notes)),
        }
        for name, provenance in table_of.items():
            study.store.write_table(provenance, tables[name])

    # Written last, so that the others are there where this one is.
    return work.make(study.store, table_of["behaviours"], write)


def _namer(settings: ProfileSettings) -> Namer | None:
    """Who names the behaviours; None = the rules."""
    if not settings.namer:
        return None
    kind = load_backend("language_models", settings.namer)
    source = "study.toml [profile] namer_options"
    options = kind.Options.parse(settings.namer_options, source=source)

    def make_model() -> LanguageModel:
        model: LanguageModel = kind(options)
        return model

    return model_namer(make_model)


def embed_study(work: Work) -> dict[str, Any]:
    """Embed all descriptions, for a command: what was embedded and how."""
    key = run_embedding(work)
    embedder = make_embedder(work.study)
    kept = work.study.store.read_dataset(_vectors_stage(embedder))
    return {
        "vectors": key,
        "embedder": embedder.name,
        "texts": int(kept.sizes["text"]),
        "dimensions": int(kept.sizes["dimension"]),
    }
