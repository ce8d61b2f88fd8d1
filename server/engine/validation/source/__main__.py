"""Reads `{"check": ..., "files": {path: text}, ...}` on stdin; writes a JSON list of findings."""

import json
import sys

import credentials  # type: ignore[import-not-found, unused-ignore]
import imports  # type: ignore[import-not-found, unused-ignore]
import omissions  # type: ignore[import-not-found, unused-ignore]
import syntax  # type: ignore[import-not-found, unused-ignore]

CHECKS = {
    "syntax": syntax.check,
    "omissions": omissions.check,
    "imports": imports.check,
    "guarded": imports.guarded,
    "credentials": credentials.check,
}

if __name__ == "__main__":
    request = json.load(sys.stdin)
    json.dump(CHECKS[request.pop("check")](**request), sys.stdout)
