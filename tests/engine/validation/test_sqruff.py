"""SQL: sqruff."""

import sys

import pytest
from quantumlayer.engine.types import Severity, Stage
from quantumlayer.engine.validation.adapters import sqruff

DIALECTS = {
    "postgres.sql": "SELECT data->>'a' AS a FROM t WHERE data @> '{\"a\": 1}' AND data = NULL;\n",
    "mysql.sql": "CREATE TABLE `t` (`id` int) ENGINE=InnoDB;\nSELECT `id` FROM `t` WHERE `id` = NULL;\n",
    "sqlite.sql": "PRAGMA foreign_keys = ON;\nSELECT id FROM t WHERE id = NULL;\n",
    "tsql.sql": "DECLARE @a INT = 1;\nSELECT TOP 3 id FROM [dbo].[t] WHERE id = NULL;\n",
}


async def style(mesh, make, files):
    (result,) = await mesh.check(make(files), (Stage.STYLE,))
    return result, {(one.path, one.rule, one.range.start.line) for one in result.findings}


@pytest.mark.parametrize(
    ("text", "rule", "column", "level"),
    [
        ("SELECT 'é😀' AS a FROM t WHERE b = NULL;\n", "CV05", 32, Severity.ERROR),
        ("SELECT a FROM t UNION ALL SELECT a, b FROM u;\n", "AM07", 0, Severity.ERROR),
        ("SELECT x.a FROM t AS x, u AS x;\n", "AL04", 29, Severity.WARNING),
        ("SELECT * FROM a JOIN b;\n", "AM08", 16, Severity.WARNING),
        ("SELECT a AS c, b AS c FROM t;\n", "AL08", 20, Severity.WARNING),
        ("WITH q AS (SELECT 1 AS a) SELECT b FROM c;\n", "ST03", 5, Severity.WARNING),
    ],
)
async def test_what_nobody_means_is_told_where_it_stands(mesh, make, text, rule, column, level):
    result, _ = await style(mesh, make, {"a.sql": text})
    (told,) = [one for one in result.findings if one.rule == rule]
    assert (told.range.start.line, told.range.start.column, told.severity) == (0, column, level)
    assert (result.status == "failed") == (level is Severity.ERROR)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE PROCEDURE dbo.p @a INT = NULL AS\nBEGIN\n  SELECT 1;\nEND\n",
        "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = NULL;\n",
        "SELECT orders.id FROM a.orders JOIN b.orders ON a.orders.id = b.orders.id;\n",
        "SELECT a.x FROM t AS a WHERE EXISTS (SELECT 1 FROM u AS a WHERE a.y = 1);\n",
        "UPDATE t SET a = NULL WHERE b = 1;\n",
        "CREATE TRIGGER r AFTER UPDATE ON t BEGIN INSERT INTO log SELECT NEW.id, OLD.b; END;\n",
    ],
)
async def test_what_databases_take_is_no_error(mesh, make, text):
    result, found = await style(mesh, make, {"a.sql": text})
    assert result.status == "passed"
    assert not {rule for _, rule, _ in found} & {"RF01", "not-read"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE (b = 1 AND\nCOALESCE(c, 'select') = NULL);\n",
        "SELECT a FROM t JOIN u ON t.a = u.a -- select\nAND u.b = NULL;\n",
        "SELECT a FROM t GROUP BY a HAVING /* set */\nMAX(b) = NULL;\n",
        "UPDATE t SET a = (SELECT b FROM u LIMIT 1) WHERE\nc = NULL;\n",
    ],
)
async def test_a_condition_that_is_never_true_is_an_error_wherever_it_stands(mesh, make, text):
    result, _ = await style(mesh, make, {"a.sql": text})
    (told,) = [one for one in result.findings if one.rule == "CV05"]
    assert (told.range.start.line, told.severity) == (1, Severity.ERROR)


@pytest.mark.parametrize(
    "comment", ["-- noqa: disable=all\n{}", "-- noqa:disable=CV05\n{}", "{} -- noqa", "{} -- noqa: CV05"]
)
async def test_no_comment_of_judged_text_switches_it_off(mesh, make, comment):
    text = comment.format("SELECT a FROM t WHERE b = NULL;") + "\n"
    result, found = await style(mesh, make, {"a.sql": text})
    assert {rule for _, rule, _ in found} == {"CV05"}
    assert result.status == "failed"


async def test_layout_is_left_to_who_wrote_it(mesh, make):
    text = "select   a\nFROM t where b is NULL and c in ( 1,2 )  order by A  "
    result, _ = await style(mesh, make, {"a.sql": text})
    assert (result.status, result.findings) == ("passed", ())


async def test_each_file_is_read_in_the_dialect_that_knows_it(mesh, make):
    _, found = await style(mesh, make, DIALECTS)
    assert {(path, rule) for path, rule, _ in found} == {(path, "CV05") for path in DIALECTS}


async def test_what_no_dialect_knows_is_named_and_the_rest_is_judged(mesh, make):
    text = "SELECT a FROM t WHERE b = NULL;\nSELEC a FROM t;\n"
    result, found = await style(mesh, make, {"a.sql": text})
    assert {("a.sql", "CV05", 0), ("a.sql", "not-read", 1)} <= found
    assert all("not checked" in one.message for one in result.findings if one.rule == "not-read")


async def test_judged_text_cannot_say_how_it_is_read(mesh, make):
    lines = ["-- sqruff:exclude_rules:CV05", "-- sqlfluff:exclude_rules:CV05", "--SQLFluff:rules:LT01"]
    files = {
        "a.sql": "\n".join([*lines, "SELECT a FROM t WHERE b = NULL;\n"]),
        ".sqruff": "[sqruff]\nexclude_rules = CV05\n",
        ".sqlfluffignore": "*.sql\n",
    }
    _, found = await style(mesh, make, files)
    assert ("a.sql", "CV05", 3) in found


async def test_no_template_of_judged_text_is_filled_in(mesh, make, tmp_path):
    """A templater loads Python from the folder that a directive names."""
    mark = tmp_path / "ran"
    library = tmp_path / "library"
    library.mkdir()
    (library / "macros.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    names = ("templater:jinja", f"templater:jinja:library_path:{library}", "templater:python")
    head = "".join(f"-- {tool}:{name}\n" for tool in ("sqruff", "sqlfluff") for name in names)
    _, found = await style(mesh, make, {"a.sql": f"{head}SELECT {{{{ macros.a }}}} AS b FROM t;\n"})
    assert ("a.sql", "not-read", 6) in found  # read as it stands
    assert not mark.exists()


async def test_a_name_like_an_option_is_a_name(mesh, make):
    _, found = await style(mesh, make, {"--dialect.sql": "SELECT a FROM t WHERE b = NULL;\n"})
    assert found == {("--dialect.sql", "CV05", 0)}


async def test_large_files_are_not_passed_over(mesh, make):
    text = "SELECT a FROM t WHERE b = 1;\n" * 1000 + "SELECT a FROM t WHERE b = NULL;\n"
    (result,) = await mesh.check(make({"a.sql": text}), (Stage.STYLE,))
    assert [(one.rule, one.range.start.line) for one in result.findings] == [("CV05", 1000)]


async def test_what_is_too_large_is_named(mesh, make):
    text = "SELECT a.x, b.y FROM a INNER JOIN b ON a.id = b.id WHERE a.z = 1 ORDER BY a.x;\n" * 1500
    (result,) = await mesh.check(make({"a.sql": text}), (Stage.STYLE,))
    assert {(one.severity, one.message) for one in result.findings} == {
        (Severity.INFO, "not checked: it is too large for sqruff")
    }


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script as a program")
async def test_a_file_of_which_nothing_is_said_is_not_called_right(mesh, make, monkeypatch, tmp_path):
    silent = tmp_path / "sqruff"
    silent.write_text("#!/bin/sh\necho '{}'\n")
    silent.chmod(0o755)
    monkeypatch.setattr(sqruff, "optional", lambda program, package: str(silent))
    (result,) = await mesh.check(make({"a.sql": "SELECT 1;\n"}), (Stage.STYLE,))
    assert (result.status, "sqruff says nothing of a.sql" in result.reason) == ("skipped", True)
