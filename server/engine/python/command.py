"""The part of a command that follows from its usage line: the arguments it takes, for argparse."""

from collections.abc import Iterator, Sequence

from ..brief.usage import Argument, Command, usage_of

_NUMBERS = frozenset({"N", "NUM", "NUMBER", "COUNT", "INT", "K"})


def parser_lines(brief: str, path: str) -> tuple[str, ...]:
    """Statements for the beginning of `main(argv)`, without indentation; none if the brief gives no usage."""
    commands = usage_of(brief, path)
    if not commands:
        return ()
    lines = ["parser = argparse.ArgumentParser()"]
    if commands[0].word:
        lines.append('commands = parser.add_subparsers(dest="command", required=True)')
        lines += _subparsers(commands)
    else:
        lines += [f"parser.add_argument({_described(one)})" for one in commands[0].arguments]
    return (*lines, "args = parser.parse_args(argv)")


def _subparsers(commands: Sequence[Command]) -> Iterator[str]:
    for command in commands:
        made = f'commands.add_parser("{command.word}")'
        if not command.arguments:
            yield made
            continue
        name = f"{command.word.replace('-', '_')}_parser"
        yield f"{name} = {made}"
        for one in command.arguments:
            yield f"{name}.add_argument({_described(one)})"


def _described(one: Argument) -> str:
    """What stands in the call of `add_argument`."""
    parts = [f'"{flag}"' for flag in one.flags] or [f'"{one.name}"']
    if one.flags and not one.place:
        return ", ".join([*parts, 'action="store_true"'])
    if one.many:
        parts.append('action="append"' if one.flags else f'nargs="{"+" if one.required else "*"}"')
    elif not one.flags and not one.required:
        parts.append('nargs="?"')
    if one.place in _NUMBERS:
        parts.append("type=int")
    if one.flags or one.place != one.name:
        parts.append(f'metavar="{one.place}"')
    if one.flags and one.name.endswith("_"):
        parts.append(f'dest="{one.name}"')
    if one.flags and one.required:
        parts.append("required=True")
    return ", ".join(parts)
