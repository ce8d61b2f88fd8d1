"""Are there keys, tokens and passwords in the text: detect-secrets' detectors, and when to believe them.

The detectors can ask a key's issuer whether it works, which would send it over the net. Here they get no
client to do so with. What was found is never repeated: a finding has its place and its kind.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

Problem = dict[str, Any]

_KNOWN = {
    "aws": ("AWSKeyDetector", "an AWS key"),
    "azure": ("AzureStorageKeyDetector", "an Azure storage key"),
    "discord": ("DiscordBotTokenDetector", "a Discord bot token"),
    "github": ("GitHubTokenDetector", "a GitHub token"),
    "gitlab": ("GitLabTokenDetector", "a GitLab token"),
    "mailchimp": ("MailchimpDetector", "a Mailchimp key"),
    "npm": ("NpmDetector", "an npm token"),
    "openai": ("OpenAIDetector", "an OpenAI key"),
    "pypi": ("PypiTokenDetector", "a PyPI token"),
    "sendgrid": ("SendGridDetector", "a SendGrid key"),
    "slack": ("SlackDetector", "a Slack token"),
    "square": ("SquareOAuthDetector", "a Square secret"),
    "stripe": ("StripeDetector", "a Stripe key"),
    "telegram": ("TelegramBotTokenDetector", "a Telegram bot token"),
    "twilio": ("TwilioKeyDetector", "a Twilio key"),
}
"""Formats that their issuers made to be recognised: nothing else looks like them."""
_MODULES = {"azure": "azure_storage_key", "square": "square_oauth"}
_ISSUED = {"github", "gitlab", "npm", "pypi", "slack", "telegram"}
_PROSE = {".md", ".rst", ".txt", ".html", ".htm", ".csv", ".tsv", ".ipynb"}
"""Only issued keys count in them: a manual is full of passwords that are none."""
_UNQUOTED = {".env", ".sh", ".bash", ".zsh", ".envrc", ".properties", ".conf", ".cfg", ".ini", ".toml"}
_SAMPLES = {"tests", "test", "__tests__", "testdata", "fixtures", "spec", "examples", "samples"}
_PLACEHOLDER = re.compile(
    r"example|sample|change.?(me|it|this)|replace|place.?holder|dummy|fake|redacted|insert|todo|fixme"
    r"|\b(your|my|some|the|test)[-_ ]?|(.)\2{5}|x{3}|\*{3}|\.{3}|0123456|1234567|abcdef"
    r"|^(test|secret|password)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Za-z]+([-_. /:@][A-Za-z]+)*")
_REFERENCE = re.compile(
    r"[$%{<(\[]|^(env|vault|ref|file|https?|arn|secrets?)[.:/]|^/|^\.{0,2}/|\w\(|=>|->|^\d{4}-\d\d-\d\d"
)
_NAME = re.compile(r"([A-Za-z_][\w-]*)[\"'\])]*\s*(?::=|=>|[:=]|\s)\s*[@bru]*[\"'`]?$")
_SECRET_NAME = re.compile(
    r"token|secret|pass(word|wd|phrase)|pwd|api_?key|access_?key|credential|auth_?key", re.I
)
_RUFFS = re.compile(r"(^|_)(pas+wo?r?d|pass(phrase)?|pwd|token|secrete?)($|_)", re.IGNORECASE)
_ABOUT = re.compile(
    r"(name|file|path|ref|url|uri|field|label|hint|policy|length|type|header|param|prompt|env|var|id|count|limit"
    r"|prefix|regex|pattern|error|message|format|digest|hash|endpoint|kind|class|algorithm)s?$",
    re.IGNORECASE,
)
_KEY_TEXT = re.compile(r"[A-Za-z0-9+/]{40}|^(Proc-Type|Comment|Version):")
_LONGEST_LINE = 1000
"""Longer lines are machine-made; only issued keys are looked for, as the other patterns would crawl."""
_OVERLAP = 200
_LONG_WORD = re.compile(r"[A-Za-z0-9/+_=:.-]{16}")
_HINT = re.compile(r"://|pass|pwd|secret|key|token|credential|auth|contrase", re.IGNORECASE)
_SHORTEST = 6
_COMMENT = {"#": "py pyi sh bash zsh yaml yml toml ini cfg env tf hcl rb pl r", "--": "sql lua"}
_COMMENT |= {"//": "js mjs cjs jsx ts tsx go rs java c h cpp cc hpp cs swift kt scala php"}


def check(files: dict[str, str], tests: list[str], obeyed: bool) -> list[Problem]:
    """With `obeyed` a line that the tool's own comment allows says nothing; else it is told as an info."""
    try:
        scanner = _Scanner()
        return [found for path, text in files.items() for found in scanner.read(path, text, tests, obeyed)]
    except Exception as error:  # noqa: BLE001
        # A message may quote what was read; the caller's log is no place for it.
        raise RuntimeError(f"{type(error).__name__} in the search for secrets") from None


class _Scanner:
    """The detectors, made once."""

    def __init__(self) -> None:
        sys.modules["requests"] = _no_client()
        from importlib import import_module

        from detect_secrets.filters import allowlist, heuristic
        from detect_secrets.plugins.basic_auth import BasicAuthDetector
        from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString
        from detect_secrets.plugins.keyword import KeywordDetector
        from detect_secrets.plugins.private_key import PrivateKeyDetector
        from detect_secrets.util.code_snippet import get_code_snippet

        def made(kind: str) -> Any:
            module = _MODULES.get(kind) or _module_of(kind)
            return getattr(import_module(f"detect_secrets.plugins.{module}"), _KNOWN[kind][0])()

        self._known = {kind: made(kind) for kind in _KNOWN}
        self._private = PrivateKeyDetector()
        self._urls = BasicAuthDetector()
        self._named = KeywordDetector()
        self._random = (Base64HighEntropyString(), HexHighEntropyString())
        self._allowed = allowlist.is_line_allowlisted
        self._skipped = (heuristic.is_lock_file, heuristic.is_non_text_file)
        self._doubtful = (
            heuristic.is_sequential_string,
            heuristic.is_potential_uuid,
            heuristic.is_templated_secret,
            heuristic.is_prefixed_with_dollar_sign,
            heuristic.is_not_alphanumeric_string,
        )
        self._snippet = get_code_snippet

    def read(self, path: str, text: str, tests: list[str], obeyed: bool) -> Iterator[Problem]:
        if any(skipped(path) for skipped in self._skipped) or path.endswith("-lock.json"):
            return
        lines = text.split("\n")
        sample = path in tests or bool(_SAMPLES & set(PurePosixPath(path.lower()).parts[:-1]))
        for number, line in enumerate(lines, 1):
            found = next(self._in_line(path, line.rstrip(), lines[number : number + 4]), None)
            if found is None:
                continue
            rule, what, value, sure = found
            allowed = self._allowed(path, line.rstrip(), self._snippet(lines, number))
            if allowed and obeyed:
                continue
            severity = (
                "info" if allowed or (sample and not sure) else "warning" if sample or not sure else "error"
            )
            yield _problem(path, number, line, rule, what, value, severity, allowed)

    def _in_line(self, path: str, line: str, after: list[str]) -> Iterator[tuple[str, str, str, bool]]:
        """Rule, what it is, the secret itself, and whether nothing else looks like it; the surest first."""
        if _LONG_WORD.search(line):
            for part in _parts(line):
                for kind, value in self._issued(part):
                    yield f"{kind}-key", _KNOWN[kind][1], value, True
        for value in self._private.analyze_string(line) if "PRIVATE" in line else ():
            if any(_KEY_TEXT.search(part) for part in (line, *after[:2])):
                yield "private-key", "a private key", value, True
        if len(line) > _LONGEST_LINE or _suffix(path) in _PROSE or not _HINT.search(line):
            return
        for value in self._urls.analyze_string(line):
            if not (self._is_placeholder(value) or _WORDS.fullmatch(value) or _REFERENCE.search(value)):
                yield "password-in-url", "a password in an address", value, False
        yield from self._by_name(path, line)

    def _issued(self, line: str) -> Iterator[tuple[str, str]]:
        for kind, detector in self._known.items():
            for regex in detector.denylist:
                for match in regex.finditer(line):
                    longest = max(match.groups(default=""), key=len, default="")
                    value = longest if _LONG_WORD.search(longest) else match[0].strip()
                    if not self._is_placeholder(value) and _is_whole(value, line):
                        yield kind, value

    def _by_name(self, path: str, line: str) -> Iterator[tuple[str, str, str, bool]]:
        """What is called a secret. Of Python's names ruff judges most, as it reads the code itself."""
        pretended = "a.ini" if _suffix(path) in _UNQUOTED else path
        for secret in self._named.analyze_line(filename=pretended, line=line):
            value = (secret.secret_value or "").partition(" #")[0].strip()
            if self._is_secret(value, line) and not _reads_ruff(path, value, line):
                yield "secret-by-name", "a secret, by its name", value, False
        for detector in self._random:
            for found in detector.analyze_line(filename=path, line=line):
                value = found.secret_value or ""
                called = len(value) >= 20 and _SECRET_NAME.search(_name(value, line))
                if called and self._is_secret(value, line) and not _reads_ruff(path, value, line):
                    yield "random-string", "a random text that is called a secret", value, False

    def _is_secret(self, value: str, line: str) -> bool:
        name = _name(value, line)
        return bool(
            len(value) >= _SHORTEST
            and " " not in value
            and name
            and not _ABOUT.search(name)
            and value.lower().replace("-", "_") != name.lower().replace("-", "_")
            and not _WORDS.fullmatch(value)
            and not _REFERENCE.search(value)
            and not self._is_placeholder(value)
        )

    def _is_placeholder(self, value: str) -> bool:
        return bool(_PLACEHOLDER.search(value)) or any(doubtful(value) for doubtful in self._doubtful)


def _problem(
    path: str, number: int, line: str, rule: str, what: str, value: str, severity: str, allowed: bool
) -> Problem:
    start = max(line.find(value), 0)
    said = "; a comment allows it" if allowed else ""
    return {
        "path": path,
        "rule": rule,
        "severity": severity,
        "message": f"looks like {what}, which everyone who has the file can use{said}",
        "line": number,
        "column": start,
        "end_line": number,
        "end_column": min(start + len(value), len(line.rstrip())),
        "comment": next((mark for mark, kinds in _COMMENT.items() if _suffix(path)[1:] in kinds.split()), ""),
        "line_end": len(line.rstrip("\r")),
    }


def _no_client() -> ModuleType:
    """A `requests` that can ask nobody."""
    stand_in = ModuleType("requests")
    stand_in.Response = object  # type: ignore[attr-defined]
    return stand_in


def _module_of(kind: str) -> str:
    return f"{kind}_token" if kind in _ISSUED - {"npm", "slack"} else kind


def _parts(line: str) -> Iterator[str]:
    """A very long line in pieces that overlap by more than a key is long."""
    for start in range(0, max(len(line) - _OVERLAP, 1), _LONGEST_LINE):
        yield line[start : start + _LONGEST_LINE + _OVERLAP]


def _suffix(path: str) -> str:
    name = PurePosixPath(path).name.lower()
    if name.startswith((".env", "dockerfile", "containerfile")) or name.endswith((".env", ".dockerfile")):
        return ".env"
    return PurePosixPath(name).suffix


def _reads_ruff(path: str, value: str, line: str) -> bool:
    """Whether ruff's S105 to S107 tell: Python, a name they know, and assigned, compared or an argument."""
    in_dict = re.search(r"[\"']\s*:\s*[bru]*[\"']$", line[: max(line.find(value), 0)])
    known = _RUFFS.search(_name(value, line))
    return _suffix(path) in {".py", ".pyi"} and known is not None and not in_dict


def _name(value: str, line: str) -> str:
    """What the value is called: the word before the sign in front of it."""
    before = line[: max(line.find(value), 0)]
    found = _NAME.search(before)
    if found is None or before[found.start() - 2 : found.start()] == "::":  # the name of a type
        return ""
    return found[1]


def _is_whole(value: str, line: str) -> bool:
    """Whether the match is a word of its own, and no part of a digest or an address."""
    start = line.find(value)
    before, after = line[start - 1 : start] if start > 0 else "", line[start + len(value) :][:1]
    return not (before.isalnum() or before in {"/", "+"} or after.isalnum() or after in {"/", "+"})
