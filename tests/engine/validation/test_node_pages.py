"""Which scripts a page loads: by what its tags say, not by what its words say."""

import pytest
from quantumlayer.engine.validation.runtime.node_pages import shown_by_pages

FILES = ("index.js", "docs/index.js", "docs/js/app.js", "site/js/app.js", "a.mjs")


def shown(make, page: str, text: str) -> set[str]:
    return set(shown_by_pages(make({page: text, **dict.fromkeys(FILES, "")}))) & set(FILES)


def test_words_of_a_page_load_nothing(make) -> None:
    assert shown(make, "docs/guide.html", "<p>See index.js</p><script>'a.mjs'</script>") == set()
    assert shown(make, "docs/guide.html", "<script data-src='index.js'></script>") == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("index.js", {"docs/index.js"}),
        ("./js/app.js?v=2", {"docs/js/app.js"}),
        ("../site/js/app.js#a", {"site/js/app.js"}),
        ("/js/app.js", {"docs/js/app.js"}),
        ("/a.mjs", {"a.mjs"}),
        ("https://example.org/index.js", set()),
        ("//example.org/index.js", set()),
        ("{{ url_for('static', filename='js/app.js') }}", {"docs/js/app.js", "site/js/app.js"}),
        ('{% static "app.js" %}', {"docs/js/app.js", "site/js/app.js"}),
        ("{% static 'app.js' %}", {"docs/js/app.js", "site/js/app.js"}),
    ],
)
def test_a_source_is_a_whole_path_from_the_page_or_the_root(make, source: str, expected: set[str]) -> None:
    text = f'<script\n  type="module" src="{source}" defer></script>\n'
    assert shown(make, "docs/guide.html", text) == expected
