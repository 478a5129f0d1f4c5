import numpy as np
import pytest
from skimage.measure import regionprops

from atelier.cells.measurements import measure_cells
from atelier.cells.rendering import draw_outlines, outline
from atelier.cells.samples import draw_cells


def planted():
    """A square of 4 x 4 about (3.5, 5.5), a bar of 1 x 5 about (12, 4), a pixel in the corner."""
    labels = np.zeros((15, 20), np.int32)
    labels[2:6, 4:8] = 1
    labels[12, 2:7] = 5
    labels[14, 19] = 9
    return labels


def test_planted_cells_have_the_areas_and_centroids_known_by_hand():
    labels = planted()
    image = np.where(labels == 1, 100, np.where(labels == 5, np.arange(20), 7)).astype(np.uint8)
    probability = labels / 10
    table = measure_cells(labels, image, probability).set_index("label")
    assert table["area"].to_dict() == {1: 16, 5: 5, 9: 1}
    assert table.loc[1, ["centroid_y", "centroid_x"]].tolist() == [3.5, 5.5]
    assert table.loc[5, ["centroid_y", "centroid_x"]].tolist() == [12, 4]
    assert table.loc[9, ["centroid_y", "centroid_x"]].tolist() == [14, 19]
    assert table["mean_intensity"].to_dict() == {1: 100, 5: 4, 9: 7}
    assert table["probability"].tolist() == pytest.approx([0.1, 0.5, 0.9])


def test_drawn_cells_measure_as_scikit_image_measures_them():
    drawn = draw_cells(2, (90, 130), seed=4)
    images = drawn.images[..., 0].astype(np.uint16) * 250
    for image, labels in zip(images, drawn.labels, strict=True):
        table = measure_cells(labels, image)
        regions = regionprops(labels, image)
        assert table["label"].tolist() == [region.label for region in regions]
        assert table["area"].tolist() == [region.area for region in regions]
        centroids = [region.centroid for region in regions]
        np.testing.assert_allclose(table[["centroid_y", "centroid_x"]], centroids)
        means = [region.intensity_mean for region in regions]
        np.testing.assert_allclose(table["mean_intensity"], means)
        assert table["probability"].isna().all()


def test_an_image_without_cells_has_an_empty_table():
    table = measure_cells(np.zeros((3, 4), np.uint16), np.zeros((3, 4, 3), np.uint8))
    assert len(table) == 0
    assert "probability" in table


def test_outlines_are_the_outermost_pixels_and_differ_between_cells():
    labels = planted()
    edges = outline(labels)
    assert edges[labels == 1].sum() == 12  # of 16 pixels, 4 are inside
    assert edges[labels == 5].all()
    assert not edges[labels == 0].any()
    drawing = draw_outlines(np.zeros(labels.shape, np.uint8), labels)
    with pytest.raises(ValueError, match="Expected labels of the image's shape"):
        draw_outlines(np.zeros(labels.shape, np.uint8)[:-1], labels)
    assert drawing.shape == (15, 20, 3)
    assert (drawing.any(axis=2) == edges).all()
    assert len(np.unique(drawing[edges], axis=0)) == 3


def test_an_image_of_another_shape_is_refused_also_where_numpy_would_stretch_it():
    labels, row = np.eye(3, dtype=int), np.ones((1, 3))
    words = r"labels \(3, 3\), image \(1, 3\)"
    with pytest.raises(ValueError, match=words):
        measure_cells(labels, row)
    with pytest.raises(ValueError, match=r"probability \(3,\)"):
        measure_cells(labels, np.ones((3, 3)), np.ones(3))
    with pytest.raises(ValueError, match=r"labels \(1, 3, 3\)"):
        measure_cells(labels[None], np.ones((3, 3)))


def test_ids_beyond_int64_stay():
    labels = np.array([[0, 2**63 + 5]], np.uint64)
    assert measure_cells(labels, np.ones((1, 2)))["label"].item() == 2**63 + 5
