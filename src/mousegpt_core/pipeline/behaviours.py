"""The profile of a study as a person has changed it: behaviours renamed, merged, split."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.analysis.behaviour_edits import (
    KIND,
    MERGE,
    PARTS,
    RENAME,
    SPLIT,
    Behaviours,
    edited_behaviours,
    edited_labels,
    merge_value,
    parts_value,
    split_id,
    split_value,
)
from mousegpt_core.analysis.bouts import bouts_from_clips
from mousegpt_core.analysis.profile import ProfileSettings, make_profile
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.study_stages import (
    all_described_clips,
    described_recordings,
    run_profile,
    vectors_of,
)
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording, Study

#: Parts of a behaviour have so much of an equal share at least, where they can: else a few odd
#: clips would be split off.
_LEAST_PART = 0.2
_LABELS, _BEHAVIOURS, _BOUTS = "profile/labels", "profile/behaviours", "profile/bouts"


def profile_study(work: Work) -> dict[str, Any]:
    """Profile the study, for a command: the behaviours, the largest first."""
    key = run_profile(work)
    return {"profile": key, "behaviours": profiled(work.study).behaviours.to_dict("records")}


def profiled(study: Study) -> Behaviours:
    """The behaviours that were found, as a person has changed them.

    Raises
    ------
    StageMissingError
        If there is no profile.
    """
    found, edits = _as_found(study), study.log.edits(KIND)
    if edits.empty:
        return found
    return edited_behaviours(found, all_described_clips(study), edits)


def _as_found(study: Study) -> Behaviours:
    """The behaviours as the program found them."""
    return Behaviours(study.store.read_table(_LABELS), study.store.read_table(_BEHAVIOURS))


def profile_bouts(study: Study, recordings: Sequence[Recording] | None = None) -> pd.DataFrame:
    """Bouts of the profile as a person has changed it; of all recordings where none are named.

    Returns
    -------
    DataFrame
        Table `clips.BOUTS`.
    """
    bouts = study.store.read_table(_BOUTS)
    edits = study.log.edits(KIND)
    if recordings is not None:
        bouts = bouts[bouts["recording"].isin([one.id for one in recordings])]
    if edits["field"].isin([MERGE, PARTS, SPLIT]).any():
        labels = edited_labels(_as_found(study), edits)[0].set_index("clip_id")
        tables = [described_clips(one) for one in recordings or described_recordings(study)]
        clips = pd.concat(tables, ignore_index=True).rename(columns={"individual": "individuals"})
        mine = labels.reindex(clips["clip_id"])
        bouts = bouts_from_clips(
            clips, mine["behaviour_id"].fillna(""), source="profiled", scores=mine["score"]
        )
    return bouts.reset_index(drop=True)


def behaviours_mark(study: Study) -> str:
    """Changes with every change that a person makes; ``""`` where there is none."""
    acts = study.log.edits(KIND)["edit_id"].tolist()
    return content_hash(acts) if acts else ""


def rename_behaviour(study: Study, behaviour: str, name: str, *, who: str = "") -> str:
    """Call a behaviour otherwise; returns its id, which stays.

    Parameters
    ----------
    study : Study
        With a profile.
    behaviour : str
        Its id, or its name.
    name : str
        New.
    who : str
        Who changes it.

    Raises
    ------
    DataError
        If there is no such behaviour, or another one has this name.
    """
    table = profiled(study).behaviours
    id = _find(table, behaviour)
    old = str(table.set_index("behaviour_id").at[id, "name"])
    new = _new_name(table, name, own=id)
    if new != old:
        study.log.add_edit(KIND, id, RENAME, new, old=old, who=who)
    return id


def merge_behaviours(study: Study, into: str, others: Sequence[str], *, who: str = "") -> str:
    """Make behaviours one; returns its id.

    Parameters
    ----------
    study : Study
        With a profile.
    into : str
        Id or name of the one whose id and name stay.
    others : sequence of str
        Ids or names of those that are taken up.
    who : str
        Who changes them.

    Raises
    ------
    DataError
        If one is not there, or there is nothing to merge.
    """
    table = profiled(study).behaviours
    kept = _find(table, into)
    gone = [id for id in dict.fromkeys(_find(table, other) for other in others) if id != kept]
    if not gone:
        raise DataError("there is nothing to merge", hint="name at least two behaviours")
    study.log.add_edit(KIND, kept, MERGE, merge_value(gone), who=who)
    return kept


def make_behaviour(study: Study, clips: Collection[str], name: str, *, who: str = "") -> str:
    """Make a behaviour of some clips, whatever they were before; returns its id.

    Raises
    ------
    DataError
        If a clip is not in the profile, or a behaviour has this name.
    """
    labels, table = profiled(study)
    unknown = sorted(set(clips) - set(labels["clip_id"]))
    if unknown or not clips:
        raise DataError(
            f"no clip {unknown[0]!r} is in the profile" if unknown else "no clips were chosen",
            hint="clip_id as `mousegpt export STUDY map` writes it",
        )
    id = split_id(clips)
    study.log.add_edit(KIND, id, SPLIT, split_value(clips, _new_name(table, name)), who=who)
    return id


def split_behaviour(study: Study, behaviour: str, parts: int = 2, *, who: str = "") -> list[str]:
    """Split a behaviour into parts by what is told of its clips, as the profile is made.

    The largest part keeps the id and the name. It is one act, and taken back as one.

    Parameters
    ----------
    study : Study
        With a profile.
    behaviour : str
        Its id, or its name.
    parts : int
        How many, at least 2.
    who : str
        Who changes it.

    Returns
    -------
    list of str
        Ids of the new behaviours.

    Raises
    ------
    DataError
        If there is no such behaviour, or all its clips are told alike.
    """
    labels, table = profiled(study)
    id = _find(table, behaviour)
    clips = all_described_clips(study)
    mine = clips["clip_id"].isin(labels.loc[labels["behaviour_id"] == id, "clip_id"])
    clips = clips[mine].reset_index(drop=True)
    vectors, wanted = vectors_of(study, clips), max(parts, 2)
    for share in (_LEAST_PART / wanted, 0.0):
        settings = ProfileSettings(clusters=wanted, least_share=share, least_clips=1, merge=False)
        found = make_profile(clips, vectors, settings)
        if found.reached:
            break
    if len(found.behaviours) < 2:
        raise DataError(
            "all clips of this behaviour are told alike",
            hint="choose clips on the map and make them a behaviour of their own",
        )
    made: dict[str, tuple[list[str], str]] = {}
    taken = set(table["name"])
    for part in found.behaviours.to_dict("records")[1:]:
        members = found.labels.loc[
            found.labels["behaviour_id"] == part["behaviour_id"], "clip_id"
        ].tolist()
        name = _unused(str(part["name"]), taken)
        taken.add(name)
        made[split_id(members)] = (members, name)
    study.log.add_edit(KIND, id, PARTS, parts_value(made), who=who)
    return list(made)


def undo_behaviour(study: Study, *, who: str = "") -> str:
    """Take the newest change back, and the next newest when called again; returns what it was.

    Raises
    ------
    DataError
        If there is nothing to take back.
    """
    acts = study.log.edits(KIND)
    if acts.empty:
        raise DataError("no behaviour was changed", hint="there is nothing to take back")
    last = acts.iloc[-1]
    study.log.take_back(str(last["edit_id"]), who=who)
    return {RENAME: "renamed", MERGE: "merged", SPLIT: "split", PARTS: "split"}[str(last["field"])]


def _find(table: pd.DataFrame, called: str) -> str:
    for column in ("behaviour_id", "name"):
        hit = np.flatnonzero((table[column] == called).to_numpy())
        if len(hit):
            return str(table["behaviour_id"].iloc[int(hit[0])])
    raise DataError(
        f"no behaviour is called {called!r}",
        expected=", ".join(table["name"]),
        hint="`mousegpt behaviours list STUDY` tells their names and ids",
    )


def _new_name(table: pd.DataFrame, name: str, own: str = "") -> str:
    """The name without what is too much, if nobody else has it.

    Raises
    ------
    DataError
        If it is empty, or another behaviour's.
    """
    new = " ".join(name.split())
    others = table.loc[table["behaviour_id"] != own, "name"].str.casefold()
    if not new or new.casefold() in set(others):
        raise DataError(
            f"another behaviour is called {new!r}" if new else "a behaviour needs a name",
            hint="choose another name, or merge the two" if new else "give one",
        )
    return new


def _unused(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    numbered = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(each for each in numbered if each not in taken)
