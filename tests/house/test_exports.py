"""What a module offers is what it says it offers, and an import alone does nothing costly."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent.relative_to(ROOT).as_posix().replace("/", ".")
    for path in (ROOT / "facenet_res").rglob("__init__.py")
)
MACHINERY = ("importlib", "typing")
HEAVY = ("tensorflow", "keras", "torch", "jax", "onnxruntime", "matplotlib", "sklearn")


def public_names(source: str) -> set[str]:
    """Names without a leading underscore that an `__init__` binds at its top level."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        # Names for a type checker only are imported lazily, and still exported.
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            names |= public_names(ast.unparse(node.body))
        elif isinstance(node, ast.Import | ast.ImportFrom) and node.module not in MACHINERY:
            names.update(each.asname or each.name for each in node.names)
        elif isinstance(node, ast.Assign):
            names.update(each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def differences(source: str, exported: set[str]) -> set[str]:
    """Names that are public and not exported, or exported and not there."""
    return public_names(source) ^ {name for name in exported if not name.startswith("_")}


@pytest.mark.parametrize("name", [name for name in PACKAGES if not name.endswith(".v1")])
def test_a_package_exports_what_is_public_in_it(name: str) -> None:
    package = importlib.import_module(name)
    source = Path(str(package.__file__)).read_text(encoding="utf-8")

    exported = set(getattr(package, "__all__", ()))

    assert differences(source, exported) == set()
    assert all(hasattr(package, each) for each in exported)


@pytest.mark.parametrize(
    ("source", "exported", "expected"),
    [
        ("from a import b", set(), {"b"}),
        ("x = 1", {"y"}, {"x", "y"}),
        ("from a import b as _b\n__version__ = '1'", {"__version__"}, set()),
        ("def f(): ...\nclass C: ...", {"f", "C"}, set()),
    ],
)
def test_a_difference_is_seen(source: str, exported: set[str], expected: set[str]) -> None:
    assert differences(source, exported) == expected


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("facenet_res", (*HEAVY, "numpy", "cv2", "grpc")),
        ("facenet_res.client", (*HEAVY, "cv2", "openvino", "faiss")),
        ("facenet_res.recognizer.recognizer", HEAVY),
        ("facenet_res.cli.commands", HEAVY),
        ("facenet_res.server.app", HEAVY),
    ],
)
def test_an_import_leaves_alone_what_it_does_not_need(
    module: str, forbidden: tuple[str, ...]
) -> None:
    code = f"import sys, {module}; print(*sorted(set({forbidden!r}) & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [], f"import {module} loads them"
