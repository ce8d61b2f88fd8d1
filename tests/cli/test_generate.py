"""`quantumlayer generate`, from the command line to the files on disk, with a scripted model."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from support.command import BROKEN_SLUG_CODE, SLUG_BRIEF, SLUG_CODE, Cli
from support.scripted_server import HANG, ScriptedServer, fail

Slugs = Callable[..., None]


def test_a_brief_file_becomes_a_verified_project_and_a_second_run_asks_no_model(
    cli: Cli, slugs: Slugs, scripted: ScriptedServer
) -> None:
    slugs()
    (cli.folder / "slug.brief.md").write_text(SLUG_BRIEF)

    first = cli("generate", "slug.brief.md", "--out", "made")

    assert first.status == 0, first.out + first.err
    assert (cli.folder / "made/slug/slug.py").read_text() == SLUG_CODE
    assert (cli.folder / "made/slug.qlcapsule").is_file()
    assert "slug  verified" in first.out
    for expected in (
        "Files",
        "slug.py",
        "runtime",
        "passed",
        "Confidence rests on",
        "tokens",
        "made/slug.qlcapsule",
    ):
        assert expected in first.out
    assert "written   slug.py" in first.err
    assert "\x1b" not in first.out + first.err

    asked = len(scripted.requests)
    again = cli("generate", "slug.brief.md", "--out", "made", "--json")
    assert again.status == 0, again.err
    assert len(scripted.requests) == asked
    assert again.err == ""
    document = again.json
    assert document["reused"] is True
    assert document["outcome"] == "verified"
    assert document["folder"] == str(cli.folder / "made/slug")
    assert document["archive"] == str(cli.folder / "made/slug.qlcapsule")
    assert [stage["status"] for stage in document["verdict"]["stages"]] == ["passed"] * 5
    assert document["error"] is None
    assert document["capsule"] in first.out


def test_what_does_not_pass_its_tests_is_left_there_and_called_unverified(cli: Cli, slugs: Slugs) -> None:
    slugs(BROKEN_SLUG_CODE)

    ended = cli("generate", SLUG_BRIEF, "--name", "wrong", "--json")

    assert ended.status == 3, ended.err
    assert ended.json["outcome"] == "unverified"
    assert ended.json["verdict"]["reasons"]
    assert (cli.folder / "wrong/slug.py").is_file()


def test_files_that_are_different_are_kept_unless_forced(cli: Cli, slugs: Slugs) -> None:
    slugs()
    mine = cli.folder / "slug/slug.py"
    mine.parent.mkdir()
    mine.write_text("# mine\n")

    refused = cli("generate", "-", "--name", "slug", "--json", stdin=SLUG_BRIEF)
    assert refused.status == 1
    assert mine.read_text() == "# mine\n"
    assert "slug.py has other content" in refused.err
    assert "--force" in refused.err
    assert refused.json["capsule"]
    assert refused.json["error"]["cause"] in refused.err

    forced = cli("generate", "-", "--name", "slug", "--force", stdin=SLUG_BRIEF)
    assert forced.status == 0, forced.err
    assert mine.read_text() == SLUG_CODE


def test_an_archive_that_is_something_else_is_kept_unless_forced(cli: Cli, slugs: Slugs) -> None:
    slugs()
    cli.environ["QUANTUMLAYER_SANDBOX"] = "none"
    mine = cli.folder / "slug.qlcapsule"
    mine.write_text("of a colleague")

    refused = cli("generate", SLUG_BRIEF, "--name", "slug", "--json")
    assert refused.status == 1
    assert mine.read_text() == "of a colleague"
    assert "slug.qlcapsule is in the way" in refused.err
    assert "--force" in refused.err
    assert refused.json["capsule"]
    assert refused.json["archive"] is None

    assert cli("generate", SLUG_BRIEF, "--name", "slug", "--force").status == 3
    assert cli("capsule", "verify", "slug.qlcapsule").status == 0
    assert cli("generate", SLUG_BRIEF, "--name", "slug").status == 3, "its own archive is renewed"


def test_a_provider_that_refuses_ends_with_cause_and_next_step_and_no_traceback(
    cli: Cli, scripted: ScriptedServer
) -> None:
    cli.use_server(scripted)
    scripted.script(lambda _: fail(401, "wrong key"))

    ended = cli("generate", SLUG_BRIEF, "--json")

    assert ended.status == 1
    assert ended.err.startswith("error: ")
    assert "\nnext: " in ended.err
    assert "Traceback" not in ended.err
    assert "sk-test" not in ended.err + ended.out
    assert ended.json["outcome"] == "failed"
    assert ended.json["error"]["cause"]


def test_a_debugging_user_sees_the_traceback(cli: Cli, scripted: ScriptedServer) -> None:
    cli.use_server(scripted)
    scripted.script(lambda _: fail(401, "wrong key"))

    ended = cli("generate", SLUG_BRIEF, environ={"QUANTUMLAYER_DEBUG": "1"})

    assert ended.status == 1
    assert "Traceback" in ended.err


def test_the_timeout_ends_the_run_and_says_so(cli: Cli, slugs: Slugs) -> None:
    slugs(before=lambda seen: HANG)

    ended = cli("generate", SLUG_BRIEF, "--timeout", "3")

    assert ended.status == 1
    assert "longer than 3 s" in ended.err
    assert "Traceback" not in ended.err


def test_events_are_json_lines_beside_the_document(cli: Cli, slugs: Slugs) -> None:
    slugs()

    ended = cli("generate", SLUG_BRIEF, "--json", "--events")

    kinds = [json.loads(line)["kind"] for line in ended.err.splitlines()]
    assert kinds[0] == "run_started"
    assert kinds[-1] == "run_finished"
    assert "file_finished" in kinds
    assert ended.json["outcome"] == "verified"


def test_what_a_model_writes_cannot_steer_the_terminal(cli: Cli, slugs: Slugs) -> None:
    slugs(SLUG_CODE.replace("Slugs.", "Slugs. \x1b]0;owned\x07"))

    ended = cli("generate", SLUG_BRIEF.replace("# Slugs", "# Slugs [red]"), "--name", "odd")

    assert "\x1b" not in ended.out + ended.err
    assert "\x07" not in ended.out + ended.err


def test_usage_that_cannot_work_is_refused_before_a_model_is_asked(
    cli: Cli, slugs: Slugs, scripted: ScriptedServer
) -> None:
    slugs()
    (cli.folder / "taken").write_text("a file")
    (cli.folder / "binary.md").write_bytes(b"\x00\x01\x02")
    (cli.folder / "front.md").write_text("---\nname: 7\n---\nMake it.")
    for arguments, said in (
        (("generate",), "Missing argument"),
        (("generate", ""), "the brief is empty"),
        (("generate", "nothing.md"), "there is no file nothing.md"),
        (("generate", "."), "is a folder"),
        (("generate", "binary.md"), "control characters"),
        (("generate", "front.md"), "name in the front matter"),
        (("generate", SLUG_BRIEF, "--name", "../up"), "cannot be the name"),
        (("generate", SLUG_BRIEF, "--budget", "-1"), "budget.usd"),
        (("generate", SLUG_BRIEF, "--bugdet", "1"), "No such option"),
    ):
        ended = cli(*arguments)
        assert ended.status == 2, (arguments, ended.err)
        assert said in ended.err, ended.err
        assert "Traceback" not in ended.err
        if said not in {"Missing argument", "No such option"}:
            told = cli(*arguments, "--json")
            assert told.status == 2
            assert told.json["outcome"] == "failed"
            assert said in told.json["error"]["cause"]
            assert told.err == ended.err
    taken = cli("generate", SLUG_BRIEF, "--name", "taken", "--json")
    assert taken.status == 1
    assert "taken is a file" in taken.json["error"]["cause"]
    assert scripted.requests == []
    assert sorted(path.name for path in cli.folder.iterdir()) == ["binary.md", "front.md", "taken"]


def test_the_capsule_can_be_listed_shown_exported_verified_and_imported(cli: Cli, slugs: Slugs) -> None:
    slugs()
    assert cli("capsule", "list").out.startswith("No capsules yet")
    made = cli("generate", SLUG_BRIEF, "--name", "slug", "--json").json
    id_ = made["capsule"]

    (summary,) = cli("capsule", "list", "--json").json
    assert (summary["id"], summary["name"], summary["status"]) == (id_, "slug", "verified")
    assert id_[:12] in cli("capsule", "list").out
    assert cli("capsule", "show", id_[:8], "--json").json["manifest"]["name"] == "slug"
    shown = cli("capsule", "show", "slug").out
    assert "Confidence rests on" in shown
    assert "slug.py" in shown

    one = cli("capsule", "export", "slug", "--format", "zip", "--out", "one.zip")
    two = cli("capsule", "export", "slug", "--format", "zip", "--out", "two.zip")
    assert (one.status, one.out, two.status) == (0, "one.zip\n", 0)
    assert (cli.folder / "one.zip").read_bytes() == (cli.folder / "two.zip").read_bytes()
    assert any(name.endswith("slug.py") for name in zipfile.ZipFile(cli.folder / "one.zip").namelist())

    (cli.folder / "notes.md").write_text("mine")
    in_the_way = cli("capsule", "export", "slug", "--out", "notes.md")
    assert in_the_way.status == 1
    assert "notes.md is in the way" in in_the_way.err
    assert (cli.folder / "notes.md").read_text() == "mine"
    assert cli("capsule", "export", "slug", "--out", "notes.md", "--force").status == 0
    assert cli("capsule", "export", "slug", "--out", "notes.md").status == 0, "the same capsule"

    archive = cli.folder / "slug.qlcapsule"
    assert cli("capsule", "verify", "slug.qlcapsule").status == 0
    assert cli("capsule", "verify", "slug").status == 0
    damaged = _flip_a_byte(archive, cli.folder / "damaged.qlcapsule")
    refused = cli("capsule", "verify", damaged.name, "--json")
    assert refused.status == 1
    assert refused.json["mismatches"]
    assert cli("capsule", "import", damaged.name).status == 1

    elsewhere = {"QUANTUMLAYER_DATA_DIR": str(cli.home / "other")}
    imported = cli("capsule", "import", "slug.qlcapsule", "--json", environ=elsewhere)
    assert imported.json["capsule"] == id_
    assert cli("capsule", "show", "slug", environ=elsewhere).status == 0
    assert cli("capsule", "show", "no-such").status == 1


def test_a_damaged_capsule_is_named_in_the_list(cli: Cli, slugs: Slugs) -> None:
    slugs()
    cli.environ["QUANTUMLAYER_SANDBOX"] = "none"
    id_ = cli("generate", SLUG_BRIEF, "--name", "slug", "--json").json["capsule"]
    (record,) = cli.home.rglob(f"*{id_}.json")
    record.write_bytes(b'{"record":')

    listed = cli("capsule", "list")
    assert listed.status == 0
    (row,) = (line for line in listed.out.splitlines() if id_[:12] in line)
    assert "(damaged)" in row
    assert "verified" not in row
    (problem,) = (line for line in listed.err.splitlines() if line.startswith(f"{id_[:12]}: "))
    assert problem


def _flip_a_byte(source: Path, target: Path) -> Path:
    content = bytearray(source.read_bytes())
    content[content.index(b"slugify")] ^= 1
    target.write_bytes(content)
    return target
