"""Settling: whatever a model drafted becomes a sound plan, or says why it cannot."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantumlayer.engine.agents.settle import settle
from quantumlayer.engine.brief.traits import measure
from quantumlayer.engine.errors import PlanError
from quantumlayer.engine.types import Brief, Plan


def settled(draft: Any, brief: str = "A small game.") -> Plan:
    value = Brief(text=brief)
    return settle(draft, value, measure(value))


def files(*entries: Any) -> dict[str, Any]:
    return {
        "summary": "s",
        "files": [{"path": entry} if isinstance(entry, str) else entry for entry in entries],
    }


def paths(plan: Plan) -> list[str]:
    return [file.path for file in plan.files]


def is_sound(plan: Plan) -> bool:
    """Every dependency is planned and comes first."""
    seen: set[str] = set()
    for file in plan.files:
        if not set(file.depends_on) <= seen or file.path in seen:
            return False
        seen.add(file.path)
    return True


def test_dependencies_come_first() -> None:
    plan = settled(
        files({"path": "app.py", "depends_on": ["model.py"]}, {"path": "model.py", "depends_on": []})
    )
    assert paths(plan) == ["model.py", "app.py"]
    assert plan.files[1].depends_on == ("model.py",)


@pytest.mark.parametrize("wanted", ["./model.py", "model", "game/model.py", "game.model", " model.py "])
def test_a_dependency_is_understood_as_models_write_it(wanted: str) -> None:
    plan = settled(files({"path": "game/app.py", "depends_on": [wanted]}, "game/model.py"))
    (app,) = (file for file in plan.files if file.path == "game/app.py")
    assert app.depends_on == ("game/model.py",)


def test_a_cycle_is_cut_where_it_closes() -> None:
    plan = settled(
        files(
            {"path": "a.py", "depends_on": ["b.py", "a.py"]},
            {"path": "b.py", "depends_on": ["c.py"]},
            {"path": "c.py", "depends_on": ["a.py", "b.py"]},
        )
    )
    assert paths(plan) == ["c.py", "b.py", "a.py"]
    assert is_sound(plan)
    assert [file.depends_on for file in plan.files] == [(), ("c.py",), ("b.py",)]


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "../outside.py",
        "a/../../outside.py",
        "/etc/passwd.py",
        "/abs.py",
        "C:\\windows\\x.py",
        "C:/x.py",
        "..\\x.py",
        "con.py",
        "aux/x.py",
        "lpt1.py",
        ".git/hooks.py",
        "a\x00b.py",
        "a\nb.py",
        "a b.py",
        "class.py",
        "1st.py",
        "a-b.py",
        "trailing./x.py",
        "",
        ".py",
        "x" * 300 + ".py",
        "/".join(["d"] * 20) + "/x.py",
        "README.md",
        "data.json",
        "tests/test_app.py",
        "test_app.py",
        "app_test.py",
        "conftest.py",
    ],
)
def test_a_path_that_may_not_be_planned_is_left_out(path: str) -> None:
    assert paths(settled(files(path, "app.py"))) == ["app.py"]
    with pytest.raises(PlanError):
        settled(files(path))


def test_files_the_brief_names_are_the_files() -> None:
    plan = settled(
        files("helpers.py", {"path": "cli.py", "purpose": "the  command\nline"}, "utils/x.py", "core.py"),
        "Write `core.py` and `cli.py`.",
    )
    assert sorted(paths(plan)) == ["cli.py", "core.py"]
    assert {file.path: file.purpose for file in plan.files}["cli.py"] == "the command line"


def test_files_the_brief_names_are_there_although_the_draft_has_none() -> None:
    assert paths(settled({"files": []}, "Write `core.py` and `cli.py`.")) == ["core.py", "cli.py"]


def test_packages_have_their_init_and_it_depends_on_its_modules() -> None:
    plan = settled(files("pkg/sub/a.py", "pkg/b.py", "src/other/c.py", "main.py"))
    inits = {file.path: file.depends_on for file in plan.files if file.path.endswith("__init__.py")}
    assert set(inits) == {"pkg/__init__.py", "pkg/sub/__init__.py", "src/other/__init__.py"}
    assert inits["pkg/sub/__init__.py"] == ("pkg/sub/a.py",)
    assert is_sound(plan)


def test_a_drafted_init_is_kept_once() -> None:
    plan = settled(files("pkg/__init__.py", {"path": "pkg/a.py", "depends_on": ["pkg/__init__.py"]}))
    assert paths(plan) == ["pkg/a.py", "pkg/__init__.py"]


@pytest.mark.parametrize(
    ("brief", "drafted", "kept"),
    [
        ("A game, standard library only.", ["numpy", "requests"], ()),
        ("A game without packages: no third-party packages.", ["numpy"], ()),
        ("A game with numpy.", ["numpy", "scipy"], ("numpy",)),
        ("A game with numpy.", [], ("numpy",)),
        ("A game.", ["Flask>=2", "flask", "json", "os", "pytest", "app", "not a name!", 7, None], ("flask",)),
        ("A game.", "numpy", ()),
        ("A game.", ["numpy @ https://example.org/numpy.whl"], ("numpy",)),
    ],
)
def test_packages_are_those_the_brief_permits(brief: str, drafted: Any, kept: tuple[str, ...]) -> None:
    assert settled({**files("app.py"), "packages": drafted}, brief).packages == kept


def test_too_many_files_are_refused_with_their_number() -> None:
    with pytest.raises(PlanError, match="41 files"):
        settled(files(*(f"m{number}.py" for number in range(41))))


@pytest.mark.parametrize(
    "draft",
    [None, 7, "plan", [], {}, {"files": None}, {"files": "a.py"}, {"files": [None, 1, "a.py", []]}],
)
def test_a_draft_without_files_is_refused(draft: Any) -> None:
    with pytest.raises(PlanError):
        settled(draft)


def test_signatures_of_the_brief_are_the_interface_of_its_only_file() -> None:
    plan = settled(
        {"files": [{"path": "app.py"}]}, "Write `app.py` with `parse(text: str) -> dict` and `dump(x)`."
    )
    assert plan.files[0].interface == ("def parse(text: str) -> dict", "def dump(x)")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_PATH = st.sampled_from(
    [
        "a.py",
        "b.py",
        "p/c.py",
        "p/q/d.py",
        "../x.py",
        "p/__init__.py",
        "src/e.py",
        "tests/test_a.py",
        "con.py",
    ]
)
_ENTRY = st.fixed_dictionaries(
    {"path": _PATH | _JSON, "depends_on": st.lists(_PATH | _JSON, max_size=5) | _JSON},
    optional={"purpose": _JSON, "interface": _JSON},
)
_DRAFT = st.fixed_dictionaries(
    {"files": st.lists(_ENTRY | _JSON, max_size=8)},
    optional={"summary": _JSON, "packages": _JSON, "run": _JSON},
)


@given(_DRAFT | _JSON)
def test_any_draft_is_a_sound_plan_or_is_refused(draft: Any) -> None:
    try:
        plan = settled(draft)
    except PlanError:
        return
    assert is_sound(plan)
    assert all(path.endswith(".py") and ".." not in path for path in paths(plan))


def test_what_the_brief_tells_of_its_files_needs_no_draft() -> None:
    brief = (
        "Write `kit/core.py` and `kit/text.py`.\n\n"
        "In `kit/core.py`:\n- `one(x)` is one.\n\nIn `kit/text.py`:\n- `show(x)` writes `one(x)` as text.\n"
    )
    plan = settled(files("kit/core.py", "kit/text.py"), brief)
    found = {file.path: (file.interface, file.depends_on) for file in plan.files}
    assert found["kit/core.py"] == (("def one(x)",), ())
    assert found["kit/text.py"] == (("def show(x)",), ("kit/core.py",))
