"""The report: complete, self-contained, and deaf to what a stranger wrote into a capsule."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from capsule_samples import make_sample
from quantumlayer.engine.capsule.archive import write_archive
from quantumlayer.engine.capsule.report import render_report
from quantumlayer.engine.capsule.report.election import elections
from quantumlayer.engine.capsule.report.sources import MOST_LINES
from quantumlayer.engine.capsule.report.wording import whose_word
from quantumlayer.engine.capsule.report.writing import keep_report, write_report
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import CandidateRecord, Capsule, CheckRecord
from quantumlayer.settings import Settings, StorageSettings
from support.recorded import FILES, recorded_capsule

HOSTILE = (
    "</title></style></script></pre><script>alert(1)</script><img src=x onerror=alert(2)>\"' onclick=x "
    "{{ 7 * 7 }}{% include 'x' %}<!-- --><a href=\"javascript:alert(3)\">&amp;&#x3c;\u202egnp.exe\x1b[2J\x00"
)


class Page(HTMLParser):
    """What a browser makes of the page: elements, their attributes, and the texts between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"meta", "link", "img", "br"}:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] in {"style", "script"}:
            self.raw[self.inside[-1]] = data
        elif data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    def rows(self) -> Iterator[str]:
        for tag, attributes in self.elements:
            yield f"{tag} {sorted(attributes)}"


@pytest.fixture
def recorded() -> Capsule:
    return recorded_capsule()


def test_it_tells_the_verdict_the_authors_the_election_and_the_cost(recorded: Capsule) -> None:
    text = Page(render_report(recorded)).text
    for told in (
        "unverified",
        "0.62 of 1",
        "style failed.",
        "4 modules were imported.",
        "skipped no sandbox here",
        "composed of elected functions, by T0, embedded/small",
        "5 of 6 checks passed",
        "Each function comes from the draft most agreed with.",
        "total elected among 3 Two of three showed the same.",
        "0 ms 0.2 s write",
        "3,210",
        "$0.0123",
        recorded.id,
        "2 of 3",
        "Besides, 2 checks that each of them passed.",
        "planning, checks and other questions 0 0 2 11.0 s $0.00",
        "not met assert total([1]) == 2 a model says so",
    ):
        assert told in text, told


def test_a_record_of_another_text_is_not_passed_off_as_this_one(recorded: Capsule) -> None:
    text = Page(render_report(recorded)).text
    row = text.partition("tests/test_core.py test")[2].partition(" B ")[0]
    assert "This record is of another text than the one in the capsule." in row
    row = text.partition("tally/core.py source")[2].partition(" B ")[0]
    assert "another text" not in row


def test_a_capsule_made_before_any_of_it_was_recorded_says_so() -> None:
    page = Page(render_report(make_sample()))
    assert "verified" in page.text
    for said in (
        "When each phase began was not recorded",
        "Who wrote each file was not recorded",
        "No candidates were recorded",
        "What each file took was not recorded",
    ):
        assert said in page.text


def test_a_finding_leads_to_its_line(recorded: Capsule) -> None:
    page = Page(render_report(recorded))
    (link,) = [found for tag, found in page.elements if tag == "a" and found.get("data-column") == "7"]
    assert (link["data-path"], link["data-line"]) == ("tally/core.py", "0")
    (line,) = [found for _, found in page.elements if found.get("id") == link["href"].removeprefix("#")]
    assert line["class"] == "line warning"


def test_every_link_inside_has_a_target_and_no_target_is_there_twice(recorded: Capsule) -> None:
    page = Page(render_report(recorded))
    targets = page.values("id")
    assert len(targets) == len(set(targets))
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= set(targets)


def test_nothing_comes_from_outside_and_only_its_own_script_may_run(recorded: Capsule) -> None:
    html = render_report(recorded)
    page = Page(html)
    assert page.values("src") == []
    assert {link for link in page.values("href") if not link.startswith("#")} == {"https://example.org/F401"}
    assert {tag for tag, _ in page.elements} & {"link", "iframe", "object", "embed", "form", "base"} == set()
    assert not re.search(r"@import|url\(", page.raw["style"])
    assert "style" not in {name for _, attributes in page.elements for name in attributes}
    (policy,) = [found["content"] for _, found in page.elements if "http-equiv" in found]
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.raw[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_what_a_stranger_wrote_is_text_and_nothing_else() -> None:
    plain = Page(render_report(recorded_capsule(words=" words")))
    html = render_report(recorded_capsule(words=HOSTILE))
    hostile = Page(html)
    assert list(hostile.rows()) == list(plain.rows()), "the same elements with the same attributes"
    assert hostile.raw == plain.raw
    assert "{{ 7 * 7 }}" in hostile.text
    assert not set(html) & {"\u202e", "\x1b", "\x00"}
    assert "⟨U+202E⟩gnp.exe⟨U+001B⟩[2J⟨U+0000⟩" in hostile.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " https://x"]
)
def test_a_rule_is_linked_only_to_the_web(url: str) -> None:
    assert url not in Page(render_report(recorded_capsule(url=url))).values("href")


def test_file_names_of_a_stranger_are_text() -> None:
    path = "tally/' onload='alert(1)'&lt;script&gt;.py"  # no file may have the other signs in its name
    page = Page(render_report(recorded_capsule({**FILES, path: "x = 1\n"})))
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert path in page.texts
    assert path in page.values("data-path")


@pytest.mark.parametrize(
    ("state", "name", "own", "said"),
    [
        ("trusted", "Ada", False, "Signed by Ada (0123456789abcdef), whom you trust."),
        ("trusted", "me", True, "Signed by a key of this machine."),
        ("unknown", "", False, "Signed by a key that you do not know (0123456789abcdef)"),
        ("revoked", "Ada", False, "Signed by Ada (0123456789abcdef), which you trust no more."),
        ("unsigned", "", False, "Not signed: nobody vouches for it."),
    ],
)
def test_it_says_whose_word_it_is(recorded: Capsule, state: str, name: str, own: bool, said: str) -> None:
    sentence = whose_word(state, "0123456789abcdef" * 4, name, own=own)
    text = Page(render_report(recorded, signature=sentence)).text
    assert f"Signature {said}" in text, "at the top"
    assert said in text.partition("Provenance")[2]
    assert "does not say who made" not in text


def test_headings_are_in_order_and_tables_have_headers(recorded: Capsule) -> None:
    page = Page(render_report(recorded))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(found.get("scope") in {"col", "row"} for tag, found in page.elements if tag == "th")
    tags = [tag for tag, _ in page.elements]
    assert tags.count("thead") == tags.count("table")
    assert all(found["aria-hidden"] == "true" for tag, found in page.elements if tag == "svg")
    assert page.elements[0] == ("html", {"lang": "en"})


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(theme: int) -> None:
    style = (files("quantumlayer.engine.capsule.report") / "templates" / "style.css").read_text("utf-8")
    block = style.split(":root {")[theme + 1].partition("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    pairs = [(ink, back) for ink in ("ink", "dim", "link") for back in ("paper", "soft", "mark")]
    pairs += [(kind, behind) for kind in ("good", "bad", "unsure") for behind in ("paper", f"{kind}-soft")]
    pairs += [("ink", "bad-soft"), ("ink", "unsure-soft"), ("dim", "bad-soft"), ("dim", "unsure-soft")]
    faint = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in pairs}
    assert {pair: value for pair, value in faint.items() if value < 4.5} == {}


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_what_would_make_the_page_too_long_is_left_out_and_counted() -> None:
    long = "x = 1\n" * (MOST_LINES + 1)
    page = Page(render_report(recorded_capsule({**FILES, "tally/long.py": long})))
    assert f"Left out, for the page would be too long: {MOST_LINES + 1:,} lines." in page.text
    assert "from tally.core import total" in page.text, "what comes after it is listed"


def test_candidates_that_showed_the_same_have_the_same_letter() -> None:
    def record(sample: int, *, elected: bool = False, **shown: str) -> CandidateRecord:
        return CandidateRecord(
            path="a.py", sample=sample, sha256="0" * 64, elected=elected, passed=2, total=5, shown=shown
        )

    checks = (
        CheckRecord(name="claim", code="assert f() == 1", source="model", passed=True),
        CheckRecord(name="probe", code="f()", source="probe", passed=False),
        CheckRecord(name="same", code="g()", source="probe", passed=False),
    )
    records = [
        record(0, probe="1", same="9", claim="x"),
        record(1, probe="2", same="9"),
        record(2, probe="2", same="9", elected=True),
    ]
    (found,) = elections(records, checks)
    told = {s.record.sample: [(cell.sign, cell.kind) for cell in s.cells] for s in found.standings}
    assert next(iter(told)) == 2, "the elected one first"
    assert told == {
        2: [("✓", "passed"), ("A", "agrees")],
        1: [("✓", "passed"), ("A", "agrees")],
        0: [("A", "differs"), ("B", "differs")],
    }
    assert [dict(column.meanings) for column in found.columns] == [{"A": "x"}, {"A": "2", "B": "1"}]
    assert found.passed_by_all == 4, "of five claims one is drawn"
    assert found.alike == 1, "what tells nothing apart is not drawn"


def test_a_report_replaces_a_report_and_nothing_else(recorded: Capsule, tmp_path: Path) -> None:
    html = render_report(recorded)
    page = write_report(recorded, html, tmp_path)
    assert page == tmp_path / "tally.html"
    assert write_report(recorded, html, page) == page
    (mine := tmp_path / "mine.html").write_text("<p>Mine.")
    with pytest.raises(CapsuleError, match="in the way"):
        write_report(recorded, html, mine)
    assert mine.read_text() == "<p>Mine."
    write_report(recorded, html, mine, overwrite=True)
    assert mine.read_text("utf-8") == html


def test_kept_reports_are_private_and_go_after_a_week(recorded: Capsule, tmp_path: Path) -> None:
    import os

    folder = tmp_path / "reports"
    folder.mkdir()
    (old := folder / "old-000000000000.html").write_text("")
    os.utime(old, (0, 0))
    page = keep_report(recorded, render_report(recorded), folder)
    assert not old.exists()
    assert page.name == f"tally-{recorded.id[:12]}.html"
    assert os.name != "posix" or page.stat().st_mode & 0o077 == 0


async def test_an_archive_has_a_report_once_it_is_verified(recorded: Capsule, tmp_path: Path) -> None:
    archive = write_archive(recorded, "qlcapsule", tmp_path)
    settings = Settings(storage=StorageSettings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache"))
    async with Engine(settings) as engine:
        capsule, html = await engine.capsule_report(archive)
        assert capsule.id == recorded.id
        assert Page(html).values("data-capsule") == [recorded.id]
        data = bytearray(archive.read_bytes())
        data[data.index(b"import os")] ^= 1
        archive.write_bytes(bytes(data))
        with pytest.raises(CapsuleError, match=r"tally/core\.py"):
            await engine.capsule_report(archive)
        assert await engine.list_capsules() == ()
