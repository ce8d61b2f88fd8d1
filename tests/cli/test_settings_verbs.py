"""`config`, `models`, `sandbox` and `doctor`: what they say of this machine, and what they never say."""

import json
from pathlib import Path

import pytest
from support.command import Cli


def test_config_show_names_the_place_of_each_value(cli: Cli) -> None:
    (cli.home / "config.toml").write_text("# mine\n[models]\nretries = 5\nmodel = 'embedded'\n")
    (cli.folder / "quantumlayer.toml").write_text("[models]\nretries = 2\n")
    ended = cli("config", "show", "--json", environ={"QUANTUMLAYER_MODELS__PARALLEL": "2"})
    shown = {item["key"]: item for item in ended.json}
    assert shown["models.retries"]["value"] == 2
    assert shown["models.retries"]["origin"] == f"{cli.folder / 'quantumlayer.toml'}:2"
    assert shown["models.retries"]["overridden"] == [f"{cli.home / 'config.toml'}:3"]
    assert shown["models.model"]["origin"] == f"{cli.home / 'config.toml'}:4"
    assert shown["models.parallel"]["origin"] == "environment variable QUANTUMLAYER_MODELS__PARALLEL"
    assert shown["budget.usd"]["origin"] == "default"
    assert "models.retries" in cli("config", "show", "--changed").out
    assert "budget.month_usd" not in cli("config", "show", "--changed").out


def test_a_wrong_settings_file_ends_every_verb_with_two_and_doctor_still_answers(cli: Cli) -> None:
    (cli.folder / "quantumlayer.toml").write_text("[models]\nretry = 2\n")
    for verb in (("config", "show"), ("capsule", "list"), ("generate", "Make x.py")):
        ended = cli(*verb)
        assert ended.status == 2
        assert f"{cli.folder / 'quantumlayer.toml'}:2: there is no setting models.retry" in ended.err
        assert "did you mean models.retries?" in ended.err
    doctor = cli("doctor", "--json")
    assert doctor.status == 1
    assert doctor.json[0]["name"] == "settings"
    assert "models.retry" in doctor.json[0]["detail"]


def test_models_use_keeps_the_comments_of_the_users_file(cli: Cli) -> None:
    file = cli.home / "config.toml"
    file.write_text(
        "# my settings\n[models]\nmodel = 'auto'  # for now\nretries = 1\n\n[budget]\nusd = 0.5\n"
    )
    ended = cli("models", "use", "smollm2-135m")
    assert ended.status == 0, ended.err
    text = file.read_text()
    assert "# my settings" in text
    assert "# for now" in text
    assert "retries = 1" in text
    assert 'model = "embedded/smollm2-135m"' in text
    active = [model["name"] for model in cli("models", "list", "--json").json if model["active"]]
    assert active == ["embedded/smollm2-135m"]
    assert "quantumlayer models pull smollm2-135m" in ended.out


def test_models_use_refuses_an_embedded_model_that_is_not_known(cli: Cli) -> None:
    ended = cli("models", "use", "embedded/smolm2-135m")
    assert ended.status == 2
    assert "embedded/smollm2-135m" in ended.err
    assert not (cli.home / "config.toml").exists()


@pytest.mark.parametrize("name", ["", "  ", "nonsense"])
def test_models_use_refuses_a_name_that_no_provider_has(cli: Cli, name: str) -> None:
    ended = cli("models", "use", name)
    assert ended.status in {1, 2}
    assert "names no provider" in ended.err or "Name a model." in ended.err
    assert not (cli.home / "config.toml").exists()


def test_a_wrong_model_in_the_settings_is_listed_and_another_can_be_chosen(cli: Cli) -> None:
    (cli.home / "config.toml").write_text('models.model = "nonsense"\n')
    listed = cli("models", "list")
    assert listed.status == 0
    assert "the model 'nonsense' names no provider" in listed.out
    assert "nonsense cannot be used: the model 'nonsense' names no provider" in cli("doctor").out
    assert cli("models", "use", "embedded/smollm2-135m").status == 0
    active = [model["name"] for model in cli("models", "list", "--json").json if model["active"]]
    assert active == ["embedded/smollm2-135m"]


@pytest.mark.parametrize(
    ("verb", "place"),
    [
        (("models", "list"), "CACHE"),
        (("models", "list"), "DATA"),
        (("models", "pull", "smollm2-135m"), "CACHE"),
        (("capsule", "list"), "DATA"),
        (("validate", "a.py", "--stages", "syntax"), "DATA"),
        (("clean",), "DATA"),
    ],
    ids=str,
)
def test_a_folder_that_cannot_be_used_is_named_with_its_setting(
    cli: Cli, verb: tuple[str, ...], place: str
) -> None:
    (cli.folder / "a.py").write_text("x = 1\n")
    (cli.home / "file").write_text("no folder")
    ended = cli(*verb, environ={f"QUANTUMLAYER_{place}_DIR": str(cli.home / "file/below")})
    assert ended.status == 1
    assert f"{cli.home / 'file/below'}" in ended.err
    assert f"storage.{place.lower()}_dir" in ended.err
    assert "Traceback" not in ended.err
    assert "went wrong inside" not in ended.err


def test_models_use_says_when_something_stronger_decides_here(cli: Cli) -> None:
    ended = cli("models", "use", "embedded", environ={"QUANTUMLAYER_MODEL": "openai/other"})
    assert ended.status == 0
    assert "environment variable QUANTUMLAYER_MODEL" in ended.err


def test_models_pull_of_nothing_is_told(cli: Cli) -> None:
    ended = cli("models", "pull", "no-such-model")
    assert ended.status == 1
    assert "no-such-model" in ended.err
    assert "Traceback" not in ended.err


def test_doctor_names_keys_and_never_shows_them(cli: Cli) -> None:
    secret = "sk-very-secret-1234567890"
    ended = cli("doctor", environ={"ANTHROPIC_API_KEY": secret})
    assert "ANTHROPIC_API_KEY" in ended.out
    assert secret not in ended.out + ended.err
    checks = {check["name"]: check for check in cli("doctor", "--json").json}
    for name in (
        "python",
        "ruff",
        "mypy",
        "pip",
        "git",
        "data folder",
        "cache folder",
        "disk space",
    ):
        assert checks[name]["status"] == "ok", checks[name]
    assert all(check["next_step"] for check in checks.values() if check["status"] == "missing")


def test_doctor_says_which_folder_cannot_be_written(cli: Cli) -> None:
    (cli.home / "file").write_text("")
    blocked = cli.home / "file/data"
    ended = cli("doctor", "--json", environ={"QUANTUMLAYER_DATA_DIR": str(blocked)})
    assert ended.status == 1
    check = next(check for check in ended.json if check["name"] == "data folder")
    assert check["status"] == "missing"
    assert str(blocked) in check["detail"]
    assert "storage.data_dir" in check["next_step"]


def test_doctor_answers_with_nothing_on_the_path(cli: Cli) -> None:
    ended = cli("doctor", "--json", environ={"PATH": "", "DOCKER_HOST": "unix:///nowhere.sock"})
    checks = {check["name"]: check for check in ended.json}
    assert checks["git"]["status"] == "warning"
    assert checks["docker"]["status"] == "missing"
    assert "Traceback" not in ended.err


def test_sandbox_check_tells_what_is_isolated(cli: Cli) -> None:
    ended = cli("sandbox", "check", "--json")
    checks = {check["name"]: check for check in ended.json}
    works = any(checks[name]["status"] == "ok" for name in ("docker", "bubblewrap"))
    assert ended.status == (0 if works else 1)
    for name in ("docker", "bubblewrap"):
        if checks[name]["status"] == "ok":
            assert "no network" in checks[f"{name} isolation"]["detail"]


@pytest.mark.parametrize("verb", [("capsule", "list"), ("models", "list"), ("config", "show"), ("doctor",)])
def test_json_is_one_document(cli: Cli, verb: tuple[str, ...]) -> None:
    assert isinstance(json.loads(cli(*verb, "--json").out), list)


def test_settings_of_a_repository_reach_its_subfolders(cli: Cli) -> None:
    (cli.folder / "pyproject.toml").write_text("[tool.quantumlayer.models]\nretries = 7\n")
    (cli.folder / "deep/down").mkdir(parents=True)
    cli.folder = cli.folder / "deep/down"
    shown = {item["key"]: item["value"] for item in cli("config", "show", "--json").json}
    assert shown["models.retries"] == 7
    assert Path.cwd() != cli.folder
