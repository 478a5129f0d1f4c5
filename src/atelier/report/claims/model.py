"""Types of ``results/claims/*.yml``: a file for each experiment, a claim for each row."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from atelier.params import Params
from atelier.report.claims.measurement import Measurement
from atelier.report.claims.verdict import Kind, Verdict

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Sentence = Annotated[str, Field(min_length=10)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Work(Params):
    """A post, a paper or a program whose claims are tested.

    Attributes:
        authors: Family names, in the order of the work.
        title: The title.
        year: The year of publication; None of a page without a date.
        arxiv: The identifier of the arXiv, such as ``1706.04599``.
        url: An address of the work.
        kind: What it is, in the words of the Citation File Format.
    """

    authors: Annotated[tuple[str, ...], Field(min_length=1)]
    title: str
    year: int | None = None
    arxiv: Annotated[str, Field(pattern=r"^\d{4}\.\d{4,5}$")] | None = None
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    kind: Literal["article", "conference-paper", "blog", "software"] = "article"

    @property
    def address(self) -> str | None:
        """The page of the work, if one is known."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else self.url

    @property
    def short(self) -> str:
        """Authors and year, as a text cites them."""
        many = len(self.authors) > 3
        names = f"{self.authors[0]} et al." if many else " & ".join(self.authors)
        return f"{names} {self.year}" if self.year else names


class ClaimSource(Params):
    """Where a claim stands: a work of ``works.yml``, and the section, equation or table."""

    work: Identifier
    place: Annotated[str, Field(min_length=3)]


class Data(Params):
    """A data set and the SHA-256 of its content; no digest where the data are formulas."""

    name: str
    digest: Digest | None = None


class RowFacts(Params):
    """What is known of the run behind a file of the project, which no record of origin tells.

    Attributes:
        environment: Kedro's environment, or the program that ran.
        hardware: Processor and accelerator.
        versions: Versions of the libraries.
        date: The day of the run.
    """

    environment: str
    hardware: str
    versions: dict[str, str] = Field(default_factory=dict)
    date: dt.date


class ClaimResult(Params):
    """Our number and what it was measured with; the command ``record`` writes it.

    Attributes:
        recorded: Whether the command ``record`` read the number from the outputs of a run.
        number: Our number.
        low: Lower limit of the 95 % interval; None where nothing was sampled.
        high: Upper limit.
        n: Number of examples or repetitions behind the interval.
        seeds: Seeds of the trainings.
        verdict: What :func:`atelier.report.claims.verdict.decide` says.
        environment: Kedro's environment, or the program that ran.
        data: The data sets.
        hardware: Processor and accelerator.
        versions: Versions of the libraries that compute the number.
        date: The day of the run.
        rows: The table behind the number, below the project's folder.
        origin: Of a number that is not recorded: where it was read, and what is known of its run.
    """

    recorded: bool
    number: float
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Field(gt=0)] | None = None
    seeds: tuple[int, ...] = ()
    verdict: Verdict
    environment: str
    data: tuple[Data, ...] = ()
    hardware: str
    versions: dict[str, str] = Field(default_factory=dict)
    date: dt.date | None = None
    rows: str | None = None
    origin: str | None = None

    @model_validator(mode="after")
    def _check(self) -> "ClaimResult":
        if (self.low is None) != (self.high is None):
            raise ValueError("Expected both limits of the interval or none. Received: one")
        if not self.recorded and self.origin is None:
            raise ValueError("Expected an origin of a number that is not recorded. Received: none")
        if self.recorded and (self.date is None or self.origin is not None):
            raise ValueError("Expected a date and no origin of a recorded number")
        return self


class Claim(Params):
    """A claim of a source, how the project tests it, and the result.

    Attributes:
        id: Unique in the ledger.
        source: The work and the place in it.
        claim: One sentence.
        kind: What the claim says of the number.
        theirs: Their number; the limit of a claim *at least* or *at most*.
        tolerance: How far the number may lie on the other side by rounding.
        unit: A share is shown in percent, a difference of shares in percentage points.
        digits: Number of decimals.
        data: The data sets, in words.
        namespace: Of the data's record of origin in the environment; None where there is none.
        environments: Where the number is comparable with theirs; none stands for nowhere.
        command: The command that makes the number.
        measurement: What to read from the outputs.
        facts: Of a measurement of a file of the project: what is known of its run.
        why: What explains the verdict.
        result: Our number.
    """

    id: Identifier
    source: ClaimSource
    claim: Sentence
    kind: Kind
    theirs: float | None = None
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    unit: Literal["", "%", "points"] = ""
    digits: Annotated[int, Field(ge=0, le=7)] = 2
    data: str
    namespace: str | None = None
    environments: tuple[str, ...]
    command: str
    measurement: Measurement | None = None
    facts: RowFacts | None = None
    why: Sentence
    result: ClaimResult | None = None

    @model_validator(mode="after")
    def _check(self) -> "Claim":
        if self.kind in {"equals", "at least", "at most"} and self.theirs is None:
            raise ValueError(f"Expected their number of a claim '{self.kind}'. Received: none")
        if self.measurement and "/" in self.measurement.of and self.facts is None:
            raise ValueError(f"Expected facts about the rows of {self.id}. Received: none")
        return self


class Ledger(Params):
    """The claims of one experiment.

    Attributes:
        experiment: The pipeline's name.
        question: What the experiment asks, in one short sentence.
        headline: The claim whose number stands in the first table of README.
        label: What this number is.
        claims: At least one.
    """

    experiment: str
    question: Sentence
    headline: Identifier
    label: str
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> "Ledger":
        if self.headline not in {claim.id for claim in self.claims}:
            raise ValueError(f"Expected a headline among the claims. Received: {self.headline}")
        return self

    @property
    def headline_claim(self) -> Claim:
        """The claim of the headline."""
        return next(claim for claim in self.claims if claim.id == self.headline)
