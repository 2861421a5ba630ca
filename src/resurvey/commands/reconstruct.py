"""`resurvey reconstruct`: patients behind a digitised curve, every curve of a folder, or a summary."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resurvey.errors import InputError, ResurveyError

if TYPE_CHECKING:
    import pandas as pd

    from resurvey.reconstruct import Reconstruction
    from resurvey.reconstruct.bulk import ArmCurve

SUFFIXES = (".csv", ".txt", ".tsv", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("curve", type=Path, nargs="?", help="digitised curve, or a folder of them with arms.csv")
    parser.add_argument("--n", type=int, help="patients of the arm")
    parser.add_argument("--at-risk", type=Path, help="CSV with the columns time, at_risk")
    parser.add_argument("--events", type=int, help="total number of events")
    parser.add_argument("--summary", type=Path, help="YAML with the printed numbers of an arm without a curve")
    parser.add_argument("--replicates", type=int, default=200, help="replicates of the ensemble (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random draws (default 0)")
    parser.add_argument("--output", type=Path, default=Path("patients.csv"), help="CSV or Parquet to write")
    parser.add_argument(
        "--batch", default="1/1", help="of a folder: i/k takes every k-th arm from the i-th (default 1/1)"
    )
    parser.add_argument("--picture", type=Path, help="SVG, PNG or PDF of the curve beside what was printed")


def run(arguments: argparse.Namespace) -> int:
    """Rebuild one arm or a folder of arms; a folder's failures are rows with their reason."""
    if arguments.summary is None and arguments.curve is None:
        raise InputError("nothing to rebuild: give a curve, a folder of curves, or --summary arm.yaml")
    if arguments.curve is not None and arguments.curve.is_dir():
        return _folder(arguments)
    made = _summary(arguments) if arguments.summary is not None else _curve(arguments)
    _write(made.patients, arguments.output)
    sys.stdout.write(_report(made) + f"\nwrote {len(made.patients)} rows to {arguments.output}\n")
    if arguments.picture is not None:
        _draw(made, arguments.picture)
        sys.stdout.write(f"drew {arguments.picture}\n")
    return 0


def _summary(arguments: argparse.Namespace) -> Reconstruction:
    import numpy as np

    from resurvey.reconstruct import from_summary

    return from_summary(
        read_summary(arguments.summary), replicates=arguments.replicates, rng=np.random.default_rng(arguments.seed)
    )


def read_summary(path: Path) -> Any:
    """A `SurvivalSummary` from a YAML file whose keys are its fields; landmarks are pairs of time and survival."""
    import dataclasses

    import yaml

    from resurvey.reconstruct import SurvivalSummary

    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        cells = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not readable YAML: {error}") from None
    known = {field.name for field in dataclasses.fields(SurvivalSummary)}
    if not isinstance(cells, dict) or not set(cells) <= known:
        wrong = sorted(map(str, set(cells) - known)) if isinstance(cells, dict) else "no mapping"
        raise InputError(f"{path}: unknown keys {wrong}; allowed are {', '.join(sorted(known))}")
    if "n" not in cells:
        raise InputError(f"{path}: the key n (patients) is missing")
    if cells.get("landmarks"):
        cells["landmarks"] = tuple(tuple(pair) for pair in cells["landmarks"])
    return SurvivalSummary(**cells)


def _curve(arguments: argparse.Namespace) -> Reconstruction:
    if arguments.n is None:
        raise InputError("--n is missing: how many patients has the arm?")
    return _from_file(arguments.curve, arguments.n, arguments.at_risk, arguments.events, arguments.seed)


def _from_file(path: Path, n: int, at_risk: Path | None, events: int | None, seed: int) -> Reconstruction:
    import numpy as np

    return _read_arm(path, n, at_risk, events).rebuild(rng=np.random.default_rng(seed))


def _read_arm(path: Path, n: int, at_risk: Path | None, events: int | None) -> ArmCurve:
    from resurvey.reconstruct.bulk import ArmCurve
    from resurvey.reconstruct.formats import read_at_risk, read_curves

    curves = read_curves(path)
    if len(curves) > 1:
        names = ", ".join(curve.name or "?" for curve in curves)
        raise InputError(f"{path.name} holds {len(curves)} curves ({names}): give one file an arm")
    times, counts = read_at_risk(at_risk) if at_risk is not None else (None, None)
    return ArmCurve(path.stem, curves[0].times, curves[0].survival, n, times, counts, events)


def _folder(arguments: argparse.Namespace) -> int:
    """Every row of arms.csv (file, n, optionally at_risk, events): its patients, and a table of how it went."""
    import pandas as pd

    from resurvey import tables
    from resurvey.reconstruct.bulk import OUTCOME_COLUMNS, batch_places

    folder = arguments.curve
    arms = tables.read_csv(folder / "arms.csv")
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
    """Refuse two arms that would be written to one file (and draw from one random stream)."""
    stems = arms["file"].map(lambda name: Path(name).stem)
    repeated = sorted(set(stems[stems.duplicated() & (stems != "")]))
    if repeated:
        raise InputError(f"{folder / 'arms.csv'}: column file repeats {', '.join(repeated[:5])}: give one file an arm")


def _one_of(folder: Path, output: Path, arm: dict[str, str], seed: int) -> dict[str, object]:
    from resurvey.reconstruct.bulk import outcome, rebuild_arm

    try:
        path = _inside(folder, arm["file"])
        at_risk = _inside(folder, arm["at_risk"]) if arm.get("at_risk") else None
        made = rebuild_arm(_read_arm(path, _whole(arm, "n") or 0, at_risk, _whole(arm, "events")), seed=seed)
    except ResurveyError as error:
        return {"file": arm["file"], **outcome(error)}
    _write(made.patients, output / f"{path.stem}.csv")
    return {"file": arm["file"], **outcome(made)}


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder; a name that leads elsewhere is refused."""
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


def _report(made: Reconstruction) -> str:
    lines = [made.accuracy.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.6g}")]
    lines += _list("repairs", made.repairs) + _list("not determined by the input", made.undetermined)
    return "\n".join([*lines, f"method: {made.method}", f"evidence: {made.evidence}"])


def _list(title: str, words: Iterable[str]) -> list[str]:
    return [f"{title}: {word}" for word in words]


def _draw(made: Reconstruction, path: Path) -> None:
    from resurvey.figures.rebuilt import rebuilt_against_printed
    from resurvey.reconstruct.study import ensemble_curves

    key = dict.fromkeys(("study_id", "arm_id", "population", "endpoint", "data_cut"), "")
    curve = ensemble_curves(made.patients.assign(**key))
    path.parent.mkdir(parents=True, exist_ok=True)
    rebuilt_against_printed(curve, made.accuracy, ylabel="Survival").savefig(path)
