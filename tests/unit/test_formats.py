"""Files of digitising programs in, tables of other programs out."""

import pytest

from resurvey.errors import InputError
from resurvey.reconstruct import from_curve
from resurvey.reconstruct.formats import (
    export_patients,
    read_at_risk,
    read_curves,
    read_kmdata,
    read_kmdata_key,
    write_patients,
)
from tests.shared import shared_path


@pytest.mark.parametrize("read", [read_curves, read_at_risk])
def test_a_file_too_large_for_a_curve_is_refused_before_it_is_read(read, tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("time,at_risk\n" + "1.0,0.5\n" * 625_000)
    with pytest.raises(InputError, match=r"points\.csv: 5,000,013 bytes are too many for a digitised curve"):
        read(file)


def test_exports_have_the_columns_of_their_readers(tmp_path):
    arms = {name: from_curve([0, 5, 10], [1, 0.7, 0.4], n=n, events=n // 2) for name, n in (("A", 20), ("B", 12))}
    plain = export_patients(arms)
    assert list(plain) == ["arm", "replicate", "time", "event"] and len(plain) == 32
    multinma = export_patients(arms, study="S1", layout="multinma")
    assert list(multinma) == [".study", ".trt", "time", "status"]
    maicplus = export_patients(arms, layout="maicplus")
    assert list(maicplus) == ["USUBJID", "ARM", "TIME", "EVENT"] and maicplus["USUBJID"].is_unique
    for ending in ("csv", "parquet"):
        first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
        write_patients(plain, first)
        write_patients(plain, second)
        assert first.read_bytes() == second.read_bytes()
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        write_patients(plain, tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="no replicate 7"):
        export_patients(arms, replicate=7)
    with pytest.raises(InputError, match="layout must be"):
        export_patients(arms, layout="stata")
    with pytest.raises(InputError, match="no arm"):
        export_patients({})


def test_a_file_that_is_no_r_data(tmp_path):
    file = tmp_path / "x.rda"
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read as an R data file"):
        read_kmdata(file)


@pytest.mark.shared
def test_kmdata_sets_and_key():
    folder = shared_path("kmdata")
    arms = read_kmdata(folder / "TH3RESA_2A.rda")
    assert len(arms) == 2 and all(arm.evidence == "curve" for arm in arms.values())
    key = read_kmdata_key(folder / "kmdata_key.rda")
    assert {"name", "HazardRatio", "Arms", "Outcome", "Units"} <= set(key.columns)
