"""The shape of the code: short files, short functions, few parameters, no hidden state."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES_PER_FILE_MAX = 300
LINES_PER_FUNCTION_MAX = 70
PARAMETERS_MAX = 6
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "data2"}
GENERATED = "facenet_res/v1"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files() -> list[Path]:
    """Every Python file that Git knows or would add, but the generated stubs."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    # An unpacked archive has no Git: then the folders are walked.
    names = listed or [
        path.relative_to(ROOT).as_posix()
        for top in ("facenet_res", "server", "experiments", "examples", "tests")
        for path in (ROOT / top).rglob("*.py")
    ]
    return [
        ROOT / name for name in names if not name.startswith(GENERATED) and (ROOT / name).exists()
    ]


FILES = python_files()
each_file = pytest.mark.parametrize(
    "path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES]
)


@each_file
def test_the_file_keeps_the_house_rules(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8"), is_test="tests" in path.parts) == []
    assert path.stem not in VAGUE_NAMES, f"{path.stem} names nothing: say what is in it"
    assert path.parent.name not in VAGUE_NAMES, f"{path.parent.name} names nothing"


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 50
    assert not any(GENERATED in path.as_posix() for path in FILES)


def long_function(lines: int) -> str:
    return "def long():\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1\n", "no module docstring"),
        ('"""D."""\n' + "\n" * LINES_PER_FILE_MAX, "301 lines, at most 300"),
        ('"""D."""\n' + long_function(71), "long has 71 lines, at most 70"),
        ('"""D."""\ndef f(a, b, c, d, *, e, g, h): ...\n', "f takes 7 parameters, at most 6"),
        ('"""D."""\ndef f():\n    global x\n', "line 3: global"),
        ('"""D."""\nimport pickle\npickle.load(f)\n', "line 3: pickle.load runs what it reads"),
        ('"""D."""\nfrom pickle import loads\n', "line 2: pickle.loads runs what it reads"),
        ('"""D."""\njoblib.load(f)\n', "line 2: joblib.load runs what it reads"),
        ('"""D."""\nnp.load(f, allow_pickle=True)\n', "line 2: allow_pickle runs what it reads"),
        ('"""D."""\ntorch.load(f)\n', "line 2: torch.load without weights_only=True"),
        ('"""D."""\nclass FaceManager: ...\n', "FaceManager names nothing"),
    ],
)
def test_each_rule_can_fail(source: str, fault: str) -> None:
    assert faults(source) == [fault]


def test_what_is_fine_is_left_alone() -> None:
    source = (
        '"""D."""\n' + long_function(70) + "class C:\n"
        "    def f(self, a, b, c, d, e, g): ...\n"
        "np.load(f, allow_pickle=False)\n"
        "torch.load(f, weights_only=True)\n"
    )
    assert faults(source) == []


def faults(source: str, *, is_test: bool = False) -> list[str]:
    """What a file does against the rules; in tests, fixtures may make a function's list long."""
    tree = ast.parse(source)
    found = []
    if ast.get_docstring(tree) is None:
        found.append("no module docstring")
    if (lines := source.count("\n")) > LINES_PER_FILE_MAX:
        found.append(f"{lines} lines, at most {LINES_PER_FILE_MAX}")
    for node in ast.walk(tree):
        if isinstance(node, Function):
            found.extend(function_faults(node, is_test=is_test))
        elif isinstance(node, ast.Global):
            found.append(f"line {node.lineno}: global")
        elif isinstance(node, ast.ClassDef) and node.name.lower().endswith(tuple(VAGUE_NAMES)):
            found.append(f"{node.name} names nothing")
        else:
            found.extend(unsafe_reads(node))
    return found


def function_faults(node: Function, *, is_test: bool) -> Iterator[str]:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if lines > LINES_PER_FUNCTION_MAX:
        yield f"{node.name} has {lines} lines, at most {LINES_PER_FUNCTION_MAX}"
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    count = len([name for name in names if name not in ("self", "cls")])
    if count > PARAMETERS_MAX and not is_test:
        yield f"{node.name} takes {count} parameters, at most {PARAMETERS_MAX}"


def unsafe_reads(node: ast.AST) -> Iterator[str]:
    """Reading a pickle runs whatever its writer liked."""
    if isinstance(node, ast.ImportFrom) and node.module in ("pickle", "joblib"):
        for name in node.names:
            if name.name in ("load", "loads"):
                yield f"line {node.lineno}: {node.module}.{name.name} runs what it reads"
    if not isinstance(node, ast.Call):
        return
    called = ast.unparse(node.func)
    arguments = {each.arg: ast.unparse(each.value) for each in node.keywords}
    if called in ("pickle.load", "pickle.loads", "joblib.load"):
        yield f"line {node.lineno}: {called} runs what it reads"
    if arguments.get("allow_pickle", "False") != "False":
        yield f"line {node.lineno}: allow_pickle runs what it reads"
    if called == "torch.load" and arguments.get("weights_only") != "True":
        yield f"line {node.lineno}: torch.load without weights_only=True"
