"""What a client may ask of patterns, and of what was learned from runs: a part of the facade."""

import asyncio

from ..settings import Settings
from .types import Brief, BriefReading, PatternPage, PatternRecord


class Learned:
    settings: Settings

    async def read_brief(self, brief: Brief, *, seed: int | None = None) -> BriefReading:
        """What can be told of a brief before a model is asked, and which patterns its run would use now.

        The choice is drawn; the same `seed` and the same recorded runs draw the same one. A run that was
        begun keeps the choice it began with.
        """
        from .agents.conflicts import conflicts
        from .patterns.reading import read

        reading = await asyncio.to_thread(read, brief, self.settings, seed=seed)
        found = await asyncio.to_thread(conflicts, brief, reading.traits)
        return reading.model_copy(update={"conflicts": found})

    async def pattern_guide(self) -> tuple[PatternPage, ...]:
        """The eight patterns: what each does, what it costs, and which are not built."""
        from .patterns.reading import guide

        return await asyncio.to_thread(guide)

    async def pattern_records(self) -> tuple[PatternRecord, ...]:
        """What came of earlier runs, by kind of brief and pattern."""
        from .patterns.reading import outcomes_of

        return await asyncio.to_thread(outcomes_of(self.settings).records)

    async def forget_patterns(self) -> int:
        """Forgets what came of earlier runs; returns how many they were."""
        from .patterns.reading import outcomes_of

        return await asyncio.to_thread(outcomes_of(self.settings).reset)
