import importlib
import os
import sys

import pytest

PROJECT = os.environ["PROJECT_DIR"]


@pytest.fixture
def client():
    from fastapi.testclient import TestClient

    if PROJECT not in sys.path:
        sys.path.insert(0, PROJECT)
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(os.path.join(PROJECT, "")):
            del sys.modules[name]
    with TestClient(importlib.import_module("main").app) as opened:
        yield opened


def make(client, title="Buy milk", **fields):
    answer = client.post("/todos", json={"title": title, **fields})
    assert answer.status_code == 201
    return answer.json()


def ids(client, **query):
    answer = client.get("/todos", params=query)
    assert answer.status_code == 200
    return [item["id"] for item in answer.json()["items"]]


def test_create_answers_the_whole_todo(client):
    assert make(client) == {"id": 1, "title": "Buy milk", "done": False, "priority": 3, "tags": []}
    assert make(client, "Mow", priority=1, tags=["garden"]) == {
        "id": 2,
        "title": "Mow",
        "done": False,
        "priority": 1,
        "tags": ["garden"],
    }


def test_list_starts_empty(client):
    answer = client.get("/todos")
    assert answer.status_code == 200
    assert answer.json() == {"items": [], "total": 0}


def test_get_one(client):
    made = make(client)
    answer = client.get(f"/todos/{made['id']}")
    assert answer.status_code == 200
    assert answer.json() == made


def test_unknown_ids_are_404(client):
    for answer in (client.get("/todos/7"), client.patch("/todos/7", json={}), client.delete("/todos/7")):
        assert answer.status_code == 404
        assert answer.json() == {"detail": "todo not found"}


def test_an_id_that_is_no_number_is_422(client):
    assert client.get("/todos/abc").status_code == 422


def test_title_is_stripped_and_checked(client):
    assert make(client, "  Call Ann  ")["title"] == "Call Ann"
    assert make(client, " " + "x" * 100)["title"] == "x" * 100
    for body in ({}, {"title": ""}, {"title": "   "}, {"title": "x" * 101}):
        assert client.post("/todos", json=body).status_code == 422
    assert client.get("/todos").json()["total"] == 2


def test_priority_is_checked(client):
    for priority in (0, 6, "high", 2.5):
        assert client.post("/todos", json={"title": "a", "priority": priority}).status_code == 422
    assert make(client, priority=5)["priority"] == 5


def test_tags_are_tidied_and_checked(client):
    assert make(client, tags=["Home", " home", "Garden"])["tags"] == ["home", "garden"]
    assert make(client, tags=["a", "b", "c", "d", "e", "A"])["tags"] == ["a", "b", "c", "d", "e"]
    for tags in (["a", " "], ["a", "b", "c", "d", "e", "f"]):
        assert client.post("/todos", json={"title": "a", "tags": tags}).status_code == 422


def test_patch_changes_just_what_is_given(client):
    made = make(client, priority=2, tags=["home"])
    answer = client.patch("/todos/1", json={"done": True})
    assert answer.status_code == 200
    assert answer.json() == {**made, "done": True}
    assert client.patch("/todos/1", json={}).json() == {**made, "done": True}
    assert client.get("/todos/1").json() == {**made, "done": True}
    assert client.patch("/todos/1", json={"title": " Mow ", "tags": ["X", "x"]}).json() == {
        "id": 1,
        "title": "Mow",
        "done": True,
        "priority": 2,
        "tags": ["x"],
    }


def test_patch_refuses_wrong_values_and_null(client):
    made = make(client)
    for body in ({"title": " "}, {"priority": 9}, {"tags": [""]}, {"title": None}, {"done": None}):
        assert client.patch("/todos/1", json=body).status_code == 422
    assert client.get("/todos/1").json() == made


def test_delete_and_ids_are_never_used_again(client):
    make(client)
    make(client)
    answer = client.delete("/todos/2")
    assert answer.status_code == 204
    assert answer.content == b""
    assert client.get("/todos/2").status_code == 404
    assert make(client)["id"] == 3


def test_list_is_sorted_and_paged(client):
    for priority in (3, 1, 3, 2):
        make(client, priority=priority)
    assert ids(client) == [2, 4, 1, 3]
    answer = client.get("/todos", params={"limit": 2, "offset": 1})
    assert [item["id"] for item in answer.json()["items"]] == [4, 1]
    assert answer.json()["total"] == 4
    for query in ({"limit": 0}, {"limit": 51}, {"offset": -1}):
        assert client.get("/todos", params=query).status_code == 422


def test_list_is_filtered(client):
    make(client, tags=["home"])
    make(client, tags=["home", "garden"])
    make(client)
    client.patch("/todos/2", json={"done": True})
    assert ids(client, done="true") == [2]
    assert ids(client, done="false") == [1, 3]
    assert ids(client, tag="HOME") == [1, 2]
    answer = client.get("/todos", params={"tag": "home", "done": "false", "limit": 1})
    assert [item["id"] for item in answer.json()["items"]] == [1]
    assert answer.json()["total"] == 1


def test_done_todos_are_removed_together(client):
    for _ in range(3):
        make(client)
    for number in (1, 3):
        client.patch(f"/todos/{number}", json={"done": True})
    answer = client.delete("/todos/done")
    assert answer.status_code == 200
    assert answer.json() == {"removed": 2}
    assert ids(client) == [2]
    assert client.delete("/todos/done").json() == {"removed": 0}


def test_stats(client):
    assert client.get("/stats").json() == {"total": 0, "done": 0, "open": 0, "tags": {}}
    make(client, tags=["home"])
    make(client, tags=["Home", "garden"])
    make(client)
    client.patch("/todos/1", json={"done": True})
    assert client.get("/stats").json() == {
        "total": 3,
        "done": 1,
        "open": 2,
        "tags": {"home": 2, "garden": 1},
    }
