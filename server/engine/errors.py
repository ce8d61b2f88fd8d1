"""The engine's errors. Each names the cause and what to do next; clients show both."""


class QuantumLayerError(Exception):
    """Base of every error a user may see.

    `cause` is one sentence; `next_step` tells what to do; `setting` names the setting that
    matters, where there is one.
    """

    def __init__(self, cause: str, next_step: str = "", setting: str = "") -> None:
        self.cause = cause
        self.next_step = next_step
        self.setting = setting
        super().__init__(" ".join(part for part in (cause, next_step) if part))


class BriefError(QuantumLayerError):
    """The brief cannot be read or asks for nothing."""


class SettingsError(QuantumLayerError):
    """A setting is unknown, misspelt or of the wrong type."""


class ModelError(QuantumLayerError):
    """No model answered: bad key, no quota, unreachable, timed out, or crashed."""


class BudgetError(QuantumLayerError):
    """The next call would pass the budget; it was not sent."""


class AnswerError(QuantumLayerError):
    """A model answered something that is not what was asked for (prose, a refusal, a cut answer)."""


class PlanError(QuantumLayerError):
    """No usable plan could be made from the brief."""


class SandboxError(QuantumLayerError):
    """The sandbox itself failed, as opposed to the program inside it."""


class CapsuleError(QuantumLayerError):
    """A capsule or archive is damaged, hostile or unknown."""


class StorageError(QuantumLayerError):
    """The disk is full, read-only or damaged; nothing that was acknowledged is lost."""
