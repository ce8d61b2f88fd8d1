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


def go() -> Language:
    return _of(
        "go",
        "tides.go",
        *_syntax(
            open_bracket=(r"^(\tfmt\.Printf\(.*)\)$", r"\1"),
            no_brace=(r"^(func \w+\([^{]*) \{$", r"\1"),
            misspelt_keyword=(r"^func (?=\w+\()", "fnc "),
            open_text=(r'("no tide is left)"', r"\1"),
            two_operators=(r" >= ", " >= * / "),
        ),
        *_kinds(
            "style",
            wrong_format='func tell() {\n\tfmt.Printf("%d\\n", "high")\n}',
            unreachable='func stop() int {\n\treturn 1\n\tfmt.Println("never")\n\treturn 2\n}',
            assigned_to_itself="func same(a int) int {\n\ta = a\n\treturn a\n}",
            always_true='func odd(a int) bool {\n\treturn a != 1 || a != 2\n}',
            bad_tag='type Buoy struct {\n\tName string `json:name`\n}',
            result_unused='func lost() {\n\tfmt.Sprintf("%d", 1)\n}',
        ),
        *_kinds(
            "types",
            wrong_argument='func late() string {\n\treturn clock("late")\n}',
            wrong_type='var port int = "8080"',
            no_such_name="func size() int {\n\treturn len(tidez)\n}",
            no_such_field="func far(tide Tide) string {\n\treturn tide.Sttaion\n}",
            no_return="func depth() float64 {\n}",
            missing_argument="func soon() string {\n\treturn clock()\n}",
            never_used="func keep() {\n\tleft := 1\n}",
        ),
        *_kinds("security", token=f'const token = "{_GITHUB}"', password=f'const password = "{_WORD}"'),
    )  # fmt: skip


def java() -> Language:
    return _of(
        "java",
        "Shelf.java",
        *_syntax(
            no_semicolon=(r"^(        return .*);$", r"\1"),
            open_bracket=(r"^(        if \(.*)\) \{$", r"\1 {"),
            no_brace=(r"^(    public \w+ \w+\(.*\)) \{$", r"\1"),
            open_text=(r'("shelf of )"', r"\1"),
            two_operators=(r" >= ", " >= * "),
        ),
        *_kinds(
            "style",
            by_zero="class A {\n    int a(int b) {\n        return b / 0;\n    }\n}",
            falls_through=(
                "class A {\n    int a(int b) {\n        switch (b) {\n            case 1: b = 2;\n"
                "            case 2: b = 3;\n        }\n        return b;\n    }\n}"
            ),
            nothing_after_if="class A {\n    int a(int b) {\n    if (b > 1);\n    return b;\n    }\n}",
            left_in_finally="class A {\n    int a() {\n    try { return 1; } finally { return 2; }\n    }\n}",
            no_hash="class A {\n    public boolean equals(Object other) {\n        return true;\n    }\n}",
        ),
        *_kinds(
            "types",
            wrong_argument="class A {\n    Shelf a = new Shelf(\"three\");\n}",
            wrong_type="class A {\n    int a = \"8080\";\n}",
            no_such_method="class A {\n    void a(Shelf shelf) {\n        shelf.push(\"nail\");\n    }\n}",
            no_such_class="class A {\n    Shlef a;\n}",
            no_return="class A {\n    int a() {\n    }\n}",
            not_set="class A {\n    int a() {\n        int b;\n        return b;\n    }\n}",
            not_caught="class A {\n    void a() {\n        throw new Exception();\n    }\n}",
        ),
        *_kinds(
            "security",
            token=f'class A {{\n    String token = "{_GITHUB}";\n}}',
            password=f'class A {{\n    String password = "{_WORD}";\n}}',
        ),
    )  # fmt: skip


def c() -> Language:
    return _of(
        "c",
        "ring.c",
        *_syntax(
            open_bracket=(r"^(    free\(.*)\);$", r"\1;"),
            no_brace=(r"^(    for \(.*\)) \{$", r"\1 {{"),
            one_brace_more=(r"^(    return .*;)$", r"\1 }"),
        ),
        *_kinds(
            "style",
            by_zero="int none(int a)\n{\n    return a / 0;\n}",
            same_twice="int same(int a)\n{\n    return a == 1 && a == 1;\n}",
            always_false="int small(unsigned int a)\n{\n    return a < 0;\n}",
            set_in_condition="int three(int a)\n{\n    if ((a = 3)) { return 1; }\n    return 0;\n}",
            null_used="int first(void)\n{\n    int *a = NULL;\n    return *a;\n}",
            never_freed="int leak(void)\n{\n    char *a = malloc(3);\n    return a != NULL;\n}",
        ),
        *_kinds(
            "security",
            out_of_bounds="int last(void)\n{\n    int a[3] = {0};\n    return a[3];\n}",
            freed_twice="void twice(char *a)\n{\n    free(a);\n    free(a);\n}",
            used_after_free="int after(int *a)\n{\n    free(a);\n    return *a;\n}",
            gone_when_used="int *gone(void)\n{\n    int a = 1;\n    return &a;\n}",
            never_set="int some(void)\n{\n    int a;\n    return a;\n}",
            too_long='void copy(void)\n{\n    char a[3];\n    strcpy(a, "too long");\n}',
            without_limit="void line(char *a)\n{\n    gets(a);\n}",
            token=f'const char *token = "{_GITHUB}";',
            password=f'const char *password = "{_WORD}";',
        ),
    )  # fmt: skip


def sql() -> Language:
    return _of(
        "sql",
        "stock.sql",
        *_syntax(
            open_bracket=(r"^(INSERT INTO items \(.*)\) VALUES", r"\1 VALUES"),
            misspelt_statement=(r"^SELECT$", "SELEC"),
            bracket_too_many=(r"^(    SUM\(moves\.pieces\))", r"\1)"),
        ),
        *_kinds(
            "style",
            compared_to_null="SELECT name FROM items WHERE price = NULL;",
            other_columns="SELECT id FROM items UNION ALL SELECT id, name FROM items;",
            same_table_name="SELECT one.name FROM items AS one, moves AS one;",
            same_column_name="SELECT id AS a, name AS a FROM items;",
            never_used="WITH cheap AS (SELECT id FROM items) SELECT name FROM items;",
            joined_on_nothing="SELECT items.name, moves.pieces FROM items JOIN moves;",
            no_such_table="SELECT stock.name FROM items;",
        ),
        *_kinds(
            "security",
            token=f"INSERT INTO items (name) VALUES ('{_GITHUB}');",
            password=f"CREATE USER clerk WITH PASSWORD '{_WORD}';",
        ),
    )  # fmt: skip
