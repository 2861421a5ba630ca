"""The provenance section: what is needed to reproduce this report, without dates or machine names."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import PurePosixPath

from resurvey.report.document import (
    Block,
    Bullets,
    Code,
    Details,
    Heading,
    Link,
    Paragraph,
    Row,
    Table,
    columns,
    words,
)
from resurvey.report.inputs import Results
from resurvey.report.words import count

PACKAGES = (
    "resurvey",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "lifelines",
    "statsmodels",
    "matplotlib",
    "jinja2",
    "itables",
    "python-docx",
    "typst",
    "rocrate",
    "snakemake",
)


def versions() -> dict[str, str]:
    """Versions of the packages used for the numbers and the report."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def provenance(results: Results) -> Iterator[Block]:
    """The provenance section."""
    yield Heading(1, "Provenance", "provenance")
    yield Paragraph(
        words(
            "The same tables, the same config and the same versions give the same report, byte for byte. All random "
            "draws "
            f"come from the seed {results.choices.seed}; each study and group draws from a stream of its own, so that "
            "adding one leaves the others alone. Every computed number is also a row of ",
            Code("results/analysis_results.csv"),
            f" ({count(len(results.results), 'row')}), with the printed rows it came from.",
        )
    )
    yield from _notebooks(results)
    found = versions()
    yield Table(
        anchor="tab-versions",
        title="Versions",
        columns=columns("Package | Version:1:code"),
        rows=tuple(Row.of(name, version) for name, version in found.items()),
        note=words("Python packages that made the numbers, the figures and this report."),
    )
    if results.files:
        yield Details(f"Checksums of {count(len(results.files), 'file')}", (_checksums(results.files),))


def record(results: Results) -> Iterator[Block]:
    """Provenance on half a page, for print."""
    yield Heading(1, "Provenance", "provenance")
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    yield Paragraph(
        words(
            f"The same tables, config and versions give the same report, byte for byte; all random draws come from the "
            f"seed {results.choices.seed}. Every computed number is a row of ",
            Code("results/analysis_results.csv"),
            f" ({count(len(results.results), 'row')}), with the printed rows it came from; checksums of all files are "
            f"in the HTML edition. Made with {made}.",
        )
    )


def _notebooks(results: Results) -> Iterator[Block]:
    """Links to the notebooks; the report does not depend on them, and links break if it is moved."""
    names = results.choices.notebooks
    if not names:
        return
    yield Heading(2, "Notebooks", "notebooks")
    yield Paragraph(
        words(
            "The same numbers told as a story, with choices that a reader may change. HTML copies lie in ",
            Code("results/notebooks"),
            ", beside the folder of this report. The links work in the HTML edition as long as it stays there; a copy "
            "moved elsewhere leaves them behind.",
        )
    )
    yield Bullets(tuple(words(Link(PurePosixPath(name).name, name)) for name in names))


def _checksums(files: Mapping[str, str]) -> Table:
    return Table(
        anchor="tab-checksums",
        title="Checksums of the tables behind this report",
        columns=columns("File:1.4:code | SHA-256:2.6:code"),
        rows=tuple(Row.of(name, digest) for name, digest in sorted(files.items())),
        note=words("SHA-256 of the bytes of each file; a changed file has another checksum."),
    )
