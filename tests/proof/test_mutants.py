"""The command that counts which changes of the code the tests notice: `make mutants`."""

import re
import sys

import mutant_project
import mutants
import pytest
import yaml
from mutant_project import Limits, Project, Room

ADULT = "def is_adult(age: int) -> bool:\n    return age >= 18\n"
WEAK = "from atelier.planted import is_adult\n\ndef test_it():\n    assert is_adult(18)\n"
WEAK += "    assert not is_adult(10)\n"
STRONG = f"{WEAK}    assert not is_adult(17)\n"
SURVIVOR = {"line": "return age >= 18", "mutant": "return age >= 17"}
ROOMS = {"planted": Room("planted.py", ("test_*.py",))}
ROW = re.compile(r"^(\S+) +(\d+) +(\d+) +(\d+) +(\d+) +([\d.]+)$", re.MULTILINE)


@pytest.fixture
def planted(tmp_path):
    """Writes a small project, and returns its root."""

    def write(code: str, test: str):
        for path, text in {
            "src/atelier/__init__.py": "",
            "src/atelier/planted.py": code,
            "tests/test_planted.py": test,
        }.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return write


@pytest.fixture
def try_mutants(monkeypatch, capsys):
    """Runs the command in this process; returns its exit code, output and numbers of the table."""

    def run(root, *arguments: str):
        monkeypatch.setattr(mutants, "ENVIRONMENT", {})
        monkeypatch.setattr(mutants.signal, "signal", lambda *_: None)
        monkeypatch.setattr(sys, "argv", ["mutants.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            mutants.main(root, ROOMS)
        output = capsys.readouterr().out
        rows = {row[0]: tuple(map(int, row[1:5])) for row in ROW.findall(output)}
        return ended.value.code, output, rows["all"]

    return run


def test_a_weak_test_leaves_the_planted_survivor_and_a_strong_one_none(planted, try_mutants):
    root = planted(ADULT, WEAK)
    code, output, counts = try_mutants(root)
    assert (code, counts) == (1, (5, 4, 0, 1))
    assert f"planted.py:2\n  - {SURVIVOR['line']}\n  + {SURVIVOR['mutant']}\n" in output
    planted(ADULT, STRONG)
    code, output, counts = try_mutants(root)
    assert (code, counts) == (0, (5, 5, 0, 0))
    assert (root / "src/atelier/planted.py").read_text() == ADULT


@pytest.fixture
def tried(monkeypatch):
    """The mutants that were tried; none runs, and all but the planted survivor are killed."""
    mutants_tried = []

    def is_killed(project, mutant, tests) -> bool:
        mutants_tried.append(mutant)
        return mutant.changed != SURVIVOR["mutant"]

    monkeypatch.setattr(Project, "is_killed", is_killed)
    return mutants_tried


def test_a_mutant_that_is_listed_as_equivalent_counts_apart(planted, try_mutants, tried):
    root = planted(ADULT, WEAK)
    (root / "proof").mkdir()
    entry = {"file": "planted.py", **SURVIVOR, "reason": "nobody is 17"}
    (root / "proof" / "equivalent_mutants.yml").write_text(yaml.safe_dump([entry]))
    assert try_mutants(root)[::2] == (0, (5, 4, 1, 0))
    assert len(tried) == 4


def test_a_command_that_was_killed_goes_on(planted, try_mutants, tried):
    root = planted(ADULT, WEAK)
    _, _, whole = try_mutants(root)
    results = root / "build/mutants/results.jsonl"
    results.write_text(results.read_text()[:-20])  # a kill cuts off a line
    for _ in range(2):
        assert try_mutants(root)[2] == whole == (5, 4, 0, 1)
        assert len(tried) == 6


def test_only_survivors_are_tried_again_where_tests_change(planted, try_mutants, tried):
    try_mutants(planted(ADULT, WEAK))
    tried.clear()
    root = planted(ADULT, STRONG)
    try_mutants(root)
    assert [mutant.changed for mutant in tried] == [SURVIVOR["mutant"]]
    planted(f"{ADULT}# changed\n", STRONG)
    try_mutants(root)
    assert len(tried) == 6


def test_code_that_no_test_runs_survives(planted):
    root = planted(f"{ADULT}\n\ndef unused() -> int:\n    return 1\n", WEAK)
    project = Project(root, ROOMS, Limits(hang=2, memory=2, seconds=20))
    tests = project.tests(ROOMS["planted"])
    found = mutants.mutants(root / "src/atelier/planted.py")
    unseen = [mutant for mutant in found if not project.tests_of(mutant, tests)]
    assert [mutant.line for mutant in unseen] == [6, 6, 6]
    assert not project.is_killed(unseen[0], [])


def test_a_sample_is_the_same_for_a_seed_and_spread_over_the_files(planted):
    root = planted(ADULT, WEAK)
    other = root / "src/atelier/other.py"
    other.write_text(ADULT * 3)
    files = {file: mutants.mutants(file) for file in (other, other.with_name("planted.py"))}
    sample = mutants.spread_sample(files, 3)
    assert sample == mutants.spread_sample(files, 3) != mutants.spread_sample(files, 4)
    assert len({mutant[:6] for mutant in sample}) == 20
    assert 2 <= sum(mutant.file != other for mutant in sample[:12]) <= 4


ENDLESS = {
    "computes": ("    while n % 2:\n        n -= 1\n    return n // 2\n", "pass"),
    "waits": (
        "    __import__('time').sleep(3600 if n > 5 else 0)\n    return n // 2\n",
        "__import__('time').sleep(3600 if n >= 5 else 0)",
    ),
}


@pytest.mark.parametrize(("body", "changed"), ENDLESS.values(), ids=ENDLESS)
def test_an_endless_mutant_is_killed(body, changed, planted, monkeypatch):
    monkeypatch.setattr(mutant_project, "IDLE_SECONDS", 5)
    test = "from atelier.planted import half\n\ndef test_it():\n    assert half(5) == 2\n"
    root = planted(f"def half(n: int) -> int:\n{body}", test)
    project = Project(root, ROOMS, Limits(hang=2, memory=2, seconds=20))
    tests = project.tests(ROOMS["planted"])
    found = mutants.mutants(root / "src/atelier/planted.py")
    endless = next(mutant for mutant in found if mutant.changed == changed)
    assert project.tests_of(endless, tests) == tests != []
    assert project.is_killed(endless, tests)


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("a = b < c", ["a = b <= c", "a = b >= c"]),
        ("a = not b", ["a = b"]),
        ("a = b and c or d", ["a = b or c or d", "a = b and c and d"]),
        ("a = -(b + c)", ["a = (b + c)", "a = -(b - c)"]),
        ("a: int | None = True", ["a: int | None = False"]),
        ("if a:\n    b = c", ["if not (a):"]),
        ("if a == b:\n    c()", ["if a != b:", "pass"]),
        ("a = [b for b in c if b]", ["a = [b for b in c if not (b)]"]),
        ("a[b] += c", ["a[b] -= c", "pass"]),
        ("a[b] = 'ä' if c else 1.5", ["pass", "a[b] = 'ä' if not (c) else 1.5",
                                      "a[b] = 'ä' if c else 2.5", "a[b] = 'ä' if c else 0.5"]),
        ("raise ValueError(f'{a + 1}')", ["pass"]),
        ("a = 1e300", []),
        ("for a in b:\n    break", ["continue"]),
        ("@a(1)\ndef b(c: d[1]):\n    return None", []),
    ],
)  # fmt: skip
def test_operators_change_one_thing(code, changed, tmp_path):
    file = tmp_path / "code.py"
    file.write_text(code)
    found = mutants.mutants(file)
    assert sorted(mutant.changed for mutant in found) == sorted(changed)
    for mutant in found:
        compile(mutant.source(), "code.py", "exec")
