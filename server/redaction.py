"""Keeps secrets out of logs and messages."""

import logging
import os
import re
from collections.abc import Iterable, Mapping

_HIDDEN = "[hidden]"
_SHORTEST = 6
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|KEY_ID)$|SECRET")
_SECRETS = (
    re.compile(
        r"""(?ix)
        (?P<before>
            (?:api[-_\s]?key | authorization | access[-_]token | password | passwd) ["']? \s* [:=] \s* ["']?
            (?: (?:bearer|basic|token) \s+ )?
        )
        [^\s"',}\)]{3,}
        """
    ),
    # A key has digits, is masked, or is long without any (Hugging Face's); names in code are none of these.
    re.compile(
        r"""(?ix)
        (?P<before>)
        (?: \b(?:(?:g?sk|pk|rk|xai|ghp|gho|ghs|github_pat|hf|xox[abp])[-_] | AKIA | ASIA | AIza)
            (?= [\w\-]*[\d*] | [A-Za-z]{30} ) [\w*\-]{12,}
          | (?<=bearer\s) [\w.~+/=\-]{8,}
          | (?<=basic\s) (?=\S*[\d=]) [\w+/=\-]{8,}
          | (?<=api[-_]key\s) (?=\S*\d) [\w.\-]{8,}
          | (?<=://) [^/?\#\s]+ (?=@)
        )
        """
    ),
)


def redact(text: str, secrets: Iterable[str] = (), environ: Mapping[str, str] = os.environ) -> str:
    """`text` without the given secrets, the values of variables named like one, and what looks like one."""
    known = {value for name, value in environ.items() if _SECRET_NAME.search(name.upper())}
    for secret in sorted({*known, *secrets}, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _HIDDEN)
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<before>{_HIDDEN}", text)
    return text


class Redacting(logging.Formatter):
    """For every handler that we open: also tracebacks and other libraries' records pass through it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
