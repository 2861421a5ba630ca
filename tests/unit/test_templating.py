"""Templates: what their Markdown becomes, and that no value can break out of its place."""

import pytest

from resurvey.errors import InputError
from resurvey.report.document import Badge, Bullets, Cite, Claims, Code, Heading, Link, Paragraph, Ref, Strong
from resurvey.report.templating import render

NASTY = "*a* [b](c) <i>d</i> `e` _f_ # g 1. h & i\n\n- j {{ k }} \\"


@pytest.fixture
def made(tmp_path):
    def make(text, blocks=None, **context):
        (tmp_path / "t.md.j2").write_text(text, encoding="utf-8")
        return render("t.md.j2", context, blocks or {}, tmp_path)

    return make


def test_markdown_becomes_blocks(made):
    text = (
        "# Title of it\n\n## Sub (#own)\n\nA **strong** word, `code`, [](#tab-x), [there](#own),\n"
        "[two](claims:a-1;b-2), [bad](tone:bad)[](cite:key).\n\n- one\n- two **2**\n\n1. first\n"
    )
    heading, sub, paragraph, bullets, ordered = made(text)
    assert (heading, sub) == (Heading(1, "Title of it", "title-of-it"), Heading(2, "Sub", "own"))
    assert paragraph.words == (
        "A ", Strong("strong"), " word, ", Code("code"), ", ", Ref("tab-x"), ", ", Link("there", "#own"), ",", " ",
        Claims(("a-1", "b-2"), "two"), ", ", Badge("bad", "bad"), Cite(("key",)), ".",
    )  # fmt: skip
    assert bullets == Bullets((("one",), ("two ", Strong("2"))))
    assert ordered.ordered


def test_a_value_is_text_whatever_is_in_it(made):
    for template in ("{{ x }}", "A {{ x }} b", "- {{ x }}"):
        (block,) = made(template, x=NASTY)
        parts = block.items[0] if isinstance(block, Bullets) else block.words
        assert all(isinstance(part, str) for part in parts)
        assert NASTY.replace("\n\n", "  ") in "".join(parts) or " ".join(NASTY.split()) in " ".join(
            "".join(parts).split()
        )


def test_filters_write_numbers_as_the_report_does(made):
    (block,) = made("{{ 0.4512 | ratio }}; {{ 0.5 | percent }}; {{ 0.0004 | p }}; {{ ['a', 'b'] | listed }}")
    assert "".join(block.words) == "0.45; 50\u00a0%; <0.001; a and b"


def test_blocks_of_the_code_stand_where_the_template_places_them(made):
    table = Paragraph(("a table",))
    assert made('Before.\n{{ block("one") }}\nAfter.', {"one": (table,), "left out": (table, table)})[1] == table
    with pytest.raises(InputError, match=r"t\.md\.j2: there is no table or figure 'none', only one"):
        made('{{ block("none") }}', {"one": (table,)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ missing }}", "template t.md.j2: 'missing' is undefined"),
        ("{% if %}", "template t.md.j2, line 1: "),
        ("> a quotation", "no block for Markdown of type 'blockquote'"),
        ("![p](q)", "no place for Markdown of type 'image'"),
    ],
)
def test_a_fault_of_a_template_names_it(made, text, message):
    with pytest.raises(InputError, match=message):
        made(text)
