"""Whose fault it is that JavaScript did not run: its own, or that of what is not in the sandbox."""

import pytest
from quantumlayer.engine.validation.runtime.node_reading import not_checked


def why(message: str, texts: dict[str, str] | None = None, *, loading: bool = True, **more: str | int) -> str:
    outcome = {"outcome": "error", "message": message, **more}
    return not_checked(outcome, texts or {}, loading=loading)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Error: Cannot find package '@a/b' imported from ./a.mjs", "it needs the package @a/b"),
        (
            "Error: Cannot find module 'left-pad/x'\nRequire stack:\n- ./a.cjs",
            "it needs the package left-pad",
        ),
        ("Error: Cannot find module './b'\nRequire stack:\n- ./src/a.cjs", "it needs a build"),
        ("Error: Cannot find module './c'\nRequire stack:\n- ./src/a.cjs", ""),
        ("Error: Cannot find module './dist/c.js' imported from ./a.mjs", "it needs a build"),
    ],
)
def test_what_is_missing_decides_whose_fault_it_is(message: str, expected: str) -> None:
    assert why(message, {"src/b.ts": ""}, code="MODULE_NOT_FOUND") == expected


def test_words_that_only_sound_like_a_missing_package_excuse_nothing() -> None:
    assert why("Error: Cannot find module 'x'") == ""
    assert why("Error: it said ReferenceError: window is not defined") == ""


@pytest.mark.parametrize("name", ["localStorage", "window", "document", "$"])
def test_a_name_of_browsers_excuses_a_file_that_cannot_be_loaded_but_no_test(name: str) -> None:
    message = f"ReferenceError: {name} is not defined"
    assert why(message) == "it is for a browser"
    assert why(message, loading=False) == ""


@pytest.mark.parametrize("name", ["Node", "parent", "top", "history", "Element", "Image", "loclStorage"])
def test_a_name_that_may_be_the_projects_own_is_a_forgotten_import(name: str) -> None:
    texts = {"list.js": f"// window.open and document.title\nnew {name}(1);\n"}
    assert why(f"ReferenceError: {name} is not defined", texts, at="list.js") == ""


def test_a_name_that_a_script_gives_to_the_window_is_for_a_browser() -> None:
    message = "ReferenceError: App is not defined"
    assert why(message, {"a.js": "window.App = {};\n"}) == "it is for a browser"
    assert why(message, {"a.js": "if (window.App == 1) go();\n"}) == ""


@pytest.mark.parametrize("folder", ["", "frontend/"])
def test_a_build_script_makes_no_misspelt_file(folder: str) -> None:
    texts = {
        "src/main.js": "import './helpres.js';\n",
        f"{folder}package.json": '{"scripts": {"build": "vite"}}',
    }
    message = "Error: Cannot find module './src/helpres.js' imported from ./src/main.js"
    assert why(message, texts, code="ERR_MODULE_NOT_FOUND") == ""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("TypeError: Cannot read properties of undefined (reading 'VITE_X')", "go(import.meta.env.VITE_X);"),
        ("TypeError: (intermediate value).glob is not a function", "import.meta.glob('./*.js');"),
        ("ReferenceError: HTMLButtonElement is not defined", "class X extends HTMLButtonElement {}"),
        ("ReferenceError: define is not defined", "define(['a'], () => 1);"),
        ("ReferenceError: postMessage is not defined", "postMessage(1);"),
        ("ReferenceError: self is not defined", "self.onmessage = () => {};"),
        ("ReferenceError: location is not defined", "const a = location.hash;"),
    ],
)
def test_what_front_ends_say_excuses_what_is_loaded_and_no_test(message: str, line: str) -> None:
    texts = {"src/a.js": f"\n{line}\n"}
    assert why(message, texts, at="src/a.js", line=2) in {"it needs a build", "it is for a browser"}
    assert why(message, texts, loading=False, at="src/a.js", line=2) == ""
    if message.startswith("TypeError"):
        assert why(message, texts, at="src/a.js", line=1) == ""


@pytest.mark.parametrize("scheme", ["https", "virtual", "npm", "jsr"])
def test_an_address_is_for_a_bundler(scheme: str) -> None:
    message = f"Error: Only URLs with a scheme in: file, data. Received protocol '{scheme}:'"
    assert why(message, code="ERR_UNSUPPORTED_ESM_URL_SCHEME").startswith("it needs a build")


def test_a_path_from_the_root_is_one_of_the_package() -> None:
    def missing(name: str) -> str:
        message = f"Error: Cannot find module '{name}' imported from ./web/src/main.js"
        return why(message, {"web/src/x.js": "", "web/src/main.js": ""}, code="ERR_MODULE_NOT_FOUND")

    assert missing("/src/x.js") == missing("/src/x") == "it needs a build"
    assert missing("/src/y.js") == ""


def test_who_uses_the_runner_of_node_has_forgotten_an_import() -> None:
    message = "ReferenceError: describe is not defined"
    assert why(message, {"a.js": "describe('a');"}, at="a.js") == "it is for another test runner"
    assert why(message, {"a.js": "import test from 'node:test';"}, at="a.js") == ""
