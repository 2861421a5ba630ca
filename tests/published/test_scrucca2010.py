"""Stem cell transplants in 177 patients with acute leukaemia: relapse, or death in remission (Scrucca et al. 2010).

Scrucca L, Santucci A, Aversa F. Regression modeling of competing risk using R: an in depth guide for clinicians. Bone
Marrow Transplant 2010;45:1388-1395. The patients (disease, months, what happened) are public as the data set bmtcrr of
the R package casebase; what cmprsk's `cuminc(ftime, Status, D)` prints for them is in that package's tutorials.
"""

import numpy as np
import pytest

from resurvey.survival.competing import gray_test, incidence_at
from resurvey.survival.incidence import cumulative_incidence

# Months by disease and event: 0 alive without relapse, 1 relapse, 2 death in remission.
MONTHS = {
    ("ALL", 0): """
        131.77 124.83 123.9 121.1 112.23 82.6 72.93 71.83 56.6 45.3 43.67 35.5 29.2 24.77 19.9 16.83 16.13""",
    ("ALL", 1): """
        2 3.57 6.13 5.37 2.87 3.07 1.7 1.8 1.67 7.53 2.53 4.23 13.07 7.57 2.4 1.23 8.63 1.1 20.83 4.07 7.93
        17.23 3.63 9.43 1.87 7.63 2.23 10.3""",
    ("ALL", 2): """
        .67 24.03 1.47 2.23 10.53 1.7 .4 .87 7.5 2.8 3.63 6.03 8 6 7.47 1.43 8.17 1.1 3.3 5.43 4.17 .37 .27
        3.43 12.17 6.6 3.23 2.7""",
    ("AML", 0): """
        114.7 114.1 112.93 110.37 106.13 85.1 81.67 77 76.03 67.8 70.2 68.83 59.17 58.23 58 49.27 43.2 42.5
        41.3 35.5 32.63 29.9 28.7 26.13 16.6 15.17 14.5 10.2 9.97""",
    ("AML", 1): """
        9.5 35 5.7 4.2 6.2 28.53 3.03 5.87 9.13 6.07 1.6 5.63 12.57 6.63 1.87 1.3 6 42.17 12.27 4.73 2.03 5
        5.6 1.2 7 2.53 2.3 7.63""",
    ("AML", 2): """
        6.33 2.3 5.27 6.3 10.9 7.63 20.93 2.83 9.63 3.17 9.97 9.17 8.73 4.8 3.57 3.47 1 6.1 1.97 3.6 4.4
        13.8 9.2 6.7 11.8 1.23 3.9 4.57 4.4 3.7 3.4 8.6 2 8.8 7.2 9 .13 3.93 5.23 3.5 2.8 1.47 .87 7.2 3.57
        4.57 1.77""",
}
ROWS = [(float(month), cause, disease) for (disease, cause), text in MONTHS.items() for month in text.split()]
TIME, CAUSE, DISEASE = (np.array(column) for column in zip(*ROWS, strict=True))


@pytest.mark.parametrize(
    ("disease", "cause", "printed"),
    [
        ("ALL", 1, [0.3713851, 0.3875571, 0.3875571]),
        ("AML", 1, [0.2414530, 0.2663827, 0.2810390]),
        ("ALL", 2, [0.3698630, 0.3860350, 0.3860350]),
        ("AML", 2, [0.4439103, 0.4551473, 0.4551473]),
    ],
)
def test_incidence_at_20_40_and_60_months(disease, cause, printed):
    own = disease == DISEASE
    found = incidence_at(cumulative_incidence(TIME[own], CAUSE[own], cause), [20, 40, 60])
    assert found["incidence"].to_numpy() == pytest.approx(printed, abs=5e-8)


@pytest.mark.parametrize(("cause", "statistic", "p"), [(1, 2.8623325, 0.09067592), (2, 0.4481279, 0.50322531)])
def test_gray_s_test(cause, statistic, p):
    found = gray_test(TIME, CAUSE, DISEASE, cause)
    assert found.chi_square == pytest.approx(statistic, abs=5e-8)
    assert found.p == pytest.approx(p, abs=5e-9)
