"""Errors and warnings that name the place, the value found, what was expected and what to do."""


class ResurveyError(ValueError):
    """Base of every error that the package raises on purpose."""


class InputError(ResurveyError):
    """An argument or a table cell is outside what is allowed; the message names it and its value."""


class InconsistentReport(ResurveyError):
    """Printed numbers are mutually inconsistent; the message names those in conflict."""


class NotEstimable(ResurveyError):
    """The available information does not determine the quantity requested; the message says what is missing."""


class NotWritten(ResurveyError):
    """A file could not be written because the disk is full or writing is not permitted; the message names it."""


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 fault`, `2 faults`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
