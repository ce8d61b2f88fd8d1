"""The orchestrator: a brief becomes a capsule, in one direction.

    brief - traits - plan - files - checks - election - mesh - repair - verdict - capsule

Every expensive step goes through the journal, so this code may simply be run again after a crash.
"""

from .run import generate

__all__ = ["generate"]
