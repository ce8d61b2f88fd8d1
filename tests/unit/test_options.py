"""Options: layers, mistakes that are named, and what a workspace may not do."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantumlayer.engine.errors import SettingsError, StorageError
from quantumlayer.options import OptionsError, explain_settings, load_settings, set_user_option
from quantumlayer.options.files import find_line
from quantumlayer.options.schema import known_keys
from quantumlayer.settings import Settings

Load = Callable[..., Settings]


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "home" / "config.toml"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def load(user: Path, workspace: Path) -> Load:
    def call(environ: Mapping[str, str] | None = None, **layers: Any) -> Settings:
        return load_settings(
            workspace=workspace, environ={"QUANTUMLAYER_CONFIG": str(user), **(environ or {})}, **layers
        )

    return call


def write(file: Path, text: str | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def problems(load: Load, **layers: Any) -> list[str]:
    with pytest.raises(OptionsError) as caught:
        load(**layers)
    return [str(problem) for problem in caught.value.problems]


# -- layers ------------------------------------------------------------------------------------


def test_without_anything_written_the_defaults_hold(load: Load) -> None:
    assert load() == Settings()


def test_each_layer_wins_over_the_ones_before(load: Load, user: Path, workspace: Path) -> None:
    def retries(**layers: Any) -> int:
        return load(**layers).models.retries

    assert retries() == 3
    write(user, "[models]\nretries = 4")
    assert retries() == 4
    write(workspace / "quantumlayer.toml", "models.retries = 5")
    assert retries() == 5
    environ = {"QUANTUMLAYER_MODELS__RETRIES": "6"}
    assert retries(environ=environ) == 6
    editor = {"models": {"retries": 7}}
    assert retries(environ=environ, editor=editor) == 7
    assert retries(environ=environ, editor=editor, flags={"models.retries": 8}) == 8
    assert retries(environ=environ, editor=editor, flags={"models.retries": None}) == 7


def test_the_workspaces_file_is_found_upwards_but_not_above_its_repository(
    load: Load, workspace: Path
) -> None:
    write(workspace.parent / "quantumlayer.toml", "models.retries = 9")
    assert load().models.retries == 9
    (workspace / ".git").mkdir()
    assert load().models.retries == 3
    write(workspace / "pyproject.toml", "[tool.other]\nx = 1\n[tool.quantumlayer.models]\nretries = 2")
    assert load().models.retries == 2
    write(workspace / "quantumlayer.toml", "models.retries = 1")
    assert load().models.retries == 1


def test_another_tools_broken_pyproject_is_none_of_our_business(load: Load, workspace: Path) -> None:
    write(workspace / "pyproject.toml", "[tool.other\nx = quantumlayer")
    assert load() == Settings()
    write(workspace / "pyproject.toml", "[tool.quantumlayer]\nx = = 1")
    assert "pyproject.toml:2" in problems(load)[0]


@pytest.mark.parametrize(
    ("name", "text", "section", "key", "value"),
    [
        ("QUANTUMLAYER_MODEL", "openai/gpt", "models", "model", "openai/gpt"),
        ("QUANTUMLAYER_BUDGET", "0.25", "budget", "usd", 0.25),
        ("QUANTUMLAYER_MODELS__FALLBACKS", "a/b, c", "models", "fallbacks", ("a/b", "c")),
        ("QUANTUMLAYER_VALIDATE__STAGES", "syntax", "validate_", "stages", ("syntax",)),
        ("QUANTUMLAYER_DATA_DIR", "/somewhere", "storage", "data_dir", Path("/somewhere")),
        ("QUANTUMLAYER_MODELS__MODEL", "", "models", "model", "auto"),
    ],
)
def test_the_environment_is_typed(
    load: Load, name: str, text: str, section: str, key: str, value: object
) -> None:
    assert getattr(getattr(load(environ={name: text}), section), key) == value


def test_the_long_name_of_a_variable_wins_over_the_short_one(load: Load) -> None:
    environ = {"QUANTUMLAYER_MODELS__MODEL": "long", "QUANTUMLAYER_MODEL": "short"}
    assert load(environ=environ).models.model == "long"


def test_an_editors_own_settings_and_unset_ones_are_ignored(load: Load) -> None:
    editor = {"trace": {"server": "verbose"}, "server.path": "/x", "models": {"model": None}, "budget.usd": 2}
    assert load(editor=editor).budget.usd == 2


def test_every_setting_is_explained_with_its_place(user: Path, workspace: Path) -> None:
    write(user, "# a comment\n[models]\nmodel = 'one'\n\n[budget]\nusd = 2.5\n")
    explained = explain_settings(
        workspace=workspace,
        environ={"QUANTUMLAYER_CONFIG": str(user), "QUANTUMLAYER_MODEL": "two"},
        flags={"generate.samples": 2},
    )
    by_key = {item.key: item for item in explained}
    assert list(by_key) == list(known_keys())
    assert by_key["models.model"].origin == "environment variable QUANTUMLAYER_MODEL"
    assert by_key["models.model"].overridden == (f"{user}:3",)
    assert by_key["budget.usd"].origin == f"{user}:6"
    assert by_key["generate.samples"].origin == "command line (generate.samples)"
    assert by_key["models.retries"].origin == "default"


# -- mistakes ----------------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_each_with_its_line(load: Load, user: Path, workspace: Path) -> None:
    write(user, '[models]\nmodell = "x"\nretries = "three"\n\n[sandbx]\nseconds = 1\n')
    theirs = write(workspace / "quantumlayer.toml", '[validate]\nstages = [\n  "syntax",\n  "typs",\n]\n')
    told = problems(load, environ={"QUANTUMLAYER_MODELS__PARALLEL": "0"}, flags={"budget.usd": -1})
    assert told == [
        f"{user}:2: there is no setting models.modell; did you mean models.model?",
        f"{user}:3: models.retries should be a valid integer, not 'three'",
        f"{user}:6: there is no setting sandbx.seconds; did you mean sandbox.seconds?",
        f"{theirs}:2: validate.stages should be 'syntax', 'style', 'security', 'types' or 'runtime', "
        "not 'typs'; did you mean types?",
        "environment variable QUANTUMLAYER_MODELS__PARALLEL: models.parallel should be "
        "greater than or equal to 1, not '0'",
        "command line (budget.usd): budget.usd should be greater than or equal to 0, not -1",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = 'x'", "there is no setting model; did you mean models.model?"),
        ("models = 'x'", "models is a section, not a setting; it holds model, "),
        ("[budget]\nusd = inf", "budget.usd cannot be inf"),
        ("[budget]\nusd = true", "budget.usd should be a valid number, not True"),
        ("[models]\nmodel = 2026-01-01", "models.model cannot be"),
        ("[storage]\ndata_dir = 'relative'", "should be an absolute path"),
        ("[models.model]\nx = 1", "models.model should be a valid string"),
        ("[[models]]\nmodel = 'x'", "models is a section"),
        ("zzz = {}", "there is no setting zzz"),
    ],
)
def test_wrong_values_are_told_in_words(load: Load, user: Path, text: str, said: str) -> None:
    write(user, text)
    (told,) = problems(load)
    assert said in told
    assert told.startswith(f"{user}:")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[models\n", "is not TOML"),
        (b"[models]\nmodel = 'caf\xe9'\n", "is not UTF-8"),
        (b"x = " + b"[" * 5000, ""),
        (b"# " + b"x" * (1024 * 1024 + 1), "is larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(load: Load, user: Path, content: bytes, said: str) -> None:
    write(user, content)
    (told,) = problems(load)
    assert told.startswith(str(user))
    assert said in told


def test_a_folder_in_place_of_the_file_is_named(load: Load, user: Path) -> None:
    user.mkdir(parents=True)
    assert "cannot be read" in problems(load)[0]


def test_a_byte_order_mark_is_no_mistake(load: Load, user: Path) -> None:
    write(user, b"\xef\xbb\xbf[models]\nretries = 1\n")
    assert load().models.retries == 1


def test_the_line_is_right_in_any_way_of_writing_toml(tmp_path: Path) -> None:
    text = (
        "# [models]\n"
        'models.model = """\n[models]\nretries = 1\n"""\n'
        "budget = { usd = 1, tokens = 2 }\n"
        '["sandbox"]\n'
        '"seconds" = 3 # [x]\n'
        "[validate]\nstages = [\n  'syntax', # ]\n]\ntimeout_s = 1\n"
    )
    file = write(tmp_path / "any.toml", text)
    lines = {"models.model": 2, "budget.tokens": 6, "sandbox.seconds": 8, "validate.stages": 10}
    assert {key: find_line(file, key) for key in lines} == lines
    assert find_line(file, "validate.timeout_s") == 13
    assert find_line(file, "models.retries") == 0
    assert find_line(file, "storage.data_dir") == 0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = write(tmp_path_factory.mktemp("any") / "config.toml", content)
    try:
        load_settings(workspace=None, environ={"QUANTUMLAYER_CONFIG": str(file)})
    except OptionsError as error:
        named = {problem.file for problem in error.problems}
    else:
        named = {file}
    assert named == {file}


# -- what a workspace may not do ---------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "models.api_base = 'http://evil.example'",
        "models.model = 'huggingface/https://evil.example/x'",
        "models.model = 'embedded//tmp/evil.gguf'",
        "models.model = 'embedded/../evil'",
        "models.model = 'embedded/C:\\evil.gguf'",
        "models.fallbacks = ['openai/x', 'oobabooga/http://evil.example']",
        "storage.data_dir = '/tmp/theirs'",
        "storage.cache_dir = '~/theirs'",
        "storage.journal_days = 1",
        "storage.journal_mb = 1",
        "sandbox.engine = 'none'",
        "sandbox.image = 'theirs'",
        "check.trusted = ['/']",
        "validate.advisories = 'none'",
        "validate.registries = 'imported'",
        "validate.max_file_kb = 1",
        "validate.max_file_kb = 100000",
        "validate.timeout_s = 0.0001",
        "sandbox.memory_mb = 100000",
        "sandbox.pids = 1000",
        "budget.usd = 100.0",
        "budget.month_usd = 1000",
        "budget.tokens = 100000000",
    ],
)
def test_a_workspace_may_not_redirect_or_loosen(load: Load, workspace: Path, user: Path, text: str) -> None:
    write(workspace / "quantumlayer.toml", text)
    with pytest.raises(OptionsError) as caught:
        load()
    assert f"{workspace / 'quantumlayer.toml'}:1" in caught.value.cause
    assert str(user) in caught.value.next_step


def test_a_workspace_may_choose_and_tighten(load: Load, workspace: Path, user: Path) -> None:
    write(user, "budget.usd = 20.0")
    models = "[models]\nmodel = 'bedrock/us.anthropic.claude-x:0'\nfallbacks = ['embedded']\n"
    write(workspace / "quantumlayer.toml", f"budget.usd = 15\nsandbox.seconds = 5\n{models}")
    loaded = load()
    assert (loaded.budget.usd, loaded.sandbox.seconds) == (15, 5)
    assert loaded.models.fallbacks == ("embedded",)


def test_a_workspace_leaves_out_security_only_where_the_user_trusts_it(
    load: Load, workspace: Path, user: Path
) -> None:
    write(workspace / "quantumlayer.toml", "live.stages = []\nvalidate.stages = ['syntax']\n")
    loaded = load()
    assert (loaded.live.stages, loaded.validate_.stages) == (("security",), ("syntax", "security"))
    assert load(flags={"validate.stages": ["style"]}).validate_.stages == ("style",)
    write(user, f"check.trusted = ['{workspace.parent.as_posix()}']")
    loaded = load()
    assert (loaded.live.stages, loaded.validate_.stages) == ((), ("syntax",))
    write(user, f"check.trusted = ['{workspace.as_posix()}x']")
    assert load().live.stages == ("security",)


def test_a_workspace_limits_what_is_looked_at_only_where_the_user_trusts_it(
    load: Load, workspace: Path, user: Path
) -> None:
    write(workspace / "quantumlayer.toml", "validate.max_file_kb = 9\nvalidate.timeout_s = 5\n")
    with pytest.raises(OptionsError) as caught:
        load()
    assert "that check.trusted does not name" in str(caught.value)
    write(user, f"check.trusted = ['{workspace.as_posix()}']")
    loaded = load()
    assert (loaded.validate_.max_file_kb, loaded.validate_.timeout_s) == (9, 5)


def test_the_user_may_do_all_of_it(load: Load, user: Path) -> None:
    write(
        user, "[models]\napi_base = 'http://127.0.0.1:1'\n[storage]\ndata_dir = '~/x'\n[budget]\nusd = 99.0"
    )
    assert load().storage.data_dir == Path("~/x").expanduser()


# -- changing the user's file ------------------------------------------------------------------


def test_a_value_is_changed_and_the_rest_stays_byte_for_byte(user: Path) -> None:
    before = "# top\n\n[models] # here\nmodel = 'a' # why\n   retries=2\n\n[budget]\nusd = 1e0\n"
    write(user, before)
    set_user_option("models.model", "b", environ={"QUANTUMLAYER_CONFIG": str(user)})
    assert user.read_text() == before.replace("'a'", '"b"')


def test_a_file_that_is_not_there_is_made_and_a_value_can_be_removed(user: Path) -> None:
    environ = {"QUANTUMLAYER_CONFIG": str(user)}
    assert set_user_option("budget.usd", 2.5, environ=environ) == user
    assert load_settings(workspace=None, environ=environ).budget.usd == 2.5
    set_user_option("budget.usd", None, environ=environ)
    assert load_settings(workspace=None, environ=environ).budget.usd == 1.0


def test_a_link_to_a_dotfile_stays_a_link(user: Path, tmp_path: Path) -> None:
    real = write(tmp_path / "dotfiles/config.toml", "")
    user.parent.mkdir(parents=True)
    user.symlink_to(real)
    set_user_option("models.model", "b", environ={"QUANTUMLAYER_CONFIG": str(user)})
    assert user.is_symlink()
    assert "b" in real.read_text()


def test_what_is_wrong_is_refused_and_the_file_stays(user: Path) -> None:
    environ = {"QUANTUMLAYER_CONFIG": str(user)}
    write(user, "[models\n")
    for key, value in (("models.model", "x"), ("models.modle", "x"), ("models.retries", "x")):
        with pytest.raises(SettingsError):
            set_user_option(key, value, environ=environ)
    assert user.read_text() == "[models\n"
    write(user, "models = 3\n")
    with pytest.raises(SettingsError):
        set_user_option("models.model", "x", environ=environ)
    assert user.read_text() == "models = 3\n"


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    write(tmp_path / "file", "")
    with pytest.raises(StorageError):
        set_user_option(
            "models.model", "x", environ={"QUANTUMLAYER_CONFIG": str(tmp_path / "file/config.toml")}
        )


def test_loading_is_quick(load: Load, user: Path, workspace: Path) -> None:
    write(user, "[models]\nmodel = 'x'\n")
    write(workspace / "quantumlayer.toml", "[models]\nretries = 1\n")
    load()
    began = time.perf_counter()
    for _ in range(20):
        load()
    assert (time.perf_counter() - began) / 20 < 0.05


# -- lists of tables ---------------------------------------------------------------------------


def test_each_entry_knows_the_folder_of_its_file(load: Load, workspace: Path) -> None:
    write(workspace / "quantumlayer.toml", "[[check.off]]\npaths = ['gen']\nstages = ['types']\n")
    (rule,) = load().check.off
    assert (rule.paths, rule.stages, rule.folder) == (("gen",), ("types",), str(workspace))
    assert hash(load()) == hash(load())


def test_a_mistake_in_an_entry_is_told_with_its_own_line(load: Load, workspace: Path) -> None:
    write(
        workspace / "quantumlayer.toml",
        "[[check.off]]\npaths = ['gen']\n\n[[check.off]]\n# a comment\nstagse = ['types']\n",
    )
    (problem,) = problems(load)
    assert problem.endswith("toml:6: there is no setting check.off[2].stagse; did you mean stages?")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("stages = ['tipes']", "check.off[1].stages"),
        ("languages = ['pyhton']", "did you mean python?"),
        ("tools = ['ruff securty']", "did you mean ruff security?"),
        ("paths = 'gen'", "check.off[1].paths"),
        ("", "names none of paths, languages, stages and tools"),
        ("folder = '/'\npaths = ['a']", "there is no setting check.off[1].folder"),
    ],
)
def test_what_is_wrong_in_an_entry_is_said(load: Load, workspace: Path, entry: str, said: str) -> None:
    write(workspace / "quantumlayer.toml", f"[[check.off]]\n{entry}\n")
    (problem,) = problems(load)
    assert said in problem


def test_an_entry_can_come_from_the_environment_as_json(load: Load, workspace: Path) -> None:
    (rule,) = load({"QUANTUMLAYER_CHECK__OFF": '[{"stages": ["style"]}]'}).check.off
    assert rule.stages == ("style",)
    with pytest.raises(OptionsError, match="written as JSON"):
        load({"QUANTUMLAYER_CHECK__OFF": "style"})
