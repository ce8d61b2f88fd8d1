"""Keeps secrets out of logs and messages."""

import os
import re
from collections.abc import Mapping

_HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
# A key has digits, or is long without any (Hugging Face's); names in code have neither.
_SECRET_TEXT = re.compile(
    r"""(?ix)
    \b(?:(?:g?sk|pk|rk|ghp|gho|ghs|github_pat|hf|xox[abp])[-_]|AKIA|AIza)
        (?=[A-Za-z0-9_\-]*\d | [A-Za-z]{30})[A-Za-z0-9_\-]{12,}
    | (?<=bearer\s)[A-Za-z0-9._~+/=\-]{8,}
    | (?<=api[_-]key["'=:\s])\s*["']?[A-Za-z0-9._\-]{8,}
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)
    """
)


def redact(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """`text` without what looks like a secret, and without the values of variables named like one."""
    for name, value in environ.items():
        if len(value) >= 8 and _SECRET_NAME.search(name.upper()):
            text = text.replace(value, _HIDDEN)
    return _SECRET_TEXT.sub(_HIDDEN, text)
