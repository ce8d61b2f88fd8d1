"""Scripts whose name says shell, and whose first line says another one than the tools for shell read."""

import re

_OTHERS = ("awk", "csh", "expect", "fish", "perl", "python", "ruby", "tcsh", "zsh")
_INTERPRETER = re.compile(r"\A\ufeff?#!\s*(?:\S*/)?(?:env\s+(?:(?:-\S+|\w+=\S*)\s+)*(?:\S*/)?)?([^\s/]+)")
_DECLARED = re.compile(
    r"\A(?:[ \t]*(?:#.*)?\r?\n)*?[ \t]*#[ \t]*shellcheck\s(?:.*\s)?shell=(?!fish|zsh|csh)\w+"
)
WHY = "another shell than sh, bash, dash or ksh"


def other_shell(text: str) -> bool:
    """Whether the tools for shell cannot read it. A directive for ShellCheck may say that they can."""
    named = _INTERPRETER.match(text)
    return named is not None and named[1].startswith(_OTHERS) and not _DECLARED.match(text)
