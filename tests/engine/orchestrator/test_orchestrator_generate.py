"""From a brief to a capsule, with a real sandbox: what becomes verified, and what never does."""

import ast

import pytest
from quantumlayer.engine.events import FileFinished, PhaseStarted, PlanReady
from spine_bench import Spine, code, reason, texts
from support.command import SLUG_BRIEF, SLUG_CODE, SLUG_TESTS
from support.scripted_server import Reply, Seen

CHECKS = code(SLUG_TESTS)
PAIR = "A tool that greets people: `greet(name: str) -> str` gives a greeting, and `shout(name: str) -> str`."
GREET = 'def greet(name: str) -> str:\n    """A greeting."""\n    return f"Hello, {name}!"\n'
SHOUT = (
    "from greeting import greet\n\n\n"
    'def shout(name: str) -> str:\n    """A loud greeting."""\n    return greet(name).upper()\n'
)
PAIR_CHECKS = (
    'assert greet("Ann") == "Hello, Ann!"\nassert greet("") == "Hello, !"\n'
    'assert shout("Ann") == "HELLO, ANN!"\n'
    'assert greet("Bo") == "Hello, Bo!"\nassert shout("Bo").isupper()\n'
)


async def test_a_good_project_is_verified_and_packed_with_its_evidence(spine: Spine) -> None:
    author = spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF)

    verdict = capsule.evidence.verdict
    assert verdict.status == "verified", verdict.reasons
    assert [stage.status for stage in verdict.stages] == ["passed"] * 5
    assert 0.5 < verdict.confidence < 1
    assert texts(capsule)["slug.py"] == SLUG_CODE
    assert "Only letters and digits count" in texts(capsule)["README.md"]
    assert 'slugify("Hello, World!") == "hello-world"' in texts(capsule)["tests/test_slug.py"].replace(
        "'", '"'
    )
    assert {entry.role for entry in capsule.manifest.files} >= {"source", "test", "doc"}
    assert capsule.evidence.usage.calls == len(author.asked)
    assert capsule.evidence.sandbox.startswith(spine.sandbox)

    phases = [event.phase for event in spine.events if isinstance(event, PhaseStarted)]
    assert phases == ["plan", "write", "test", "validate", "pack"]
    order = [
        spine.kinds.index(kind) for kind in ("run_started", "plan_ready", "file_started", "file_finished")
    ]
    assert order == sorted(order)
    assert order[0] == 0
    assert spine.finished.outcome == "verified"
    assert spine.finished.capsule == capsule.id

    asked = len(author.asked)
    again = await spine.generate(SLUG_BRIEF)
    assert again == capsule
    assert spine.finished.reused
    assert len(author.asked) == asked


async def test_a_plan_with_a_cycle_and_a_hostile_path_still_makes_a_sound_project(spine: Spine) -> None:
    plan = {
        "summary": "greetings",
        "files": [
            {"path": "../../etc/passwd", "purpose": "", "interface": [], "depends_on": []},
            {"path": "greeting.py", "purpose": "p", "interface": ["def greet(name: str) -> str"]}
            | {"depends_on": ["loud.py"]},
            {"path": "loud.py", "purpose": "p", "interface": ["def shout(name: str) -> str"]}
            | {"depends_on": ["greeting.py"]},
        ],
        "packages": [],
        "run": [],
    }
    plan["files"].reverse()
    spine.script(plan=plan, greeting=code(GREET), loud=code(SHOUT), checks=code(PAIR_CHECKS))
    capsule = await spine.generate(PAIR)
    assert {path for path in texts(capsule) if not path.startswith("tests/")} == {
        "greeting.py",
        "loud.py",
        "README.md",
    }
    assert capsule.evidence.plan is not None
    assert [file.path for file in capsule.evidence.plan.files] == ["greeting.py", "loud.py"]
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    (planned,) = (event for event in spine.events if isinstance(event, PlanReady))
    assert planned.plan == capsule.evidence.plan


async def test_of_four_candidates_the_one_that_runs_right_is_elected(spine: Spine) -> None:
    wrong = [
        SLUG_CODE.replace("text.lower()", text)
        for text in ("text", "text.upper().lower()[1:]", "text.title()")
    ]
    samples = [code(text) for text in [wrong[0], wrong[1], SLUG_CODE, wrong[2]]]
    given = iter(samples)

    def write(seen: Seen) -> Reply:
        return Reply([next(given) for _ in range(seen.choices)])

    author = spine.script(slug=write, checks=CHECKS, repair=code(SLUG_CODE))
    capsule = await spine.generate(SLUG_BRIEF, generate={"samples": 4})
    assert texts(capsule)["slug.py"] == SLUG_CODE
    assert "repair" not in author.asked
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    assert any("25 %" in line for line in capsule.evidence.verdict.evidence)


async def test_a_wrong_function_is_rewritten_and_the_better_version_kept(spine: Spine) -> None:
    author = spine.script(slug=code(SLUG_CODE.replace(".lower()", "")), checks=CHECKS, repair=code(SLUG_CODE))
    capsule = await spine.generate(SLUG_BRIEF)
    assert "repair" in author.asked
    made = texts(capsule)["slug.py"]
    assert ast.dump(ast.parse(made)) == ast.dump(ast.parse(SLUG_CODE))
    assert capsule.evidence.verdict.status == "verified", capsule.evidence.verdict.reasons
    finished = [event.file.text for event in spine.events if isinstance(event, FileFinished)]
    assert finished[-1] == made
    phases = [event.phase for event in spine.events if isinstance(event, PhaseStarted)]
    assert phases == ["plan", "write", "test", "validate", "repair", "validate", "pack"]


async def test_a_rewrite_that_breaks_what_worked_is_not_taken(spine: Spine) -> None:
    half = SLUG_CODE.replace('[a-z0-9]+", text.lower()', '[a-z]+", text.lower()')
    worse = SLUG_CODE.replace('"-".join', '"_".join')
    author = spine.script(slug=code(half), checks=CHECKS, repair=code(worse))
    capsule = await spine.generate(SLUG_BRIEF + '`slugify("Area 51")` is `area-51`.\n')
    assert "repair" in author.asked
    assert texts(capsule)["slug.py"] == half
    assert "brief fail" in reason(capsule)


PROGRAMS = {
    "raises at import": 'raise RuntimeError("not today")\n',
    "exits at import": "import sys\n\nsys.exit(0)\n",
    "ends the process at import": "import os\n\nos._exit(0)\n",
    "prints forever": 'while True:\n    print("and on")\n',
    "ends the process when called": "",
}


@pytest.mark.parametrize("trouble", PROGRAMS)
async def test_a_program_that_misbehaves_is_never_verified(spine: Spine, trouble: str) -> None:
    text = SLUG_CODE + "\n\n" + PROGRAMS[trouble]
    if not PROGRAMS[trouble]:
        text = SLUG_CODE.replace("import re\n", "import os\nimport re\n").replace(
            "    return", "    os._exit(0)\n    return"
        )
    spine.script(slug=code(text), checks=CHECKS, repair=code(text))
    capsule = await spine.generate(SLUG_BRIEF, generate={"repair_rounds": 0}, sandbox={"seconds": 5})
    assert "runtime" in reason(capsule) or "checks of the brief passed" in reason(capsule)
    assert spine.finished.outcome == "unverified"


async def test_without_a_sandbox_nothing_is_run_or_verified(dry: Spine) -> None:
    dry.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await dry.generate(SLUG_BRIEF)
    assert "runtime was skipped" in reason(capsule)
    runtime = capsule.evidence.verdict.stages[-1]
    assert (runtime.stage, runtime.status) == ("runtime", "skipped")
    assert runtime.reason
    assert capsule.evidence.sandbox == ""


async def test_what_was_not_judged_by_every_stage_is_not_verified(spine: Spine) -> None:
    """A stranger's settings may leave out stages, and the code may be what those would have refused."""
    spine.script(slug=code(SLUG_CODE), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF, validate={"stages": ["syntax", "types", "runtime"]})
    assert [stage.status for stage in capsule.evidence.verdict.stages] == ["passed"] * 3
    assert reason(capsule) == "validate.stages leaves out style, security"
    assert spine.finished.outcome == "unverified"


async def test_a_secret_of_the_environment_reaches_neither_capsule_nor_disk(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-live-5e3c0ffee5e3c0ffee"
    monkeypatch.setenv("QUANTUMLAYER_API_KEY", secret)
    monkeypatch.setenv("DATABASE_PASSWORD", secret)
    nosy = SLUG_CODE.replace("import re\n", "import os\nimport re\n").replace(
        "    return", "    print(dict(os.environ))\n    return"
    )
    spine.script(slug=code(nosy), checks=CHECKS)
    capsule = await spine.generate(SLUG_BRIEF, generate={"repair_rounds": 0})
    assert secret in str(spine.server.requests[0].headers)
    assert secret not in capsule.model_dump_json()
    assert secret not in "".join(event.model_dump_json() for event in spine.events)
    assert secret.encode() not in spine.bytes_on_disk()
