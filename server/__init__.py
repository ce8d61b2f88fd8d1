"""QuantumLayer: briefs become verified capsules.

`from quantumlayer import Engine, Brief` is the library; the language server and the
command line are two clients of the same facade. Names load on first use, so that importing
the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.events import Event
    from .engine.facade import Engine
    from .engine.types import Brief, Capsule, Verdict

__version__ = "0.1.0"
__all__ = ["Brief", "Capsule", "Engine", "Event", "Verdict", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from .engine.facade import Engine

        return Engine
    if name == "Event":
        from .engine.events import Event

        return Event
    if name in {"Brief", "Capsule", "Verdict"}:
        from .engine import types

        return getattr(types, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
