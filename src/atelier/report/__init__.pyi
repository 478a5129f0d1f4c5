from .embedding import picture_address
from .experiments import EXPERIMENTS, CaptionedFigure, Experiment, Measure, Table
from .page import page_style, render_page, templates
from .results import ExperimentResults, Run
from .run_records import RunRecord, run_record
from .values import format_cell, format_measure, format_number

__all__ = [
    "EXPERIMENTS",
    "CaptionedFigure",
    "Experiment",
    "ExperimentResults",
    "Measure",
    "Run",
    "RunRecord",
    "Table",
    "format_cell",
    "format_measure",
    "format_number",
    "page_style",
    "picture_address",
    "render_page",
    "run_record",
    "templates",
]
