from atelier.training.resume import history_from_arrays, history_to_arrays


def test_rows_come_back_with_their_columns_in_order():
    rows = [
        {"seconds": 1.5, "iteration": 3.0, "a": 0.1},
        {"seconds": 2.5, "iteration": 6.0, "a": 7},
    ]
    back = history_from_arrays(history_to_arrays(rows))
    assert back == rows
    assert [list(row) for row in back] == [["seconds", "iteration", "a"]] * 2


def test_no_rows_are_no_rows():
    assert history_from_arrays(history_to_arrays([])) == []
