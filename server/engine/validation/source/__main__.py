"""Reads `{"check": ..., "files": {path: text}, ...}` on stdin; writes a JSON list of findings.

With the argument `serve` it is a language server instead.
"""

import json
import sys
from importlib import import_module

CHECKS = {
    "syntax",
    "documents",
    "grammar",
    "omissions",
    "imports",
    "imports.guarded",
    "credentials",
    "manifests",
}

if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        import_module("serving").main()
    else:
        request = json.load(sys.stdin)
        name = request.pop("check")
        assert name in CHECKS
        module, _, function = name.partition(".")
        json.dump(getattr(import_module(module), function or "check")(**request), sys.stdout)
