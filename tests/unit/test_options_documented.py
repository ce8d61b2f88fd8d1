"""docs/settings.md says what there is: every setting once, its default, and its example loads."""

import re
from pathlib import Path

from quantumlayer.options import load_settings
from quantumlayer.options.schema import known_keys
from quantumlayer.options.trust import LOWER_ONLY, USER_ONLY

PAGE = (Path(__file__).parents[2] / "docs/settings.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| `?([^|`]*?)`? \|", PAGE, re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert list(ROWS) == list(known_keys())


def test_documented_numbers_and_switches_are_the_defaults() -> None:
    defaults = {key: field.get_default() for key, field in known_keys().items()}
    switches = {key: value for key, value in defaults.items() if isinstance(value, bool)}
    assert {key: ROWS[key] for key in switches} == {
        key: str(value).lower() for key, value in switches.items()
    }
    numbers = {key: value for key, value in defaults.items() if isinstance(value, int | float)}
    assert {key: float(ROWS[key]) for key in numbers.keys() - switches} == {
        key: value for key, value in numbers.items() if key not in switches
    }


def test_what_only_users_may_set_is_documented() -> None:
    refused = PAGE.partition("## What a workspace's file may not do")[2].partition("## All settings")[0]
    assert all(f"`{key}`" in refused for key in USER_ONLY)
    assert {key.partition(".")[0] for key in LOWER_ONLY} == {"budget", "sandbox"}


def test_the_example_loads(tmp_path: Path) -> None:
    example, switches = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "quantumlayer.toml").write_text(f"{example}\n{switches}", encoding="utf-8")
    loaded = load_settings(workspace=tmp_path, environ={"QUANTUMLAYER_CONFIG": str(tmp_path / "none.toml")})
    assert (loaded.models.fallbacks, loaded.budget.usd) == (("embedded",), 0.5)
    assert [rule.stages for rule in loaded.check.off] == [(), ("security",), ("style",), ()]
    assert loaded.check.off[2].languages == ("sql", "shell")
