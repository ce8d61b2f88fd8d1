import importlib
import json
import os
import subprocess
import sys

import pytest

PROJECT = os.environ["PROJECT_DIR"]
SALES = "city,person,sales\nRome,Ann,3.5\nOslo,Bob,10\nRome,Cid,-1\nBern,Dan, 2.5 \n"


@pytest.fixture
def colsum():
    if PROJECT not in sys.path:
        sys.path.insert(0, PROJECT)
    return importlib.import_module("colsum")


@pytest.fixture
def sales(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(SALES, encoding="utf-8")
    return str(path)


def run(*args, text=""):
    command = [sys.executable, os.path.join(PROJECT, "colsum.py"), *args]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=10)


def test_total_of_a_file(sales):
    done = run("--column", "sales", sales)
    assert done.returncode == 0
    assert done.stdout == "total\t15.00\n"


def test_standard_input_with_and_without_a_dash():
    assert run("--column", "sales", text=SALES).stdout == "total\t15.00\n"
    assert run("--column", "sales", "-", text=SALES).stdout == "total\t15.00\n"


def test_groups_are_sorted_by_sum_then_value(sales):
    done = run("--column", "sales", "--group", "city", sales)
    assert done.stdout == "Oslo\t10.00\nBern\t2.50\nRome\t2.50\n"


def test_several_files_are_added_up_together(sales, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("sales,city\n4,Bern\n", encoding="utf-8")
    done = run("--column", "sales", "--group", "city", sales, str(other))
    assert done.stdout == "Oslo\t10.00\nBern\t6.50\nRome\t2.50\n"


def test_quoted_fields_and_delimiter():
    quoted = 'name,n\n"Smith, Jane",5\n'
    assert run("--column", "n", "--group", "name", text=quoted).stdout == "Smith, Jane\t5.00\n"
    other = "name;n\nSmith, Jane;5\n"
    done = run("--column", "n", "--group", "name", "--delimiter", ";", text=other)
    assert done.stdout == "Smith, Jane\t5.00\n"


def test_count_adds_the_number_of_rows(sales):
    done = run("--column", "sales", "--group", "city", "--count", sales)
    assert done.stdout == "Oslo\t10.00\t1\nBern\t2.50\t1\nRome\t2.50\t2\n"


def test_json_has_sums_in_the_same_order(sales):
    done = run("--column", "sales", "--group", "city", "--json", sales)
    assert list(json.loads(done.stdout).items()) == [("Oslo", 10), ("Bern", 2.5), ("Rome", 2.5)]
    assert json.loads(run("--column", "n", "--json", text="n\n0.1\n0.2\n").stdout) == {"total": 0.3}


def test_json_with_count(sales):
    done = run("--column", "sales", "--json", "--count", sales)
    assert json.loads(done.stdout) == {"total": {"sum": 15, "count": 4}}


def test_empty_and_missing_cells_are_left_out():
    text = "city,n\nRome,\nOslo,3\nBern\nOslo,  \n,4\n"
    done = run("--column", "n", "--group", "city", "--count", text=text)
    assert done.stdout == "(none)\t4.00\t1\nOslo\t3.00\t1\n"


def test_a_cell_that_is_no_number(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("n\n1\nmany\n", encoding="utf-8")
    done = run("--column", "n", str(path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"{path}:3: not a number: many" in done.stderr


def test_nan_is_no_number_and_input_is_called_dash():
    for word in ("nan", "inf"):
        done = run("--column", "n", text=f"n\n{word}\n")
        assert done.returncode == 1
        assert f"-:2: not a number: {word}" in done.stderr


def test_skip_bad_leaves_rows_out_and_counts_them():
    done = run("--column", "n", "--skip-bad", "--count", text="n\n1\nmany\n2\nfew\n")
    assert done.returncode == 0
    assert done.stdout == "total\t3.00\t2\n"
    assert "skipped 2" in done.stderr
    assert "skipped" not in run("--column", "n", "--skip-bad", text="n\n1\n").stderr


def test_missing_columns(sales):
    for arguments in (("--column", "profit"), ("--column", "sales", "--group", "profit")):
        done = run(*arguments, sales)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "profit" in done.stderr and "Traceback" not in done.stderr


def test_unreadable_file_and_wrong_usage(sales, tmp_path):
    done = run("--column", "sales", str(tmp_path / "absent.csv"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "absent.csv" in done.stderr and "Traceback" not in done.stderr
    usage = run(sales)
    assert usage.returncode == 2
    assert "--column" in usage.stderr


def test_sum_column(colsum):
    rows = [
        {"city": "Rome", "sales": "3.5"},
        {"city": "Oslo", "sales": ""},
        {"city": "", "sales": "1"},
        {"city": "Rome", "sales": " 2 "},
    ]
    assert colsum.sum_column(rows, "sales") == {"total": 6.5}
    assert colsum.sum_column(rows, "sales", group="city") == {"Rome": 5.5, "(none)": 1.0}
    assert colsum.sum_column([], "sales") == {"total": 0.0}
    assert colsum.sum_column([], "sales", group="city") == {}
    with pytest.raises(ValueError):
        colsum.sum_column([{"sales": "many"}], "sales")
