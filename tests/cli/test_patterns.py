"""`quantumlayer patterns`, and the flags of `generate` that choose and limit."""

from collections.abc import Callable

import pytest
from support.command import SLUG_BRIEF, Cli
from support.scripted_server import ScriptedServer, Seen

Slugs = Callable[..., None]


def test_a_brief_is_explained_without_asking_a_model(
    cli: Cli, slugs: Slugs, scripted: ScriptedServer
) -> None:
    slugs()
    (cli.folder / "slug.brief.md").write_text(SLUG_BRIEF)
    told = cli("patterns", "explain", "slug.brief.md")
    assert told.status == 0, told.err
    for expected in (
        "about",
        "text",
        "simple",
        "clear",
        "uncertainty",
        "unmeasured",
        "not built",
        "of 3 units",
    ):
        assert expected in told.out
    assert scripted.requests == []

    document = cli("patterns", "explain", "-", "--json", "--seed", "5", stdin=SLUG_BRIEF).json
    assert document["traits"]["domain"] == "text"
    assert document["traits"]["level"] == "simple"
    assert document["selection"]["seed"] == 5
    assert document["on"] == ["abstraction", "meta-learning", "uncertainty", "dialectical"]
    assert len(document["selection"]["choices"]) == 8


def test_a_vague_brief_is_told_what_would_help(cli: Cli) -> None:
    told = cli("patterns", "recommend", "make something nice")
    assert told.status == 0, told.err
    assert "generate uses abstraction, meta-learning, uncertainty, dialectical: 4 answers" in told.out
    assert "Name the file" in told.out
    document = cli("patterns", "recommend", SLUG_BRIEF, "--json").json
    assert document["samples"] == 4
    assert set(document["reasons"]) == set(document["patterns"])
    assert not any("Name the file" in line for line in document["advice"])


def test_the_guide_says_what_is_not_built(cli: Cli) -> None:
    pages = {page["name"]: page for page in cli("patterns", "guide", "--json").json}
    assert len(pages) == 8
    assert {name for name, page in pages.items() if not page["built"]} == {
        "emergent", "constraint", "semantic", "quantum",
    }  # fmt: skip
    told = cli("patterns", "guide").out
    assert all(name in told for name in pages)
    assert told.count("not built") == 4


def test_runs_are_recorded_by_what_was_on_and_can_be_forgotten(cli: Cli, slugs: Slugs) -> None:
    slugs()
    assert "No run is recorded yet" in cli("patterns", "outcomes").out
    first = cli("generate", SLUG_BRIEF, "--name", "one")
    assert first.status == 0, first.out + first.err
    assert "patterns  abstraction, meta-learning, uncertainty, dialectical" in first.err
    assert "Patterns" in first.out
    assert "4 answers for each file; 1.31 of 3 units" in first.out

    second = cli("generate", SLUG_BRIEF, "--name", "two", "--patterns", "abstraction", "--json")
    assert second.status == 0, second.err
    assert second.json["patterns"]["on"] == ["abstraction"]
    assert second.json["patterns"]["samples"] == 1

    recorded = {one["name"]: one for one in cli("patterns", "outcomes", "--json").json}
    assert (recorded["uncertainty"]["runs_with"], recorded["uncertainty"]["runs_without"]) == (1, 1)
    assert (recorded["abstraction"]["runs_with"], recorded["abstraction"]["runs_without"]) == (2, 0)
    assert "simple, clear" in cli("patterns", "outcomes").out

    assert "2 recorded runs forgotten" in cli("patterns", "outcomes", "--reset").out
    assert cli("patterns", "outcomes", "--json").json == []
    again = cli("generate", SLUG_BRIEF, "--name", "one", "--json")
    assert again.json["reused"] is True, "capsules and journal stay"


def test_what_has_little_confidence_is_marked_for_review(cli: Cli, slugs: Slugs) -> None:
    slugs()
    doubted = {"QUANTUMLAYER_GENERATE__REVIEW_BELOW": "0.99"}
    told = cli("generate", SLUG_BRIEF, "--name", "slug", environ=doubted)
    assert told.status == 0, told.err
    assert "slug  verified, for review" in told.out
    assert "Why it is for review" in told.out
    document = cli("generate", SLUG_BRIEF, "--name", "slug", "--json", environ=doubted).json
    assert document["outcome"] == "verified"
    assert "is below 0.99" in document["review"]
    trusted = cli(
        "generate", SLUG_BRIEF, "--name", "slug", environ={"QUANTUMLAYER_GENERATE__REVIEW_BELOW": "0"}
    )
    assert "for review" not in trusted.out


def test_a_run_stops_before_a_call_that_would_pass_its_tokens(
    cli: Cli, slugs: Slugs, scripted: ScriptedServer
) -> None:
    slugs()
    told = cli("generate", SLUG_BRIEF, "--budget-tokens", "500", "--json")
    assert told.status == 1
    assert told.json["error"]["setting"] == "budget.tokens"
    assert "--budget-tokens" in told.err
    assert "of 500 are used" in told.err
    assert scripted.requests == []


@pytest.mark.parametrize("patterns", ["quantum", "auto,uncertainty", "uncertain"])
def test_patterns_that_cannot_be_switched_are_refused(cli: Cli, slugs: Slugs, patterns: str) -> None:
    slugs()
    told = cli("generate", SLUG_BRIEF, "--patterns", patterns)
    assert told.status == 2
    assert "generate.patterns" in told.err


def test_what_was_asked_for_again_and_what_of_the_budget_was_used_is_told(cli: Cli, slugs: Slugs) -> None:
    answers = ["```python\ndef slugify(text: str -> str:\n```\n"]

    def first(seen: Seen) -> str | None:
        return answers.pop() if answers and "test engineer" not in seen.prompt else None

    slugs(before=first)
    told = cli("generate", SLUG_BRIEF, "--name", "slug", "--patterns", "none", "--budget-tokens", "90000")
    assert told.status == 0, told.out + told.err
    assert "Asked for again" in told.out
    assert "slug.py (again): the one answer did not pass the gate" in told.out
    assert "again     slug.py: the one" in told.err
    assert " of 90,000" in told.out
    document = cli("generate", SLUG_BRIEF, "--name", "slug", "--patterns", "none", "--json").json
    assert document["budget"]["tokens"] == 400000
    assert [one["step"] for one in document["escalations"]] == ["again"]
