"""The first profile: descriptions grouped into named behaviours, with or without a language model.

MouseGPT's two stages (arXiv 2503.10212): average linkage on the cosine distance of the
descriptions' vectors, cut until enough clusters have enough members, small ones given to the
nearest; then clusters of one meaning are merged and named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from mousegpt_core.analysis.linkage import average_linkage, cut_tree
from mousegpt_core.analysis.model_naming import Cluster, Namer
from mousegpt_core.analysis.naming import (
    Wordings,
    characteristic_keywords,
    count_wordings,
    name_groups,
)
from mousegpt_core.clips import LABELS, PROFILE, make_table
from mousegpt_core.errors import DataError
from mousegpt_core.settings import Settings, content_hash

Array = npt.NDArray[Any]

VERSION = 2
_CANDIDATES = 300
#: What it costs an example to be like another, and of a recording that has one.
_ALIKE = 0.25
_REPEATED = 0.1
#: What a namer is told of a cluster; five keywords as in the paper.
_SHOWN_KEYWORDS, _SHOWN_ACTIVITIES, _SHOWN_SENTENCES = 5, 3, 3


class ProfileSettings(Settings):
    """Settings of the first profile."""

    clusters: int = Field(
        default=20,
        ge=1,
        description="Clusters wanted before those of one meaning are merged (theta_c).",
    )
    least_share: float = Field(
        default=0.005,
        ge=0,
        lt=1,
        description="Share of all clips that a cluster must have (theta_e).",
    )
    least_clips: int = Field(
        default=5, ge=1, description="Clips that a cluster must have (theta_e)."
    )
    merge: bool = Field(default=True, description="Merge clusters of one activity that are alike.")
    merge_similarity: float = Field(
        default=0.6, ge=-1, le=1, description="Cosine of the centres of clusters that are alike."
    )
    exact_up_to: int = Field(
        default=4_000,
        ge=2,
        description="Distinct vectors that are linked exactly; more are grouped first.",
    )
    groups: int = Field(default=2_000, ge=2, description="Groups made of more vectors than that.")
    namer: str = Field(
        default="",
        description="Language model that merges and names the clusters; none by default.",
    )
    namer_options: dict[str, Any] = Field(
        default_factory=dict, description="Its options: model, base_url, ..."
    )
    keywords: int = Field(default=5, ge=1, description="Keywords given for each behaviour.")
    examples: int = Field(default=5, ge=0, description="Example clips given for each behaviour.")
    seed: int = Field(default=0, ge=0, description="Seed of the grouping.")


@dataclass(frozen=True)
class Profile:
    """Behaviours found in descriptions.

    Attributes
    ----------
    labels : DataFrame
        Table `clips.LABELS`, a row a clip; ``behaviour_id`` is ``""`` for a clip of which nothing
        was said. The score is the cosine to the behaviour's centre.
    behaviours : DataFrame
        The largest first: behaviour_id, name, activity (dominant; ``""`` = none), size (clips),
        share (of the clips of which something was said), keywords (comma separated).
    examples : DataFrame
        behaviour_id, rank (from 1), clip_id, sentence, score: clips near the centre that differ
        from each other.
    tree : array of shape (behaviours - 1, 4)
        Average linkage of the behaviours, in their order, as scipy's dendrogram takes it.
    centres : array of shape (behaviours, d), float32
        Unit vectors.
    reached : bool
        Whether the wanted number of clusters was found.
    notes : list of str
        What a reader should know.
    """

    labels: pd.DataFrame
    behaviours: pd.DataFrame
    examples: pd.DataFrame
    tree: Array
    centres: Array
    reached: bool
    notes: list[str] = field(default_factory=list)


def make_profile(
    described: pd.DataFrame,
    vectors: npt.ArrayLike,
    settings: ProfileSettings | None = None,
    *,
    source: str = "",
    namer: Namer | None = None,
) -> Profile:
    """Group descriptions into named behaviours; time and memory are linear in their number.

    Parameters
    ----------
    described : DataFrame
        A row a clip, with columns clip_id, overall, keywords, label and, if there is one,
        recording. The order of the rows does not matter.
    vectors : array of shape (n, d)
        Unit vector of each row; zeros where nothing was said.
    settings : ProfileSettings, optional
        Defaults if not given.
    source : str
        Who described, written into the labels.
    namer : callable, optional
        Names the clusters, and so says which are the same, in place of the rules for both.

    Returns
    -------
    Profile

    Raises
    ------
    DataError
        If rows and vectors do not fit, a clip is there twice, or nothing was said at all.
    BackendError
        If the namer fails.
    """
    settings = settings or ProfileSettings()
    rows = _checked(described, vectors)
    matrix = np.asarray(vectors, dtype=np.float32)[rows.to_numpy()]
    table = described.iloc[rows.to_numpy()].reset_index(drop=True)
    said = matrix.any(axis=1)
    if not said.any():
        raise DataError(
            "no clip has a description to group", hint="run `mousegpt describe` and `embed` first"
        )
    group = np.full(len(table), -1, dtype=np.intp)
    group[said], reached, notes = _cluster(matrix[said], settings)
    names = None
    if namer is not None:
        group, names = _named(_by_size(group), matrix, table, namer)
    elif settings.merge:
        group = _merge(group, matrix, table, settings)
    if names is None:
        group = _by_size(group)
    wordings = _wordings(group, table)
    centres = _centres(matrix, group, len(wordings.sizes))
    behaviours = _describe(wordings, settings, names or name_groups(wordings))
    score = np.where(said, np.clip(np.einsum("ij,ij->i", matrix, centres[group]), 0, 1), np.nan)
    if not said.all():
        notes.append(f"{int((~said).sum())} clips have no description and belong to no behaviour")
    ids = np.append(behaviours["behaviour_id"].to_numpy(dtype=object), "")
    labels = make_table(
        LABELS,
        {
            "scheme_id": PROFILE,
            "clip_id": table["clip_id"].to_numpy(),
            "behaviour_id": ids[group],
            "score": score,
            "source": source,
        },
        length=len(table),
    )
    return Profile(
        labels=labels.iloc[np.argsort(rows.to_numpy())].reset_index(drop=True),
        behaviours=behaviours,
        examples=_examples(table, matrix, group, centres, behaviours, settings.examples),
        tree=average_linkage(_means(matrix, group, len(centres)), wordings.sizes),
        centres=centres,
        reached=reached,
        notes=notes,
    )


def _checked(described: pd.DataFrame, vectors: npt.ArrayLike) -> pd.Series:
    """Row numbers in the order of the clips' ids, so that the order given does not matter."""
    shape = np.shape(vectors)
    if len(shape) != 2 or shape[0] != len(described):
        raise DataError(
            "descriptions and vectors do not fit",
            expected=f"({len(described)}, d)",
            found=str(shape),
        )
    order = pd.Series(np.arange(len(described)), index=described["clip_id"].to_numpy())
    if order.index.has_duplicates:
        twice = str(order.index[order.index.duplicated()][0])
        raise DataError("a clip is described twice", found=twice)
    return order.sort_index()


def _cluster(vectors: Array, settings: ProfileSettings) -> tuple[Array, bool, list[str]]:
    """Cluster of each vector, whether enough were found, and notes."""
    distinct, back, counts = _distinct(vectors)
    part = _group_first(distinct, counts, settings)
    number = int(part.max()) + 1
    weights = np.bincount(part, weights=counts, minlength=number)
    means = _weighted_means(distinct, counts, part, number)
    least = min(
        max(settings.least_clips, math.ceil(settings.least_share * len(vectors))), len(vectors)
    )
    cut = cut_tree(average_linkage(means, weights), weights, wanted=settings.clusters, least=least)
    label = _give_to_nearest(distinct, counts, cut.labels[part], cut.large)
    notes = []
    if number < len(distinct):
        notes.append(f"{len(distinct)} different descriptions were first put into {number} groups")
    if not cut.reached:
        notes.append(
            f"only {int(cut.large.sum())} clusters have at least {least} clips "
            f"({settings.clusters} were wanted), however many cuts are made"
        )
    return label[back], cut.reached, notes


def _distinct(vectors: Array) -> tuple[Array, Array, Array]:
    """Distinct rows in an order of their own, the row each came to, and its copies."""
    contiguous = np.ascontiguousarray(vectors)
    keys = contiguous.view(np.dtype((np.void, contiguous.dtype.itemsize * contiguous.shape[1])))
    _, first, back, counts = np.unique(
        keys.ravel(), return_index=True, return_inverse=True, return_counts=True
    )
    return contiguous[first], back, counts.astype(np.float64)


def _group_first(vectors: Array, counts: Array, settings: ProfileSettings) -> Array:
    """Group of each distinct vector: itself, or where there are too many, one of k-means."""
    if len(vectors) <= settings.exact_up_to:
        return np.arange(len(vectors))
    from sklearn.cluster import MiniBatchKMeans

    means = MiniBatchKMeans(
        min(settings.groups, len(vectors)),
        init="random",
        batch_size=4_096,
        max_iter=5,
        n_init=1,
        reassignment_ratio=0.0,
        random_state=settings.seed,
    )
    part: Array = means.fit_predict(vectors, sample_weight=counts)
    return np.unique(part, return_inverse=True)[1]


def _give_to_nearest(vectors: Array, counts: Array, labels: Array, large: Array) -> Array:
    """Members of small clusters given one by one to the nearest large one; numbered anew."""
    keep = np.flatnonzero(large)
    number = np.full(len(large), -1, dtype=np.intp)
    number[keep] = np.arange(len(keep))
    result = number[labels]
    homeless = result < 0
    if homeless.any():
        home = ~homeless
        means = _weighted_means(vectors[home], counts[home], result[home], len(keep))
        result[homeless] = np.argmax(vectors[homeless] @ _unit(means).T, axis=1)
    return result


def _merge(group: Array, vectors: Array, table: pd.DataFrame, settings: ProfileSettings) -> Array:
    """Merge clusters of one dominant activity, the most alike first, while any are alike."""
    while True:
        wordings = _wordings(group, table)
        count = len(wordings.sizes)
        pair = _most_alike(wordings, _centres(vectors, group, count), settings)
        if pair is None:
            return group
        kept, gone = pair
        group = np.where(group == gone, kept, group)
        group = np.where(group > gone, group - 1, group)


def _most_alike(
    wordings: Wordings, centres: Array, settings: ProfileSettings
) -> tuple[int, int] | None:
    """The two clusters of one activity that are most alike, if they are alike enough.

    Those with the same activity and the same telling keywords mean the same, however far apart.
    """
    similarity = centres @ centres.T
    activity = [wordings.dominant(group) for group in range(len(centres))]
    words = [
        set(characteristic_keywords(wordings, group, settings.keywords))
        for group in range(len(centres))
    ]
    found = []
    for one in range(len(centres)):
        for other in range(one + 1, len(centres)):
            if not activity[one] or activity[one] != activity[other]:
                continue
            same = bool(words[one]) and words[one] == words[other]
            alike = 2.0 if same else float(similarity[one, other])
            if alike >= settings.merge_similarity:
                found.append((-alike, one, other))
    return min(found)[1:] if found else None


def _named(
    group: Array, vectors: Array, table: pd.DataFrame, namer: Namer
) -> tuple[Array, list[str]]:
    """Groups of one name merged, by falling size, and their names."""
    wordings = _wordings(group, table)
    total = float(wordings.sizes.sum())
    centres = _centres(vectors, group, len(wordings.sizes))
    clusters = []
    for number, size in enumerate(wordings.sizes):
        members = np.flatnonzero(group == number)
        typical = _typical(table, vectors, members, centres[number], "", _SHOWN_SENTENCES)
        clusters.append(
            Cluster(
                share=size / total,
                activities=tuple(
                    (name, count / size)
                    for name, count in wordings.activities[number].most_common(_SHOWN_ACTIVITIES)
                ),
                keywords=tuple(
                    word for word, _ in wordings.keywords[number].most_common(_SHOWN_KEYWORDS)
                ),
                sentences=tuple(table["overall"].loc[typical]),
            )
        )
    given = namer(clusters)
    distinct = list(dict.fromkeys(given))
    number_of = np.array([*(distinct.index(name) for name in given), -1], dtype=np.intp)
    merged = _by_size(number_of[group])
    name_of = dict(zip(merged.tolist(), group.tolist(), strict=True))
    return merged, [given[name_of[number]] for number in range(len(distinct))]


def _by_size(group: Array) -> Array:
    """Groups numbered by falling size; equals keep their order."""
    sizes = np.bincount(group[group >= 0])
    rank = np.empty(len(sizes) + 1, dtype=np.intp)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    rank[-1] = -1
    return rank[group]


def _wordings(group: Array, table: pd.DataFrame) -> Wordings:
    return count_wordings(group, int(group.max()) + 1, table["label"], table["keywords"])


def _describe(wordings: Wordings, settings: ProfileSettings, names: list[str]) -> pd.DataFrame:
    """The table of behaviours."""
    groups = range(len(wordings.sizes))
    words = [characteristic_keywords(wordings, group, settings.keywords) for group in groups]
    activity = [wordings.dominant(group) for group in groups]
    return pd.DataFrame(
        {
            "behaviour_id": pd.Series(_ids(activity, words, names), dtype=object),
            "name": pd.Series(names, dtype=object),
            "activity": pd.Series(activity, dtype=object),
            "size": wordings.sizes.astype(np.int64),
            "share": wordings.sizes / wordings.sizes.sum(),
            "keywords": pd.Series([", ".join(each) for each in words], dtype=object),
        }
    )


def _ids(activity: list[str], words: list[list[str]], names: list[str]) -> list[str]:
    """Ids that rest on what a behaviour means, so that more data of the same kind keeps them."""
    ids = [
        "b" + content_hash([one, sorted(each)], length=8)
        for one, each in zip(activity, words, strict=True)
    ]
    return [
        "b" + content_hash([id, name], length=8) if ids.count(id) > 1 else id
        for id, name in zip(ids, names, strict=True)
    ]


def _examples(
    table: pd.DataFrame,
    vectors: Array,
    group: Array,
    centres: Array,
    behaviours: pd.DataFrame,
    count: int,
) -> pd.DataFrame:
    """Typical clips of each behaviour that differ in sentence and, where possible, recording."""
    parts = []
    for number, (id, activity) in enumerate(
        zip(behaviours["behaviour_id"], behaviours["activity"], strict=True)
    ):
        picked = _typical(
            table, vectors, np.flatnonzero(group == number), centres[number], activity, count
        )
        parts.append(
            pd.DataFrame(
                {
                    "behaviour_id": pd.Series([id] * len(picked), dtype=object),
                    "rank": np.arange(1, len(picked) + 1),
                    "clip_id": table["clip_id"].loc[picked].to_numpy(dtype=object),
                    "sentence": table["overall"].loc[picked].to_numpy(dtype=object),
                    "score": (vectors[picked] @ centres[number]).astype(np.float64),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _typical(
    table: pd.DataFrame, vectors: Array, members: Array, centre: Array, activity: str, count: int
) -> Array:
    """Rows near the centre, of the dominant activity if there is one, the best first."""
    if activity:
        labels = table["label"].loc[members].str.replace("_", " ")
        members = members[(labels == activity).to_numpy()]
    score = vectors[members] @ centre
    nearest = members[np.argsort(-score, kind="stable")]
    near = table.loc[nearest].drop_duplicates("overall").index[:_CANDIDATES].to_numpy()
    recordings = table["recording"] if "recording" in table else table["overall"]
    picked: Array = near[_diverse(vectors[near], centre, recordings.loc[near].to_list(), count)]
    return picked


def _diverse(vectors: Array, centre: Array, recordings: list[str], count: int) -> list[int]:
    """Rows by maximal marginal relevance (Carbonell and Goldstein 1998), the best first."""
    relevance = (vectors @ centre).astype(np.float64)
    likeness = np.zeros(len(vectors))
    chosen: list[int] = []
    for _ in range(min(count, len(vectors))):
        used = {recordings[row] for row in chosen}
        repeated = np.array([_REPEATED * (name in used) for name in recordings])
        value = relevance - _ALIKE * likeness - repeated
        value[chosen] = -np.inf
        best = int(np.argmax(value))
        chosen.append(best)
        likeness = np.maximum(likeness, vectors @ vectors[best])
    return chosen


def _centres(vectors: Array, group: Array, count: int) -> Array:
    """Unit centre of each group."""
    return _unit(_means(vectors, group, count)).astype(np.float32)


def _means(vectors: Array, group: Array, count: int) -> Array:
    """Mean vector of each group; rows of no group do not count."""
    inside = group >= 0
    return _weighted_means(vectors[inside], np.ones(int(inside.sum())), group[inside], count)


def _weighted_means(vectors: Array, weights: Array, group: Array, count: int) -> Array:
    """Weighted mean of the vectors of each group, shape (count, d)."""
    from scipy import sparse

    chooser = sparse.csr_matrix((weights, (group, np.arange(len(group)))), (count, len(group)))
    total = np.asarray(chooser.sum(axis=1)).reshape(-1, 1)
    means: Array = (chooser @ vectors.astype(np.float64)) / total
    return means


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
