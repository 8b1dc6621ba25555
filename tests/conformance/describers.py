"""What every describer must do; a backend's test subclasses `DescriberConformance`."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import pytest

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.contract import Answer, Describer, Evidence
from mousegpt_core.errors import SettingsError
from mousegpt_core.registry import load_backend

Make = Callable[[], Describer]


class DescriberConformance:
    """Shared suite: give the name, and fixtures `make` (a new describer) and `evidence`."""

    name: str

    def describe(self, make: Make, evidence: Evidence, most: int = 1_000_000) -> list[Answer]:
        """The answers of one pass, left when there are so many."""

        async def run() -> list[Answer]:
            describer, came = make(), list[Answer]()
            async with aclosing(describer.describe(evidence)) as answers:  # type: ignore[type-var]
                async for one in answers:
                    came.append(one)
                    if len(came) == most:
                        break
            await describer.close()
            return came

        return asyncio.run(run())

    def test_is_found_by_its_name(self) -> None:
        kind = load_backend("describers", self.name)
        assert kind.name == self.name
        assert kind.version >= 1
        with pytest.raises(SettingsError, match="no_such_option"):
            kind.Options.parse({"no_such_option": 1})

    def test_every_clip_ends_once(self, make: Make, evidence: Evidence) -> None:
        answers = self.describe(make, evidence)
        assert sorted(one.clip_id for one in answers) == sorted(evidence.clips["clip_id"])
        for one in answers:
            assert one.status in ("described", "invalid", "failed")
            assert one.status == "described" or one.reason
            assert set(one.sections) <= set(SECTIONS)
            assert all(isinstance(text, str) for text in one.sections.values())
            assert math.isnan(one.score) or 0 <= one.score <= 1

    def test_what_is_described_has_words(self, make: Make, evidence: Evidence) -> None:
        answers = self.describe(make, evidence)
        assert all(one.status == "described" for one in answers)
        assert all(one.sections.get("overall") or one.label for one in answers)

    def test_no_clips_no_answers(self, make: Make, evidence: Evidence) -> None:
        assert self.describe(make, replace(evidence, clips=evidence.clips.iloc[:0])) == []

    def test_it_can_be_left_early(self, make: Make, evidence: Evidence) -> None:
        assert len(self.describe(make, evidence, most=1)) == 1

    def test_paid_answers_can_be_found_again(self, make: Make, evidence: Evidence) -> None:
        answers = self.describe(make, evidence)
        if not load_backend("describers", self.name).paid:
            assert all(one.cost == 0 for one in answers)
            return
        keys = [one.request_key for one in answers]
        assert all(keys)
        assert len(set(keys)) == len(keys)
        assert all(one.attempt == 1 and one.model and one.raw for one in answers)
