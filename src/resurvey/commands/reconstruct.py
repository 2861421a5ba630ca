"""`resurvey reconstruct`: reconstruct patient data from a digitised curve, all curves in a folder, or a summary."""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resurvey.errors import InputError, ResurveyError

if TYPE_CHECKING:
    import pandas as pd

    from resurvey.reconstruct import Reconstruction
    from resurvey.reconstruct.bulk import ArmCurve
    from resurvey.reconstruct.files import ReadArm

SUFFIXES = (".csv", ".txt", ".tsv", ".dat", ".json", ".tar", ".dig", ".xml", ".xlsx")

PICTURES = (".svg", ".png", ".pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "curve", type=Path, nargs="?", help="file of a digitised curve, or a folder of them with arms.csv"
    )
    parser.add_argument(
        "--n",
        action="append",
        metavar="N",
        help="number of patients of the arm; NAME=N for one of several curves (may be repeated)",
    )
    parser.add_argument(
        "--at-risk", type=Path, help="file of numbers at risk, with columns time, at_risk and, for several arms, arm"
    )
    parser.add_argument(
        "--events",
        action="append",
        metavar="N",
        help="total number of events; NAME=N for one of several curves (may be repeated)",
    )
    parser.add_argument("--curve", dest="curve_name", default="", metavar="NAME", help="name of a curve in the file")
    parser.add_argument(
        "--at-risk-arm", default="", metavar="NAME", help="name of an arm in the file of numbers at risk"
    )
    parser.add_argument("--sheet", default="", help="name of a sheet of a workbook (default: the first)")
    parser.add_argument("--time-column", default="", help="heading or number (from 1) of the column of times")
    parser.add_argument("--survival-column", default="", help="heading or number (from 1) of the column of survival")
    parser.add_argument(
        "--survival-unit",
        default="",
        choices=["%", "proportion"],
        help="unit of survival, if the file does not say",
    )
    parser.add_argument("--summary", type=Path, help="YAML file with the printed numbers of an arm that has no curve")
    parser.add_argument(
        "--replicates", type=int, default=200, help="number of replicates, with --summary (default 200)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random draws (default 0)")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("patients.csv"),
        help="CSV or Parquet file of patients to write (default patients.csv)",
    )
    parser.add_argument(
        "--batch", default="1/1", help="part of a folder: i/k takes every k-th arm, starting at the i-th (default 1/1)"
    )
    parser.add_argument(
        "--picture", type=Path, help="SVG, PNG or PDF file of the reconstructed curve and the printed numbers"
    )


def run(arguments: argparse.Namespace) -> int:
    """Reconstruct one arm or a folder of arms; arms in a folder that fail are rows with the reason.

    Raises
    ------
    InputError
        If there is nothing to reconstruct, or the picture has no known format.
    """
    if arguments.summary is None and arguments.curve is None:
        raise InputError("nothing to reconstruct: give a curve, a folder of curves, or --summary arm.yaml")
    if arguments.picture is not None and arguments.picture.suffix.lower() not in PICTURES:
        raise InputError(f"--picture {arguments.picture}: name a file that ends in {', '.join(PICTURES)}")
    if arguments.curve is not None and arguments.curve.is_dir():
        return _folder(arguments)
    by_name = {"": _summary(arguments)} if arguments.summary is not None else _curves(arguments)
    patients = _patients(by_name)
    _write(patients, arguments.output)
    sys.stdout.write("\n\n".join(_report(name, arm) for name, arm in by_name.items()))
    sys.stdout.write(f"\nwrote {len(patients)} rows to {arguments.output}\n")
    if arguments.picture is not None:
        for name, arm in by_name.items():
            path = arguments.picture
            path = path.with_stem(f"{path.stem}-{_slug(name)}") if len(by_name) > 1 else path
            _draw(arm, path)
            sys.stdout.write(f"drew {path}\n")
    return 0


def _patients(made: dict[str, Reconstruction]) -> pd.DataFrame:
    """Patients of one arm, or of several arms with `arm` as the first column."""
    from resurvey.reconstruct.formats import export_patients

    return next(iter(made.values())).patients if len(made) == 1 else export_patients(made)


def _slug(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "curve"


def _summary(arguments: argparse.Namespace) -> Reconstruction:
    import numpy as np

    from resurvey.reconstruct import from_summary

    return from_summary(
        read_summary(arguments.summary), replicates=arguments.replicates, rng=np.random.default_rng(arguments.seed)
    )


def read_summary(path: Path) -> Any:
    """A `SurvivalSummary` from a YAML file whose keys are its fields; landmarks are pairs of time and survival.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, has unknown keys, or lacks the number of patients.
    """
    from resurvey.reconstruct import SurvivalSummary
    from resurvey.yamlfile import read_yaml

    cells = read_yaml(path.resolve())
    known = {field.name for field in dataclasses.fields(SurvivalSummary)}
    if not isinstance(cells, dict) or not set(cells) <= known:
        wrong = sorted(map(str, set(cells) - known)) if isinstance(cells, dict) else "no mapping"
        raise InputError(f"{path}: unknown keys {wrong}; allowed are {', '.join(sorted(known))}")
    if "n" not in cells:
        raise InputError(f"{path}: the key n (patients) is missing")
    if cells.get("landmarks"):
        cells["landmarks"] = _pairs(cells["landmarks"], path)
    return SurvivalSummary(**cells)


def _pairs(landmarks: object, path: Path) -> tuple[tuple[Any, ...], ...]:
    if not isinstance(landmarks, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in landmarks):
        raise InputError(
            f"{path}, landmarks: {landmarks!r} is not a list of pairs of time and survival, such as "
            "[[12, 0.49], [24, 0.3]]"
        )
    return tuple(tuple(pair) for pair in landmarks)


def _curves(arguments: argparse.Namespace) -> dict[str, Reconstruction]:
    """Patients of the chosen curve, or of every curve in the file, by name."""
    import numpy as np

    from resurvey.reconstruct.files import ArmFiles, read_arms, refuse_exchanged

    files = ArmFiles(
        arguments.curve,
        arguments.at_risk,
        name=arguments.curve_name,
        at_risk_arm=arguments.at_risk_arm,
        sheet=arguments.sheet,
        time_column=arguments.time_column,
        survival_column=arguments.survival_column,
        survival_unit=arguments.survival_unit,
    )
    arms = read_arms(files)
    names = [arm.name for arm in arms]
    sizes, events = _by_curve(arguments.n, "--n", names), _by_curve(arguments.events, "--events", names)
    known = [(arm, *_size(arm, sizes.get(arm.name))) for arm in arms]
    refuse_exchanged([(arm, n, arm.name) for arm, n, _ in known])
    if len(arms) > 1:
        each = ", ".join(f"{arm.name} (n = {n})" for arm, n, _ in known)
        sys.stdout.write(f"{files.curve.name} holds {len(arms)} curves, and all are rebuilt: {each}\n\n")
    made = {}
    for arm, n, notes in known:
        curve = _arm_curve(arm, arguments.curve.stem, n, events.get(arm.name), notes)
        try:
            made[arm.name] = curve.rebuild(rng=np.random.default_rng(arguments.seed))
        except ResurveyError as error:
            raise type(error)(f"curve {arm.name}: {error}" if arm.name else str(error)) from None
    return made


def _by_curve(words: list[str] | None, option: str, names: list[str]) -> dict[str, int]:
    """Values of an option by curve: `N` for all curves, `NAME=N` for one."""
    from resurvey.reconstruct.formats import plain

    found: dict[str, int] = {}
    for word in words or []:
        name, divided, number = word.rpartition("=")
        number = number.strip()
        if not number.isascii() or not number.lstrip("-").isdigit():
            raise InputError(f"{option} is {word!r}, expected a whole number, or NAME=NUMBER for one of several curves")
        same = [curve_name for curve_name in names if plain(curve_name) == plain(name)] if divided and name else names
        if not same:
            raise InputError(f"{option} {word}: there is no curve {name!r}; the curves are {', '.join(names)}")
        found |= {curve_name: int(number) for curve_name in same}
    return found


def _size(arm: ReadArm, given: int | None) -> tuple[int, list[str]]:
    """Number of patients in an arm: as given, otherwise the number at risk at time 0, with a message."""
    if given is not None:
        return given, []
    n = arm.n_at_start
    if n is None:
        whose = f" (for the curve {arm.name!r}: --n '{arm.name}=N')" if arm.name else ""
        raise InputError(f"--n is missing: give the number of patients of the arm{whose}")
    return n, [f"n was not given: {n} is the number at risk at time 0"]


def _arm_curve(arm: ReadArm, stem: str, n: int, events: int | None, notes: list[str] | None = None) -> ArmCurve:
    from resurvey.reconstruct.bulk import ArmCurve

    table = arm.at_risk
    return ArmCurve(
        stem,
        arm.curve.times,
        arm.curve.survival,
        n,
        None if table is None else table.times,
        None if table is None else table.counts,
        events,
        (*arm.notes, *(notes or [])),
    )


def _folder(arguments: argparse.Namespace) -> int:
    """Reconstruct every row of arms.csv, and tabulate the outcomes.

    The columns of arms.csv are file, n and, where needed, at_risk, events, curve (if a file holds several),
    at_risk_arm.
    """
    import pandas as pd

    from resurvey import tables
    from resurvey.reconstruct.bulk import OUTCOME_COLUMNS, batch_places
    from resurvey.sheet import read_sheet

    folder = arguments.curve
    arms = read_sheet(folder / "arms.csv")
    missing = {"file", "n"} - set(arms.columns)
    if missing:
        raise InputError(f"{folder / 'arms.csv'} lacks the columns {sorted(missing)}; it has {list(arms.columns)}")
    _distinct(folder, arms)
    chosen = arms.iloc[batch_places(len(arms), arguments.batch)]
    output = arguments.output if arguments.output.suffix == "" else folder / "patients"
    rows = [_one_of(folder, output, arm, arguments.seed) for arm in chosen.to_dict("records")]
    table = pd.DataFrame(rows, columns=["file", *OUTCOME_COLUMNS])
    part = "" if arguments.batch == "1/1" else f"-{arguments.batch.replace('/', '-of-')}"
    accuracy = output / f"accuracy{part}.csv"
    tables.write_csv(table, accuracy)
    failed = int((table["status"] == "refused").sum())
    sys.stdout.write(f"{len(table) - failed} arms rebuilt, {failed} refused with a reason: see {accuracy}\n")
    return 0


def _distinct(folder: Path, arms: pd.DataFrame) -> None:
    """Raise an error if two arms would be written to the same file (and use the same random stream)."""
    import pandas as pd

    stems = pd.Series([_stem(arm) for arm in arms.to_dict("records")], dtype=object)
    repeated = sorted(set(stems[stems.duplicated() & (stems != "")]))
    if repeated:
        raise InputError(
            f"{folder / 'arms.csv'}: column file repeats {', '.join(repeated[:5])}: give one file an arm, or name the "
            "curves in a column curve"
        )


def _stem(arm: Mapping[str, str]) -> str:
    """Stem of the output file of an arm: that of its input file, with the curve if the row names one."""
    stem = Path(arm["file"]).stem
    return f"{stem}-{_slug(arm['curve'])}" if arm.get("curve") else stem


def _one_of(folder: Path, output: Path, arm: dict[str, str], seed: int) -> dict[str, object]:
    from resurvey.reconstruct.bulk import outcome, rebuild_arm
    from resurvey.reconstruct.files import ArmFiles, read_arms

    try:
        path = _inside(folder, arm["file"])
        at_risk = _inside(folder, arm["at_risk"]) if arm.get("at_risk") else None
        found = read_arms(ArmFiles(path, at_risk, arm.get("curve", ""), arm.get("at_risk_arm", "")))
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise InputError(f"{path.name} holds {len(found)} curves ({names}): name one in a column curve of arms.csv")
        curve = _arm_curve(found[0], _stem(arm), _whole(arm, "n") or 0, _whole(arm, "events"))
        rebuilt = rebuild_arm(curve, seed=seed)
    except ResurveyError as error:
        return {"file": arm["file"], **outcome(error)}
    _write(rebuilt.patients, output / f"{_stem(arm)}.csv")
    return {"file": arm["file"], **outcome(rebuilt)}


def _inside(folder: Path, name: str) -> Path:
    """A file in the folder; a path that leads outside it is an error."""
    path = folder / name
    if Path(name).name != name or path.suffix.lower() not in SUFFIXES:
        raise InputError(f"file {name!r} must be the name of a {', '.join(SUFFIXES)} file in the folder itself")
    if not path.is_file():
        raise InputError(f"file {name!r} is not in the folder")
    return path


def _whole(arm: dict[str, str], column: str) -> int | None:
    text = arm.get(column, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{column} is {text!r}, expected a whole number")
    return int(text)


def _write(patients: pd.DataFrame, path: Path) -> None:
    from resurvey import tables

    def as_text(table: pd.DataFrame, file: Path) -> None:
        tables.write_csv(table, file, digits=tables.TYPED_DIGITS)

    writer = tables.write_parquet if path.suffix == ".parquet" else as_text
    writer(patients, path)


def _report(name: str, made: Reconstruction) -> str:
    lines = [f"curve {name}:"] if name else []
    lines += [made.accuracy.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.6g}")]
    lines += _list("repairs", made.repairs) + _list("not determined by the input", made.undetermined)
    return "\n".join([*lines, f"method: {made.method}", f"evidence: {made.evidence}"])


def _list(title: str, words: Iterable[str]) -> list[str]:
    return [f"{title}: {word}" for word in words]


def _draw(made: Reconstruction, path: Path) -> None:
    from resurvey.figures.rebuilt import rebuilt_against_printed
    from resurvey.reconstruct.study_tables import ensemble_curves

    key = dict.fromkeys(("study_id", "arm_id", "population", "endpoint", "data_cut"), "")
    curve = ensemble_curves(made.patients.assign(**key))
    path.parent.mkdir(parents=True, exist_ok=True)
    rebuilt_against_printed(curve, made.accuracy, ylabel="Survival").savefig(path)
