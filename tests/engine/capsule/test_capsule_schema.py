"""The published JSON Schema of the manifest is the one in use."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from capsule_samples import make_sample
from quantumlayer.engine.capsule.canonical import canonical, canonical_json, parse
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Manifest

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs/manifest.schema.json").read_text(encoding="utf-8"))
WRITTEN = canonical(make_sample().manifest)


def check(root: Path) -> int:
    script = [sys.executable, str(root / "scripts/capsule-schema"), "--check"]
    return subprocess.run(script, capture_output=True).returncode


def test_the_published_schema_is_made_from_the_manifest_in_use(tmp_path: Path) -> None:
    assert check(ROOT) == 0, "run scripts/capsule-schema"
    for name in ("scripts/capsule-schema", "docs/manifest.schema.json"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    schema = tmp_path / "docs/manifest.schema.json"
    schema.write_text(schema.read_text().replace('"brief_sha256"', '"brief"'))
    assert check(tmp_path) == 1


def test_every_manifest_that_is_written_follows_it() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(WRITTEN), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(format=2),
        lambda m: m.pop("name"),
        lambda m: m.pop("parents"),
        lambda m: m.update(more=1),
        lambda m: m["files"][0].pop("sha256"),
        lambda m: m["files"][0].update(sha256="0" * 63),
        lambda m: m["files"][0].update(size=-1),
        lambda m: m["files"][0].update(role="other"),
        lambda m: m.update(files="none"),
        lambda m: m.update(ports=["http"]),
    ],
)
def test_what_the_schema_refuses_is_refused_by_the_reader(change: Callable[[Any], object]) -> None:
    manifest = json.loads(WRITTEN)
    change(manifest)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, SCHEMA)
    with pytest.raises(CapsuleError):
        parse(Manifest, canonical_json(manifest), "manifest.json")
