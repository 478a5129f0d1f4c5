"""What `docs/develop/security.md` promises: no code out of files, no HTML out of names."""

import ast
import inspect
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image
from support.project import ROOT

from atelier.calibration import report
from atelier.operations import serve, ui

PACKAGE = ROOT / "src" / "atelier"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PIPES = {"incremental/instructions.py"}
"""Files that pickle what passes between processes of one command, never a file."""
UNSAFE = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "pd.read_pickle", "pandas.read_pickle",
    "cloudpickle.load", "cloudpickle.loads", "joblib.load", "torch.load", "marshal.loads",
    "shelve.open", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "eval", "exec", "os.system",
    "keras.config.enable_unsafe_deserialization",
}  # fmt: skip
PAYLOAD = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
FOLDER_PAYLOAD = "<img src=x onerror=alert(1)>"
"""As a name of a folder, which cannot hold a slash."""


def calls(path):
    """The calls in a file, each with its whole name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: word.value for word in node.keywords}


def test_no_source_runs_code_that_a_file_holds():
    read = [path for path in SOURCES if str(path.relative_to(PACKAGE)) not in PIPES]
    assert len(read) == len(SOURCES) - len(PIPES) > 300
    for path, name, keywords in ((file, *call) for file in read for call in calls(file)):
        assert name not in UNSAFE, f"{path}: {name}"
        if name == "np.load" or name.endswith("format.read_array"):
            assert ast.unparse(keywords["allow_pickle"]) == "False", path
        if name.endswith("load_model") and "keras" in name:
            assert ast.unparse(keywords["safe_mode"]) == "True", path
        if name.startswith("subprocess."):
            assert ast.unparse(keywords.get("shell", ast.Constant(False))) == "False", path  # noqa: FBT003


class Effects(HTMLParser):
    """Collects what a browser would run of a payload."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script"
        self.found += [f"{tag} {name}" for name, value in attrs
                       if name.startswith("on") and "alert(1)" in str(value)]  # fmt: skip

    def handle_data(self, data):
        if self.inside and data.lstrip().startswith("alert(1)"):
            self.found.append(data)

    def handle_endtag(self, tag):
        self.inside = False


def effects(page: str) -> list[str]:
    parser = Effects()
    parser.feed(page)
    return parser.found


def test_the_payloads_would_have_an_effect_where_nothing_escapes_them():
    assert effects(f"<p>{PAYLOAD}</p>") == ["alert(1)", "img onerror"]
    assert effects(f"<script>data = '{PAYLOAD}'</script>") == ["alert(1)", "img onerror"]


def test_names_of_classes_have_no_effect_in_the_page_of_logits(tmp_path, rng):
    logits, labels = rng.normal(size=(60, 3)), np.arange(60) % 3
    path = tmp_path / "calibration.html"
    report(logits, labels, classes=[PAYLOAD, FOLDER_PAYLOAD, "c"], resamples=5, path=path)
    page = path.read_text("utf-8")
    assert "alert(1)" in page
    assert effects(page) == []


def test_names_of_folders_and_files_have_no_effect_in_any_page_of_a_run(fresh, rng):
    """Classes and files of a user's data, through ingest and train to the report."""
    folder = fresh.folder / "<svg onload=alert(1)>"
    for value, name in (
        (60, FOLDER_PAYLOAD),
        (180, "<b onclick=alert(1)>"),
    ):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            pixels = rng.normal(value, 20, (8, 8)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"<i onload=alert(1)>{number}.png")
    fresh.run("--pipelines", "ingest,train,report", "--params", f"data={str(folder)!r}")
    pages = [path for path in fresh.folder.rglob("*.html") if path.is_file()]
    assert any(path.name == "report.html" for path in pages)
    texts = [path.read_text("utf-8") for path in pages]
    assert any("alert(1)" in text for text in texts)
    assert [effects(text) for text in texts] == [[]] * len(texts)
    for run in fresh.runs():
        shown = MarkdownIt("commonmark").enable("table").render(description(run))
        assert effects(shown) == []


def description(run) -> str:
    """The Markdown that MLflow shows of a run."""
    return run.data.tags.get("mlflow.note.content", "")


def test_servers_listen_to_this_machine_alone_unless_they_are_told_otherwise():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^HOST \?= 127\.0\.0\.1$", makefile, re.MULTILINE)
    assert "viz run --host $(HOST)" in makefile
    assert (ui.HOST, serve.HOST) == ("127.0.0.1", "127.0.0.1")
    assert inspect.signature(ui.main).parameters["host"].default == ui.HOST


def test_containers_run_as_an_ordinary_user():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    users = [re.findall(r"^USER (\S+)", stage, re.MULTILINE) for stage in stages]
    assert [user[-1:] for user in users] == [["1000"], ["1000"], []]
    assert stages[-1].strip() == "atelier"  # the last stage is the first one
    assert "useradd --create-home --uid 1000" in stages[0]


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "orchestration/requirements.lock", "benchmarks/requirements.lock"]
)
def test_every_package_of_a_lock_has_a_version_and_a_hash_and_no_address(lock):
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 50
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,.-]+\])?==\S+ ", line), line[:80]
        assert "--hash=sha256:" in line, line[:80]
        assert "://" not in line, line[:80]


def test_each_sentence_of_the_page_names_a_test_that_exists():
    text = (ROOT / "docs" / "develop" / "security.md").read_text("utf-8")
    items = re.findall(r"^- .*(?:\n  .*)*", text, re.MULTILINE)
    assert len(items) > 25
    for item in items:
        named = re.findall(r"\(`(tests/[\w/]+\.py)::(\w+)`\)", item)
        assert named, item
        for file, name in named:
            assert f"def {name}(" in (ROOT / file).read_text("utf-8"), (file, name)
