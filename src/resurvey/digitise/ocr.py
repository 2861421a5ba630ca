"""Read the words of a picture and their positions with RapidOCR (models included in its wheel), and split numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from resurvey.digitise.digitised import Word
from resurvey.digitise.extras import extra
from resurvey.digitise.numbers import plain

LEAST_SCORE = 0.5
WIDEST = 2.4  # maximum length of a piece of a number, in text heights
MOST_PIECES = 300  # maximum number of boxes that are split and read again
INK = 70  # grey levels below the paper from which a pixel counts as ink of a letter


@lru_cache(maxsize=1)
def _engine() -> Any:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    extra("cv2")
    extra("onnxruntime")
    settings = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return extra("rapidocr").RapidOCR(params=settings)


def read_words(picture: np.ndarray) -> list[Word]:
    """Words of a picture with boxes shrunk to the ink; boxes that hold several numbers are split and read again."""
    grey = np.asarray(picture).min(axis=2)
    words = [_tight(word, grey) for word in _recognise(picture)]
    return _apart(words, picture, grey)


def read_turned(picture: np.ndarray) -> list[Word]:
    """Words that run upwards, like the labels of many survival axes, with positions in the unrotated picture."""
    turned = np.ascontiguousarray(np.rot90(picture, k=-1))
    height = picture.shape[0]
    found = []
    for word in read_words(turned):
        # A point (x, y) of the picture is at (height - 1 - y, x) after rotation.
        top, bottom = height - 1 - word.right, height - 1 - word.left
        found.append(replace(word, left=word.top, right=word.bottom, top=top, bottom=bottom, upright=False))
    return found


def enlarged(picture: np.ndarray, factor: int, *, smooth: bool = False) -> np.ndarray:
    """The picture enlarged by an integer factor, cubic, or linear if `smooth`."""
    cv2 = extra("cv2")
    way = cv2.INTER_LINEAR if smooth else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way)


def _recognise(picture: np.ndarray) -> list[Word]:
    found = _engine()(np.ascontiguousarray(picture[:, :, ::-1]), use_det=True, use_cls=False, use_rec=True)
    if found.boxes is None:
        return []
    words = []
    for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        left, top = np.min(box, axis=0)
        right, bottom = np.max(box, axis=0)
        # A tall box of several letters was rotated before it was read.
        upright = not (bottom - top > 1.5 * (right - left) and len(text) > 1)
        if score >= LEAST_SCORE and text.strip():
            words.append(
                Word(text.strip(), float(left), float(top), float(right), float(bottom), float(score), upright)
            )
    return words


def _tight(word: Word, grey: np.ndarray) -> Word:
    """The word with its box shrunk to its ink, if the box holds any."""
    top, bottom, left, right = _inside(word, grey)
    part = grey[top:bottom, left:right]
    if part.size == 0:
        return word
    dark = part < np.percentile(part, 95) - INK
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if not len(rows) or rows[-1] - rows[0] < 3:
        return word
    return replace(
        word,
        left=left + float(columns[0]),
        right=left + float(columns[-1]),
        top=top + float(rows[0]),
        bottom=top + float(rows[-1]),
    )


def _inside(word: Word, grey: np.ndarray) -> tuple[int, int, int, int]:
    height, width = grey.shape
    top, bottom = max(0, int(word.top)), min(height, int(np.ceil(word.bottom)) + 1)
    return top, bottom, max(0, int(word.left)), min(width, int(np.ceil(word.right)) + 1)


def _apart(words: Sequence[Word], picture: np.ndarray, grey: np.ndarray) -> list[Word]:
    kept, pieces = [], []
    for word in words:
        cut = _pieces(word, grey) if _several(word) else []
        if len(cut) > 1:
            pieces += cut
        else:
            kept.append(word)
    return kept + _read_again(pieces[:MOST_PIECES], picture, kept_if_unread=True)


def _several(word: Word) -> bool:
    """Whether a box may hold several numbers: mostly digits and wider than a single number."""
    digits = sum(letter in "0123456789" for letter in word.text)
    wide = word.upright and word.right - word.left > 3.2 * word.height
    return wide and digits >= 0.5 * len(re.sub(r"\s", "", word.text)) and not re.search(r"[a-zA-Z]{3}", word.text)


def _pieces(word: Word, grey: np.ndarray) -> list[Word]:
    """The box split where the gap in the ink is wider than that between the digits of one number."""
    top, bottom, left, right = _inside(word, grey)
    part = grey[top:bottom, left:right]
    if part.size == 0:
        return [word]
    columns = np.flatnonzero((part < np.percentile(part, 95) - INK).any(axis=0))
    if len(columns) < 2:
        return [word]
    gaps = np.diff(columns)
    starts, ends = _cut(gaps, max(3, 0.6 * word.height))
    if (columns[ends] - columns[starts]).max() > WIDEST * word.height:
        starts, ends = _cut(gaps, _between_numbers(gaps, word.height))
    texts = word.text.split()
    texts = texts if len(texts) == len(starts) else [""] * len(starts)
    return [
        replace(word, text=text, left=left + float(columns[a]), right=left + float(columns[b]))
        for a, b, text in zip(starts, ends, texts, strict=True)
    ]


def _cut(gaps: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last positions of runs separated by gaps wider than `least`."""
    breaks = np.flatnonzero(gaps > least)
    return np.r_[0, breaks + 1], np.r_[breaks, len(gaps)]


def _between_numbers(gaps: np.ndarray, height: float) -> float:
    """The gap that separates crowded numbers from digits of one number: the largest jump in the sorted gap sizes."""
    sizes = np.sort(gaps[gaps > 1]).astype(float)
    usual = max(3, 0.6 * height)
    jumps = sizes[1:] / sizes[:-1]
    if not len(jumps) or jumps.max() < 1.5:
        return usual
    place = int(jumps.argmax())
    middle = (sizes[place] + sizes[place + 1]) / 2
    return float(middle) if sizes[place + 1] >= max(3, 0.25 * height) else usual


def _read_again(words: Sequence[Word], picture: np.ndarray, *, kept_if_unread: bool) -> list[Word]:
    found = []
    for word in words:
        if word.text and plain(word.text):
            found.append(word)
            continue
        text, score = read_line(picture, word)
        if text and score >= LEAST_SCORE:
            found.append(replace(word, text=text, score=score))
        elif kept_if_unread and word.text:
            found.append(word)
    return found


def read_line(picture: np.ndarray, word: Word) -> tuple[str, float]:
    """Text and score of one line of text, read from its box alone."""
    return _line(_box(picture, word))


def read_enlarged(picture: np.ndarray, word: Word, tall: float) -> tuple[str, float]:
    """Text and score of one line of text, read from its box after enlarging its letters to about a given height."""
    part = _box(picture, word)
    factor = round(tall / max(1.0, word.height))
    return _line(enlarged(part, factor, smooth=True) if factor > 1 and part.size else part)


def _box(picture: np.ndarray, word: Word) -> np.ndarray:
    """The part of a picture that holds a word, with a margin."""
    margin = max(2, round(0.25 * word.height))
    top, bottom = max(0, int(word.top) - margin), int(word.bottom) + margin + 1
    left, right = max(0, int(word.left) - margin), int(word.right) + margin + 1
    return picture[top:bottom, left:right]


def _line(part: np.ndarray) -> tuple[str, float]:
    if part.size == 0 or min(part.shape[:2]) < 3:
        return "", 0.0
    found = _engine()(np.ascontiguousarray(part[:, :, ::-1]), use_det=False, use_cls=False, use_rec=True)
    if not found.txts:
        return "", 0.0
    return found.txts[0].strip(), float(found.scores[0])
