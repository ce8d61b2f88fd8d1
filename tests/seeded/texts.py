"""Languages that are broken as text: one expression for what to look for, one for what to put there."""

import re
from collections.abc import Iterator
from pathlib import Path

from .defects import SECRETS, Edit, Kind, Language, Ways, appended

_ORIGINALS = Path(__file__).parent / "originals"
_GITHUB, _WORD = SECRETS["GITHUB"], SECRETS["WORD"]


def changed(pattern: str, new: str) -> Ways:
    def ways(text: str) -> Iterator[Edit]:
        for row, line in enumerate(text.split("\n")):
            for found in re.finditer(pattern, line):
                yield Edit(row, found.start(), found.end(), found.expand(new))

    return ways


def _syntax(**ways: tuple[str, str]) -> tuple[Kind, ...]:
    return tuple(Kind(name, "syntax", changed(*way)) for name, way in ways.items())


def _kinds(stage: str, **lines: str) -> tuple[Kind, ...]:
    return tuple(Kind(name, stage, appended(*text.split("\n"))) for name, text in lines.items())


def _of(name: str, path: str, *kinds: Kind) -> Language:
    return Language(name, {path: (_ORIGINALS / path).read_text(encoding="utf-8")}, kinds)


def json_files() -> Language:
    return _of(
        "json",
        "inventory.json",
        *_syntax(
            no_comma=(r'("\w+": [\w."]+),$', r"\1"),
            one_comma_more=(r'("weight_kg": [\d.]+)$', r"\1,"),
            open_text=(r'("[a-z]+)":', r"\1:"),
            single_quotes=(r'"(north|harbour)"', r"'\1'"),
            bare_key=(r'"(version|limits)":', r"\1:"),
            python_word=(r"\btrue\b", "True"),
            open_bracket=(r"^  \],$", "  ,"),
            comment=(r'^(  "version": 3,)$', r"\1 // the third"),
            leading_zero=(r": 25,", ": 025,"),
        ),
        Kind("token", "security", changed(r'"stock@[^"]*"', f'"{_GITHUB}"')),
        Kind("password", "security", changed(r'"contact": "[^"]*"', f'"password": "{_WORD}"')),
    )


def toml_files() -> Language:
    return _of(
        "toml",
        "service.toml",
        *_syntax(
            no_equals=(r"^(port|workers) = ", r"\1 "),
            open_text=(r'^(title|host)( = "[^"]*)"$', r"\1\2"),
            bare_text=(r'^(station = )"(\w+)"$', r"\1\2"),
            open_table=(r"^\[(\w+)\]$", r"[\1"),
            same_key_twice=(r"^workers = ", "port = "),
            same_table_twice=(r"^\[stations\]$", "[server]"),
            no_comma=(r'"Cuxhaven", ', '"Cuxhaven" '),
            open_list=(r'^(names = \[.*)\]$', r"\1"),
        ),
        Kind("token", "security", changed(r'"Tide tables"', f'"{_GITHUB}"')),
        Kind("password", "security", changed(r'^title = ".*"', f'password = "{_WORD}"')),
    )  # fmt: skip


def yaml_files() -> Language:
    return _of(
        "yaml",
        "compose.yaml",
        *_syntax(
            tab=(r"^    (image|ports):", r"\t\1:"),
            open_text=(r'^(\s+INTERVAL: "15)"$', r"\1"),
            open_list=(r"\[store\]$", "[store"),
            wrong_indent=(r"^    (volumes|environment):", r"   \1:"),
            two_values=(r"^(\s+image: )(\S+)$", r"\1\2: more: values"),
            lost_dash=(r'^      - ("8080:8080")$', r"      \1: [}"),
        ),
        Kind("token", "security", changed(r"STATION: husum", f"STATION: {_GITHUB}")),
        Kind("password", "security", changed(r"STATION: husum", f"PASSWORD: {_WORD}")),
    )


_SCRIPT_SYNTAX = {
    "open_bracket": (r"^(\s+this\.\w+\.\w+\([^()]*)\);$", r"\1;"),
    "no_brace": (r"^(\s+\w+\([^)]*\)[^{]*) \{$", r"\1"),
    "misspelt_keyword": (r"^(\s+)const (?=\w+ =)", r"\1cosnt "),
    "open_text": (r'"(busy|free)"', r'"\1'),
    "assigned_to_value": (r"^(\s+)return 0;$", r"\1return 0 = 1;"),
    "two_operators": (r" \+= ", " += * "),
}
_SCRIPT_STYLE = {
    "unknown_name": "export function size() {\n  return itemz.length;\n}",
    "changed_constant": "const most = 3;\nmost = 4;",
    "same_key_twice": 'export const sizes = { small: 1, large: 2, small: 3 };',
    "unreachable": "export function stop() {\n  return 1;\n  console.log(2);\n}",
    "compared_to_itself": "export function same(a) {\n  return a === a;\n}",
    "same_case_twice": "switch (Date.now()) {\n  case 1: break;\n  case 1: break;\n}",
}  # fmt: skip
_SCRIPT_SECURITY = {
    "eval": "export function read(text) {\n  return eval(text);\n}",
    "token": f'export const token = "{_GITHUB}";',
    "password": f'export const password = "{_WORD}";',
}
_SCRIPT_TYPES = {
    "wrong_argument": 'export const four: number = Math.abs("2");',
    "wrong_type": 'export const port: number = "8080";',
    "no_such_field": "export const first = new Shelf().frist;",
    "missing_argument": 'export const item = new Shelf().put("nail");',
    "missing_field": 'export const nail: Item = { name: "nail" };',
    "wrong_return": "export function label(n: number): string {\n  return n;\n}",
}


def javascript() -> Language:
    kinds = (
        *_syntax(**_SCRIPT_SYNTAX),
        *_kinds("style", **_SCRIPT_STYLE),
        *_kinds("security", **_SCRIPT_SECURITY),
    )
    return _of("javascript", "queue.js", *kinds)


def typescript() -> Language:
    untyped = {"eval": "export function read(text: string) {\n  return eval(text);\n}"}
    kinds = (
        *_syntax(**_SCRIPT_SYNTAX),
        *_kinds("security", **{**_SCRIPT_SECURITY, **untyped}),
        *_kinds("types", **_SCRIPT_TYPES),
    )
    return _of("typescript", "shelf.ts", *kinds)


def shell() -> Language:
    return _of(
        "shell",
        "backup.sh",
        *_syntax(
            no_fi=(r"^fi$", ""),
            no_then=(r"; then$", ""),
            no_done=(r"^done$", ""),
            open_text=(r'^(tar .*)"( \.)$', r"\1\2"),
            open_bracket=(r"^\}$", ""),
            open_call=(r'^(    echo .*\$\(count_files "[^"]*")\)', r"\1"),
        ),
        *_kinds(
            "style",
            unquoted='rm -r $target/old',
            read_before_set='echo "$nothing_was_set"',
            lost_status='local_time=$(date) && export day=$(false)',
        ),
        *_kinds("security", token=f'TOKEN="{_GITHUB}"', password=f"DB_PASSWORD='{_WORD}'"),
    )  # fmt: skip


def dockerfile() -> Language:
    return _of(
        "dockerfile",
        "Dockerfile",
        *_syntax(
            unknown_word=(r"^WORKDIR ", "WORKDIRS "),
            misspelt_word=(r"^COPY ", "COPYY "),
            nothing_after_it=(r"^EXPOSE 8080$", "EXPOSE"),
            no_target=(r"^COPY requirements.txt \.$", "COPY requirements.txt"),
        ),
        *_kinds("security", token=f"ENV TOKEN={_GITHUB}", password=f"ENV DB_PASSWORD={_WORD}"),
    )
