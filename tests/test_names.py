"""How things are called: nouns of the domain and verbs, each class by a name of its own."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import aslms_feeds

PACKAGE = Path(aslms_feeds.__file__).parent
MODULES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
VAGUE = set(
    """one found known held told said made kept own shown given seen wanted done was became taken rest others these
    those this that here there each it them thing things stuff""".split()  # noqa: SIM905 - a list would be sixty lines
)
"""Pronouns and participles that say nothing about what they stand for."""
ALLOWED: dict[tuple[str, str], str] = {}
"""Names from that list that are the right word after all, by module, each with the reason."""


def bound_names(tree: ast.AST) -> list[tuple[str, int]]:
    """Return every name that a module binds, with its line: variables, parameters, functions, classes."""
    names = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.append((name, node.lineno))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.append((name, node.lineno))
    return names


@pytest.mark.slow
def test_a_name_says_what_it_stands_for():
    """No variable, parameter, function or class is called by a pronoun or a participle alone."""
    vague = [
        f"{module}:{line}: {name}"
        for module, tree in MODULES.items()
        for name, line in bound_names(tree)
        if name.strip("_").lower() in VAGUE and (module, name) not in ALLOWED
    ]
    assert vague == []


@pytest.mark.slow
def test_every_exception_from_that_is_needed():
    """What is allowed is still there."""
    there = {(module, name) for module, tree in MODULES.items() for name, _line in bound_names(tree)}
    assert set(ALLOWED) - there == set()


def test_a_class_has_a_name_of_its_own():
    """No two classes of the package share a name, private ones neither."""
    places = defaultdict(list)
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module)
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}


def test_reading_says_what_it_reads():
    """Few functions are called plainly `read`: that of the public names, and the one that a library asks for."""
    functions = [
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "read"
    ]
    assert sorted(functions) == ["api.py", "network/backend.py"]


def test_every_module_says_what_it_is_for():
    """A module, and a room, opens with its one job."""
    assert [module for module, tree in MODULES.items() if not ast.get_docstring(tree)] == []
