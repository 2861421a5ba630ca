"""Conclusions of a document, as stated in the config, and the printed numbers behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The id of a printed number in a sentence, to be replaced by the number as printed.
PLACEHOLDER = re.compile(r"\{([a-z0-9][\w-]*)\}")


@dataclass(frozen=True)
class Conclusion:
    """A conclusion of a document, in the words of an analyst.

    Attributes
    ----------
    says : str
        A sentence in which `{claim id}` stands for that number as printed.
    claims : sequence of str
        Further printed numbers that the conclusion is based on.
    """

    says: str
    claims: Sequence[str] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Ids of the printed numbers in the sentence."""
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.says)))

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all printed numbers that it contains or is based on."""
        return tuple(dict.fromkeys((*self.named, *self.claims)))

    def words(self, printed: Callable[[str], str]) -> str:
        """The sentence with every id replaced by its value from `printed`."""
        return PLACEHOLDER.sub(lambda found: printed(found[1]), self.says)
