"""Does a text follow its language's grammar (tree-sitter): the first place where it does not.

One slip makes many error nodes, so only the topmost of the first ones is told, at the narrowest place that
explains it: a bracket that is never closed says more than the line where the parser gave up. Where a
grammar refuses much that is right (macros, dialects) only what is surely wrong is told, as a warning.
"""

import re
import string
from collections.abc import Iterator
from functools import cache
from typing import Any

GRAMMARS = {
    "go": "go",
    "java": "java",
    "rust": "rust",
    "shell": "bash",
    "sql": "sql",
    "terraform": "hcl",
    "dockerfile": "dockerfile",
    "c": "c",
    "c++": "cpp",
    "html": "html",
    "css": "css",
}
_DOUBTFUL = {
    "c": "a macro may make it right",
    "c++": "a macro may make it right",
    "shell": "another shell may read it",
    "sql": "another dialect may allow it",
    "html": "browsers mend it",
    "css": "browsers skip it",
}
"""Languages whose grammar refuses some texts that are right: what it says is a warning, with the reason."""
_MACROS = {"c", "c++"}
_PLAIN_SQL = re.compile(rb"\s*(select|insert|update|delete|with)\b", re.IGNORECASE)
_DIALECTS = re.compile(
    rb"\s*(alter|analyze|attach|begin|call|comment|commit|copy|create|cluster|deallocate|declare|delimiter|"
    rb"describe|detach|do|drop|end|exec|execute|explain|flush|go|grant|if|load|lock|merge|notify|optimize|"
    rb"pragma|prepare|print|refresh|reindex|rename|replace|reset|revoke|rollback|savepoint|security|set|show|"
    rb"start|truncate|unlock|use|vacuum|values)\b",
    re.IGNORECASE,
)
_PSQL = re.compile(r"^\\.*$", re.MULTILINE)
_CONDITION = re.compile(rb"\s*#\s*(if|el|endif)")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_OPENERS = {"(": "(", "[": "[", "{": "{", "${": "{"}
_WORDS = {"fi": "if", "done": "do", "esac": "case"}
_CASES = {"shell"}
"""Where brackets come alone, as in `case x in a)`."""
_LONGEST_SIGN = 3
_HIGHEST = 200
"""How far up it is looked: each step is dearer the deeper it is taken."""
Problem = dict[str, Any]


def check(files: dict[str, str], languages: dict[str, str]) -> list[Problem]:
    found = []
    for path, text in files.items():
        if problem := problem_in(text, languages[path]):
            found.append({"path": path, **problem})
    return found


def problem_in(text: str, language: str) -> Problem | None:
    """Lines from one; columns in code points, from zero."""
    if language == "sql":
        text = _PSQL.sub(lambda command: " " * len(command[0]), text)
    source = text.encode("utf-8", "surrogatepass")
    root = _parser(GRAMMARS[language]).parse(source).root_node
    if not root.has_error:
        return None
    node = _first_error(root)
    if node is None:
        return None
    bracket = None if language in _CASES else _unbalanced(root, source, language)
    if bracket is None and not _is_certain(node, source, language):
        return None
    start, end, message = _explained(node, root, source, language, bracket)
    lines = source.split(b"\n")
    doubt = _DOUBTFUL.get(language)
    return {
        "rule": "syntax",
        "severity": "warning" if doubt else "error",
        "message": f"{message}; {doubt}" if doubt else message,
        "line": start[0] + 1,
        "column": _column(lines, start),
        "end_line": end[0] + 1,
        "end_column": _column(lines, end),
    }


@cache
def _parser(name: str) -> Any:
    from tree_sitter_language_pack import get_parser

    return get_parser(name)  # type: ignore[arg-type, unused-ignore]


def _column(lines: list[bytes], place: tuple[int, int]) -> int:
    line = lines[place[0]] if place[0] < len(lines) else b""
    return len(line[: place[1]].decode("utf-8", "replace"))


def _first_error(root: Any) -> Any:
    """The first error in reading order; of errors in each other the outermost."""
    pending = [root]
    while pending:
        node = pending.pop()
        if (node.is_error and node is not root) or node.is_missing:
            return node
        pending.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
        if node is root and root.is_error and not pending:
            return root
    return None


Place = tuple[int, int]
Said = tuple[Place, Place, str]


def _is_certain(node: Any, source: bytes, language: str) -> bool:
    """Whether it is wrong in every reading. Tables and procedures are where dialects of SQL differ."""
    if language in _MACROS:
        return bool(node.is_missing and _is_in(node, "compound_statement"))
    if language == "sql":
        begins = source.rfind(b";", 0, node.start_byte) + 1
        return _PLAIN_SQL.match(source, begins) is not None or _DIALECTS.match(source, begins) is None
    return True


def _is_in(node: Any, kind: str) -> bool:
    for _ in range(_HIGHEST):
        if (node := node.parent) is None or node.type == kind:
            return node is not None
    return False


def _explained(node: Any, root: Any, source: bytes, language: str, bracket: Said | None) -> Said:
    if node.is_missing:
        if bracket is not None and (node.type in _CLOSERS or not _is_certain(node, source, language)):
            return bracket
        return _missing(node, root)
    # It explains what comes behind it.
    if bracket is not None and (bracket[0] <= node.end_point or not _is_certain(node, source, language)):
        return bracket
    return _unexpected(node, source, language)


def _missing(node: Any, root: Any) -> Said:
    """Told where the text before it ends, which may be some lines above."""
    before = root
    for leaf in _leaves(root):
        if leaf.start_byte >= node.start_byte:
            break
        before = leaf
    what = f"`{node.type}`" if not node.is_named else node.type.replace("_", " ")
    opener = _WORDS.get(node.type)
    parent = node.parent
    if opener and parent is not None:
        line = parent.start_point[0] + 1
        message = f"{what} is missing: `{opener}` in line {line} is never closed"
        return parent.start_point, (parent.start_point[0], parent.start_point[1] + len(opener)), message
    return before.end_point, before.end_point, f"{what} is missing"


def _unexpected(node: Any, source: bytes, language: str) -> Said:
    narrow = node
    while inner := [child for child in narrow.children if child.is_error or child.is_missing]:
        narrow = inner[0]
    if narrow.is_missing:
        return narrow.start_point, narrow.start_point, f"`{narrow.type}` is missing"
    text = source[narrow.start_byte : narrow.end_byte]
    first = text.split(b"\n", 1)[0].rstrip(b"\r")
    start = narrow.start_point
    end = (start[0], start[1] + len(first))
    shown = first.decode("utf-8", "replace").strip()
    if not shown:
        return start, end, "unexpected end of the text"
    return start, end, f"unexpected `{shown}`" if _is_quotable(shown, language) else "unexpected text"


def _is_quotable(shown: str, language: str) -> bool:
    """Messages are kept and sent around. What is neither a sign nor a keyword may be part of a password."""
    words = _words(GRAMMARS[language])
    if shown in words or f"keyword_{shown.lower()}" in words:
        return True
    return len(shown) <= _LONGEST_SIGN and all(letter in string.punctuation for letter in shown)


@cache
def _words(name: str) -> frozenset[str]:
    """The signs and keywords of a grammar; that of SQL has names for its keywords."""
    known = _parser(name).language
    kinds = ((number, known.node_kind_for_id(number)) for number in range(known.node_kind_count))
    return frozenset(
        kind
        for number, kind in kinds
        if kind and (not known.node_kind_is_named(number) or kind.startswith("keyword_"))
    )


def _leaves(root: Any) -> Iterator[Any]:
    """In reading order. By a cursor: a text may be nested as deep as it is long."""
    cursor = root.walk()
    while True:
        if cursor.goto_first_child():
            continue
        yield cursor.node
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _unbalanced(root: Any, source: bytes, language: str) -> Said | None:
    """The first bracket without its partner. Strings and comments are no brackets to the parser."""
    open_ones: list[Any] = []
    suspect: Any = None
    left_out = _other_branches(source) if language in _MACROS else set()
    for leaf in _leaves(root):
        if leaf.is_missing or leaf.start_point[0] in left_out:
            continue
        if leaf.type in _OPENERS:
            open_ones.append(leaf)
        elif (wanted := _CLOSERS.get(leaf.type)) is not None:
            if not open_ones or _OPENERS[open_ones[-1].type] != wanted:
                if any(_OPENERS[one.type] == wanted for one in open_ones):
                    return _never_closed(open_ones[-1])
                return leaf.start_point, leaf.end_point, f"unexpected `{leaf.type}`: nothing is open here"
            opener = open_ones.pop()
            suspect = suspect or (opener if _indented_otherwise(opener, leaf, source) else None)
    if not open_ones:
        return None
    return _never_closed(suspect or open_ones[-1])


def _other_branches(source: bytes) -> set[int]:
    """Lines between `#else` and `#endif`: of a condition's branches only one is read."""
    lines = set()
    depths: list[bool] = []
    for number, line in enumerate(source.split(b"\n")):
        if found := _CONDITION.match(line):
            if found[1] == b"if":
                depths.append(False)
            elif found[1] == b"el" and depths:
                depths[-1] = True
            elif depths:
                depths.pop()
        if any(depths):
            lines.add(number)
    return lines


def _never_closed(opener: Any) -> Said:
    return opener.start_point, opener.end_point, f"`{opener.type}` is never closed"


def _indented_otherwise(opener: Any, closer: Any, source: bytes) -> bool:
    """A block that ends at another indent than it began was probably closed by the bracket of another."""
    if opener.start_point[0] == closer.start_point[0]:
        return False
    before = _line_before(source, closer.start_byte)
    if before.strip():
        return False
    first = _line_before(source, opener.start_byte)
    return len(first) - len(first.lstrip()) != len(before)


def _line_before(source: bytes, offset: int) -> bytes:
    return source[source.rfind(b"\n", 0, offset) + 1 : offset]
