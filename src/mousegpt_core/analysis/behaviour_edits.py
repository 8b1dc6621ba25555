"""A person's changes to the behaviours of a profile: renamed, merged, split.

Each change is one act, kept as an edit of the kind `KIND`. The acts are done again, in their order,
on whatever profile there is: so they survive a new run, and the newest wins. An act on a behaviour
that is not there any more does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mousegpt_core.analysis.naming import characteristic_keywords, count_wordings
from mousegpt_core.settings import content_hash

#: `target_kind` of the edits, and their fields: `SPLIT` makes a behaviour of some clips, `PARTS`
#: several of one.
KIND = "behaviour"
RENAME, MERGE, SPLIT, PARTS = "name", "merge", "split", "parts"


class Behaviours(NamedTuple):
    """The behaviours of a profile and whose they are.

    Attributes
    ----------
    labels : DataFrame
        Table `clips.LABELS`.
    behaviours : DataFrame
        As `analysis.profile.Profile` has it; other columns are kept.
    """

    labels: pd.DataFrame
    behaviours: pd.DataFrame

    @property
    def names(self) -> dict[str, str]:
        """Names of the behaviours by their ids."""
        table = self.behaviours
        return dict(zip(table["behaviour_id"], table["name"], strict=True))


def split_id(clips: Collection[str]) -> str:
    """Id of the behaviour that these clips are made; the same clips, the same id."""
    return "s" + content_hash(sorted(clips), length=8)


def split_value(clips: Collection[str], name: str) -> str:
    """What an edit says that makes clips a behaviour."""
    return json.dumps({"name": name, "clips": sorted(clips)}, ensure_ascii=False)


def parts_value(parts: Mapping[str, tuple[Collection[str], str]]) -> str:
    """What an edit says that splits a behaviour: clips and name of the new ones, by their ids."""
    told = {id: json.loads(split_value(clips, name)) for id, (clips, name) in parts.items()}
    return json.dumps(told, ensure_ascii=False)


def merge_value(others: Sequence[str]) -> str:
    """What an edit says that takes other behaviours up."""
    return json.dumps(list(others))


def edited_behaviours(
    profile: Behaviours, clips: pd.DataFrame, edits: pd.DataFrame, *, keywords: int = 5
) -> Behaviours:
    """Behaviours as they are after a person's changes.

    Parameters
    ----------
    profile : Behaviours
        As the program found them; left as they are.
    clips : DataFrame
        clip_id, label (activity) and keywords of the described clips.
    edits : DataFrame
        Table `clips.EDITS`: those of the kind `KIND` that were not taken back, oldest first.
    keywords : int
        Keywords given for a behaviour whose clips have changed.

    Returns
    -------
    Behaviours
        The largest behaviour first; without those that have lost all their clips.
    """
    labels, names = edited_labels(profile, edits)
    return Behaviours(labels, _described(profile, labels, names, clips, keywords))


def edited_labels(profile: Behaviours, edits: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Which clip is whose after a person's changes, and the behaviours' names by their ids.

    Parameters
    ----------
    profile, edits
        As in `edited_behaviours`.
    """
    behaviour = profile.labels.set_index("clip_id")["behaviour_id"].astype(object)
    names = profile.names
    for act in edits.to_dict("records"):
        target, new = str(act["target_id"]), str(act["new"])
        if act["field"] in (SPLIT, PARTS):
            told = json.loads(new)
            for id, part in ({target: told} if act["field"] == SPLIT else told).items():
                mine = behaviour.index.isin(part["clips"])
                if mine.any():
                    behaviour[mine] = id
                    names[id] = part["name"]
        elif target not in names:
            continue
        elif act["field"] == RENAME:
            names[target] = new
        elif act["field"] == MERGE:
            gone = [other for other in json.loads(new) if other != target]
            behaviour[behaviour.isin(gone).to_numpy()] = target
    return profile.labels.assign(behaviour_id=behaviour.to_numpy()), names


def _described(
    profile: Behaviours,
    labels: pd.DataFrame,
    names: dict[str, str],
    clips: pd.DataFrame,
    keywords: int,
) -> pd.DataFrame:
    """The table of behaviours; what is told of those with other clips than before is new."""
    before = profile.labels["behaviour_id"].to_numpy()
    after = labels["behaviour_id"].to_numpy()
    moved = before != after
    changed = set(before[moved]) | set(after[moved])
    sizes = labels.loc[labels["behaviour_id"] != "", "behaviour_id"].value_counts()
    ids = [str(each) for each in sizes.index]
    old = profile.behaviours.set_index("behaviour_id")
    table = old.reindex(ids).rename_axis("behaviour_id").reset_index()
    table["name"] = [names[each] for each in ids]
    table["size"] = sizes.to_numpy(dtype=np.int64)
    table["share"] = table["size"] / table["size"].sum()
    texts = [one for one in table.columns if one not in ("size", "share")]
    table[texts] = table[texts].astype(object).where(table[texts].notna(), "")
    if changed:
        told = _told(labels, ids, clips, keywords)
        for row, each in enumerate(ids):
            if each in changed:
                table.loc[row, ["activity", "keywords"]] = told[each]
    place = {each: row for row, each in enumerate(profile.behaviours["behaviour_id"])}
    order = sorted(
        range(len(ids)), key=lambda row: (-table["size"][row], place.get(ids[row], len(place)), row)
    )
    return table.iloc[order].reset_index(drop=True)


def _told(
    labels: pd.DataFrame, ids: list[str], clips: pd.DataFrame, keywords: int
) -> dict[str, list[Any]]:
    """Dominant activity and telling keywords of each behaviour."""
    numbers = {each: row for row, each in enumerate(ids)}
    said = clips.set_index("clip_id")[["label", "keywords"]].reindex(labels["clip_id"]).fillna("")
    group = labels["behaviour_id"].map(numbers).fillna(-1).to_numpy(dtype=np.intp)
    wordings = count_wordings(group, len(ids), said["label"], said["keywords"])
    return {
        each: [wordings.dominant(row), ", ".join(characteristic_keywords(wordings, row, keywords))]
        for each, row in numbers.items()
    }
