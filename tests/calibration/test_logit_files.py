"""Files of logits: every documented layout, and everything that can be wrong with one."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax, softmax

from atelier.calibration import divide_logits, label_logits, log_probabilities, read_logits
from atelier.calibration.own_logits import interleave_classes

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 1.5, 0.0], [0.0, -1.0, 3.0], [1.0, 0.0, 0.0]] * 3)
LABELS = np.array([0, 1, 2, 1] * 3)
SPLIT = np.array(["calibration", "test"] * 6)
NAMES = ["cat", "dog", "owl"]


def table(prefix="logit_", names=("0", "1", "2"), values=LOGITS, labels=LABELS, **columns):
    frame = pd.DataFrame(values, columns=[f"{prefix}{name}" for name in names])
    return frame.assign(label=labels, **columns)


def written(tmp_path, kind):
    """A file of each documented layout, with LOGITS and LABELS."""
    probs = softmax(LOGITS, axis=1)
    path = tmp_path / f"mine.{kind.split()[0]}"
    match kind:
        case "npz":
            np.savez(path, logits=LOGITS.astype(np.float32), labels=LABELS)
        case "npz probabilities":
            np.savez(path, probabilities=probs, labels=LABELS, classes=NAMES)
        case "npz parts":
            np.savez(path, **{
                f"{part}_{name}": array[part == SPLIT]
                for part in ("calibration", "test")
                for name, array in (("logits", LOGITS), ("labels", LABELS))
            })  # fmt: skip
        case "csv":
            table(split=SPLIT, other="x").to_csv(path, index=False)
        case "csv names":
            names = np.array(NAMES)[LABELS]
            table(names=NAMES, labels=names).to_csv(path, index=False)
        case "csv names, integer labels":
            table(names=NAMES).to_csv(path, index=False)
        case "csv from one":
            table(names=("1", "2", "3"), labels=LABELS + 1).to_csv(path, index=False)
        case "csv semicolons":
            table("probability_", values=probs).to_csv(path, index=False, sep=";")
        case "tsv":
            table().to_csv(path, index=False, sep="\t", encoding="utf-8-sig")
        case "parquet":
            table(split=SPLIT)[["label", "logit_2", "logit_0", "split", "logit_1"]].to_parquet(path)
        case "parquet lists":
            pd.DataFrame({"logits": list(LOGITS), "label": LABELS}).to_parquet(path)
    return path


@pytest.mark.parametrize(
    "kind",
    ["npz", "npz probabilities", "npz parts", "csv", "csv names", "csv names, integer labels",
     "csv from one", "csv semicolons", "tsv", "parquet", "parquet lists"],
)  # fmt: skip
def test_every_layout_gives_the_same_logits_and_labels(kind, tmp_path):
    read = read_logits(written(tmp_path, kind))
    expected, labels = log_softmax(LOGITS, axis=1), LABELS
    if kind == "npz parts":
        order = np.argsort(SPLIT, kind="stable")
        expected, labels = expected[order], labels[order]
    np.testing.assert_allclose(log_softmax(read.logits, axis=1), expected, rtol=1e-6)
    assert read.labels.tolist() == labels.tolist()
    assert read.kind == ("probabilities" if "prob" in kind or "semi" in kind else "logits")
    assert (read.split is not None) == (kind in {"npz parts", "csv", "parquet"})


def test_a_probability_of_zero_counts_as_half_of_the_smallest_other():
    logs = log_probabilities(np.array([[0.0, 1.0], [1e-8, 1 - 1e-8]]))
    assert logs[0, 0] == pytest.approx(np.log(5e-9))
    assert log_probabilities(np.array([[0.0, 1.0]]))[0, 0] == pytest.approx(np.log(1e-6))


def test_halves_have_every_class_in_equal_numbers_and_follow_the_seed():
    labels = np.repeat([0, 1, 2, 3], [11, 30, 8, 1])
    halves = interleave_classes(labels, 2, seed=0)
    counts = np.array([np.bincount(labels[halves == half], minlength=4) for half in (0, 1)])
    assert (np.abs(counts[0] - counts[1]) <= 1).all()
    assert counts.sum(axis=1).tolist() == [25, 25]
    assert (interleave_classes(labels, 2, seed=0) == halves).all()
    assert (interleave_classes(labels, 2, seed=1) != halves).any()


def test_parts_of_a_file_are_taken_as_they_are():
    split = np.repeat(["train", "calibration", "test"], 4)
    parts = divide_logits(label_logits(LOGITS, LABELS, split=split), seed=0)
    np.testing.assert_array_equal(parts["train_labels"], LABELS[:4])
    np.testing.assert_array_equal(parts["calibration_logits"], LOGITS[split == "calibration"])


# What can be wrong.

NAN = np.where(np.arange(36).reshape(12, 3) == 4, np.nan, LOGITS)
INFINITE = np.where(np.arange(36).reshape(12, 3) == 4, -np.inf, LOGITS)
PROBS = softmax(LOGITS, axis=1)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"logits": NAN, "labels": LABELS}, "NaN or infinity in 1 of 12 rows, first in row 1"),
        ({"logits": INFINITE, "labels": LABELS}, "Replace −inf by −1e30"),
        ({"probabilities": PROBS * 0.9, "labels": LABELS}, "12 of 12 rows that do not"),
        ({"probabilities": PROBS * 100, "labels": LABELS}, "Divide them by 100"),
        ({"probabilities": LOGITS, "labels": LABELS}, "Are they logits?"),
        ({"logits": PROBS, "labels": LABELS}, "They are probabilities"),
        ({"logits": LOGITS, "labels": LABELS + 0.5}, "Expected labels that are integers"),
        ({"logits": LOGITS, "labels": LABELS + 1}, "subtract 1"),
        ({"logits": LOGITS, "labels": LABELS - 1}, "Received: -1 … 1, -1 in row 0"),
        ({"logits": LOGITS, "labels": LABELS * 0 + 1}, "12 labels, all of class 1"),
        ({"logits": LOGITS, "labels": LABELS[:-2]}, "Expected one label for each of 12 rows"),
        ({"logits": LOGITS, "labels": np.eye(3)[LABELS]}, "argmax(axis=1)"),
        ({"logits": LOGITS, "labels": np.array(["ant"] * 12)}, "'ant' in row 0"),
        ({"logits": LOGITS[:, 0], "labels": LABELS}, "give two columns: 0 and the logit"),
        ({"logits": LOGITS[:, :1], "labels": LABELS}, "two columns"),
        ({"logits": LOGITS[:0], "labels": LABELS[:0]}, "Received: (0, 3)"),
        ({"logits": LOGITS}, "Expected the array labels"),
        ({"labels": LABELS}, "Expected an array logits or probabilities. Received: labels"),
        ({"logits": LOGITS, "labels": LABELS, "classes": ["a", "b"]}, "a name for each of 3"),
        ({"logits": LOGITS, "labels": LABELS, "split": ["fit"] * 12}, "Received: 'fit'"),
        ({"logits": LOGITS, "labels": LABELS, "split": ["test"] * 12}, "no calibration"),
        ({"test_logits": LOGITS, "test_labels": LABELS, "calibration_logits": LOGITS},
         "calibration_labels"),
        ({"test_logits": LOGITS, "test_labels": LABELS, "calibration_logits": LOGITS[:, :2],
          "calibration_labels": LABELS}, "number of columns in every part"),
    ],
)  # fmt: skip
def test_a_bad_array_is_told_with_the_files_name_and_what_to_do(arrays, words, tmp_path):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        read_logits(tmp_path / "mine.npz")
    assert str(caught.value).startswith(str(tmp_path / "mine.npz"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty file"),
        ("logit_0,logit_1,label\n1,2,0\n1,2\n", "Expected 3 columns, got 2"),
        ("logit_0,logit_1,label\n1,2,0\n1,2,1,7\n", "Expected 3 columns, got 4"),
        ("logit_0,logit_1,label\n1,x,0\n1,2,1\n", "Expected numbers in the column logit_1"),
        ("logit_0,logit_1,label\n1,,0\n1,2,1\n", "NaN or infinity in 1 of 2 rows"),
        ("logit_0,logit_1,label\n1,2,\n1,2,1\n", "Expected a label in every row"),
        ("logit_0,logit_1\n1,2\n", "Expected the column label"),
        ("a,b,label\n1,2,0\n", "Expected columns logit_<class>"),
        ("logit_0,label\n1,0\n2,1\n", "classes ≥ 2"),
        ("logit_cat,logit_dog,label\n1,2,cow\n1,2,cat\n", "Expected labels out of cat, dog"),
        ("logit_0,logit_0,label\n1,2,0\n1,2,0\n", "mine.csv"),
        ("logit_0,logit_1,label\n", "mine.csv"),
    ],
)
def test_a_bad_table_is_told_with_its_name_and_what_to_do(text, words, tmp_path):
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        read_logits(tmp_path / "mine.csv")
    assert "mine.csv: " in str(caught.value)


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_a_truncated_file_is_told(kind, tmp_path):
    path = written(tmp_path, kind)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"mine\..*Expected a whole .* file"):
        read_logits(path)


def test_pickles_other_formats_and_missing_files_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", logits=LOGITS, labels=np.array([0, "a"], object))
    with pytest.raises(ValueError, match="not of objects"):
        read_logits(tmp_path / "p.npz")
    (tmp_path / "m.pt").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"'\.pt'.*numpy\.savez"):
        read_logits(tmp_path / "m.pt")
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_logits(tmp_path / "nowhere.csv")


def test_a_part_with_one_class_stops_and_an_absent_class_is_named(caplog):
    split = np.where(LABELS == 0, "test", "calibration")
    with pytest.raises(ValueError, match="mine: .*at least two classes in the part 'test'"):
        divide_logits(label_logits(LOGITS, LABELS, split=split, name="mine"), seed=0)
    split = np.where((LABELS == 2) | (np.arange(12) < 4), "test", "calibration")
    divide_logits(label_logits(LOGITS, LABELS, split=split, name="mine"), seed=0)
    assert "the part 'calibration' has no row of 1 classes: 2" in caplog.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[0.5, np.nan]], "finite probabilities. Received: 1 of 2 NaN"),
        ([[0.5, 1.5]], r"probs in \[0, 1\]. Received: 0.0 … 1.5"),
        ([[0.0, 0.0]], "Expected a positive probability"),
        (np.ma.masked_array([[0.5, 0.5]], [[True, False]]), "without masked values"),
    ],
)
def test_what_is_no_probability_has_no_logarithm(values, words):
    with pytest.raises(ValueError, match=words):
        log_probabilities(values)
