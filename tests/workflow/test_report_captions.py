"""Captions of Snakemake's own report: every name in them is known, and each is sound reStructuredText."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

ROOT = Path(__file__).resolve().parents[2]
CAPTIONS = sorted((ROOT / "workflow" / "report").glob("*.rst"))


def test_there_is_a_caption_of_the_workflow_and_of_each_stage():
    assert {path.stem for path in CAPTIONS} >= {
        "workflow",
        "report",
        "audit",
        "reconstruction",
        "design",
        "comparisons",
    }


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_renders(path):
    docutils = pytest.importorskip("docutils.core")
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    template = Environment(undefined=StrictUndefined).from_string(path.read_text(encoding="utf-8"))
    text = template.render(snakemake=SimpleNamespace(config=config))
    settings = {"halt_level": 2, "report_level": 2, "warning_stream": False, "input_encoding": "unicode"}
    made = docutils.publish_parts(text, writer="html5", settings_overrides=settings)
    assert made["body"].strip() and "{{" not in text


def test_a_caption_with_an_unknown_name_would_be_seen():
    from jinja2 import UndefinedError

    template = Environment(undefined=StrictUndefined).from_string("{{ snakemake.nothing }}")
    with pytest.raises(UndefinedError, match="nothing"):
        template.render(snakemake=SimpleNamespace())
