"""The budget: what a run and a month may spend, taken before a call is sent and given back after it."""

import asyncio
from typing import NamedTuple

from ...settings import BudgetSettings
from ..errors import BudgetError
from .ledger import ROUNDING, Ledger, Spent


class Reservation(NamedTuple):
    call: int
    """The call's number in the ledger."""
    worst: Spent


class Budget:
    """One per run. A call that fits only once others have ended waits for them; then it is refused."""

    def __init__(self, limits: BudgetSettings, ledger: Ledger, run: str) -> None:
        self._limits = limits
        self._ledger = ledger
        self._run = run
        self._usd = 0.0
        self._tokens = 0
        self._open = 0
        self._changed = asyncio.Condition()

    async def reserve(self, purpose: str, model: str, worst: Spent) -> Reservation:
        """Sets the worst case aside; raises BudgetError, and nothing is sent, if it would not fit."""
        async with self._changed:
            while True:
                error = self._refusal(worst)
                if error is None:
                    call = await self._write(purpose, model, worst)
                    if call is not None:
                        break
                    error = await self._month_refusal(worst)
                if self._open == 0:
                    raise error
                await self._changed.wait()
            self._usd += worst.cost_usd
            self._tokens += worst.tokens
            self._open += 1
        return Reservation(call, worst)

    async def _write(self, purpose: str, model: str, worst: Spent) -> int | None:
        """Reserves in the ledger; one that is cancelled meanwhile leaves nothing open there."""
        writing = asyncio.ensure_future(
            self._ledger.reserve(self._run, purpose, model, worst, self._limits.month_usd)
        )
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            if (call := await writing) is not None:
                await self._ledger.settle(call, Spent(), 0.0, "cancelled")
            raise

    async def settle(self, reservation: Reservation, spent: Spent, seconds: float, outcome: str) -> None:
        """Puts what was really spent in the place of the worst case."""
        try:
            await self._ledger.settle(reservation.call, spent, seconds, outcome)
        finally:
            async with self._changed:
                self._usd += spent.cost_usd - reservation.worst.cost_usd
                self._tokens += spent.tokens - reservation.worst.tokens
                self._open -= 1
                self._changed.notify_all()

    def _refusal(self, worst: Spent) -> BudgetError | None:
        if self._tokens + worst.tokens > self._limits.tokens:
            return BudgetError(
                f"the next call may take {worst.tokens} tokens; {self._tokens} of"
                f" {self._limits.tokens} are used",
                "Raise `--budget-tokens` (`budget.tokens`), or ask for less; what is done is kept.",
                "budget.tokens",
            )
        if worst.cost_usd > 0 and self._usd + worst.cost_usd > self._limits.usd + ROUNDING:
            return BudgetError(
                f"the next call may cost {worst.cost_usd:.4f} USD; {self._usd:.4f} of"
                f" {self._limits.usd:.2f} USD are spent",
                "Raise `--budget` (`budget.usd`), or choose a cheaper model; what is done is kept.",
                "budget.usd",
            )
        return None

    async def _month_refusal(self, worst: Spent) -> BudgetError:
        spent = await self._ledger.month_usd()
        return BudgetError(
            f"the next call may cost {worst.cost_usd:.4f} USD; this month's calls took {spent:.4f} of"
            f" {self._limits.month_usd:.2f} USD",
            "Raise `budget.month_usd`, or choose a cheaper or local model; what is done is kept.",
            "budget.month_usd",
        )
