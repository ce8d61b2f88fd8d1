"""What fails a stage. docs/validation.md explains the choices; keep the two together.

An error fails its stage. The rest is told and does not. A code is looked up whole, then by its
letters.
"""

from ...types import Severity

ERROR, WARNING, INFO, HINT = Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.HINT


def _each(codes: str, severity: Severity) -> dict[str, Severity]:
    return dict.fromkeys(codes.split(), severity)


STYLE = {
    **_each("invalid-syntax E9", ERROR),
    # Names that do not exist, or that `__all__` promises.
    **_each("F821 F822 F823", ERROR),
    # Format strings that raise when they are reached.
    **_each("F502 F503 F505 F506 F507 F508 F509 F521 F524 F525", ERROR),
    # Statements Python refuses or that can never do what they say.
    **_each("F622 F631 F632 F633 F634 F701 F702 F704 F706 F707 F502", ERROR),
    **_each("B012 B014 B015 B016 B020 B025 B029 B030 B031", ERROR),
    **_each("B006 B018 B023 B026 B032 B033 B035 B039 E722 F811", WARNING),
    **_each("E501 W", INFO),
    **_each("I C4 SIM UP", HINT),
    **_each("E F B", WARNING),
}

UNUSED = frozenset({"F401", "F811", "F841", "B007", "ERA001"})
"""What an editor may show as code that nothing needs."""

SECURITY = {
    "invalid-syntax": ERROR,
    # Code from data: exec, eval, pickle, marshal, yaml.load, a logging port, template injection.
    **_each("S102 S301 S302 S307 S506 S612 S701 S702 S604", ERROR),
    # Shells and SQL built from strings.
    **_each("S601 S602 S605 S608 S609 S610 S611", ERROR),
    # Transport and host checks switched off; clear-text protocols.
    **_each("S312 S321 S323 S501 S502 S507", ERROR),
    # Broken cryptography; secrets in the source (see `ruff.py` for which literals count).
    **_each("S303 S304 S305 S324 S505 S105 S106 S107", ERROR),
    # A debugger on the net, archives that write anywhere, names that can be guessed.
    **_each("S201 S202 S306", ERROR),
    **_each("S103 S104 S108 S113 S308 S310 S503 S504 S508 S509 S704", WARNING),
    **_each("S313 S314 S315 S316 S317 S318 S319", WARNING),
    **_each("S101 S110 S112 S311 S603 S606 S607", INFO),
    "S": INFO,
}

TYPES = {
    # The name, attribute, argument or operation is not there: it raises when it is reached.
    "blocker": ERROR,
    **_each("syntax name-defined used-before-def attr-defined call-arg call-overload abstract", ERROR),
    **_each(
        "operator index str-format str-bytes-safe unused-coroutine await-not-async top-level-await", ERROR
    ),
    # What is given is not what the signature says.
    **_each("arg-type return-value return return-type func-returns-value", ERROR),
    **_each("typeddict-item typeddict-unknown-key", ERROR),
    **_each("exit-return truthy-function", ERROR),
    # Often an annotation that is too narrow, while the program works.
    **_each(
        "assignment union-attr override misc valid-type no-redef var-annotated list-item dict-item", WARNING
    ),
    "": WARNING,
}


def severity(table: dict[str, Severity], code: str) -> Severity:
    """Whole code, then ruff's group (`E9`, `E`), then what the table says of all others."""
    for length in range(len(code), -1, -1):
        if (found := table.get(code[:length])) is not None and (length == len(code) or length <= 3):
            return found
    return WARNING
