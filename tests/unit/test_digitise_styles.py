"""Curves of one ink: broken lines of several styles, lines that run under each other, rules that are no curves."""

import numpy as np
import pytest

from resurvey.digitise.extract import extract
from resurvey.digitise.region import Region
from resurvey.digitise.styles import styles_of

HEIGHT, WIDTH, TOP = 220, 420, 12
SOLID, LONG, SHORT = (1, 0), (12, 5), (4, 4)
# Exponential curves, as steps of twelve columns; the second and third cross the first and each other.
FIRST, SECOND, THIRD, SLOW = (0.0070, 0.0), (0.0110, 0.04), (0.0045, -0.07), (0.004, 0.0)


def rows_of(curve, stop):
    """Row in each column: survival exp(-rate t), moved by a share that grows over the first third."""
    rate, moved = curve
    at = np.arange(stop) // 12 * 12
    survival = np.exp(-rate * at) + moved * np.minimum(1, at / 140)
    rows = np.round(TOP + (HEIGHT - TOP - 12) * (1 - np.clip(survival, 0.02, 1))).astype(int)
    return np.maximum.accumulate(rows)


def drawn(picture, rows, pattern):
    """Draw a stepped line two pixels thick, with dashes and gaps of the pattern's lengths along it."""
    on, off = pattern
    length = 0
    for column in range(len(rows)):
        before = rows[column - 1] if column else rows[column]
        for row in range(before, rows[column] + 1):
            if length % (on + off) < on:
                picture[row : row + 2, column : column + 2] = 20
            length += 1


def region(*lines, rule=None):
    """A plot of the lines (rows, pattern), all in black, with a horizontal rule (row, first and last column)."""
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for rows, pattern in lines:
        drawn(picture, rows, pattern)
    if rule:
        picture[rule[0] : rule[0] + 2, rule[1] : rule[2]] = 20
    blank = np.zeros((HEIGHT, WIDTH), dtype=bool)
    return Region(picture, np.array([255.0] * 3), ~blank, blank, blank, blank, 0, 0, (0, float(TOP)), HEIGHT - 8.0)


def off(found, rows):
    """Root mean squared distance, in rows, of the nearest path found, and how far it ends from the end of `rows`."""
    distances = []
    for curve in found:
        columns = curve.path.columns[curve.path.columns < len(rows)]
        apart = curve.path.rows[: len(columns)] - rows[columns]
        distances.append((float(np.sqrt(np.mean(apart**2.0))), abs(curve.path.stop - len(rows))))
    return min(distances)


def test_solid_long_and_short_dashes_of_one_ink_are_three_curves():
    lines = [(rows_of(FIRST, 400), SOLID), (rows_of(SECOND, 380), LONG), (rows_of(THIRD, 390), SHORT)]
    found = extract(region(*lines))
    assert len(found) == 3
    for rows, _ in lines:
        distance, end = off(found, rows)
        assert distance < 4 and end < 20


def test_a_broken_line_runs_under_a_solid_one_and_comes_out_again():
    solid = rows_of(SLOW, 400)
    apart = np.zeros(400, dtype=int)
    apart[60:130], apart[260:400] = 14, 20
    broken = np.maximum.accumulate(solid + apart)
    found = extract(region((solid, SOLID), (broken, SHORT)))
    assert len(found) == 2
    assert max(off(found, solid)[0], off(found, broken)[0]) < 4
    assert off(found, broken)[1] < 12


@pytest.mark.parametrize("rule", [(60, 190, 415), (60, 190, 330), (100, 210, 400)])
def test_the_rule_of_a_table_is_no_curve(rule):
    assert len(extract(region((rows_of(FIRST, 400), SOLID), rule=rule))) == 1


def test_a_solid_curve_that_leaves_another_at_a_level_is_one():
    solid = rows_of(FIRST, 400)
    level = np.where(np.arange(400) < 200, solid, solid[200])
    found = extract(region((solid, SOLID), (level, SOLID)))
    assert len(found) == 2
    assert off(found, level)[0] < 3


def dashes(*lengths):
    """A row of dashes of the given lengths, four columns apart."""
    ink = np.zeros((20, sum(lengths) + 4 * len(lengths)), np.float32)
    at = 0
    for length in lengths:
        ink[9:11, at : at + length] = 1
        at += length + 4
    return ink


def test_dashes_of_two_lengths_are_two_styles():
    ink = dashes(4, 12, 4, 12, 4, 12, 4, 12, 5, 11)
    styles = styles_of(ink)
    assert styles is not None
    # By hand: short dashes have 4 + 4 + 4 + 4 + 5 = 21 columns of two rows, long ones 4 x 12 + 11 = 59.
    assert (int(styles.short.sum()), int(styles.long.sum())) == (42, 118)


@pytest.mark.parametrize("lengths", [(8,) * 12, (7, 8, 9) * 4, (4,) * 10 + (12,) * 3])
def test_dashes_of_one_length_are_one_style(lengths):
    assert styles_of(dashes(*lengths)) is None


def test_without_ink_there_is_no_style():
    assert styles_of(np.zeros((20, 50), np.float32)) is None
