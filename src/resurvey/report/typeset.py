"""Run Typst in a separate process: a long report takes half a gigabyte, which is freed when the process ends.

python -m resurvey.report.typeset SOURCE.typ MADE.pdf FONTS
"""

from __future__ import annotations

import sys
from pathlib import Path


def typeset(source: str, made: str, fonts: str) -> None:
    """Typeset `source`, with the files it reads in the same folder, as a tagged PDF (PDF/UA-1) without dates.

    `fonts` lists, as JSON, font families for characters missing from Typst's own fonts; their files are in the folder
    `fonts`.
    """
    import typst

    main = Path(source)
    try:
        pdf = typst.compile(
            main,
            root=main.parent,
            format="pdf",
            ignore_system_fonts=True,
            font_paths=[main.parent / "fonts"],
            sys_inputs={"fonts": fonts},
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as error:
        sys.exit(str(error))
    Path(made).write_bytes(bytes(pdf))


if __name__ == "__main__":
    typeset(*sys.argv[1:])
