from quantumlayer.engine.agents.settle import settle
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.orchestrator.verdict import undefined_names
from quantumlayer.engine.types import Brief, SourceFile

BRIEF = Brief(
    text="Files: `kit/a.py` and `kit/b.py`.\n\n"
    "In `kit/a.py`:\n\n- `one(x)` is first.\n- `two(x)` is second.\n\n"
    "In `kit/b.py`:\n\n- `three(x)` is third; it uses `int(x)`."
)


def files(**texts: str) -> dict[str, SourceFile]:
    return {name: SourceFile(path=f"{name}.py", text=text) for name, text in texts.items()}


def test_what_the_brief_declares_and_no_file_defines_is_named() -> None:
    there = files(a="def one(x): ...\n", b="class C:\n    def three(self, x): ...\n")
    assert undefined_names(measure(BRIEF), there) == ("two",)


def test_nothing_is_missing_when_all_is_there() -> None:
    there = files(a="def one(x): ...\ndef two(x): ...\n", b="async def three(x): ...\n")
    assert undefined_names(measure(BRIEF), there) == ()


def test_a_function_the_draft_forgot_goes_to_the_file_the_brief_puts_it_in() -> None:
    draft = {
        "summary": "kit",
        "files": [
            {"path": "kit/a.py", "interface": ["def one(x: int) -> int"]},
            {"path": "kit/b.py", "interface": []},
        ],
    }
    plan = settle(draft, BRIEF, measure(BRIEF))
    interfaces = {file.path: file.interface for file in plan.files}
    assert interfaces["kit/a.py"] == ("def one(x)", "def two(x)")
    assert interfaces["kit/b.py"] == ("def three(x)",)
