"""How keys and signatures are told."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from ..engine.errors import CapsuleError, StorageError
from ..engine.types import Key, Signature
from .endings import Ending
from .tables import dumped, print_json, print_table
from .terminal import console, words

SHORT_KEY = 16
_STYLES = {"trusted": "green", "unknown": "yellow", "unsigned": "yellow", "revoked": "red"}


def signature_words(signature: Signature) -> Text:
    """One phrase for a line: who signed, as far as this user knows."""
    short = signature.key[:SHORT_KEY]
    told = {
        "unsigned": "unsigned",
        "unknown": f"signed by an unknown key, {short}",
        "revoked": f"signed by a revoked key, {short} ({signature.name})",
        "trusted": f"trusted: signed by {signature.name}, {short}",
    }
    return words(told[signature.state], _STYLES[signature.state])


def signature_word(signature: Signature | None) -> Text:
    """One word for a table."""
    return words(signature.state, _STYLES[signature.state]) if signature else Text("")


def show_keys(keys: Sequence[Key], *, json: bool) -> Ending:
    if json:
        print_json(dumped(keys))
        return Ending.DONE
    rows = [
        (
            key.id[:SHORT_KEY],
            key.name,
            words(key.standing, _STYLES[key.standing]),
            "signs here" if key.current else "yours" if key.own else "",
            key.since,
        )
        for key in keys
    ]
    empty = "No keys yet. Yours is made with the first capsule, or now: quantumlayer capsule keys rotate"
    print_table(("KEY", "NAME", "STANDING", "", "SINCE"), rows, empty=empty)
    return Ending.DONE


def show_key(key: Key, *, json: bool) -> Ending:
    if json:
        print_json(key.model_dump(mode="json"))
        return Ending.DONE
    out = console()
    out.print(Text.assemble((key.name, "bold"), "  ", words(key.standing, _STYLES[key.standing])))
    for title, value in (
        ("id", key.id),
        ("since", key.since),
        ("private", "on this machine, signs here" if key.current else "not on this machine"),
    ):
        out.print(Text.assemble((f"  {title:<10}", "dim"), words(value)))
    out.print(words(key.public.strip()))
    return Ending.DONE


def tell_key(what: str, key: Key, *, json: bool) -> Ending:
    if json:
        print_json(key.model_dump(mode="json"))
    else:
        console().print(words(f"{key.name} {what}: {key.id}"))
    return Ending.DONE


def write_key(key: Key, out: Path | None, *, force: bool, json: bool) -> Ending:
    """Raises CapsuleError if another file is in the way, StorageError if it cannot be written."""
    if out is None:
        if json:
            print_json({"id": key.id, "public": key.public})
        else:
            print(key.public, end="")  # noqa: T201
        return Ending.DONE
    path = out / f"{key.id[:SHORT_KEY]}.pem" if out.is_dir() else out
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(key.public)
    except FileExistsError as error:
        raise CapsuleError(
            f"{path} is in the way.", "Choose another place, or allow overwriting with --force."
        ) from error
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from error
    if json:
        print_json({"id": key.id, "file": str(path.absolute())})
    else:
        print(path)  # noqa: T201
    return Ending.DONE
