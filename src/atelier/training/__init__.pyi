from . import figures as figures
from .batches import to_unit
from .features import (
    SplitOutputs,
    feature_model,
    last_layer_weights,
    outputs_of_splits,
    predict_features,
)
from .fitting import TrainedModel, fit, fit_all_epochs
from .model_files import read_model
from .networks import build_classifier, five_layer_cnn, two_layer_cnn
from .params import (
    AugmentationParams,
    MachineParams,
    MovedCopiesParams,
    NetworkParams,
    TrainingParams,
)
from .prediction import predict_logits, predict_shifted_logits, predict_unit_logits
from .reproducibility import make_reproducible, set_threads
from .resume import Resumable, fingerprint_of, run_rounds
from .serving import servable_classifier, serving_model
from .steps import gradient_step

__all__ = [
    "AugmentationParams",
    "MachineParams",
    "MovedCopiesParams",
    "NetworkParams",
    "Resumable",
    "SplitOutputs",
    "TrainedModel",
    "TrainingParams",
    "build_classifier",
    "feature_model",
    "figures",
    "fingerprint_of",
    "fit",
    "fit_all_epochs",
    "five_layer_cnn",
    "gradient_step",
    "last_layer_weights",
    "make_reproducible",
    "outputs_of_splits",
    "predict_features",
    "predict_logits",
    "predict_shifted_logits",
    "predict_unit_logits",
    "read_model",
    "run_rounds",
    "servable_classifier",
    "serving_model",
    "set_threads",
    "to_unit",
    "two_layer_cnn",
]
