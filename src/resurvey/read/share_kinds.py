"""What a share of patients counts, as the column `kind` of proportions.csv holds it."""

from __future__ import annotations

from enum import StrEnum


class ShareKind(StrEnum):
    """Kinds of share that the reader tells apart; a person may type others of the schema.

    `UNSAID` is the empty cell of a share whose words name no kind: a person chooses one before it can be confirmed.
    """

    UNSAID = ""
    BASELINE = "baseline"
    FLOW = "flow"
    RESPONSE = "response"
    ADVERSE_EVENT = "adverse_event"
    PROGRESSION = "progression"
    PROGNOSIS = "prognosis"
