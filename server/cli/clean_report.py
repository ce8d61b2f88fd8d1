"""How it is told what was removed."""

from collections.abc import Sequence

from ..engine.types import Cleaned
from .endings import Ending
from .tables import dumped, print_json
from .terminal import console, words
from .text import count, size


def tell_cleaned(places: Sequence[Cleaned], *, json: bool) -> Ending:
    """FAILED where something could not be cleaned."""
    if json:
        print_json(dumped(places))
    for place in places:
        if not json:
            removed = f"{count(place.removed, 'piece')} removed, {size(place.freed)} freed"
            console().print(f"{place.what}: {removed}; {size(place.kept)} kept")
        if place.reason:
            told = f"warning: nothing of the {place.what} was removed: {place.reason}"
            console(stderr=True).print(words(told, "yellow"))
    return Ending.FAILED if any(place.reason for place in places) else Ending.DONE
