from . import figures as figures
from . import kernels as kernels
from .analysis import (
    accuracy_curves,
    best_learning_rates,
    members_at_best_rate,
    study_metrics,
)
from .architecture import Architecture
from .chunk_store import ChunkStore, StudyFolder
from .chunk_trainer import CORRECT_COLUMN, correct_predictions
from .executors import make_executor
from .network import dropout_multipliers, initial_weights
from .optimizers import OPTIMIZERS
from .paired_comparison import arm_examples, dropout_effect
from .plan import Plan
from .population import (
    Population,
    TrainingData,
    fit_and_predict,
    fit_population,
    predict_population,
)
from .progress import progress_bar
from .runner import run_study
from .splits import make_splits
from .summary import summarize_study

__all__ = [
    "CORRECT_COLUMN",
    "OPTIMIZERS",
    "Architecture",
    "ChunkStore",
    "Plan",
    "Population",
    "StudyFolder",
    "TrainingData",
    "accuracy_curves",
    "arm_examples",
    "best_learning_rates",
    "correct_predictions",
    "dropout_effect",
    "dropout_multipliers",
    "figures",
    "fit_and_predict",
    "fit_population",
    "initial_weights",
    "kernels",
    "make_executor",
    "make_splits",
    "members_at_best_rate",
    "predict_population",
    "progress_bar",
    "run_study",
    "study_metrics",
    "summarize_study",
]
