"""Which language a file is in: by its path, and by what an editor calls it where the path says nothing."""

import re
from collections.abc import Set
from functools import lru_cache
from pathlib import PurePosixPath

_SUFFIXES = {
    "python": ".py .pyi",
    "javascript": ".js .mjs .cjs .jsx",
    "typescript": ".ts .mts .cts .tsx",
    "go": ".go",
    "java": ".java",
    "rust": ".rs",
    "shell": ".sh .bash",
    "sql": ".sql",
    "yaml": ".yaml .yml",
    "json": ".json",
    "jsonc": ".jsonc .code-workspace",
    "toml": ".toml",
    "terraform": ".tf .hcl .tfvars",
    "dockerfile": ".dockerfile",
    "c": ".c .h",
    "c++": ".cpp .cc .cxx .hpp .hh .hxx",
    "html": ".html .htm",
    "css": ".css",
    "text": ".md .rst .txt .typed .csv .env .lock .log",
    "ini": ".cfg .ini",
}
_LANGUAGES = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_COMMENTED_JSON = ("tsconfig", "jsconfig", "devcontainer", ".devcontainer", ".eslintrc", ".babelrc", "tslint")
_COMMENTED = {
    "api-extractor.json",
    "deno.json",
    "turbo.json",
    "nx.json",
    "pyrightconfig.json",
    "renovate.json",
}
"""Files whose programs read comments in JSON."""
_EDITORS = {
    "javascriptreact": "javascript",
    "typescriptreact": "typescript",
    "shellscript": "shell",
    "sh": "shell",
    "bash": "shell",
    "zsh": "",  # another language than the one our tools read
    "cpp": "c++",
    "hcl": "terraform",
    "opentofu": "terraform",
    "terraform-vars": "terraform",
    "docker": "dockerfile",
    "yml": "yaml",
    "github-actions-workflow": "workflow",
}
_IDS = {"workflow": "yaml", "shell": "shellscript", "c++": "cpp"}
CODE = frozenset({*_SUFFIXES, "workflow"}) - {"text", "ini"}
"""Languages that the mesh judges in some stage; the rest is read by programs and people only."""
_DATA = frozenset({"yaml", "json", "jsonc", "toml", "html", "css"})
ANY_LANGUAGE = frozenset({"*"})
"""The languages of a tool that reads every text there is."""
TYPED = frozenset({"python", "javascript", "typescript", "go", "java", "rust", "c", "c++"})
"""Languages in which there is something to say about types."""
WEB = frozenset({"javascript", "typescript"})
"""What Node.js runs."""
_NODE_TEST = re.compile(r"(?:.*[.\-_])?test|test-.*")
_NODE_RUNS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")


@lru_cache(maxsize=65_536)
def language_of(path: str, editor: str = "") -> str:
    """A name such as `python`; where the path says nothing what `editor` (a languageId) says, else `text`."""
    if path.lower().endswith((".py", ".pyi")):  # what can be imported is Python, whatever it is called
        return "python"
    pure = PurePosixPath(path)
    if named := _by_name(pure):
        return named
    suffix = pure.suffix.lower()
    if suffix in _LANGUAGES:
        return _LANGUAGES[suffix]
    unknown = suffix.lstrip(".") or "text"
    return _of_editor(editor) or (suffix if unknown in CODE else unknown)


def reads(languages: Set[str], path: str) -> bool:
    """Whether a tool for `languages` reads the file."""
    return languages == ANY_LANGUAGE or language_of(path) in languages


def is_code(path: str, editor: str = "") -> bool:
    return language_of(path, editor) in CODE


def is_node_module(path: str) -> bool:
    """Whether Node.js can load such a file: no JSX, no declarations."""
    return path.endswith(_NODE_RUNS) and not path.endswith((".d.ts", ".d.mts", ".d.cts"))


def is_node_test(path: str) -> bool:
    """Whether `node --test` takes it for tests: by its name, or because it lies in a folder `test`."""
    pure = PurePosixPath(path)
    if not is_node_module(path) or "node_modules" in pure.parts:
        return False
    return "test" in pure.parts[:-1] or _NODE_TEST.fullmatch(pure.stem) is not None


def editor_id(path: str, language: str) -> str:
    """The languageId that language servers know."""
    if path.lower().endswith((".jsx", ".tsx")):
        return f"{language}react"
    return _IDS.get(language, language)


def _by_name(path: PurePosixPath) -> str:
    name = path.name.lower()
    if name in {"dockerfile", "containerfile"} or name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    if path.parts[:-1][-2:] == (".github", "workflows") and path.suffix.lower() in {".yml", ".yaml"}:
        return "workflow"
    if name.startswith(".env") or name in {"go.mod", "go.sum", "go.work", "go.work.sum"}:
        return "text"
    if name in {"action.yml", "action.yaml"}:
        return "workflow"
    if path.suffix.lower() == ".json" and (
        name.startswith(_COMMENTED_JSON)
        or name in _COMMENTED
        or (len(path.parts) > 1 and path.parts[-2] == ".vscode")
    ):
        return "jsonc"
    return ""


def _of_editor(editor: str) -> str:
    known = _EDITORS.get(editor, editor)
    return known if known in CODE else ""


def to_be_read(present: Set[str], stage: str) -> set[str]:
    """The languages of `present` that a stage has something to say about; text is for people."""
    if stage == "types":
        return set(present) & TYPED
    if stage in {"style", "security"}:
        return set(present) & (CODE - _DATA)
    return set(present) - {"text", "ini"}
