# SPDX-License-Identifier: MIT
"""Finds what can be changed in C++ headers, by the tree that clang makes of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPILER = "clang++-19"
Node = dict[str, Any]

OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|",
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "<<=": ">>=", ">>=": "<<=", "&=": "|=", "|=": "&=", "^=": "|=",
    "++": "--", "--": "++",
}  # fmt: skip
CALLS = {"CallExpr", "CXXMemberCallExpr"}
FUNCTIONS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl"}
LOOPS = {"ForStmt": 2, "WhileStmt": 0}  # where the condition stands among the children
NOT_JUDGED = {"StaticAssertDecl", "ConceptDecl"}
KEPT_STATEMENTS = {"DeclStmt", "CompoundStmt", "IfStmt", "ForStmt", "WhileStmt", "DoStmt", "ReturnStmt", "NullStmt",
                   "SwitchStmt", "CXXForRangeStmt"}  # fmt: skip
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


class SourceError(Exception):
    """What went wrong, as one sentence."""


@dataclass(frozen=True)
class Mutation:
    """One change of one file. `before` and `after` are the lines that it touches, as one line."""

    file: str
    function: str
    kind: str
    line: int
    before: str
    after: str
    begin: int
    end: int
    replacement: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Stays the same while other lines of the file change."""
        return self.file, self.function, self.before, self.after

    def applied(self, text: str) -> str:
        return text[: self.begin] + self.replacement + text[self.end :]


def tree_of(include: Path, files: Sequence[str]) -> Node:
    """What clang makes of the headers, which are read as by a program that includes them."""
    program = "".join(f'#include "{file}"\n' for file in files)
    command = [COMPILER, "-std=c++23", "-fsyntax-only", "-w", "-I", str(include), "-Xclang", "-ast-dump=json",
               "-x", "c++", "-"]  # fmt: skip
    done = subprocess.run(command, input=program, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SourceError(f"{COMPILER} cannot read the headers: {done.stderr.strip().splitlines()[0]}")
    return json.loads(done.stdout)


def name_places(node: Any, last: str = "") -> str:
    """Clang names a file only where it changes from one place to the next; here each place gets it."""
    if isinstance(node, list):
        for child in node:
            last = name_places(child, last)
    elif isinstance(node, dict):
        if "offset" in node:
            last = node.setdefault("file", last)
        else:
            for key, child in node.items():
                last = name_places(child, last) if key != "includedFrom" else last
    return last


class Finder:
    """Collects the mutations of one header."""

    def __init__(self, include: Path, file: str) -> None:
        self.path = include / file
        self.file = file
        self.text = self.path.read_bytes().decode("latin-1")  # a byte is a character: clang counts bytes
        self.code = COMMENT.sub(lambda comment: " " * len(comment[0]), self.text)
        self.found: dict[tuple[int, int, str], Mutation] = {}

    def span(self, node: Node) -> tuple[int, int] | None:
        """Where a node stands in the header, if it does."""
        begin, end = node.get("range", {}).get("begin", {}), node.get("range", {}).get("end", {})
        if "offset" not in begin or "offset" not in end or Path(begin["file"]) != self.path:
            return None
        return begin["offset"], end["offset"] + end["tokLen"]

    def add(self, kind: str, function: str, begin: int, end: int, replacement: str) -> None:
        first = self.text.rfind("\n", 0, begin) + 1
        last = self.text.find("\n", end)
        before = self.text[first:last]
        after = self.text[first:begin] + replacement + self.text[end:last]
        self.found.setdefault(
            (begin, end, replacement),
            Mutation(self.file, function, kind, self.text.count("\n", 0, begin) + 1, " ".join(before.split()),
                     " ".join(after.split()), begin, end, replacement),
        )  # fmt: skip

    def visit(self, node: Node, function: str = "") -> None:
        kind = node.get("kind", "")
        if kind in NOT_JUDGED:
            return
        if kind in FUNCTIONS and node["name"] != "operator()" or kind in ("VarDecl", "FieldDecl") and not function:
            function = node.get("name", "")
        if (span := self.span(node)) is not None:
            self.mutate(node, kind, span, function)
        for child in node.get("inner", []):
            self.visit(child, function)

    def mutate(self, node: Node, kind: str, span: tuple[int, int], function: str) -> None:
        children = node.get("inner", [])
        if kind in ("BinaryOperator", "CompoundAssignOperator"):
            self.mutate_operator(node, children, function)
        elif kind == "UnaryOperator":
            self.mutate_unary(node, span, function)
        elif kind == "IntegerLiteral":
            self.mutate_number(span, function)
        elif kind == "CXXBoolLiteralExpr":
            self.add("constant", function, *span, "false" if self.text[slice(*span)] == "true" else "true")
        elif kind == "IfStmt" and not node.get("isConstexpr"):
            at = bool(node.get("hasInit")) + bool(node.get("hasVar"))
            self.mutate_condition(children[at], function, ("false", "true"))
            self.remove_statements(children[at + 1 :], function)
        elif kind == "ConditionalOperator":
            self.mutate_condition(children[0], function, ("false", "true"))
        elif kind in LOOPS:
            self.mutate_condition(children[LOOPS[kind]], function, ("false",))  # true would only hang
            self.remove_statements(children[-1:], function)
        elif kind == "CompoundStmt":
            self.remove_statements(children, function)
        elif kind in CALLS:
            self.swap_arguments(children[1:], function)
        elif kind in FUNCTIONS and children and children[-1].get("kind") == "CompoundStmt":
            self.return_early(node, children[-1], function)

    def mutate_operator(self, node: Node, children: list[Node], function: str) -> None:
        left, right = self.span(children[0]), self.span(children[1])
        operator = node["opcode"]
        if left is None or right is None or operator not in OPERATORS:
            return
        at = self.code.find(operator, left[1], right[0])
        if at >= 0:
            self.add("operator", function, at, at + len(operator), OPERATORS[operator])

    def mutate_unary(self, node: Node, span: tuple[int, int], function: str) -> None:
        operator = node["opcode"]
        at = span[1] - len(operator) if node.get("isPostfix") else span[0]
        if operator in ("++", "--"):
            self.add("operator", function, at, at + 2, OPERATORS[operator])
        elif operator in ("!", "~", "-"):
            self.add("operator", function, at, at + 1, "")

    def mutate_number(self, span: tuple[int, int], function: str) -> None:
        number = re.fullmatch(r"(\d+)([uUlLzZ]*)", self.text[slice(*span)])
        if number is None:
            return
        for changed in (int(number[1]) + 1, int(number[1]) - 1):
            self.add("constant", function, *span, f"{changed}{number[2]}")

    def mutate_condition(self, condition: Node, function: str, values: tuple[str, ...]) -> None:
        if (span := self.span(condition)) is None:
            return
        for value in (*values, f"!({self.text[slice(*span)]})"):
            self.add("condition", function, *span, value)

    def remove_statements(self, statements: list[Node], function: str) -> None:
        for statement in statements:
            span = self.span(statement)
            kind = statement.get("kind", "")
            if span is not None and kind not in KEPT_STATEMENTS and not kind.startswith("Attributed"):
                self.add("statement", function, *span, "")

    def swap_arguments(self, arguments: list[Node], function: str) -> None:
        spans = [span for argument in arguments if (span := self.span(argument)) is not None]
        for first, second in zip(spans, spans[1:], strict=False):
            one, between, other = (self.text[slice(*part)] for part in (first, (first[1], second[0]), second))
            if one != other:
                self.add("arguments", function, first[0], second[1], other + between + one)

    def return_early(self, node: Node, body: Node, function: str) -> None:
        span = self.span(body)
        result = node["type"]["qualType"].partition("(")[0].strip()
        if span is None or not body.get("inner") or result.endswith("&") or result == "auto":
            return
        constructs = node["kind"] == "CXXConstructorDecl" or result == "void"
        for value in ("",) if constructs else (" true", " false") if result == "bool" else (" {}",):
            self.add("early return", function, span[0] + 1, span[0] + 1, f" return{value};")


def mutations_of(include: Path, files: Sequence[str]) -> Iterator[Mutation]:
    """All that can be changed, file by file, from the top down."""
    for file in files:
        if not (include / file).is_file():
            raise SourceError(f"there is no header {file} in {include}")
    tree = tree_of(include, files)
    name_places(tree)
    for file in files:
        finder = Finder(include, file)
        finder.visit(tree)
        yield from (mutation for _, mutation in sorted(finder.found.items()))
