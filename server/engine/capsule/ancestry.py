"""Which version descends from which: the graph that the manifests' parents make.

A graph is given as the parents of each version that is here, newest first. Parents that are not here have
no parents of their own. It has no circles: a manifest holds the digests of its parents.
"""

from collections.abc import Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def reachable(graph: Graph, start: str) -> set[str]:
    """A version and all that it descends from, as far as it is here."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if one in graph and one not in found:
            found.add(one)
            waiting += graph[one]
    return found


def in_order(graph: Graph) -> tuple[str, ...]:
    """Children before their parents, and otherwise as they are given: newest first."""
    children = dict.fromkeys(graph, 0)
    for parents in graph.values():
        for parent in set(parents) & children.keys():
            children[parent] += 1
    place = {one: number for number, one in enumerate(graph)}
    ready = [one for one in graph if not children[one]]
    ordered: list[str] = []
    while ready:
        one = min(ready, key=place.__getitem__)
        ready.remove(one)
        ordered.append(one)
        for parent in set(graph[one]) & children.keys():
            children[parent] -= 1
            if not children[parent]:
                ready.append(parent)
    return tuple(ordered)


def missing_parents(graph: Graph) -> tuple[str, ...]:
    """Parents that are named and not here."""
    named = {parent: None for parents in graph.values() for parent in parents}
    return tuple(parent for parent in named if parent not in graph)


def common_ancestor(graph: Graph, ours: str, theirs: str) -> str:
    """The nearest version that both descend from, or are; empty if there is none.

    Where several are equally near, because branches were merged into each other crosswise, it is the newest.
    """
    shared = reachable(graph, ours) & reachable(graph, theirs)
    farther = {parent for one in shared for parent in _before(graph, one)}
    return next((one for one in graph if one in shared - farther), "")


def _before(graph: Graph, start: str) -> set[str]:
    return reachable(graph, start) - {start}
