"""Versions as a user has them: generated again under one name, named, compared, merged, gone back to."""

from collections.abc import Callable

from support.command import SLUG_BRIEF, SLUG_CODE, Cli

MORE_CODE = SLUG_CODE.replace(
    "def slugify(text: str) -> str:", 'def slugify(text: str, mark: str = "-") -> str:'
).replace('return "-".join', "return mark.join")
OTHER_CODE = SLUG_CODE.replace('"""Slugs."""', '"""Slugs of words."""')
CLASHING_CODE = SLUG_CODE.replace("def slugify(text: str)", "def slugify(words: str)").replace(
    "text.lower", "words.lower"
)

MORE_BRIEF = SLUG_BRIEF.replace("text: str", 'text: str, mark: str = "-"')
CLASHING_BRIEF = SLUG_BRIEF.replace("text: str", "words: str")


def make(cli: Cli, code: str, slugs: Callable[..., None], brief: str = SLUG_BRIEF) -> str:
    slugs(code)
    (cli.folder / "slug.brief.md").write_text(brief)
    made = cli("generate", "slug.brief.md", "--name", "slug", "--json", "--out", "made", "--force")
    assert made.status in {0, 3}, made.err
    return str(made.json["capsule"])


def test_versions_from_the_first_to_a_merge_and_back(cli: Cli, slugs: Callable[..., None]) -> None:
    first = make(cli, SLUG_CODE, slugs)
    assert cli("capsule", "tag", "slug", "v1").out.strip() == f"slug@v1 is {first}"
    second = make(cli, MORE_CODE, slugs, MORE_BRIEF)
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
    third = make(cli, OTHER_CODE, slugs, "# Slugs of words\n" + SLUG_BRIEF.split("\n", 1)[1])
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


def test_conflicts_are_listed_settled_in_a_folder_and_merged(cli: Cli, slugs: Callable[..., None]) -> None:
    make(cli, SLUG_CODE, slugs)
    make(cli, MORE_CODE, slugs, MORE_BRIEF)
    assert cli("capsule", "branch", "slug~1", "wording").status == 0
    make(cli, CLASHING_CODE, slugs, CLASHING_BRIEF)
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

    for path in {one["path"] for one in again.json["conflicts"]}:
        (cli.folder / "settle" / path).write_text((cli.folder / "made" / path).read_text())
    (cli.folder / "settle/slug.py").write_text(MORE_CODE.replace("text", "words"))
    merged = cli("capsule", "merge", "slug", "slug@wording", "--resolved", "settle", "--json")
    assert merged.status in {0, 3}, merged.err + merged.out
    cli("capsule", "checkout", "slug", "done")
    assert (cli.folder / "done/slug.py").read_text() == MORE_CODE.replace("text", "words")
