"""Notebooks executed top to bottom, their HTML copies, and the outputs that a rerun must give again."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.errors import InputError

if TYPE_CHECKING:
    from nbformat import NotebookNode

TIMEOUT_SECONDS = 120
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body><nav><a href="../report/index.html">Report</a></nav><main>{body}</main></body></html>
"""
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --code: #f3f5f7; --link: #0b57a4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --paper: #14171b; --line: #3a4149; --code: #1f242a; --link: #7db7f2; }
  img { background: #fff; }
}
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif; }
a { color: var(--link); } img, svg { max-width: 100%; height: auto; }
pre, code { font: .85rem/1.45 ui-monospace, monospace; } pre { overflow-x: auto; margin: 0; }
.highlight, .input_area { background: var(--code); border: 1px solid var(--line); border-radius: 4px;
  padding: .4rem .6rem; }
.output { overflow-x: auto; margin: .5rem 0 1.2rem; } .prompt, .anchor-link { display: none; }
table { border-collapse: collapse; font-size: .85rem; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
"""


def execute(paths: Sequence[Path], folder: Path) -> list[NotebookNode]:
    """Run notebooks one after the other in one kernel that forgets everything in between.

    One kernel, because starting one and importing the libraries takes longer than running a notebook.

    Parameters
    ----------
    paths : sequence of Path
    folder : Path
        Where the notebooks run: the project's folder.

    Raises
    ------
    InputError
        If a cell fails; the message names the notebook and says what the cell said.
    """
    import nbformat
    from jupyter_client.manager import start_new_kernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
    made = []
    try:
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            runner = NotebookClient(notebook, km=manager, timeout=TIMEOUT_SECONDS, record_timing=False)
            runner.kc = client
            client.execute_interactive("%reset -f", silent=True, timeout=TIMEOUT_SECONDS)
            try:
                runner.execute()
            except CellExecutionError as error:
                raise InputError(f"notebook {path.name} failed: {error}") from None
            made.append(_stable(notebook))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return made


def _stable(notebook: NotebookNode) -> NotebookNode:
    """Without counters and addresses in memory, which differ from run to run."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = None
    notebook.metadata.pop("widgets", None)
    return notebook


def without_images(notebook: NotebookNode) -> NotebookNode:
    """The notebook as it is committed: text and tables, no pictures."""
    import copy

    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in [name for name in data if name.startswith("image/")]:
                del data[kind]
            if data and "text/html" in data:
                data["text/html"] = re.sub(
                    r"<(svg|img)\b.*?(</svg>|>)", "", _joined(data["text/html"]), flags=re.DOTALL
                )
    return bare


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def texts(notebook: NotebookNode) -> list[str]:
    """Text of every output, in order: what a rerun must give again."""
    found = []
    for cell in without_images(notebook).cells:
        for output in cell.get("outputs", []):
            found.append(_joined(output.get("text", "")) + _joined(output.get("data", {}).get("text/plain", "")))
    return found


def page(notebook: NotebookNode, title: str) -> str:
    """One HTML file of an executed notebook that asks nothing of the outside."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic")
    body, _ = exporter.from_notebook_node(notebook)
    return PAGE.format(title=html.escape(title), style=STYLE, body=body)
