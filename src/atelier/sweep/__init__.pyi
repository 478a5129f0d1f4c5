from . import answer_figures as answer_figures
from . import figures as figures
from .analysis import (
    accuracy_curves,
    best_learning_rates,
    members_at_best_rate,
    study_metrics,
)
from .architecture import Architecture
from .budgets import compare_budgets
from .chance import accuracy_spread, chance_at_best
from .chunk_store import ChunkStore, StudyFolder
from .chunk_trainer import CORRECT_COLUMN, correct_predictions, packed_predictions
from .collapse import collapse_probability
from .executors import make_executor
from .interaction import rate_interaction
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
from .sensitivity import rate_sensitivity
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
    "accuracy_spread",
    "answer_figures",
    "arm_examples",
    "best_learning_rates",
    "chance_at_best",
    "collapse_probability",
    "compare_budgets",
    "correct_predictions",
    "dropout_effect",
    "dropout_multipliers",
    "figures",
    "fit_and_predict",
    "fit_population",
    "initial_weights",
    "make_executor",
    "make_splits",
    "members_at_best_rate",
    "packed_predictions",
    "predict_population",
    "progress_bar",
    "rate_interaction",
    "rate_sensitivity",
    "run_study",
    "study_metrics",
    "summarize_study",
]
