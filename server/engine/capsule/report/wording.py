"""Words and figures for the page. What a capsule says is a stranger's text, and is shown as such."""

import unicodedata
from collections.abc import Iterable

_HIDDEN = frozenset({"Cc", "Cf", "Cs"})


def visible(text: str) -> str:
    """`text` with every control character and invisible mark spelled out: none can hide or turn words."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _HIDDEN:
        return char
    return f"⟨U+{ord(char):04X}⟩"


def seconds(value: float) -> str:
    """`40 ms`, `8.4 s`, `2 min 05 s`."""
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60:02} s"


def size(count: int) -> str:
    """Bytes in decimal units: `1.1 kB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def money(usd: float) -> str:
    """`$0.00` means that nothing was paid; a fraction of a cent is shown as such."""
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.1 else f"${usd:.4f}"


def number(value: int) -> str:
    return f"{value:,}"


def count(value: int, noun: str) -> str:
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def whose_word(state: str, key: str, name: str, *, own: bool) -> str:
    """A sentence about a signature: `unsigned`, by an `unknown` key, by a `trusted` or a `revoked` one."""
    owner = "a key of this machine" if own else f"{name or 'a key without a name'} ({key[:16]})"
    match state:
        case "trusted":
            return f"Signed by {owner}, whom you trust." if not own else f"Signed by {owner}."
        case "unknown":
            return f"Signed by a key that you do not know ({key[:16]}): whoever made it could sign it so."
        case "revoked":
            return f"Signed by {owner}, which you trust no more."
        case _:
            return "Not signed: nobody vouches for it."


def joined(parts: Iterable[str], mark: str = "; ") -> str:
    return mark.join(part for part in parts if part)
