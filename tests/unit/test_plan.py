"""The plan: what a file of comparisons says, every fault at once, and what it names that no table has."""

import re
from pathlib import Path

import pytest

from resurvey import plan, plan_check, tables
from resurvey.errors import InputError
from resurvey.workflow import check_before_loading
from resurvey.yamlfile import read_yaml
from tests.project import COMPARISONS, small_tables, write_tables

ROOT = Path(__file__).parents[2]
GROUP = {"study": "alpha", "arm": "new", "population": "all", "endpoint": "PFS"}
OTHER = {**GROUP, "arm": "old"}
SAID = {"id": "one", "question": "?", "assumptions": ["they are alike"]}
PATIENTS = {**SAID, "kind": "patients", "treatment": GROUP, "comparator": OTHER}
MIX = {"name": "half", "populations": ["young", "aged"], "shares": [0.5, 0.5], "source": "a guess"}
BUCHER = {**SAID, "kind": "bucher", "first": "a-1", "second": "b-1", "path": ["new", "old", "new"]}
NETWORK = {**SAID, "kind": "network", "claims": ["alpha2020-hr-001"], "reference": "old"}

#: Kinds for which the shipped analysis has no question: its curves share no comparator.
UNASKED = {"over-time", "extrapolation"}


def test_the_shipped_comparisons_are_read_and_come_back_from_plain_types():
    shipped = plan.read(ROOT / "comparisons.yaml")
    assert {entry.kind for entry in shipped} == set(plan.KINDS) - UNASKED
    assert all(plan.comparison(plan.plain(entry)) == entry for entry in shipped)


def test_defaults_are_filled_and_plain_types_leave_them_out():
    made = plan.comparison(PATIENTS)
    assert (made.landmarks, made.cuts, made.treatment.data_cut) == ((6.0, 12.0), None, "")
    assert plan.plain(made) == PATIENTS
    check = plan.designs([{"id": "d", "claim": "alpha2020-des-001"}])[0]
    assert (check.patients, check.boundary) == (None, None)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({**SAID}, "'one', kind: is missing. Use one of: patients, bucher"),
        ({**SAID, "kind": "pol"}, "kind: 'pol' is not a kind. Use one of"),
        ({key: value for key, value in BUCHER.items() if key != "path"}, "'one', path: is missing$"),
        ({**BUCHER, "path": ["a", "b"]}, "path, item 3: is missing"),
        ({**BUCHER, "reference": "a"}, "reference: is not a known key. Use: .*path.*, found \"a\""),
        ({**PATIENTS, "landmarks": [6, float("nan")]}, "landmarks, item 2: must be a finite number, found NaN"),
        ({**PATIENTS, "landmarks": [0]}, "landmarks, item 1: must be above 0, found 0"),
        ({**PATIENTS, "landmarks": []}, "landmarks: must have 1 or more entries"),
        ({**PATIENTS, "landmarks": [6, 6.0]}, "landmarks lists '6' more than once"),
        ({**PATIENTS, "cuts": [6, 3]}, "cuts must rise, found 6, 3"),
        ({**PATIENTS, "printed": ["a-1", "a-1"]}, "printed lists 'a-1' more than once"),
        ({**PATIENTS, "landmarks": 6}, "landmarks: must be a list, found 6"),
        ({**PATIENTS, "treatment": "alpha"}, "treatment: must be a mapping of keys to values, found \"alpha\""),
        ({**PATIENTS, "treatment": {**GROUP, "cut": "a"}}, "treatment, cut: is not a known key, found \"a\""),
        ({**PATIENTS, "comparator": GROUP}, "compares a group with itself"),
        ({**PATIENTS, "standardise": [{**MIX, "shares": [0.5, 0.6]}]}, "item 1: its shares add up to 1.1"),
        ({**PATIENTS, "standardise": [{**MIX, "shares": [0.5, "a-1"]}]}, "mixes numbers and claims"),
        ({**PATIENTS, "standardise": [{**MIX, "shares": [0.2, 0.3, 0.5]}]}, "2 populations but 3 shares"),
        ({**PATIENTS, "standardise": [{**MIX, "shares": [0.5, True]}]}, "shares, item 2: must be a number from 0 to 1"),
        ({**PATIENTS, "standardise": [{**MIX, "shares": [{"rest_of": "a-1"}] * 2}]}, "`rest_of` more than once"),
        ({**PATIENTS, "standardise": [{**MIX, "name": "../x"}]}, "becomes part of a file name: use letters"),
        ({**PATIENTS, "standardise": [MIX, MIX]}, "standardise lists 'half' more than once"),
        ({**PATIENTS, "vary": [{"name": "v"}]}, "vary, item 1: changes nothing"),
        ({**NETWORK, "claims": ["a-1", "a-1"]}, "claims lists 'a-1' more than once"),
        ({**NETWORK, "claims": []}, "claims: must have 1 or more entries"),
        ({**SAID, "kind": "pool", "claims": ["a-1"], "groups": {"g": ["b-1"]}}, "group 'g' names b-1"),
        ({**SAID, "kind": "pool", "claims": ["a-1"], "groups": {"g": []}}, "groups, g: must have 1 or more entries"),
        ({**SAID, "kind": "pool", "claims": ["a-1"], "groups": {"g": ["a-1", "a-1"]}}, "group 'g' lists 'a-1' more"),
        ({**NETWORK, "question": " \t"}, "question: must not be empty"),
        ({**NETWORK, "id": "../x"}, "id: must be an id of lower case letters"),
        ({**NETWORK, "question": ""}, "question: must not be empty"),
        ({**NETWORK, "assumptions": ["named"]}, "assumptions: there is no set 'named'"),
    ],
)  # fmt: skip
def test_a_fault_names_the_key_the_value_and_what_is_allowed(raw, message):
    with pytest.raises(InputError, match=message):
        plan.comparison(raw)


def test_all_faults_of_a_file_are_said_at_once():
    document = {
        "assumptions": {"alike": "they are alike", "Odd name": "x", "empty": []},
        "comparisons": [{**BUCHER, "path": None}, {**NETWORK, "refrence": "a"}, {**NETWORK}, {**NETWORK}],
        "comparison": [],
    }
    with pytest.raises(InputError) as caught:
        plan.comparisons(document)
    for part in (
        "6 faults in comparisons.yaml; nothing was run",
        "comparison: is not a known key",
        "assumptions, Odd name: a name has lower case letters",
        "assumptions, empty: must be a sentence",
        "comparison 1 (one), path: must be a list",
        "comparison 2 (one), refrence: is not a known key",
        "id 'one' names 2 comparisons",
    ):
        assert part in str(caught.value)


def test_sets_of_assumptions_are_written_out_in_their_place():
    document = {"assumptions": {"alike": ["a b", "c d"]}, "comparisons": [{**NETWORK, "assumptions": ["e f", "alike"]}]}
    assert plan.comparisons(document)[0].assumptions == ("e f", "a b", "c d")
    assert plan.comparisons({"comparisons": []}) == ()


def test_a_share_is_left_of_a_claim_or_a_scenario():
    counted = plan.comparison({**PATIENTS, "standardise": [{**MIX, "shares": ["a-1", {"rest_of": "a-2"}]}]})
    assert counted.standardise[0].claims == ("a-1", "a-2")
    assert not counted.standardise[0].scenario
    assert plan.comparison({**PATIENTS, "standardise": [MIX]}).standardise[0].scenario


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write_tables(small_tables(), folder)
    return tables.read_raw(folder)


def against(raw, *entries, designs=(), cuts=()):
    return plan_check.faults([plan.comparison(entry) for entry in entries], plan.designs(designs), raw, cuts)


def test_the_shipped_plan_and_the_small_one_fit_their_tables(raw, tmp_path):
    assert (
        plan_check.faults(plan.read(ROOT / "comparisons.yaml"), (), tables.read_raw(ROOT / "data/raw"), ["kmdata"])
        == []
    )
    (tmp_path / "comparisons.yaml").write_text(COMPARISONS, encoding="utf-8")
    assert plan_check.faults(plan.read(tmp_path / "comparisons.yaml"), (), raw) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treatment": {**GROUP, "study": "alfa"}}, "treatment, study: there is no study 'alfa'"),
        ({"treatment": {**GROUP, "arm": "nwe"}}, "treatment, arm: study 'alpha' has no 'nwe', only 'new', 'old'"),
        ({"treatment": {**GROUP, "population": "yuong"}}, "population: arm 'new' has no 'yuong', only 'all'"),
        ({"treatment": {**GROUP, "endpoint": "TTP"}}, "endpoint: arm 'new', all has no 'TTP', only 'OS', 'PFS'"),
        ({"comparator": {**OTHER, "data_cut": "2020"}}, "data_cut: arm 'old', all, PFS has no '2020', only ''"),
        ({"printed": ["alpha2020-med-001"]}, "no claim 'alpha2020-med-001' in .* \\(it is in medians"),
        ({"printed": ["alpha2020-hr-009"]}, "printed: there is no claim 'alpha2020-hr-009' .* \\(no table has it"),
        ({"progressed": {"within": 2, "claims": ["x-1"]}}, "progressed: there is no claim 'x-1' in proportions.csv"),
        ({"vary": [{"name": "v", "treatment": {"arm": "mid"}}]}, "vary 'v', treatment, arm: .* has no 'mid'"),
        ({"standardise": [{**MIX, "shares": ["x-1", "x-2"]}]}, "standardise 'half', shares: there is no claim 'x-1'"),
    ],
)  # fmt: skip
def test_what_a_comparison_of_patients_names_must_be_there(raw, change, message):
    found = against(raw, {**PATIENTS, **change})
    assert found and found[0].startswith("comparison 'one', ")
    assert re.search(message, found[0])


def test_patients_of_other_cuts_do_not_come_from_the_tables(raw):
    entry = {**PATIENTS, "comparator": {**OTHER, "data_cut": "kmdata"}}
    assert against(raw, entry)
    assert against(raw, entry, cuts=["kmdata"]) == []


def test_the_claims_of_a_bucher_comparison_are_the_legs_of_its_path(raw):
    entry = {**BUCHER, "first": "alpha2020-hr-001", "second": "alpha2020-hr-001"}
    assert against(raw, entry) == []
    assert against(raw, {**entry, "path": ["old", "new", "old"]}) == []
    (fault,) = against(raw, {**entry, "path": ["new", "old", "old"]})
    assert "second: claim 'alpha2020-hr-001' compares 'new' and 'old', but this leg of the path is 'old'" in fault


def test_what_comparisons_of_printed_numbers_name_must_be_there(raw):
    found = against(
        raw,
        {**BUCHER, "path": ["new", "odl", "old"]},
        {**NETWORK, "reference": "odl", "order": ["new", "eldest"], "merge": {"odd": "node"}},
        {**NETWORK, "alternatives": [{"name": "a", "instead_of": "alpha2020-hr-002", "use": "alpha2020-hr-003"}]},
        {**SAID, "kind": "pool", "claims": ["alpha2020-hr-001"], "not_pooled": ["alpha2020-hr-001"]},
        {**SAID, "kind": "rates", "treatment": "x-1", "comparators": ["alpha2020-prop-001"]},
        {**SAID, "kind": "ratios", "pairs": [{"label": "a", "medians": ["alpha2020-med-001", "x-2"], "ratio": "x-3"}]},
        designs=[{"id": "d", "claim": "alpha2020-des-009", "patients": {**GROUP, "arm": "x"}}],
    )
    for part in (
        "first or second: there is no claim 'a-1'",
        "path: treatments.csv has no 'odl'",
        "reference: treatments.csv or merge has no 'odl'",
        "order: treatments.csv or merge has no 'eldest'",
        "merge: treatments.csv has no 'odd'",
        "alternatives 'a', use: there is no claim 'alpha2020-hr-003'",
        "alternatives 'a', instead_of: 'alpha2020-hr-002' is not a claim of this comparison",
        "not_pooled: there is no claim 'alpha2020-hr-001' in p_values.csv (it is in hazard_ratios.csv)",
        "treatment: there is no claim 'x-1' in proportions.csv",
        "pairs, item 1, medians: there is no claim 'x-2'",
        "pairs, item 1, ratio: there is no claim 'x-3'",
        "design 'd', claim: there is no claim 'alpha2020-des-009' in designs.csv",
        "design 'd', patients, arm: study 'alpha' has no 'x'",
    ):
        assert any(part in line for line in found), part


def yaml_file(tmp_path, text):
    path = tmp_path / "some.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_yaml_file_is_read_with_its_anchors(tmp_path):
    text = "a: &a {x: 1}\nb: {<<: *a, y: 2}\n"
    assert read_yaml(yaml_file(tmp_path, text)) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}
    assert read_yaml(yaml_file(tmp_path, "")) is None


STEPS = zip("abcdefgh", "bcdefghi", strict=True)
EXPLODING = "a: &a [1]\n" + "".join(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]\n" for last, name in STEPS)


def test_a_config_that_is_no_sound_yaml_ends_before_snakemake_loads_it(tmp_path):
    with pytest.raises(SystemExit, match="line 2: '2019-02-31' is no timestamp"):
        check_before_loading(yaml_file(tmp_path, "a: 1\nb: 2019-02-31\n"))
    check_before_loading(yaml_file(tmp_path, "a: 1\nb: '2019-02-31'\n"))
    check_before_loading(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "some.yaml, line 3: the key 'a' appears twice"),
        ("a: [1\n", "some.yaml, line 2: "),
        (b"a: \xff\n", "is not UTF-8 text"),
        (EXPLODING, "its anchors expand to more than"),
        ("a: 1\nb: 010\n", "line 2: 010 begins with 0, which YAML takes for a number to base 8"),
        ("a: 11:8\n", "line 1: 11:8 has a colon, which YAML takes for a number to base 60"),
        ("a: 1:30.5\n", "line 1: 1:30.5 has a colon"),
        ("a: 2019-02-31\n", "line 1: '2019-02-31' is no timestamp"),
        ("a: !!bool maybe\n", "line 1: 'maybe' is no bool"),
        ("a: " + "9" * 5000 + "\n", "line 1: '9{60}' is no int"),
        ("[" * 3000, "line 1: more than 60 nested lists or mappings"),
        ("".join(" " * depth + "a:\n" for depth in range(500)), "line 60: more than 60 nested lists or mappings"),
    ],
)  # fmt: skip
def test_a_yaml_file_that_cannot_be_meant_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_yaml(yaml_file(tmp_path, text))
    with pytest.raises(InputError, match="no such file"):
        read_yaml(tmp_path / "missing.yaml")
