"""Execute notebooks from top to bottom, make HTML copies, and check that a rerun gives the same outputs."""

from __future__ import annotations

import base64
import copy
import html
import os
import re
import tempfile
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.errors import InputError
from resurvey.report.template_files import template_text
from resurvey.writing import write_text

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

TIMEOUT_SECONDS = 120
NUMBER = re.compile(r"\d+(?:\.\d+)?")
PICTURE = re.compile(r"<svg\b.*?</svg>|<img\b[^>]*>", re.DOTALL)
# Fixed, because a kernel would add its own Python version.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# The page is static: whatever it contains, a browser runs no script and makes no request.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def execute(paths: Sequence[Path], folder: Path) -> Generator[NotebookNode]:
    """Run notebooks one after the other in one kernel, reset in between; yield each when it ends.

    One kernel is used because starting it and importing the libraries takes longer than running a notebook. Nothing
    runs before the first notebook is requested; if not all are, close the iterator to stop the kernel.

    Parameters
    ----------
    paths : sequence of Path
    folder : Path
        Working directory of the notebooks: the folder of the project.

    Raises
    ------
    InputError
        If a cell fails; the message names the notebook and gives the error of the cell.
    """
    with _kernel(folder) as (manager, client):
        # Imported while the kernel starts.
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        client.wait_for_ready(timeout=TIMEOUT_SECONDS)
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            runner = NotebookClient(notebook, km=manager, timeout=TIMEOUT_SECONDS, record_timing=False)
            runner.kc = client
            client.execute_interactive("%reset -f", silent=True, timeout=TIMEOUT_SECONDS)
            try:
                runner.execute()
            except CellExecutionError as error:
                raise InputError(f"notebook {path.name} failed: {error}") from None
            yield _stable(notebook)


@contextmanager
def _kernel(folder: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """Start a kernel that communicates through private files where possible, not through open ports."""
    from jupyter_client.manager import KernelManager

    with tempfile.TemporaryDirectory(prefix="resurvey-") as place:
        settings = {"transport": "ipc", "connection_file": f"{place}/kernel.json"} if os.name == "posix" else {}
        manager = KernelManager(kernel_name="python3", **settings)
        manager.start_kernel(cwd=str(folder))
        client: BlockingKernelClient = manager.client()
        try:
            client.start_channels()
            yield manager, client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.context.destroy()


def _stable(notebook: NotebookNode) -> NotebookNode:
    """Drop execution counters and use fixed metadata, so that a rerun changes nothing but results."""
    import nbformat

    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = None
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def source(notebook: NotebookNode) -> str:
    """The notebook as the text of its file."""
    import nbformat

    return str(nbformat.writes(notebook)) + "\n"


def without_images(notebook: NotebookNode) -> NotebookNode:
    """The notebook as committed: with text and tables, without pictures."""
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in [name for name in data if name.startswith("image/")]:
                del data[kind]
                output.get("metadata", {}).pop(kind, None)
            if data and "text/html" in data:
                data["text/html"] = PICTURE.sub("", _joined(data["text/html"]))
    return bare


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def texts(notebook: NotebookNode) -> list[str]:
    """Text of every output, in order, which a rerun must reproduce."""
    found = []
    for cell in without_images(notebook).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            found.append(
                _joined(output.get("text", "")) + _joined(data.get("text/markdown", data.get("text/plain", "")))
            )
    return found


def moved(again: Sequence[str], before: Sequence[str]) -> list[str]:
    """Differences between outputs and earlier ones beyond the last digit shown.

    Words and whole numbers must be identical; a number with decimals may differ by one unit in the last digit shown.

    Parameters
    ----------
    again, before : sequence of str
        As returned by `texts`.

    Returns
    -------
    list of str
        One line per difference.
    """
    if len(again) != len(before):
        return [f"{len(again)} outputs in place of {len(before)}"]
    return [line for place, pair in enumerate(zip(again, before, strict=True), 1) for line in _moved(place, *pair)]


def _moved(place: int, again: str, before: str) -> Iterator[str]:
    if NUMBER.sub("#", again) != NUMBER.sub("#", before):
        yield f"output {place} has other words:\n{again}\nin place of\n{before}"
        return
    for now, then in zip(NUMBER.findall(again), NUMBER.findall(before), strict=True):
        if not _as_shown(now, then):
            yield f"output {place}: {now} in place of {then}"


def _as_shown(now: str, then: str) -> bool:
    decimals = [len(text.partition(".")[2]) for text in (now, then)]
    if now == then or min(decimals) == 0:
        return now == then
    return abs(Decimal(now) - Decimal(then)) <= Decimal(1).scaleb(-min(decimals))


def _figures_as_images(notebook: NotebookNode) -> NotebookNode:
    """Turn inline SVG into images with alternative text, so that ids in different figures cannot clash."""
    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        for output in cell.get("outputs", []):
            drawing = output.get("data", {}).pop("image/svg+xml", None)
            if drawing is not None:
                alt = output.get("metadata", {}).get("image/svg+xml", {}).get("alt", "")
                code = base64.b64encode(_joined(drawing).encode()).decode()
                output.data["text/html"] = f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{code}">'
    return shown


def refresh(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Execute notebooks and write them back with their text and table outputs, without pictures.

    Parameters
    ----------
    paths : sequence of Path
    folder : Path
        Working directory of the notebooks: the folder of the project, with its results.

    Returns
    -------
    list of Path
        Notebooks whose file changed.
    """
    changed = []
    for path, notebook in zip(paths, list(execute(paths, folder)), strict=True):
        text = source(without_images(notebook))
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


def page(notebook: NotebookNode, title: str, own: Path | None = None) -> str:
    """An executed notebook as one HTML file that makes no external request.

    Parameters
    ----------
    notebook : NotebookNode
    title : str
        File name of the notebook without extension; the title of the page is the first heading of the notebook.
    own : Path, optional
        Folder of a project's own templates: notebook.html, notebook.css, notebook_cells.j2.
    """
    body, _ = _exporter(own).from_notebook_node(_figures_as_images(notebook))
    return template_text("notebook.html", own).format(
        title=html.escape(_heading(notebook) or title),
        name=html.escape(title),
        style="\n" + template_text("notebook.css", own),
        body=body,
        policy=POLICY,
    )


@cache
def _exporter(own: Path | None) -> HTMLExporter:
    """The HTML exporter, shared by all pages so that its templates are compiled once."""
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic", raw_template=template_text("notebook_cells.j2", own))


def publish(paths: Sequence[Path], folder: Path, made: Path, own: Path | None = None) -> None:
    """Execute notebooks and write each as NAME.html and NAME.ipynb while the next one runs.

    Parameters
    ----------
    paths : sequence of Path
    folder : Path
        Working directory of the notebooks: the folder of the project.
    made : Path
        The folder to which they are written.
    own : Path, optional
        Folder of a project's own templates.

    Raises
    ------
    InputError
        As for `execute`.
    """

    def write(path: Path, notebook: NotebookNode) -> None:
        write_text(page(notebook, path.stem, own), made / f"{path.stem}.html")
        write_text(source(notebook), made / f"{path.stem}.ipynb")

    # One writer, because the exporter is not concurrent; `result` raises its errors after all notebooks have run.
    with ThreadPoolExecutor(max_workers=1) as writer, closing(execute(paths, folder)) as executed:
        written = [writer.submit(write, path, notebook) for path, notebook in zip(paths, executed, strict=True)]
    for one in written:
        one.result()


def _heading(notebook: NotebookNode) -> str:
    found = (re.match(r"# (.+)", cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    return next((line[1] for line in found if line), "")
