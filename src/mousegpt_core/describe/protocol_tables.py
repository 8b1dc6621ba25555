"""The tables of a protocol: what each key means, and which do not go together."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.contract import Answer
from mousegpt_core.language import AnswerField, AnswerSchema
from mousegpt_core.settings import Settings

Section = Literal["overall", "head", "limb", "torso", "others", "keywords"]
#: What words of a protocol may be filled in with.
PLACEHOLDERS = ("labels", "frames", "seconds")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Cutting(Settings):
    """``[clips]``: one of `rate`, `length_s` and `bouts`.

    Attributes
    ----------
    rate : float, optional
        Clips a second, each as long as it takes to the next (MouseGPT's 5).
    length_s : float, optional
        Length of clips in seconds.
    stride_s : float, optional
        From one start to the next, by default `length_s`.
    bouts : str
        Bouts of a labelling: ``"activities"`` or the name of the study's own labels.
    shortest_s, longest_s : float
        Bouts shorter are left out, longer ones cut into equal parts.
    of : {"animal", "scene"}
        Whether each animal has clips of its own.
    """

    rate: float | None = Field(default=None, gt=0, le=1000)
    length_s: float | None = Field(default=None, gt=0)
    stride_s: float | None = Field(default=None, gt=0)
    bouts: str = ""
    shortest_s: float = Field(default=0.2, ge=0)
    longest_s: float = Field(default=5.0, gt=0)
    of: Literal["animal", "scene"] = "animal"

    @model_validator(mode="after")
    def _one_way(self) -> Cutting:
        given = [name for name in ("rate", "length_s", "bouts") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give one of `rate`, `length_s` and `bouts`" + _found(given))
        if self.stride_s is not None and self.length_s is None:
            raise ValueError("`stride_s` goes with length_s")
        bounds = self.model_fields_set & {"shortest_s", "longest_s"}
        if bounds and not self.bouts:
            raise ValueError(f"`{min(bounds)}` goes with bouts")
        if self.shortest_s > self.longest_s:
            raise ValueError("`shortest_s` is longer than longest_s")
        if self.bouts and self.of == "scene":
            raise ValueError('`of` = "scene" does not go with bouts, which are of an animal')
        return self


class Views(Settings):
    """``[views]``: which cameras are shown.

    Attributes
    ----------
    show : {"best pair", "named", "all", "one"}
        The best pair are the two side views nearest to perpendicular where cameras are calibrated,
        else the first two of `names`, else the first two.
    names : tuple of str
        Views in the order in which they are shown.
    overhead : bool
        Whether the camera above may be one of the pair.
    """

    show: Literal["best pair", "named", "all", "one"] = "best pair"
    names: tuple[str, ...] = ()
    overhead: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Views:
        if self.show == "named" and not self.names:
            raise ValueError('`show` = "named" needs names')
        if self.show == "all" and self.names:
            raise ValueError('`names` do not go with show = "all"')
        if self.show == "one" and len(self.names) > 1:
            raise ValueError('`names` has several views and show = "one"')
        if self.overhead and self.show != "best pair":
            raise ValueError('`overhead` goes with show = "best pair"')
        return self


class Frames(Settings):
    """``[frames]``: which frames of a clip, and how they are made into pictures.

    Attributes
    ----------
    count : int
        Frames of a clip, spread evenly; of one, the middle.
    layout : {"images", "sheet"}
        A picture each, or all on one sheet. Views of a moment always stand beside each other.
    size : (int, int)
        Width and height of one view in pixels (MouseGPT: 448 x 448, so that two are 896 x 448).
    crop : {"animal", "none"}
        Cut to the keypoints, or the whole frame. All frames of a clip are cut alike, so that
        movement is seen.
    margin : float
        Pixels of the film around the keypoints (MouseGPT: 35).
    margin_most : float
        But not more than this share of the animal's extent, or it gets lost in small films.
    contrast : {"none", "stretch", "local"}
        Between the darkest and the brightest percent, or evened out over the picture.
    background : {"keep", "remove"}
        Whether what never changes is replaced by grey.
    trail_s : float
        Seconds of the animal's path that are drawn; 0 = none.
    keypoints, number, scale_bar : bool
        What is drawn: keypoints with their lines, the place of a frame in its clip, one centimetre.
    quality : int
        Of the JPEG, 1 to 95.
    """

    count: int = Field(default=1, ge=1, le=64)
    layout: Literal["images", "sheet"] = "images"
    size: tuple[int, int] = (448, 448)
    crop: Literal["animal", "none"] = "animal"
    margin: float = Field(default=35.0, ge=0)
    margin_most: float = Field(default=0.25, gt=0)
    contrast: Literal["none", "stretch", "local"] = "none"
    background: Literal["keep", "remove"] = "keep"
    trail_s: float = Field(default=0.0, ge=0, le=60)
    keypoints: bool = False
    number: bool = False
    scale_bar: bool = False
    quality: int = Field(default=90, ge=1, le=95)

    @model_validator(mode="after")
    def _fits(self) -> Frames:
        if not all(32 <= side <= 4096 for side in self.size):
            raise ValueError("`size` must be 32 to 4096 pixels")
        if self.layout == "sheet" and self.count == 1:
            raise ValueError('`layout` = "sheet" needs a count of at least 2')
        if self.crop == "none" and {"margin", "margin_most"} & self.model_fields_set:
            raise ValueError('`margin` and `margin_most` go with crop = "animal"')
        return self


class Words(Settings):
    """``[words]``: what is said beside the pictures; static parts come first.

    Attributes
    ----------
    instructions : str
        Said once, before everything.
    question : str
        Said after the pictures of a clip. Both may hold ``{labels}`` (with their definitions),
        ``{frames}`` and ``{seconds}`` (of a clip).
    kinematics : {"none", "speeds"}
        ``"speeds"``: of the body's regions in cm/s (MouseGPT).
    """

    instructions: str = Field(min_length=1)
    question: str = Field(min_length=1)
    kinematics: Literal["none", "speeds"] = "none"

    @model_validator(mode="after")
    def _known_placeholders(self) -> Words:
        for key in ("instructions", "question"):
            for name in _PLACEHOLDER.findall(getattr(self, key)):
                if name not in PLACEHOLDERS:
                    allowed = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
                    raise ValueError(f"`{key}`: nothing is called {{{name}}}; known: {allowed}")
        return self

    def asks_for(self, placeholder: str) -> bool:
        """Whether the words hold ``{placeholder}``."""
        return placeholder in _PLACEHOLDER.findall(self.instructions + self.question)

    def filled(self, key: Literal["instructions", "question"], values: dict[str, str]) -> str:
        """The words with their placeholders filled in."""
        text: str = getattr(self, key)
        return _PLACEHOLDER.sub(lambda found: values[found.group(1)], text).strip()


class ProtocolField(Settings):
    """``[[answer.fields]]``: one key of the answer, and what it is in the study's tables.

    Attributes
    ----------
    name, kind, description, choices, minimum, maximum
        As in `AnswerField`; the choices of a label are the protocol's labels.
    means : str
        A section of a description, ``"label"``, ``"score"``, or ``""`` (kept in the raw answer).
    """

    name: str = Field(min_length=1)
    kind: Literal["text", "choice", "number", "list"] = "text"
    description: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    means: Section | Literal["label", "score", ""] = ""

    @model_validator(mode="after")
    def _fits(self) -> ProtocolField:
        if self.means == "label" and self.kind not in ("text", "choice"):
            raise ValueError("`kind` of a label is text or choice")
        if self.means == "label" and self.choices:
            raise ValueError("`choices` of a label are written into [answer.labels]")
        if (self.means == "score") != (self.kind == "number") and self.means:
            raise ValueError("`means`: a score, and nothing else, is a number")
        if self.means != "label" or self.kind == "text":
            self.field(())
        return self

    def field(self, labels: tuple[str, ...]) -> AnswerField:
        """This key as models are asked for it."""
        values = self.model_dump(exclude={"means"})
        if self.means == "label" and self.kind == "choice":
            values["choices"] = labels
        return AnswerField(**values)


class Form(Settings):
    """``[answer]``: what is asked for.

    Attributes
    ----------
    fields : tuple of ProtocolField
        Keys in their order.
    labels : dict of str to str
        Closed labels and their definitions.
    scheme : str
        Name of the study's own labels (``labels/SCHEME.toml``), in place of `labels`.
    """

    fields: tuple[ProtocolField, ...] = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    scheme: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Form:
        meant = [field.means for field in self.fields if field.means]
        if not meant:
            raise ValueError("`fields`: none means anything; give one of them `means`")
        twice = {each for each in meant if meant.count(each) > 1}
        if twice:
            raise ValueError(f"`fields`: two mean {', '.join(sorted(twice))}")
        if self.is_closed and len(self.labels) < 2:
            raise ValueError("`labels`: a choice needs at least two labels, or a scheme")
        if (self.labels or self.scheme) and not self.has_label:
            raise ValueError("`labels` need a field that means label")
        _ = self.answer_schema
        return self

    @property
    def has_label(self) -> bool:
        """Whether a clip gets a label."""
        return any(field.means == "label" for field in self.fields)

    @property
    def is_closed(self) -> bool:
        """Whether the label is one of a list."""
        return any(field.means == "label" and field.kind == "choice" for field in self.fields)

    @property
    def answer_schema(self) -> AnswerSchema:
        """What the answer must look like."""
        labels = tuple(self.labels)
        return AnswerSchema(fields=tuple(field.field(labels) for field in self.fields))

    def to_answer(self, clip_id: str, values: dict[str, Any]) -> Answer:
        """What a model said, as an answer of the study's tables.

        Parameters
        ----------
        clip_id : str
            The clip.
        values : dict
            Checked by the schema.
        """
        sections: dict[str, str] = {}
        label, score = "", float("nan")
        for field in self.fields:
            value = values[field.name]
            if field.means == "label":
                label = str(value)
            elif field.means == "score":
                score = float(value)
            elif field.means:
                sections[field.means] = ", ".join(value) if isinstance(value, list) else str(value)
        if sections:
            sections = {name: sections.get(name, "") for name in SECTIONS}
        return Answer(clip_id, sections, label=label, score=score)

    def labelled(self, label: str) -> dict[str, Any]:
        """The answer that says only this label, as a person's example gives it."""
        return {f.name: label if f.means == "label" else 1.0 for f in self.fields}


class InContext(Settings):
    """``[examples]``: labelled clips and neighbours that are shown with a clip.

    Attributes
    ----------
    shots : int
        Labelled clips of each label; 0 = none.
    choose : {"random", "nearest", "diverse"}
        At random (by `seed`), nearest in kinematics, or least like each other.
    seed : int
        Of the chance.
    apart_s : float
        No example lies nearer than this to the clip in the same recording.
    other_animals : bool
        Whether examples are of other animals only.
    truth : str
        Folder of human labels in the study, one csv a recording: ``RECORDING.csv``, or
        ``RECORDING@ANIMAL.csv`` where it has several animals. Or a labels file of the user's own
        behaviours, ``labels/SCHEME.toml``, with its example stretches.
    context : {"none", "temporal", "autoregressive"}
        Also the clips before and after: without labels, or that before with its *predicted* label.
    """

    shots: int = Field(default=0, ge=0, le=20)
    choose: Literal["random", "nearest", "diverse"] = "random"
    seed: int = 0
    apart_s: float = Field(default=30.0, ge=0)
    other_animals: bool = False
    truth: str = Field(default="labels/human", min_length=1)
    context: Literal["none", "temporal", "autoregressive"] = "none"


def _found(given: list[str]) -> str:
    return f", not {' and '.join(given)}" if given else ""
