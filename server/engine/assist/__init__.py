"""Help at one place in a file: a function is implemented, tested, mended, documented.

Each task asks the embedded model for something small, puts what comes back where it belongs by rule, and lets
execution decide which of the candidates is taken, or that none is.
"""

from .offers import offers_at
from .tasks import at_desk

__all__ = ["at_desk", "offers_at"]
