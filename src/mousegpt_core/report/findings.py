"""What a reader should take home, in sentences computed from the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from mousegpt_core.report.results import MOVEMENT_NAMES, Results, SchemeResults, movement_values
from mousegpt_core.report.scores import say_score, scores_of
from mousegpt_core.report.wording import length_of_time, listed, number, plural, sentence
from mousegpt_core.stats import Comparison, say_comparison, say_share
from mousegpt_core.stats.ranks import smallest_p

_MOST_DIFFERENCES = 4


def lead(results: Results) -> str:
    """One sentence: how many animals were watched for how long, in which treatments."""
    animals = len(results.animals)
    total = sum(one.recorded_s for one in results.subjects)
    recordings = len(results.data.recordings)
    if results.pictures:
        who = "One animal" if animals == 1 else plural(animals, "animal")
        return f"{who} in {plural(results.pictures, 'single picture')}."
    if animals == recordings == 1:
        return f"One animal, recorded for {length_of_time(total)}."
    text = f"{plural(animals, 'animal')} in {plural(recordings, 'recording')}"
    text += f", {length_of_time(total)} in all"
    if len(results.groups) > 1:
        count = _animals_by_group(results)
        text += ": " + listed([f"{name} ({count[name]})" for name in results.groups])
    return text + "."


def key_findings(results: Results) -> list[str]:
    """The report's main points, the most important first."""
    found = []
    leading = results.leading
    if leading:
        found.append(time_budget(leading, pictures=bool(results.pictures)))
        found += group_findings(results, leading)
    found += movement_findings(results)
    found += [sentence(say_score(score)) for score in scores_of(results)]
    return found or ["No behaviour was found yet: there is nothing to tell but what was recorded."]


def time_budget(scheme: SchemeResults, *, pictures: bool = False) -> str:
    """What the animals did most of the time, or what most pictures show."""
    most = [(b, share) for b, share in scheme.mean_shares[:3] if share > 0]
    if not most:
        return "None of the behaviours filled any of the observed time."
    parts = [f"{scheme.names[b]} ({say_share(share)})" for b, share in most]
    if pictures:
        return f"Most pictures show: {listed(parts)}."
    one = len({subject.animal for subject in scheme.subjects}) == 1
    return (
        f"{'The animal' if one else 'On average the animals'} spent most time on {listed(parts)}."
    )


def group_findings(results: Results, scheme: SchemeResults) -> list[str]:
    """How treatments differ in behaviour, or why that cannot be said."""
    comparisons = scheme.comparisons
    if len(results.groups) < 2 or not comparisons:
        return []
    tested = [one for one in comparisons if one.test]
    if not tested:
        return [sentence(f"the treatments were not compared by a test: {comparisons[0].reason}")]
    clear = clear_differences(tested, results.settings.alpha)
    count = plural(len(tested), "behaviour")
    how = f"{tested[0].test} test, p corrected for {count}, n = {_animal_numbers(results)} animals"
    if not clear:
        text = f"Of {count}, none differs clearly between the treatments ({how})."
        note = power_note(tested, results.settings.alpha)
        return [text + note, *_worth_a_look(tested, scheme, results.settings.alpha)]
    text = f"{len(clear)} of {count} {'differs' if len(clear) == 1 else 'differ'}"
    sentences = [f"{text} clearly between the treatments ({how})."]
    for one in clear[:_MOST_DIFFERENCES]:
        sentences.append(_say(one, scheme.names, results, len(tested)))
    return sentences


def _worth_a_look(tested: list[Comparison], scheme: SchemeResults, alpha: float) -> list[str]:
    """Behaviours that would differ if they had been the only question."""
    found = sorted((one for one in tested if one.p < alpha), key=lambda one: one.p)[:3]
    if not found:
        return []
    parts = []
    for one in found:
        levels = [
            f"{group} {say_share(median)}"
            for group, median in zip(one.groups, one.medians, strict=True)
        ]
        beside = " vs ".join(levels) if len(levels) == 2 else listed(levels)
        parts.append(f"{scheme.names[one.measure]} ({beside})")
    return [
        f"Worth another look, though not proven (p < {alpha:g} only before the correction): "
        f"{listed(parts)}."
    ]


def clear_differences(tested: list[Comparison], alpha: float) -> list[Comparison]:
    """Those with a corrected p-value below alpha, the clearest first."""
    return sorted(
        (one for one in tested if one.p_corrected < alpha), key=lambda one: one.p_corrected
    )


def power_note(tested: list[Comparison], alpha: float) -> str:
    """A sentence for groups so small that the test could not have found anything."""
    two = [one for one in tested if len(one.n) == 2]
    if two:
        animals = listed([str(n) for n in two[0].n])
        least = max(smallest_p(one.n[0], one.n[1]) for one in two)
        if least > alpha:
            return (
                f" With {animals} animals this test cannot show any difference: more animals are "
                "needed."
            )
        if least * len(tested) > alpha:
            return (
                f" With {animals} animals a single behaviour cannot stand out after the correction "
                f"for {len(tested)}: look at the size of the effects, and add animals."
            )
    if any(min(one.n) < 6 for one in tested):
        return " With so few animals only large differences can be seen."
    return ""


def movement_findings(results: Results) -> list[str]:
    """Range of speeds, and how treatments differ in movement."""
    values = movement_values(results.data.movements, results.subjects)
    if values.empty or "median_speed" not in values:
        return []
    speed = values["median_speed"].to_numpy(dtype=np.float64)
    speed = speed[np.isfinite(speed)]
    if not len(speed):
        return []
    if len(speed) == 1:
        found = [f"Its median speed was {number(speed[0])} cm/s{_distance(values)}."]
    else:
        low, high = number(float(speed.min())), number(float(speed.max()))
        found = [f"Median speeds of the animals lie between {low} and {high} cm/s."]
        if low == high:
            found = [f"The median speed of all animals was {low} cm/s."]
    tested = [one for one in results.movement_comparisons if one.test]
    for one in clear_differences(tested, results.settings.alpha)[:2]:
        found.append(_say(one, MOVEMENT_NAMES, results, len(tested)))
    return found


def _distance(values: pd.DataFrame) -> str:
    if "distance_per_min" not in values:
        return ""
    return f", and it covered {number(float(values['distance_per_min'].iloc[0]))} m a minute"


def share_finding(scheme: SchemeResults, *, pictures: bool = False) -> str:
    """How much animals differ among themselves in what they do most."""
    behaviour, mean = scheme.mean_shares[0]
    mine = scheme.shares[scheme.shares["behaviour_id"] == behaviour]["share"].dropna()
    whole = "the pictures" if pictures else "the time"
    text = f"{scheme.names[behaviour]} takes the largest share of {whole}: {say_share(mean)}"
    if len(mine) > 1:
        text += " in the mean of the animals"
        low, high = say_share(float(mine.min())), say_share(float(mine.max()))
        if low != high:
            text += f", from {low} to {high}"
    return sentence(text)


def ethogram_finding(scheme: SchemeResults) -> str:
    """How many bouts there are, and how long they last."""
    shares = scheme.shares
    count = int(shares["bouts"].sum())
    if not count:
        return ""
    length = float(shares["seconds"].sum() / count)
    observed = sum(one.seconds for one in scheme.subjects)
    text = f"{plural(count, 'bout')} of {number(length)} s on average"
    if observed > 0:
        told = min(1.0, float(shares["seconds"].sum()) / observed)
        text += f"; {say_share(told)} of the observed time could be given a behaviour"
    return sentence(text)


def time_finding(scheme: SchemeResults, behaviour: str) -> str:
    """Whether a behaviour becomes rarer or more frequent from the first to the last third."""
    part = scheme.windows[scheme.windows["behaviour_id"] == behaviour]
    wide = part.pivot_table(index="animal", columns="window_s", values="share", dropna=False)
    third = wide.shape[1] // 3
    if third < 1:
        return ""
    values = wide.to_numpy(dtype=np.float64)
    first = float(np.nanmean(values[:, :third]))
    last = float(np.nanmean(values[:, -third:]))
    name = scheme.key.names[behaviour]
    if abs(last - first) < 0.02:
        return sentence(
            f"{name} stays about the same: {say_share(first)} of the first third of the time, "
            f"{say_share(last)} of the last"
        )
    verb = "rises" if last > first else "falls"
    return sentence(
        f"{name} {verb} from {say_share(first)} in the first third of the time to "
        f"{say_share(last)} in the last"
    )


def transition_finding(shares: pd.DataFrame, counts: pd.DataFrame, names: Mapping[str, str]) -> str:
    """The strongest habit among transitions that happened often enough to tell."""
    often = counts.sum(axis=1) >= 10
    table = shares.loc[often[often].index]
    if table.empty:
        return ""
    values = np.nan_to_num(table.to_numpy(dtype=np.float64))
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    before, after = str(table.index[int(row)]), str(table.columns[int(column)])
    return sentence(
        f"{names[before]} is most often followed by {names[after]} "
        f"({say_share(float(values[row, column]))} of the times)"
    )


def comparison_finding(results: Results, scheme: SchemeResults) -> str:
    """The first sentence of the groups' comparison."""
    found = group_findings(results, scheme)
    return found[0] if found else ""


def _say(one: Comparison, names: Mapping[str, str], results: Results, measures: int) -> str:
    is_share = names is not MOVEMENT_NAMES or one.measure == "share_immobile"
    write: Callable[[float], str] = say_share if is_share else number
    return say_comparison(
        one,
        names.get(one.measure, one.measure),
        alpha=results.settings.alpha,
        value=write,
        measures=measures,
        brief=True,
        more="higher" if names is MOVEMENT_NAMES else "more",
    )


def _animal_numbers(results: Results) -> str:
    count = _animals_by_group(results)
    return listed([str(count[name]) for name in results.groups])


def _animals_by_group(results: Results) -> dict[str, int]:
    groups: dict[str, set[str]] = {}
    for one in results.subjects:
        groups.setdefault(one.treatment, set()).add(one.animal)
    return {name: len(animals) for name, animals in groups.items()}
