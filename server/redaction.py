"""Keeps secrets out of logs and messages."""

import logging
import os
import re
from collections.abc import Iterable, Mapping

_HIDDEN = "[hidden]"
_SHORTEST = 6
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|KEY_ID)$|SECRET")
# What judged code prints passes through here, on an event loop too. What looks ahead is bounded, so that no
# long run is looked through again from each of its places.
_SECRETS = (
    re.compile(
        r"""(?ix)
        (?P<before>
            (?: api[-_\s]?key | authorization | access[-_]token | client[-_]secret | password | passwd
              | (?:secret|private)[-_]key | \b_auth(?:token)? ) ["']? \s* [:=] \s* ["']?
            (?: (?:bearer|basic|token) \s+ )?
        )
        (?: (?<=") (?!\s) [^"\n]{3,200} (?=") | (?<=') (?!\s) [^'\n]{3,200} (?=') | [^\s"',}\)]{3,} )
        """
    ),
    # Parsers speak of tokens, and programs of secrets: a value has digits, or is long, and is no call.
    re.compile(
        r"""(?ix)
        (?P<before> (?<![a-z]) (?:token|secret) ["']? (?: = | \s?:\s ) ["']? )
        (?= [a-z_.~+/=\-]{0,40} \d | [a-z]{30} ) (?! [\w.]{1,100} [(\[] ) [\w.~+/=\-]{8,}
        """
    ),
    # A key has digits, is masked, or is long without any (Hugging Face's); names in code are none of these.
    re.compile(
        r"""(?ix)
        (?P<before>)
        (?: \b(?:(?:g?sk|pk|rk|xai|ghp|gho|ghs|github_pat|glpat|hf|xox[abp])[-_] | AKIA | ASIA | AIza)
            (?= [\w\-]{0,40} [\d*] | [A-Za-z]{30} ) [\w*\-]{12,}
          | \b npm_ [a-z\d]{30,}
          | \b (?-i:pypi-AgE) [\w\-]{16,}
          | (?<![\w\-]) (?-i:eyJ) [\w\-]{8,} \. (?-i:eyJ) [\w\-]{8,} (?: \. [\w\-]* )?
          | (?<=bearer\s) [\w.~+/=\-]{8,}
          | (?<=basic\s) (?=\S*[\d=]) [\w+/=\-]{8,}
          | (?<=api[-_]key\s) (?=\S*\d) [\w.\-]{8,}
          | (?<=://) [^/?\#\s]+ (?=@)
          | (?<=://) [^/?\#\s:@\[]+ : (?! \d{1,5} [/?\#] ) [^\s@"'<>]{1,200} (?=@)
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
