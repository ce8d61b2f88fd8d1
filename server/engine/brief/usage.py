"""Usage lines: how a brief says that a command is called, in the notation of manual pages.

`python tool.py --column NAME [--json] [FILE ...]`, or one such line for each of several subcommands. A line
with values in it, as in `python tool.py --top 3 book.txt`, is an example and no usage.
"""

import keyword
import re
from collections.abc import Iterator

from ..types import Value

_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_TOKEN = re.compile(r"\.\.\.|…|[\[\]|]|[^\s\[\]|]+?(?=\.\.\.|…|[\s\[\]|]|$)")
_FLAG = re.compile(r"^(-[A-Za-z]|--[A-Za-z][\w-]*)(?:=(.+))?$")
_PLACE = re.compile(r"^(?:<([A-Za-z][\w -]*)>|([A-Z][A-Z0-9_-]*))$")
_WORD = re.compile(r"^[a-z][a-z0-9_-]*$")
_OPTION = re.compile(
    r"^(-[A-Za-z]|--[A-Za-z][\w-]*)(?:(?:,\s*|\s*/\s*|\s+or\s+)(--[A-Za-z][\w-]*))?"
    r"(?:[ =](<\w+>|[A-Z][A-Z0-9_]*))?$"
)
_HELP = frozenset({"-h", "--help"})
"""Every command has it."""
_ANY = frozenset({"options", "option", "flags"})
"""What stands for options that are told of elsewhere."""


class Argument(Value):
    flags: tuple[str, ...] = ()
    """`-n`, `--lines`; none for what is known by its place."""
    place: str = ""
    """What stands for the value, in capitals; empty for a switch."""
    required: bool = True
    many: bool = False

    @property
    def name(self) -> str:
        """As the parsed arguments call it."""
        longest = max(self.flags, key=len, default=self.place.lower())
        plain = longest.lstrip("-").replace("-", "_")
        return f"{plain}_" if keyword.iskeyword(plain) else plain


class Command(Value):
    """One way to call it."""

    word: str = ""
    """The subcommand; empty if there are none."""
    arguments: tuple[Argument, ...] = ()


def usage_of(brief: str, path: str) -> tuple[Command, ...]:
    """The ways in which `python PATH` is called; none if the brief gives no usage that can be read."""
    run = re.compile(rf"^(?:\$\s*)?python3?\s+{re.escape(path)}(?:\s+(.*))?$")
    found: dict[str, Command] = {}
    for text in _candidates(brief):
        match = run.match(" ".join(text.split()))
        command = _read(match[1]) if match and match[1] else None
        if command and len(command.arguments) >= len(found.get(command.word, Command()).arguments):
            found[command.word] = command
    if "" in found and len(found) > 1:
        return ()
    if list(found) == [""]:
        return (_with_options(found[""], brief),)
    return tuple(found.values())


def _candidates(brief: str) -> Iterator[str]:
    yield from _SPAN.findall(brief)
    for line in brief.splitlines():
        yield line.strip().rstrip("\\").removeprefix("Usage:").removeprefix("usage:").strip()


def _read(line: str) -> Command | None:
    """None for a line that is an example, or that cannot be read."""
    parts = _TOKEN.findall(line)
    word = parts.pop(0) if parts and _WORD.match(parts[0]) else ""
    arguments: list[Argument] = []
    depth = at = 0
    while at < len(parts):
        part, after = parts[at], parts[at + 1] if at + 1 < len(parts) else ""
        at += 1
        if part in {"[", "]"}:
            depth += 1 if part == "[" else -1
        elif part in {"...", "…"} and (arguments or parts[0] == "["):
            arguments[-1:] = [one.model_copy(update={"many": True}) for one in arguments[-1:]]
        elif match := _FLAG.match(part):
            place = match[2] or (after if _PLACE.match(after) else "")
            at += bool(place) and not match[2]
            if place and not _placed(place):
                return None
            if match[1] not in _HELP:
                arguments.append(Argument(flags=(match[1],), place=_placed(place), required=depth == 0))
        elif part.lower() not in _ANY and (place := _placed(part)):
            arguments.append(Argument(place=place, required=depth == 0))
        elif part.lower() not in _ANY and part != "|":
            return None
    return Command(word=word, arguments=_joined(arguments)) if depth == 0 else None


def _joined(arguments: list[Argument]) -> tuple[Argument, ...]:
    """Each once: what is written `FILE [FILE ...]` is one thing of which there are several."""
    found: dict[str, Argument] = {}
    for argument in arguments:
        earlier = found.get(argument.name)
        if earlier is not None:
            argument = earlier.model_copy(update={"many": True})
        found[argument.name] = argument
    return tuple(found.values())


def _placed(part: str) -> str:
    match = _PLACE.match(part)
    return (match[1] or match[2]).replace(" ", "-").upper() if match else ""


def _with_options(command: Command, brief: str) -> Command:
    """With the options that the brief tells of elsewhere, as `--top N` or `-n, --lines N`."""
    known = {flag for argument in command.arguments for flag in argument.flags}
    more: dict[str, Argument] = {}
    for span in _SPAN.findall(brief):
        match = _OPTION.match(" ".join(span.split()))
        if match is None:
            continue
        flags = tuple(flag for flag in match.group(1, 2) if flag)
        if known.isdisjoint(flags) and _HELP.isdisjoint(flags):
            argument = Argument(flags=flags, place=_placed(match[3] or ""), required=False)
            earlier = more.get(argument.name)
            more[argument.name] = argument if earlier is None or argument.place else earlier
    return command.model_copy(update={"arguments": (*command.arguments, *more.values())})
