"""JSON to the protocol's types, exactly: a number is not made a text, nor a text a number.

The library's converter takes what comes: `null` in the place of a document's text would be the text "None".
"""

from typing import TYPE_CHECKING, Any

from pygls.protocol import default_converter

if TYPE_CHECKING:
    from cattrs import Converter


def exact_converter() -> "Converter":
    converter = default_converter()  # type: ignore[no-untyped-call]
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _integer)
    return converter  # type: ignore[no-any-return]


def _text(value: Any, kind: type[Any]) -> Any:
    """Also asked for the enumerations that are texts, which refuse what they do not know."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value if kind is str else kind(value)


def _integer(value: Any, kind: type[Any]) -> Any:
    """Some clients write every number with a point. Also asked for truth values and enumerations."""
    if kind is bool:
        return bool(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError("not an integer")
    return kind(int(value))
