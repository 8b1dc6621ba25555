"""Skeletons: built-in ones, and roles guessed from names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mousegpt_core import skeletons
from mousegpt_core.errors import SkeletonError
from mousegpt_core.keypoint_names import read_name
from mousegpt_core.skeleton import ROLES, Skeleton
from mousegpt_core.skeletons import BUILT_IN, find_built_in, guess_skeleton

MIRROR = [
    f"{name}_{view}"
    for view in ("top", "bot")
    for name in ("paw1LH", "paw2LF", "paw3RF", "paw4RH", "tailBase", "tailMid", "nose", "obs")
]
SEPARATORS = ["", "_", "-", " ", ".", "/"]
PARTS = {
    "ear": ("ear",),
    "eye": ("eye",),
    "forepaw": ("fore paw", "front paw", "front foot", "fore hand"),
    "hindpaw": ("hind paw", "hind foot", "hind leg", "back paw"),
    "shoulder": ("shoulder",),
    "elbow": ("elbow",),
    "wrist": ("wrist",),
    "knee": ("knee",),
    "ankle": ("ankle",),
    "haunch": ("haunch", "hip"),
    "flank": ("flank", "midside"),
}


@pytest.mark.parametrize("skeleton", BUILT_IN.values(), ids=lambda each: each.name)
def test_built_in_skeletons_have_paired_sides(skeleton):
    lefts = {role for role in skeleton.roles if role.endswith("_left")}
    assert {role.replace("_left", "_right") for role in lefts} == {
        role for role in skeleton.roles if role.endswith("_right")
    }
    assert skeleton.has("nose", "tail_base")


def test_mousegpt_24_has_the_published_order():
    published = (
        "EarL EarR Snout SpineF SpineG SpineH Hip TailBase TailMid TailEnd ForepawL WristL ElbowL "
        "ShoulderL ForepawR WristR ElbowR ShoulderR HindpawL AnkleL KneeL HindpawR AnkleR KneeR"
    )
    assert " ".join(BUILT_IN["MouseGPT-24"].keypoints) == published
    assert len(BUILT_IN["DANNCE-22"].keypoints) == 22
    assert len(BUILT_IN["SuperAnimal-topview-27"].keypoints) == 27


def test_built_in_is_found_by_name_and_by_keypoints():
    assert find_built_in("subtle-9") is BUILT_IN["SUBTLE-9"]
    assert find_built_in("nothing") is None
    shuffled = BUILT_IN["deepof-14"].keypoints[::-1]
    guess = guess_skeleton(shuffled, name="mine")
    assert guess.skeleton.keypoints == shuffled
    assert guess.skeleton.name == "mine"
    assert guess.skeleton.roles["haunch_left"] == ("Left_bhip",)
    assert guess.skeleton.roles["spine"] == ("Spine_1", "Center", "Spine_2")


IN_FILES = [skeleton for name, skeleton in BUILT_IN.items() if name != skeletons.SILHOUETTE]


@pytest.mark.parametrize("skeleton", IN_FILES, ids=lambda each: each.name)
def test_reading_names_finds_the_built_in_roles(skeleton, monkeypatch):
    monkeypatch.setattr(skeletons, "_matching_built_in", lambda names, name: None)
    guessed = guess_skeleton(skeleton.keypoints).skeleton
    assert guessed.roles == skeleton.roles


def test_points_of_the_arena_have_no_role():
    corners = ("tl", "tr", "bl", "br", "lt", "lb", "rt", "rb", "ctl", "ctr", "cbl", "cbr")
    guess = guess_skeleton(("nose", "earl", "bcl", "hipr", *corners, "obs_top", "food", "object1"))
    assert guess.skeleton.roles == {
        "nose": ("nose",), "ear_left": ("earl",), "haunch_right": ("hipr",), "flank_left": ("bcl",),
    }  # fmt: skip
    assert set(corners) < set(guess.unassigned)
    assert "not a part" in guess.how["tl"]


def test_one_view_of_a_mirror_film_gets_the_roles():
    guess = guess_skeleton(MIRROR)
    assert guess.skeleton.roles["hindpaw_left"] == ("paw1LH_bot",)
    assert guess.skeleton.roles["forepaw_right"] == ("paw3RF_bot",)
    assert all(name.endswith("_bot") for names in guess.skeleton.roles.values() for name in names)
    assert "'top'" in guess.how["nose_top"]


def test_the_view_with_more_points_gets_the_roles():
    guess = guess_skeleton(["nose_top", "tailbase_top", "earL_top", "nose_bot", "tailbase_bot"])
    assert guess.skeleton.roles["nose"] == ("nose_top",)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("TTI", "tail_base"), ("Trunk", "spine"), ("Butt/Proximal Tail", "tail_base"),
        ("Tailroot", "tail_base"), ("Forehand-Left", "forepaw_left"),
        ("Hindhand-Right", "hindpaw_right"),
        ("Front Paw R", "forepaw_right"), ("paw1LH_top", "hindpaw_left"),
        ("leftFOREleg", "forepaw_left"),
        ("Left_fhip", "flank_left"), ("Left_bhip", "haunch_left"), ("bodycentre", "spine"),
        ("hipl", "haunch_left"), ("Mid-Back", "spine"), ("SpineL", "spine"), ("lear", "ear_left"),
        ("headcentre", "head"), ("mouse_center", "spine"), ("rfoot", "hindpaw_right"),
        ("Tail(end)", "tail_tip"), ("m_ear", ""), ("left_right_ear", ""), ("ear", ""),
        ("backofhand", ""), ("arena_center", ""), ("", ""), ("42", ""),
    ],
)  # fmt: skip
def test_names_are_read(name, role):
    assert read_name(name).role == role


def test_what_stands_beside_a_name_settles_it():
    legs = guess_skeleton(["Left Leg", "Right Leg", "Nose"])
    assert legs.skeleton.roles["haunch_left"] == ("Left Leg",)
    assert legs.how["Left Leg"].startswith("taken as")
    assert guess_skeleton(["paw_l", "paw_r"]).skeleton.has("forepaw_left", "forepaw_right")
    ears = guess_skeleton(["lear", "rear", "nose", "tail"])
    assert ears.skeleton.roles["ear_right"] == ("rear",)
    assert ears.skeleton.roles["tail_base"] == ("tail",)
    tips = guess_skeleton(["left_ear_tip", "left_ear"])
    assert tips.skeleton.roles == {"ear_left": ("left_ear",)}
    assert "already 'left_ear'" in tips.how["left_ear_tip"]


def test_repeated_names_are_refused():
    with pytest.raises(SkeletonError):
        guess_skeleton(["nose", "nose"])


@given(
    part=st.sampled_from([(role, words) for role, all_ in PARTS.items() for words in all_]),
    side=st.sampled_from([("left", "left"), ("right", "right"), ("L", "left"), ("R", "right")]),
    separator=st.sampled_from(SEPARATORS),
    first=st.booleans(),
    case=st.sampled_from([str.lower, str.upper, str.title]),
)
def test_case_and_separators_do_not_matter(part, side, separator, first, case):
    role, words = part
    letter, meant = side
    pieces = [letter, *words.split()] if first else [*words.split(), letter]
    name = case(separator.join(pieces))
    if name.lower() in ("rear", "rhear"):
        return
    assert read_name(name).role == f"{role}_{meant}"


NAMES = sorted({name for each in BUILT_IN.values() for name in each.keypoints} | set(MIRROR))


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(NAMES) | st.text(max_size=12), unique=True, min_size=1, max_size=30),
    st.randoms(),
)
def test_no_point_has_two_roles_and_no_side_is_swapped(names, random):
    guess = guess_skeleton(names)
    given_roles = [name for members in guess.skeleton.roles.values() for name in members]
    assert len(given_roles) == len(set(given_roles))
    assert set(given_roles) | set(guess.unassigned) == set(names)
    assert set(guess.how) == set(names)
    for role, members in guess.skeleton.roles.items():
        assert role in ROLES
        for name in members:
            assert not ("left" in name.lower() and role.endswith("_right"))
            assert not ("right" in name.lower() and role.endswith("_left"))
    shuffled = random.sample(names, len(names))
    assert guess_skeleton(shuffled).skeleton.roles == guess.skeleton.roles


def test_a_skeleton_refuses_contradictions():
    with pytest.raises(SkeletonError, match="unknown role"):
        Skeleton("x", ("a",), {"wing": ("a",)})
    with pytest.raises(SkeletonError, match="takes one"):
        Skeleton("x", ("a", "b"), {"nose": ("a", "b")})
    with pytest.raises(SkeletonError, match="not there"):
        Skeleton("x", ("a",), {"nose": ("b",)})
    with pytest.raises(SkeletonError, match="two roles"):
        Skeleton("x", ("a",), {"nose": ("a",), "neck": ("a",)})


def test_chains_edges_and_pairs_of_mousegpt_24():
    skeleton = BUILT_IN["MouseGPT-24"]
    assert skeleton.spine_chain == ("SpineF", "SpineG", "SpineH", "Hip", "TailBase")
    assert skeleton.tail_chain == ("TailBase", "TailMid", "TailEnd")
    assert skeleton.limb("foreleg_left") == ("ForepawL", "WristL", "ElbowL", "ShoulderL")
    assert skeleton.paw("hindleg_right") == "HindpawR"
    assert ("EarL", "EarR") in skeleton.pairs
    assert {point for edge in skeleton.edges for point in edge} == set(skeleton.keypoints)
    assert set(skeleton.regions) == {"head", "torso", "limbs", "tail"}
    assert skeleton.select(["Snout", "EarL"]).roles == {"nose": ("Snout",), "ear_left": ("EarL",)}
