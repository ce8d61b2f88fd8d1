"""`quantumlayer capsule report`, as a user has it."""

import os
from pathlib import Path

import pytest
from quantumlayer.engine.capsule.archive import write_archive
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.types import Capsule
from support.command import Cli
from support.recorded import recorded_capsule


@pytest.fixture
def stored(cli: Cli) -> Capsule:
    return Store(cli.home / "data" / "capsules").add(recorded_capsule())


def test_a_stored_capsule_becomes_a_page(cli: Cli, stored: Capsule) -> None:
    ended = cli("capsule", "report", "tally")
    assert (ended.status, ended.out) == (0, "tally.html\n"), ended.err
    assert "Each function comes from the draft most agreed with." in (cli.folder / "tally.html").read_text(
        "utf-8"
    )
    told = cli("capsule", "report", stored.id[:8], "--out", "deep/page.html", "--json").json
    assert told == {"capsule": stored.id, "report": str(cli.folder / "deep" / "page.html"), "opened": False}


def test_an_archive_becomes_a_page_only_if_it_is_whole(cli: Cli) -> None:
    archive = write_archive(recorded_capsule(), "tar.gz", cli.folder)
    assert cli("capsule", "report", archive.name).status == 0
    (cli.folder / "tally.html").unlink()
    archive.write_bytes(archive.read_bytes() + b"more")
    ended = cli("capsule", "report", archive.name)
    assert ended.status == 1
    assert "tally.tar.gz is not taken" in ended.err
    assert not (cli.folder / "tally.html").exists()


def test_what_is_in_the_way_is_kept(cli: Cli, stored: Capsule) -> None:
    (cli.folder / "tally.html").write_text("mine")
    ended = cli("capsule", "report", "tally")
    assert ended.status == 1
    assert "tally.html is in the way" in ended.err
    assert (cli.folder / "tally.html").read_text() == "mine"
    assert cli("capsule", "report", "tally", "--force").status == 0


@pytest.mark.skipif(os.name != "posix", reason="the browser is a shell script")
def test_it_is_opened_in_the_users_browser(cli: Cli, stored: Capsule) -> None:
    browser, seen = cli.home / "browser", cli.home / "seen"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    told = cli("capsule", "report", "tally", "--open", "--json", environ={"BROWSER": f"{browser} %s"}).json
    assert told["opened"] is True
    assert seen.read_text().strip() == Path(told["report"]).as_uri()
