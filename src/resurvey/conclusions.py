"""What a document concludes, as the config says it, and the printed numbers behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The id of a printed number in a sentence, which is to be shown as it is printed.
PLACEHOLDER = re.compile(r"\{([a-z0-9][\w-]*)\}")


@dataclass(frozen=True)
class Conclusion:
    """What a document concludes, in an analyst's words.

    Attributes
    ----------
    says : str
        A sentence; `{claim id}` in it stands for that number as it is printed.
    claims : sequence of str
        Further printed numbers that it rests on.
    """

    says: str
    claims: Sequence[str] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """The printed numbers that the sentence names."""
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.says)))

    @property
    def ids(self) -> tuple[str, ...]:
        """Every printed number that it names or rests on."""
        return tuple(dict.fromkeys((*self.named, *self.claims)))

    def words(self, printed: Callable[[str], str]) -> str:
        """The sentence with every id replaced by what `printed` gives for it."""
        return PLACEHOLDER.sub(lambda found: printed(found[1]), self.says)
