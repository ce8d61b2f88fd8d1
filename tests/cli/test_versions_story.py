"""Versions as a user has them: generated again under one name, named, compared, merged, gone back to."""

from collections.abc import Callable

import pytest
from support.command import SLUG_BRIEF, SLUG_CODE, Cli, fenced
from support.scripted_server import Seen

MORE_CODE = SLUG_CODE.replace(
    "def slugify(text: str) -> str:", 'def slugify(text: str, mark: str = "-") -> str:'
).replace('return "-".join', "return mark.join")
OTHER_CODE = SLUG_CODE.replace('"""Slugs."""', '"""Slugs of words."""')
CLASHING_CODE = SLUG_CODE.replace("def slugify(text: str)", "def slugify(words: str)").replace(
    "text.lower", "words.lower"
)

MORE_BRIEF = SLUG_BRIEF.replace("text: str", 'text: str, mark: str = "-"')
CLASHING_BRIEF = SLUG_BRIEF.replace("text: str", "words: str")


@pytest.fixture
def made(cli: Cli, slugs: Callable[..., None]) -> Callable[[str], str]:
    """Generates under one name what a brief asks for; returns the id."""

    def answer(seen: Seen) -> str | None:
        if "test engineer" in seen.prompt:
            return None
        codes = {"mark: str": MORE_CODE, "words: str": CLASHING_CODE, "Slugs of words": OTHER_CODE}
        return fenced(next((code for part, code in codes.items() if part in seen.prompt), SLUG_CODE))

    slugs(before=answer)

    def make(brief: str) -> str:
        (cli.folder / "slug.brief.md").write_text(brief)
        done = cli("generate", "slug.brief.md", "--name", "slug", "--json", "--out", "made", "--force")
        assert done.status in {0, 3}, done.err
        return str(done.json["capsule"])

    return make


def test_versions_from_the_first_to_a_merge_and_back(cli: Cli, made: Callable[[str], str]) -> None:
    first = made(SLUG_BRIEF)
    assert cli("capsule", "tag", "slug", "v1").out.strip() == f"slug@v1 is {first}"
    forgotten = cli("capsule", "tag", "slug", "--delete")
    assert forgotten.status == 2
    assert "Name the tag to delete" in forgotten.err
    second = made(MORE_BRIEF)
    history = cli("capsule", "log", "slug", "--json").json
    assert [one["summary"]["id"] for one in history["versions"]] == [second, first]
    assert [one["tags"] for one in history["versions"]] == [[], ["v1"]]
    shown = cli("capsule", "log", "slug").out
    assert "*main" in shown
    assert "tag v1" in shown

    # what changed
    changed = cli("capsule", "diff", "slug@v1", "slug", "--json").json
    (interface,) = changed["interface"]
    assert (interface["name"], interface["change"], interface["breaking"]) == ("slugify", "changed", False)
    assert "+    return mark.join" in cli("capsule", "diff", "slug@v1", "slug").out
    assert "mark.join" not in cli("capsule", "diff", "slug@v1", "slug", "--meaning").out

    # another branch, from the first version
    assert cli("capsule", "branch", "slug@v1", "wording").status == 0
    third = made(SLUG_BRIEF.replace("# Slugs", "# Slugs of words"))
    assert cli("capsule", "show", "slug", "--json").json["manifest"]["parents"] == [first]
    assert cli("capsule", "branch", "slug", "--json").json["branches"] == {"main": second, "wording": third}
    assert cli("capsule", "branch", "slug", "main").status == 0

    # both become one, which is judged anew
    merged = cli("capsule", "merge", "slug", "slug@wording", "--json")
    assert merged.status in {0, 3}, merged.err
    assert (merged.json["outcome"], merged.json["base"]) == ("merged", first)
    joined = cli("capsule", "show", "slug", "--json").json
    assert joined["id"] == merged.json["capsule"]
    assert joined["manifest"]["parents"] == [second, third]
    assert {stage["stage"] for stage in joined["evidence"]["verdict"]["stages"]} >= {
        "syntax",
        "style",
        "types",
    }
    assert joined["evidence"]["verdict"]["status"] == merged.json["status"]
    assert cli("capsule", "checkout", "slug", "both").status == 0
    text = (cli.folder / "both/slug.py").read_text()
    assert '"""Slugs of words."""' in text
    assert "return mark.join" in text
    assert cli("capsule", "merge", "slug", "slug@wording", "--json").json["outcome"] == "up to date"
    assert len(cli("capsule", "log", "slug", "--json").json["versions"]) == 4

    # back, and what somebody changed is not lost
    (cli.folder / "both/slug.py").write_text(text + "MINE = 1\n")
    refused = cli("capsule", "rollback", "slug", "--to", "slug@v1", "--out", "both")
    assert refused.status == 1
    assert "slug.py was changed" in refused.err
    assert cli("capsule", "show", "slug", "--json").json["id"] == joined["id"], "nothing has moved"
    back = cli("capsule", "rollback", "slug", "--to", "slug@v1", "--out", "both", "--force", "--json")
    assert (back.json["now"], back.json["before"]) == (first, joined["id"])
    assert (cli.folder / "both/slug.py").read_text() == SLUG_CODE
    assert cli("capsule", "rollback", "slug", "--to", joined["id"][:12]).status == 0
    assert cli("capsule", "show", "slug", "--json").json["id"] == joined["id"]


def test_conflicts_are_listed_settled_in_a_folder_and_merged(cli: Cli, made: Callable[[str], str]) -> None:
    made(SLUG_BRIEF)
    made(MORE_BRIEF)
    assert cli("capsule", "branch", "slug~1", "wording").status == 0
    made(CLASHING_BRIEF)
    assert cli("capsule", "branch", "slug", "main").status == 0
    before = cli("capsule", "list", "--json").json

    refused = cli("capsule", "merge", "slug", "slug@wording", "--out", "settle")
    assert refused.status == 1
    assert "slug.py: both changed" in refused.out
    assert cli("capsule", "list", "--json").json == before, "nothing is stored"
    marked = (cli.folder / "settle/slug.py").read_text()
    assert marked.index("<<<<<<< slug\n") < marked.index("=======\n") < marked.index(">>>>>>> slug@wording\n")
    again = cli("capsule", "merge", "slug", "slug@wording", "--resolved", "settle", "--json")
    assert again.status == 1, "the marks are still there"
    assert "slug.py" in {one["path"] for one in again.json["conflicts"]}

    cli("capsule", "checkout", "slug", "ours")
    for path in {one["path"] for one in again.json["conflicts"]}:
        (cli.folder / "settle" / path).write_text((cli.folder / "ours" / path).read_text())
    (cli.folder / "settle/slug.py").write_text(MORE_CODE.replace("text", "words"))
    merged = cli("capsule", "merge", "slug", "slug@wording", "--resolved", "settle", "--json")
    assert merged.status in {0, 3}, merged.err + merged.out
    cli("capsule", "checkout", "slug", "done")
    assert (cli.folder / "done/slug.py").read_text() == MORE_CODE.replace("text", "words")
