"""The part of the calibration pipeline that compares scores of out-of-distribution detection."""

from kedro.pipeline import Node

from atelier.incremental import with_reads
from atelier.pipelines.calibration import out_of_distribution_nodes as nodes
from atelier.pipelines.sinks import with_sinks

OUT_OF_DISTRIBUTION = [
    Node(
        with_reads(nodes.collect_far_images, nodes.fashion_files),
        ["archives", "test_arrays", "params:out_of_distribution"],
        "far_images_arrays",
        name="collect_far_images",
        tags="density",
    ),
    Node(
        nodes.score_out_of_distribution,
        [
            "classifier_model",
            "logits_arrays",
            "features_arrays",
            "test_arrays",
            "out_of_distribution_arrays",
            "far_images_arrays",
            "params:out_of_distribution",
        ],
        ["classifier_scores_arrays", "classifier_scores_table"],
        name="score_classifier",
        tags="density",
    ),
    Node(
        with_sinks(nodes.score_networks, checkpoint="out_of_distribution_checkpoint"),
        [
            "train_arrays",
            "calibration_arrays",
            "test_arrays",
            "out_of_distribution_arrays",
            "far_images_arrays",
            "provenance",
            "params:out_of_distribution",
        ],
        "network_scores_arrays",
        name="score_networks",
        tags="density",
    ),
    Node(
        nodes.measure_detection,
        ["network_scores_arrays", "params:out_of_distribution"],
        ["network_scores_table", "out_of_distribution_table", "out_of_distribution_metrics"],
        name="measure_detection",
        tags="density",
    ),
    Node(
        with_sinks(nodes.draw_detection, checkpoint="out_of_distribution_checkpoint"),
        ["out_of_distribution_table", "out_of_distribution_metrics", "provenance"],
        "out_of_distribution_figure",
        name="draw_detection",
        tags="figures",
    ),
]
