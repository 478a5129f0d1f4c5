"""What would run, and how long."""

from kedro.io import MemoryDataset

from atelier.incremental.forecasts import UNKNOWN_SECONDS, expected_seconds, forecast
from atelier.incremental.inspections import Inspections


def inspect(project) -> Inspections:
    catalog = project.catalog()
    catalog["halves"] = MemoryDataset()  # as Kedro's runner has it
    return Inspections(project.configuration, project.pipeline(), catalog)


def test_a_forecast_names_what_has_changed_and_what_depends_on_it(project):
    project.run()
    project.change(rate=0.25)
    inspections = inspect(project)
    assert [item.node.name for item in forecast(inspections, inspections.steps)] == ["total"]
    project.change(limit=50)
    inspections = inspect(project)
    names = {item.node.name for item in forecast(inspections, inspections.steps)}
    assert names == {"clean", "scale", "total", "halve", "list_halves"}


def test_nodes_without_a_record_have_an_assumed_duration(project):
    inspections = inspect(project)
    findings = forecast(inspections, inspections.steps)
    assert expected_seconds(findings) == 7 * UNKNOWN_SECONDS


def test_nodes_with_a_record_last_as_long_as_before(project):
    project.run()
    for name in ("clean", "count"):
        record = inspect(project).records.read(name)
        inspect(project).records.write(record.model_copy(update={"seconds": 40.0}))
    project.change(separator="b", limit=50)
    inspections = inspect(project)
    findings = forecast(inspections, inspections.steps)
    assert {"clean", "count"} <= {item.node.name for item in findings}
    assert 80 <= expected_seconds(findings) < 90
