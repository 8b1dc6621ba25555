from __future__ import annotations

import dataclasses
import itertools
import re
import time
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.report.made_up import (
    evaluation,
    full_study,
    make_animals,
    make_bouts,
    make_provenance,
    small_study,
    still,
)
from mousegpt_core.clips import BOUTS, make_table
from mousegpt_core.errors import DataError
from mousegpt_core.report import Example, RecordingInfo, build_report
from mousegpt_core.report.results import compute_results
from mousegpt_core.report.stills import data_uri, within_budget
from mousegpt_core.report.trust import merged_warnings, trust_points
from mousegpt_core.report.wording import clock, length_of_time, listed, number, plural, tied

VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = "<script>alert(1)</script>\"' onload=x & $x^2$ 鼠"


class Page(HTMLParser):
    """A strict reader: every element is closed in order, ids are unique."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute twice in {tag}"
        self.tags.append((tag, given))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).replace("\u00a0", " ").split())


@pytest.fixture(scope="module")
def full() -> str:
    data = full_study(each=4, duration=300)
    return build_report(dataclasses.replace(data, evaluations={"activities": evaluation()}))


def check(text: str) -> Page:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    targets = {str(a["href"])[1:] for a in page.named("a")}
    assert targets <= set(page.ids)
    assert len(page.named("script")) == 1
    for _, given in page.tags:
        assert not [name for name in given if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            value = given.get(name) or ""
            assert value == "" or value.startswith(("#", "data:image/"))
    assert "http-equiv" in dict(page.named("meta")[3])
    assert not re.search(r"@import|url\((?!#)", text)
    return page


def test_full_report_is_whole_and_self_contained(full: str) -> None:
    page = check(full)
    assert len(full.encode()) < 5_000_000
    for head in ("In short", "Activities", "Behaviours found in the descriptions", "Glossary",
                 "Space and movement", "How sure can I be?", "Methods and settings"):  # fmt: skip
        assert head in page.words
    assert len(page.named("svg")) == 11
    assert "out in the plane by t-SNE" in page.words
    assert len(page.named("img")) == 18
    assert "the film has 749 frames" in page.words
    assert "Kruskal-Wallis tests (p by 9 999 permutations" in page.words
    assert "macro-F1 0.81 over 3 behaviours" in page.words
    assert "gaps up to 0.25 s were filled" in page.words


def test_page_is_accessible(full: str) -> None:
    page = check(full)
    assert all(given.get("alt") for given in page.named("img"))
    assert all(given.get("role") == "img" for given in page.named("svg"))
    assert all(given.get("aria-label") for given in page.named("svg"))
    assert all(given.get("scope") in ("row", "col") for given in page.named("th"))
    assert len(page.named("caption")) == len(page.named("table"))
    assert page.named("html")[0]["lang"] == "en"
    assert len(page.named("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_same_data_same_bytes_but_for_the_date() -> None:
    later = dataclasses.replace(full_study(each=2, duration=60), date="2027-03-04")
    first = build_report(full_study(each=2, duration=60))
    assert build_report(later).replace("2027-03-04", "2026-01-31") == first


def test_one_animal_without_treatment_or_film() -> None:
    page = check(build_report(small_study()))
    assert "One animal, recorded for 60 s." in page.words
    assert "Do the treatments differ?" not in page.words
    assert "The scale is assumed" in page.words
    assert "Only 83 % of the keypoints were seen." in page.words
    assert not page.named("img")


def test_one_behaviour_only() -> None:
    rng = np.random.default_rng(0)
    bouts = make_bouts("openfield", {"freezing": 1.0}, 60.0, rng, individual="")
    page = check(build_report(small_study(bouts={"activities": bouts})))
    assert "What follows what" not in page.words
    assert "behaviour 1" in page.words


@pytest.mark.parametrize("bouts", [{}, {"activities": make_table(BOUTS, {})}])
def test_no_behaviour_at_all(bouts: dict[str, pd.DataFrame]) -> None:
    page = check(build_report(small_study(bouts=bouts)))
    assert "No behaviour was found yet" in page.words
    assert "No behaviours" in page.words


def test_hostile_and_foreign_names_are_only_text() -> None:
    data = full_study(each=2, duration=60, film=False)
    animals = data.animals.assign(sex=HOSTILE)
    animals.loc[0, "animal"] = HOSTILE
    animals.loc[animals["treatment"] == "saline", "treatment"] = HOSTILE
    recordings = [
        dataclasses.replace(one, animals={"m": animals.loc[place, "animal"]}, notes=HOSTILE)
        for place, one in enumerate(data.recordings)
    ]
    behaviours = data.behaviours.assign(
        name=[f"{HOSTILE} {n}" for n in range(6)], keywords=HOSTILE, definition=HOSTILE
    )
    behaviours["examples"] = [[Example(HOSTILE, 1.0, HOSTILE, still(1))] for _ in range(6)]
    bad = dataclasses.replace(
        data,
        study=HOSTILE,
        animals=animals,
        recordings=recordings,
        behaviours=behaviours,
        warnings=[HOSTILE],
        search_tips=[HOSTILE],
        versions={HOSTILE: HOSTILE},
        provenance=[dataclasses.replace(make_provenance()[0], settings={HOSTILE: HOSTILE})],
    )
    text = build_report(bad)
    page = check(text)
    assert "<script>alert" not in text
    assert page.words.count("<script>alert(1)</script>") > 10


def test_script_is_allowed_by_its_hash_only(full: str) -> None:
    import base64
    import hashlib

    script = re.search(r"<script>(.*?)</script>", full, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in full.replace("&#43;", "+").replace("&#39;", "'")


def test_numbers_of_the_page_are_those_of_the_tables() -> None:
    bouts = make_table(
        BOUTS,
        {
            "recording": "openfield",
            "start_s": [0.0, 30.0],
            "stop_s": [30.0, 45.0],
            "behaviour_id": ["walking", "grooming"],
        },
    )
    page = check(build_report(small_study(bouts={"activities": bouts})))
    assert "spent most time on walking (50 %) and grooming (25 %)" in page.words
    assert "75 % of the observed time could be given a behaviour" in page.words
    assert "Part of the time could not be given a behaviour" in page.words


def test_bouts_without_an_individual_belong_to_a_lone_animal() -> None:
    data = small_study()
    info = dataclasses.replace(data.recordings[0], animals={"track_0": "mouse"})
    results = compute_results(dataclasses.replace(data, recordings=[info]))
    assert len(results.leading.bouts) == len(data.bouts["activities"])


def test_time_that_was_not_observed_gives_no_share() -> None:
    info = RecordingInfo("openfield", {"": "mouse"}, 60.0, observed_s={"": 0.0})
    page = check(build_report(small_study(recordings=[info])))
    assert not re.search(r"\bnan\b", page.words.lower())


def test_too_few_animals_are_said_not_tested() -> None:
    page = check(build_report(full_study(each=2, duration=60, film=False)))
    assert "were not compared by a test: too few animals" in page.words
    assert "groups were not tested" in page.words


def test_two_groups_too_small_for_the_correction() -> None:
    data = full_study(each=4, duration=120, film=False)
    animals = make_animals(["saline", "LSD"], 4)
    keep = data.recordings[:8]
    page = check(build_report(dataclasses.replace(data, animals=animals, recordings=keep)))
    assert "8 animals in 8 recordings" in page.words
    if "none differs clearly" in page.words:
        assert "cannot stand out after the correction" in page.words


def test_users_own_labels_lead() -> None:
    data = full_study(each=2, duration=60, film=False)
    both = {"labels": data.bouts["profile"], **data.bouts}
    page = check(build_report(dataclasses.replace(data, bouts=both)))
    heads = [str(given.get("id")) for given in page.named("section")]
    assert heads[:4] == ["findings", "labels", "activities", "profile"]


def test_unequal_lengths_are_pointed_out() -> None:
    data = full_study(each=2, duration=60, film=False)
    longer = [dataclasses.replace(data.recordings[0], duration_s=120.0), *data.recordings[1:]]
    results = compute_results(dataclasses.replace(data, recordings=longer))
    assert "Recordings of unequal length" in [one.head for one in trust_points(results)]


def test_cards_are_grouped_by_scheme() -> None:
    data = full_study(each=2, duration=60, film=False)
    more = pd.DataFrame(
        {
            "behaviour_id": ["walking", "unheard"],
            "name": ["walking", "unheard"],
            "share": [0.3, 0.1],
            "keywords": ["walking", ""],
            "examples": [[], []],
        }
    )
    table = pd.concat([data.behaviours, more], ignore_index=True)
    page = check(build_report(dataclasses.replace(data, behaviours=table)))
    text = page.words.split("What was said of clips")[1]
    heads = ("Activities walking 30 %", "descriptions walking", "More behaviours")
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert len(page.named("h4")) == 8


def test_the_same_warning_of_many_recordings_is_said_once() -> None:
    data = full_study(each=4, duration=30, film=False)
    ids = [one.recording for one in data.recordings]
    warnings = [f"{name}: the scale is assumed" for name in ids]
    warnings += [f"{name}: dark" for name in ids[:7]] + ["no film"]
    results = compute_results(dataclasses.replace(data, warnings=warnings))
    assert merged_warnings(results) == [
        "All recordings: the scale is assumed",
        ", ".join(ids[:5]) + " and 2 more: dark",
        "no film",
    ]


def test_wrong_input_is_refused() -> None:
    with pytest.raises(DataError, match="no recording"):
        small_study(recordings=[])


def test_pictures_stay_within_their_budget() -> None:
    pictures = [[b"x" * 300, b"y" * 300, None], [b"z" * 300], []]
    assert within_budget(pictures, 1200) == [[b"x" * 300, b"y" * 300, None], [b"z" * 300], []]
    assert within_budget(pictures, 800) == [[b"x" * 300, None, None], [b"z" * 300], []]
    assert data_uri(still(0)).startswith("data:image/jpeg;base64,")
    assert data_uri(b"<svg onload=alert(1)>") == ""
    assert data_uri(None) == ""
    examples = [Example("r", 0.0, "It walks", still(0) + bytes(900_000)) for _ in range(9)]
    behaviours = pd.DataFrame(
        {"behaviour_id": ["walking"], "name": ["walking"], "share": [np.nan], "keywords": [""]}
    )
    behaviours["examples"] = [examples]
    text = build_report(small_study(behaviours=behaviours))
    assert len(text.encode()) < 5_000_000
    assert len(check(text).named("img")) == 2


def test_speed_of_a_typical_study() -> None:
    data = full_study(each=4, duration=1200)
    start = time.process_time()
    build_report(data)
    assert time.process_time() - start < 12  # 2 s alone; the machine of a test may be busy


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (length_of_time(45), "45 s"),
        (length_of_time(150), "2.5 min"),
        (length_of_time(1200), "20 min"),
        (length_of_time(11520), "3 h 12 min"),
        (clock(725.34), "12:05.3"),
        (clock(59.98), "1:00.0"),
        (number(0.01234), "0.012"),
        (number(123.4), "123"),
        (number(-4.56), "-4.6"),
        (plural(1, "animal"), "1 animal"),
        (plural(12000, "bout"), "12\u202f000 bouts"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (tied("n = 4, p < .001 (31 %)"), "n\u00a0=\u00a04, p\u00a0<\u00a0.001 (31\u00a0%)"),
    ],
)
def test_words(said: str, expected: str) -> None:
    assert said == expected


def test_an_animal_in_two_treatments_counts_once_and_is_told_apart() -> None:
    data = full_study()
    first = data.recordings[0]
    animal = next(iter(first.animals.values()))
    again = dataclasses.replace(first, recording="again", treatment="another drug")
    page = dataclasses.replace(data, recordings=[*data.recordings, again])
    results = compute_results(page)
    assert results.animals.count(animal) == 1
    named = {one.animal for one in results.subjects if one.animal.startswith(f"{animal} (")}
    assert len(named) == 2
    assert "another drug" in results.groups
    assert any("several treatments" in point.head for point in trust_points(results))
    told = page.animals_told.set_index("animal").loc[animal, "treatment"]
    assert told.endswith(", another drug")


def test_behaviours_of_two_schemes_may_have_the_same_id() -> None:
    data = full_study()
    own = data.behaviours.head(1).assign(scheme="labels", name="my own name")
    rules = data.behaviours.head(1).assign(scheme="activities", name="name of the rules")
    behaviour = str(own["behaviour_id"].iloc[0])
    scheme = next(s for s in data.bouts if behaviour in set(data.bouts[s]["behaviour_id"]))
    bouts = {"labels": data.bouts[scheme], "activities": data.bouts[scheme]}
    both = dataclasses.replace(data, behaviours=pd.concat([own, rules]), bouts=bouts)
    assert both.names("labels")[behaviour] == "my own name"
    assert both.names("activities")[behaviour] == "name of the rules"


def curation(**changes: Any) -> dict[str, Any]:
    clip = {
        "clip_id": "M1/m@000003", "recording": "M1", "start_s": 0.6, "accuracy": 2.5,
        "coherence": float("nan"), "relevance": 10.0, "contradictions": 1.0,
        "sentence": HOSTILE, "reason": "speed is 0", "kept": False,
    }  # fmt: skip
    scores = ("accuracy", "coherence", "relevance", "contradictions", "confidence")
    return {
        "judge": "kinematic",
        "thresholds": {"accuracy": 6.0},
        "all": {"clips": 40, "judged": 38, "kept": 30, "dropped": 10, "edited": 1},
        "histogram": {**dict.fromkeys(scores, [0] * 10), "accuracy": [2] * 10},
        "contradictions": {"runs": 3, "moves about": 9},
        "worst": [clip],
        "best": [],
        **changes,
    }


def test_whether_descriptions_are_true_is_told_where_they_were_judged() -> None:
    data = full_study(each=2, duration=60, film=False)
    page = check(build_report(dataclasses.replace(data, curation=curation())))
    assert {"curation-scores", "curation-claims", "curation-worst"} <= set(page.ids)
    assert "curation-best" not in page.ids
    assert "38 descriptions of 40 judged by kinematic" in page.words
    assert "thresholds (accuracy 6) leave out 10 (25 %); 1 description corrected" in page.words
    assert page.words.index("moves about") < page.words.index("runs 3")
    assert "curation" not in check(build_report(data)).ids


def test_scores_that_are_not_known_give_no_figure() -> None:
    data = full_study(each=2, duration=60, film=False)
    nothing = {name: [0] * 10 for name in curation()["histogram"]}
    told = curation(
        histogram=nothing, thresholds={}, worst=[], contradictions={}, judge="m:default"
    )
    page = check(build_report(dataclasses.replace(data, curation=told)))
    assert "curation" in page.ids
    assert "curation-scores" not in page.ids
    assert "none is left out" in page.words
