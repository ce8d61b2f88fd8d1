"""Kubernetes' manifests, against the schemas of their kinds."""

import pytest
from quantumlayer.engine.types import Severity, SourceFile, Stage
from quantumlayer.engine.validation.adapters.kubernetes import Kubernetes

GOOD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: nginx:1
"""


async def types(mesh, make, files):
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    return result


def places(result):
    return {(one.rule, one.range.start.line, one.range.start.column, one.severity) for one in result.findings}


async def test_a_right_manifest_passes(mesh, make):
    result = await types(mesh, make, {"web.yaml": GOOD})
    assert (result.status, result.findings) == ("passed", ())


@pytest.mark.parametrize(
    ("old", "new", "rule", "line", "level"),
    [
        ("replicas: 3", 'replicas: "three"', "type", 5, Severity.ERROR),
        ("image: nginx:1", "imgae: nginx:1", "additionalProperties", 13, Severity.ERROR),
        ("name: web\n          image", "image", "required", 13, Severity.WARNING),
        ("apps/v1", "extensions/v1beta1", "no-such-kind", 0, Severity.WARNING),
    ],
)
async def test_what_the_kind_does_not_have_is_told_where_it_stands(mesh, make, old, new, rule, line, level):
    result = await types(mesh, make, {"web.yaml": GOOD.replace(old, new)})
    assert (rule, line, level) in {(one[0], one[1], one[3]) for one in places(result)}
    assert (result.status == "failed") == (level is Severity.ERROR)


async def test_every_document_and_every_item_of_a_list_is_judged(mesh, make):
    wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: many}]}\n"
    listed = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  data: {a: 1}\n"
        "  metadata: {name: b}\n"
    )
    result = await types(mesh, make, {"a.yaml": f"{GOOD}---\n{wrong}---\n{listed}"})
    assert {one[1] for one in places(result)} == {19, 26}


async def test_what_is_no_manifest_is_none_of_its_business(mesh, make):
    files = {
        "compose.yaml": "services: {a: {image: b}}\n",
        "chart.yaml": GOOD.replace("3", "{{ .Values.n }}"),
        "crd.yaml": "apiVersion: example.com/v1\nkind: Shop\nspec: 1\n",
        "broken.yaml": f"{GOOD}  a: [\n",
    }
    result = await types(mesh, make, files)
    assert [(one.path, one.rule, one.severity) for one in result.findings] == [
        ("broken.yaml", "not-read", Severity.INFO)
    ]
    del files["crd.yaml"], files["broken.yaml"]
    result = await types(mesh, make, files)
    assert (result.status, result.tools) == ("skipped", ())


@pytest.mark.parametrize("kind", ["../../../../../../etc/passwd", "_definitions", "."])
async def test_a_kind_is_no_path(mesh, make, kind):
    result = await types(mesh, make, {"a.yaml": f"apiVersion: v1\nkind: {kind}\n"})
    assert (result.status, result.findings) == ("passed", ())


async def test_aliases_without_end_are_not_followed(mesh, make):
    steps = "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    bomb = f"apiVersion: v1\nkind: ConfigMap\ndata:\n  a0: &a0 [x]\n{steps}"
    itself = "apiVersion: v1\nkind: ConfigMap\ndata: &d {a: *d}\n"
    result = await types(mesh, make, {"a.yaml": bomb, "b.yaml": itself})
    assert {(one.path, one.rule) for one in result.findings} == {
        ("a.yaml", "too-large"),
        ("b.yaml", "too-large"),
    }


async def test_without_the_schemas_it_is_not_checked_and_said_how_to_get_them(mesh, make, monkeypatch):
    found = "quantumlayer.engine.validation.adapters.kubernetes.package_version"
    monkeypatch.setattr(found, lambda package: "")
    result = await types(mesh, make, {"web.yaml": GOOD})
    assert (result.status, "quantumlayer[kubernetes]" in result.reason) == ("skipped", True)
    result = await types(mesh, make, {"compose.yaml": "a: 1\n", "a.py": "x: int = 1\n"})
    assert (result.status, result.reason) == ("passed", "")


def test_empty_lines_are_looked_through_at_once():
    """It is done where editors are answered."""
    assert not Kubernetes().judges(SourceFile(path="a.yaml", text="\n" * 1_000_000 + "x: 1\n"))
    assert Kubernetes().judges(SourceFile(path="a.yaml", text="\n" * 1000 + "-  apiVersion: v1\n"))


@pytest.mark.parametrize(
    "kind",
    [
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("v1", "Config"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("kubeadm.k8s.io/v1beta3", "ClusterConfiguration"),
        ("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"),
        ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"),
        ("skaffold/v4beta6", "Config"),
        ("apps.example.com/v1", "Deployment"),
    ],
)
async def test_kinds_of_others_are_left_alone(mesh, make, kind):
    result = await types(mesh, make, {"a.yaml": "apiVersion: {}\nkind: {}\nspec: 1\n".format(*kind)})
    assert (result.status, result.findings) == ("passed", ())


@pytest.mark.parametrize("kind", [("v1", "Deployment"), ("policy/v1beta1", "PodSecurityPolicy")])
async def test_kinds_that_its_own_groups_do_not_have_are_told(mesh, make, kind):
    result = await types(mesh, make, {"a.yaml": "apiVersion: {}\nkind: {}\n".format(*kind)})
    assert [(one.rule, one.severity) for one in result.findings] == [("no-such-kind", Severity.WARNING)]


async def test_plain_words_are_read_as_kubernetes_reads_them(mesh, make):
    notes = "metadata:\n  name: a\n  annotations: {day: 2024-01-01, never: 2024-99-99, at: 10:30:45, is: =}\n"
    mode = "spec: {containers: [{name: a}], volumes: [{name: b, secret: {defaultMode: 0o644}}]}\n"
    result = await types(mesh, make, {"a.yaml": f"apiVersion: v1\nkind: Pod\n{notes}{mode}"})
    assert (result.status, result.findings) == ("passed", ())
    result = await types(mesh, make, {"a.yaml": "apiVersion: v1\nkind: Secret\nstringData: {a: 10}\n"})
    assert result.status == "failed"


async def test_no_message_shows_a_value(mesh, make):
    told = "stringData: {password: 83619274}\ndata: [hunter2]\ntype: {k: swordfish}\n"
    secret = f"apiVersion: v1\nkind: Secret\n{told}"
    listed = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: B, value: 83619274}]}]}\n"
    result = await types(mesh, make, {"a.yaml": secret, "b.yaml": listed})
    said = " ".join(one.message for one in result.findings)
    assert "stringData.password: is an integer, where string is wanted" in said
    assert len(result.findings) == 4
    assert not any(value in said for value in ("83619274", "hunter2", "swordfish"))


async def test_what_is_filled_in_later_and_what_guides_a_patch_is_no_mistake(mesh, make):
    text = GOOD.replace("replicas: 3", "replicas: ${REPLICAS}").replace(
        "          image", "          $patch: merge\n          image"
    )
    result = await types(mesh, make, {"web.yaml": text})
    assert (result.status, result.findings) == ("passed", ())


WRONG = "apiVersion: v1\nkind: Pod\nspec: 1\n"


@pytest.mark.parametrize("odd", ["apiVersion: v1\nkind: Pod\nspec: !Ref a\n", "apiVersion: v1\n? [a]\n: b\n"])
async def test_a_document_that_cannot_be_read_is_named_and_the_next_one_judged(mesh, make, odd):
    result = await types(mesh, make, {"a.yaml": f"{odd}---\n{WRONG}"})
    assert [(one.rule, one.range.start.line) for one in result.findings] == [
        ("not-read", 2 if "Ref" in odd else 1),
        ("type", 6),
    ]
    assert "not checked" in result.findings[0].message


async def test_a_template_in_a_comment_makes_no_template(mesh, make):
    result = await types(mesh, make, {"a.yaml": f"# {{{{ x }}}}\n{WRONG}"})
    assert [(one.rule, one.range.start.line) for one in result.findings] == [("type", 3)]


async def test_a_package_without_schemas_is_none(mesh, make, monkeypatch):
    monkeypatch.setattr("quantumlayer.engine.validation.adapters.kubernetes.find_spec", lambda name: None)
    result = await types(mesh, make, {"web.yaml": WRONG})
    assert (result.status, "has no schemas" in result.reason) == ("skipped", True)
