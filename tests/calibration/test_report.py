"""The page about any model's calibration, on models whose calibration is known."""

import base64
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from support.project import ROOT

from atelier.calibration import (
    calibration_table,
    chosen_calibrator,
    label_logits,
    load_calibrator,
    report,
    selection_metrics,
    selection_table,
    selection_text,
    study_logits,
)

QUICK = {"folds": 2, "resamples": 10, "seed": 0}


def planted(n: int, temperature: float, spread: float = 1.5):
    """Logits of which softmax(logits / temperature) is the truth, and labels drawn by it."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, spread, (n, 5))
    chosen = softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))
    return logits * temperature, chosen.sum(axis=1).clip(max=4)


def embedded(page: str) -> dict:
    (encoded,) = re.findall(r"data:application/json;base64,([\w+/=]+)", page)
    return json.loads(base64.b64decode(encoded))


def test_the_planted_temperature_is_chosen_and_in_the_page(tmp_path):
    logits, labels = planted(4000, 3.0)
    page = report(logits, labels, path=tmp_path / "page.html",
                  calibrators=["histogram_binning", "temperature", "vector"], **QUICK)  # fmt: skip
    record = embedded(page)
    assert record["calibrator"] == "temperature"
    assert record["state"]["temperature"] == pytest.approx(3, rel=0.1)
    assert (tmp_path / "page.html").read_text("utf-8") == page
    assert "overconfident" in page
    (tmp_path / "c.json").write_text(json.dumps(record))
    truth = softmax(logits / 3, axis=1)
    assert np.abs(load_calibrator(tmp_path / "c.json").transform(logits) - truth).max() < 0.05


def test_the_page_loads_nothing():
    page = report(*planted(200, 1.0), calibrators=["temperature"], **QUICK)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("data:image/png") == 5


def test_the_page_tells_coverage_and_risk_of_a_calibrated_model():
    """Of 2,000 test rows 90 % are covered to 2.6 points in all but one of 10,000 draws."""
    sharp = planted(4000, 1.0, spread=6.0)
    page = report(*sharp, classes=list("abcde"), calibrators=["temperature"], **QUICK)
    (coverage,) = re.findall(r"sets for 90 % cover ([\d.]+) %", page)
    assert float(coverage) == pytest.approx(90, abs=3.7)  # the threshold's own spread as well
    assert re.search(r"cover least is “[a-e]”", page)
    interval = r"\(95 % interval [\d. to]+\)"
    accepted = rf"([\d.]+) % {interval} of the test examples, ([\d.]+) % {interval} of them wrong"
    ((share, risk),) = re.findall(accepted, page)
    assert float(share) > 50
    assert float(risk) < 7  # at most 5 stated; two standard errors of 1,000 rows


def test_where_no_threshold_guarantees_the_risk_the_page_says_so():
    page = report(*planted(200, 1.0), calibrators=["temperature"], **QUICK)
    assert "No score has a threshold that guarantees at most 5 % wrong" in page


def test_probabilities_are_recognised_and_calibrated_as_their_logarithms():
    logits, labels = planted(1000, 2.0)
    quick = {"calibrators": ["temperature"], **QUICK}
    by_logits = embedded(report(logits, labels, **quick))
    by_probs = embedded(report(softmax(logits, axis=1), labels, **quick))
    assert by_probs["state"]["temperature"] == pytest.approx(
        by_logits["state"]["temperature"], rel=1e-6
    )
    with pytest.raises(ValueError, match="sum to 1"):
        report(softmax(logits, axis=1) * 0.9, labels, probabilities=True)
    with pytest.raises(ValueError, match="They are probabilities"):
        report(softmax(logits, axis=1), labels, probabilities=False)


def test_a_model_that_is_calibrated_is_left_as_it_is(tmp_path):
    """Rows of equal logits: no temperature changes anything, and vector scaling only overfits."""
    rng = np.random.default_rng(0)
    logits, labels = np.zeros((400, 3)), rng.permutation(np.arange(400) % 3)
    table = selection_table(logits, labels, ("temperature",), **QUICK)
    name, calibrator = chosen_calibrator(logits, labels, table)
    assert name == "uncalibrated"
    np.testing.assert_allclose(calibrator.transform(logits), 1 / 3)
    assert table.set_index("method")["nll"].to_dict() == {
        "uncalibrated": pytest.approx(np.log(3)),
        "temperature": pytest.approx(np.log(3)),
    }


def test_a_calibrator_that_is_clearly_better_than_a_temperature_is_chosen():
    """Logits of one class raised by 3: only methods with a bias can take that back."""
    logits, labels = planted(2000, 1.0)
    logits[:, 2] += 3
    table = selection_table(logits, labels, ("temperature", "vector"), **QUICK)
    assert chosen_calibrator(logits, labels, table)[0] == "vector"


def test_only_calibrators_that_change_no_prediction_are_chosen_where_that_is_asked_for():
    """The same logits: the others are compared, and the margin is that over temperature scaling."""
    logits, labels = planted(2000, 1.0)
    logits[:, 2] += 3
    names = ("temperature", "ensemble_temperature", "vector", "structured_matrix")
    table = selection_table(logits, labels, names, choose_from="same_predictions", **QUICK)
    name, calibrator = chosen_calibrator(logits, labels, table)
    assert name in {"uncalibrated", "temperature", "ensemble_temperature"}
    np.testing.assert_array_equal(
        calibrator.transform(logits).argmax(axis=1), logits.argmax(axis=1)
    )
    rows = table.set_index("method")
    assert rows["nll"].idxmin() in {"vector", "structured_matrix"}
    assert rows["keeps_predictions"].tolist() == [True, True, True, False, False]
    gain = rows.loc["temperature", "nll"] - rows.loc[name, "nll"]
    margin = selection_metrics(table)
    assert margin["over_temperature"] == pytest.approx(gain, abs=1e-12)
    assert margin["n"] == 2000
    assert selection_text(table).startswith(f"{name} out of 5 methods")


def test_temperature_scaling_is_chosen_where_the_best_one_is_within_noise():
    """Logits that only a temperature distorted: the others gain nothing but by chance."""
    for seed in (2, 3, 12):  # in 2 and 12 the ensemble gains 1e-9 nats by rounding
        rng = np.random.default_rng(seed)
        logits = rng.normal(0, 2, (600, 4))
        chosen = softmax(logits, axis=1).cumsum(axis=1) < rng.random((600, 1))
        labels = chosen.sum(axis=1).clip(max=3)
        names = ("temperature", "ensemble_temperature", "structured_vector")
        table = selection_table(2 * logits, labels, names, folds=5, resamples=200, seed=0)
        assert chosen_calibrator(2 * logits, labels, table)[0] == "temperature"


def test_the_limits_of_a_log_loss_are_not_negative_where_one_row_has_most_of_it():
    logits = np.tile([0.0, 12.0], (40, 1))
    labels = np.array([0, *np.ones(39, int)])
    table = selection_table(logits, labels, ("temperature",), folds=4, resamples=200, seed=0)
    assert (table["nll_low"] >= 0).all()
    assert (table["gain_low"] <= table["gain"]).all()


def test_the_ece_is_that_by_hand():
    """Five predictions of confidence 0.9, three right, and five of 0.6, all right."""
    probs = np.array([[0.9, 0.1]] * 5 + [[0.4, 0.6]] * 5)
    labels = np.array([0, 0, 0, 1, 1] + [1] * 5)
    table = calibration_table({"uncalibrated": probs}, labels, seed=0, resamples=5)
    assert table["ece"].iloc[0] == pytest.approx(0.5 * 0.3 + 0.5 * 0.4)


@pytest.fixture(scope="module")
def regression():
    x, y = load_digits(return_X_y=True)
    x = x / 16
    model = LogisticRegression(max_iter=200).fit(x[:900], y[:900])
    return model, x[900:], y[900:]


def test_scikit_learns_logits_and_probabilities_give_its_accuracy(regression):
    model, x, y = regression
    quick = {"folds": 2, "resamples": 5, "seed": 0}
    for values, kind in (
        (model.decision_function(x), "logits"),
        (model.predict_proba(x), "probabilities"),
    ):
        labelled = label_logits(
            values, y, kind=kind, split=["calibration", "test"] * 448 + ["test"]
        )
        findings = study_logits(labelled, ("temperature",), **quick)
        tested = np.array([False, True] * 448 + [True])
        row = findings.table.set_index("method").loc["uncalibrated"]
        assert row["accuracy"] == model.score(x[tested], y[tested])
        proba = model.predict_proba(x[tested])
        nll = -np.log(proba[np.arange(len(proba)), y[tested]]).mean()
        assert row["nll"] == pytest.approx(nll, rel=1e-9)
        assert (findings.mistakes.log_density is None) == (kind == "probabilities")
        assert findings.mistakes.table["auroc"].min() > 0.5


def test_neither_the_page_nor_a_calibrator_needs_tensorflow():
    program = (
        "import sys, numpy as np\n"
        "from atelier.calibration import report\n"
        "rng = np.random.default_rng(0)\n"
        "report(rng.normal(size=(60, 3)), np.arange(60) % 3, calibrators=['temperature'],"
        " resamples=5)\n"
        "print('imported', sorted({'tensorflow', 'keras', 'jax', 'kedro', 'mlflow'}"
        " & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT / "src"
    )
    assert "imported []" in result.stdout, result.stderr
