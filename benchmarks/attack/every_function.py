"""Every public function of compare, survival, design and reconstruct, with sound arguments of which one is absurd.

A number becomes one of any size; an array gets such a number, a hidden (masked) value, another length or no values; a
table gets such a number, loses a column or all rows. The function answers, or refuses with a message; a hidden value is
always refused. Anything else is a fault, and so is a call that takes longer than `LONGEST`.
"""

from __future__ import annotations

import dataclasses
import inspect
import random
import signal
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd

from resurvey import compare, design, reconstruct, survival
from resurvey.beliefs import Belief
from resurvey.errors import ResurveyError

#: Seconds after which a call counts as one that hangs.
LONGEST = 60
NUMBERS = (0.0, -0.0, -1.0, 1e-320, 1e-200, 1e-12, 1e12, 1e100, 1e200, 1e300, np.inf, -np.inf, np.nan)
ROOMS = (compare, survival, design, reconstruct)
#: Functions whose only arguments are names or tables and objects that other functions of this package made.
OF_RESULTS = frozenset((
    "attained", "compare", "components", "contributions", "decompose_q", "describe_set", "detect_exchanged_arms",
    "find_method", "funnel", "league", "method_names", "months_between", "net_heat", "node_split",
    "prediction_intervals", "rejection_rates", "verdict_on_claim", "verdict_on_proportions", "with_attained",
    "z_scores",
))  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A function with sound arguments."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def patients(size: int, seed: int) -> dict[str, np.ndarray]:
    """Patients of two groups with covariates, causes and strata."""
    rng = np.random.default_rng(seed)
    first = np.arange(size) % 2
    event = (rng.random(size) < 0.7).astype(float)
    return {
        "time": np.round(rng.exponential(10 + 4 * first), 2) + 0.01,
        "event": event,
        "first": first.astype(float),
        "treated": first.astype(float),
        "cause": event * rng.integers(1, 3, size),
        "group": (np.arange(size) % 3).astype(float),
        "age": rng.normal(60, 9, size),
        "response": (rng.random(size) < 0.4).astype(float),
    }


def contrasts() -> pd.DataFrame:
    """A network of four treatments."""
    pairs = ("ab", "bc", "ac", "ad", "ba", "db", "ab", "cb")
    rows = [(f"s{number}", *pair) for number, pair in enumerate(pairs)]
    table = pd.DataFrame(rows, columns=["study", "treatment", "comparator"])
    return table.assign(estimate=np.linspace(-0.2, 0.3, 8), se=np.linspace(0.15, 0.3, 8))


@cache
def calls() -> tuple[Call, ...]:
    """Every function with arguments that are sound."""
    arm = patients(40, 1)
    t, e, f = arm["time"], arm["event"], arm["first"]
    both = pd.DataFrame({name: arm[name] for name in ("time", "event", "age", "treated", "response")})
    other = pd.DataFrame({name: patients(40, 2)[name] for name in ("time", "event", "age", "treated", "response")})
    target, effect = {"age": 61.0}, (-0.3, 0.2)
    return (
        *_of_survival(t, e, f, arm, both),
        *_of_estimates(effect),
        *_of_patients(both, other, target, effect),
        *_of_designs(t, e),
        *_of_reconstruction(),
    )


def _of_survival(
    t: np.ndarray, e: np.ndarray, f: np.ndarray, arm: dict[str, np.ndarray], both: pd.DataFrame
) -> Iterator[Call]:
    s = survival
    for name in ("kaplan_meier", "check_patients", "at_risk_rows", "kaplan_meier_late"):
        yield Call(getattr(s, name), (t, e))
    for name in ("compare_quantiles", "compare_restricted_means", "cox", "log_cumulative_hazards", "logrank"):
        yield Call(getattr(s, name), (t, e, f))
    for name in ("logrank_late", "maxcombo", "proportionality", "restricted_means_over"):
        yield Call(getattr(s, name), (t, e, f))
    yield Call(s.logrank_late, (t, e, f), {"entry": t / 3, "weights": np.ones(40)})
    yield Call(s.kaplan_meier_late, (t, e), {"entry": t / 3, "weights": np.ones(40)})
    yield Call(s.compare_landmarks, (t, e, f, 6.0))
    yield Call(s.quantile, (t, e, 0.5), {"level": 0.95})
    yield Call(s.restricted_mean, (t, e, 9.0), {"level": 0.9})
    yield Call(s.piecewise_ratios, (t, e, f, [4.0, 9.0]))
    yield Call(s.cumulative_incidence, (t, arm["cause"]))
    yield Call(s.gray_test, (t, arm["cause"], arm["group"]))
    yield Call(s.fine_gray, (t, arm["cause"], arm["age"][:, None], ["age"]))
    yield Call(s.cox_regression, (both, ["age", "treated"]))
    yield Call(s.cox_counting, (s.at_risk_rows(t, e), arm["age"][:, None], ["age"]))
    yield Call(s.numbers_at_risk, ({"a": (t, e)}, [0.0, 5.0, 10.0]))
    yield Call(s.survival_at, (s.kaplan_meier(t, e), [1.0, 5.0]))
    yield Call(s.incidence_at, (s.cumulative_incidence(t, arm["cause"]), [1.0, 5.0]))
    for model in ("exponential", "weibull", "gompertz", "log-logistic", "log-normal", "generalised-gamma"):
        yield Call(s.fit_model, (t, e, model))
    yield Call(s.fit_models, ({"a": (t, e)}, ["exponential", "weibull"]))


def _of_estimates(effect: tuple[float, float]) -> Iterator[Call]:
    c = compare
    effects = pd.DataFrame(
        {"study": list("klmno"), "estimate": [0.1, -0.2, 0.3, 0.0, 0.2], "se": [0.1, 0.2, 0.2, 0.3, 0.1]}
    )
    made = c.network(contrasts())
    counts = pd.DataFrame({
        "study": ["k", "l", "m"], "events": [3, 5, 1], "patients": [30, 50, 40],
        "comparator_events": [6, 4, 3], "comparator_patients": [31, 48, 39],
    })  # fmt: skip
    arms = pd.DataFrame({
        "study": ["k", "k", "l", "l", "m", "m"], "treatment": list("abbcac"), "events": [3, 5, 1, 4, 6, 2],
        "patients": [30, 50, 40, 30, 30, 30],
    })  # fmt: skip
    levels = pd.DataFrame({
        "study": [*"klmnop"], "treatment": [*"aabbcc"], "estimate": [0.1, 0.2, 0.0, -0.1, 0.3, 0.2], "se": [0.2] * 6
    })  # fmt: skip
    yield Call(c.pool, (effects,))
    yield Call(c.leave_one_out, (effects,))
    yield Call(c.egger, (effects,), {"fewest": 3})
    yield Call(c.omnibus, (effects, ["x", "x", "y", "y", "y"]))
    parts = effects.assign(study=["k", "k", "l", "l", "m"], subgroup=["x", "y", "x", "y", "x"])
    yield Call(c.interaction, (parts, "x", "y"))
    yield Call(c.bucher, (effect, (0.1, 0.3)))
    yield Call(c.rubin, (np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.1, 0.2])))
    yield Call(c.rubin_limits, (np.array([0.1, 0.2]), np.array([-0.1, 0.0]), np.array([0.3, 0.4])))
    yield Call(c.from_interval, (0.6, 0.4, 0.9))
    yield Call(c.network, (contrasts(),))
    yield Call(c.network_egger, (made, ["a", "b", "c", "d"]), {"fewest": 3})
    yield Call(c.rank_probabilities, (made,), {"draws": 500})
    yield Call(c.bridges, (made, levels, "a"), {"tau": 0.1})
    yield Call(c.beta_binomial, (counts,))
    yield Call(c.mantel_haenszel_network, (arms,))
    yield Call(c.bias_array, (effect,))
    yield Call(c.bias_needed, (effect,))
    yield Call(c.e_value, (0.6,))
    yield Call(c.e_values, (effect,), {"null_ratio": 1.0})
    yield Call(c.shifted_null, (effect,), {"margins": (1.0, 0.9)})
    beliefs = [Belief("uniform", (1.1, 2.0)), Belief("uniform", (0.1, 0.4)), Belief("beta", (2.0, 5.0))]
    yield Call(c.probabilistic_bias, (effect, *beliefs), {"draws": 1000})
    trials = [
        c.TrialEffects(f"t{k}", ("a", "b") if k < 2 else ("b", "c"), np.array([[0.1 * k, 0.2]]), np.eye(2) * 0.1)
        for k in range(4)
    ]
    yield Call(c.multivariate_network, (trials, "a"))


def _of_patients(
    both: pd.DataFrame, other: pd.DataFrame, target: dict[str, float], effect: tuple[float, float]
) -> Iterator[Call]:
    c = compare
    population = pd.DataFrame({"age": other["age"]})
    strata = both.assign(stratum=np.where(both["age"] > 60, "old", "young"))
    few = {"replicates": 5}
    yield Call(c.pairwise, (both, other), {"landmarks": (6.0,), "cuts": (4.0,)})
    yield Call(c.maic, (both[["age"]], target))
    yield Call(c.max_ess_weights, (both[["age"]], target))
    yield Call(c.hull_check, (both[["age"]], target))
    yield Call(c.mahalanobis, (both[["age"]], target))
    yield Call(c.with_second_moments, (both[["age"]], target, {"age": 9.0}))
    yield Call(c.maic_unanchored, (both, target, other), few)
    yield Call(c.maic_anchored, (both, target, effect), few)
    yield Call(c.maic_bootstrap, (both, target, other), {"block": (0, 5)})
    yield Call(c.leave_one_moment_out, (both, {"age": 61.0, "response": 0.5}, other), {"measure": "hr"})
    yield Call(c.trimmed, (c.maic(both[["age"]], target), both, other))
    yield Call(c.poststratify, (strata["stratum"], {"old": 0.4, "young": 0.6}))
    yield Call(c.standardised_survival, (strata, {"old": 0.4, "young": 0.6}))
    yield Call(c.simulate_population, (target, {"age": 9.0}), {"size": 50})
    yield Call(c.cox_standardised_survival, (both, population, [3.0, 6.0]))
    yield Call(c.standardised_hazard_ratio, (both, population, other), {"replicates": 50})
    yield Call(c.g_computation, (both, population, effect))
    yield Call(c.stc, (both, target, effect))
    yield Call(c.stc_hazard_ratio, (both, target, effect))
    yield Call(c.extrapolate, (both, [6.0, 60.0], [48.0]), {"models": ("weibull",), "replicates": 2})
    yield Call(c.weighted_cox, (both["time"].to_numpy(), both["event"].to_numpy(), both["treated"].to_numpy()))
    weights = np.linspace(0.5, 1.5, len(both))
    yield Call(c.weighted_survival, (both["time"].to_numpy(), both["event"].to_numpy(), weights))
    yield Call(c.weighted_means, (both["response"].to_numpy(), both["treated"].to_numpy(), weights))
    trial = [
        part.assign(study=study, treatment=np.where(part["treated"] == 1, first, second))
        for part, study, first, second in ((both, "k", "a", "b"), (other, "l", "b", "c"))
    ]
    yield Call(c.time_network, (pd.concat(trial, ignore_index=True),), {"reference": "b", "models": ("proportional",)})


def _of_designs(t: np.ndarray, e: np.ndarray) -> Iterator[Call]:
    d = design
    claim = d.DesignClaim(
        6.0, 9.0, alpha=0.05, power=0.8, accrual=24.0, follow_up=12.0, sides=1, patients=63, events=48
    )
    course = d.read_course(24.0, 12.0)
    size = {"alpha": 0.05, "power": 0.8}
    sides = {**size, "sides": 1}
    yield Call(d.single_arm, (6.0, 9.0), {**sides, "accrual": 24.0, "follow_up": 12.0, "dropout": 0.1})
    yield Call(d.alpha_given_events, (6.0, 9.0), {"events": 50.0, "power": 0.8, "sides": 1})
    yield Call(d.power_given_events, (6.0, 9.0), {"events": 50.0, "alpha": 0.05, "sides": 1})
    yield Call(d.detectable_median, (6.0,), {"events": 50.0, **sides})
    yield Call(d.alpha_power_map, (claim, [0.05, 0.1], [0.8, 0.9]))
    yield Call(d.alpha_power_contour, (claim, [0.05, 0.1]))
    yield Call(d.binomial_one_stage, (0.2, 0.4), size)
    yield Call(d.fleming_one_stage, (0.2, 0.4), size)
    yield Call(d.fleming_two_stage, (0.2, 0.4), size)
    yield Call(d.simon_designs, (0.2, 0.4), size)
    yield Call(d.simon_two_stage, (0.2, 0.4), size)
    yield Call(d.check_claim, (claim,))
    yield Call(d.check_proportion_claim, (d.ProportionClaim(0.2, 0.4, 0.05, 0.8, patients=43, rejects_from=13),))
    yield Call(d.implied_event_probability, (claim,))
    yield Call(d.implied_values, (claim,))
    yield Call(d.events_of_claimed_patients, (claim,))
    yield Call(d.operating_characteristics, (claim, [6.0, 9.0]))
    yield Call(d.search_assumptions, (claim,))
    yield Call(d.dropout_hazard, (0.1, "divide", 24.0, 12.0))
    yield Call(d.event_probability, (course, 9.0), {"shape": 1.0})
    yield Call(d.events_by_time, (course, 60, {"null": 6.0}, [6.0, 12.0]))
    yield Call(d.expected_events, (course, 60.0, 9.0, [6.0, 12.0]))
    yield Call(d.time_of_event, (course, 60.0, 9.0, 30.0))
    yield Call(d.follow_up_for_events, (60.0, 9.0), {"events": 45.0, "accrual": 24.0})
    yield Call(d.read_course, (24.0, 12.0), {"dropout_hazard": 0.01})
    yield Call(d.median_interval, (40.0, 9.0))
    yield Call(d.median_of_rate, (0.4, 12.0))
    yield Call(d.exact_exponential_test, (t, e), {"null_median": 6.0})
    yield Call(d.one_sample_log_rank, (t, e), {"null_median": 6.0, "shape": 1.2})
    yield Call(d.log_rank_from_counts, (20, 30.0))
    seen = d.Observed(patients=100, events=66, accrual=27.0, cut_off=38.0, median=11.8)
    yield Call(d.real_course, (seen,), {"null_median": 5.8, "alternative_median": 8.0})
    trial = {"trials": 20, "patients": 40, "median": 9.0, "null_median": 6.0, "accrual": 24.0, "at_time": 36.0}
    yield Call(d.simulate_trials, (np.random.default_rng(1),), trial)
    yield Call(d.simulated_characteristics, (claim, [6.0, 9.0], np.random.default_rng(1)), {"trials": 20})
    two = {"n": 60, "interim": 12.0, "c1": 0.3, "rate": 2.0, "follow_up": 12.0, "alpha": 0.05}
    yield Call(d.two_stage_characteristics, (6.0, 9.0), two)
    yield Call(d.two_stage_log_rank, (6.0, 9.0), {**size, "rate": 2.0, "follow_up": 12.0})


def _of_reconstruction() -> Iterator[Call]:
    r = reconstruct
    first = r.SurvivalSummary(n=60, events=40, median=9.0, lower=7.0, upper=12.0, landmarks=((12.0, 0.4),))
    second = r.SurvivalSummary(n=55, events=30, median=12.0, at_risk_times=(0.0, 6.0), at_risk=(55, 40))
    times, curve = np.array([0.0, 3.0, 6.0, 12.0, 18.0]), np.array([1.0, 0.8, 0.6, 0.4, 0.3])
    few = {"replicates": 3}
    yield Call(r.from_summary, (first,), few)
    yield Call(r.from_summaries, ((first, second),), few)
    yield Call(r.from_subgroups, ({"x": first}, r.SurvivalSummary(n=100, events=70, median=10.0)), few)
    yield Call(r.from_curve, (times, curve), {"n": 60, "at_risk_times": [0.0, 6.0], "at_risk": [60, 33], "events": 38})
    arm = {"times": times, "survival": curve, "n": 60}
    yield Call(r.from_two_curves, (arm, {**arm, "survival": curve**1.5}), {"hazard_ratio": 0.7, **few})
    made = [r.from_summary(summary, replicates=3) for summary in (first, second)]
    yield Call(r.from_pair, (*made, r.HazardRatio(0.9, lower=0.6, upper=1.4)))
    yield Call(r.from_log_rank, (*made, r.LogRankTest(0.02, 0.9, 0.3)))


def untried() -> list[str]:
    """Public functions that are neither called here nor listed as functions of results."""
    tried = {call.function for call in calls()} | {getattr(room, name, None) for room in ROOMS for name in OF_RESULTS}
    return [
        f"{room.__name__}.{name}"
        for room in ROOMS
        for name, found in vars(room).items()
        if inspect.isfunction(found) and not name.startswith("_") and found not in tried
    ]


#: Objects that a user fills in, as against those that a function made.
FILLED_IN = (
    Belief,
    compare.TrialEffects,
    design.DesignClaim,
    design.Observed,
    design.ProportionClaim,
    reconstruct.HazardRatio,
    reconstruct.LogRankTest,
    reconstruct.SurvivalSummary,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to each number, array and table inside a tuple of arguments and their options."""
    if isinstance(value, bool | str | None):
        return
    if isinstance(value, np.ndarray | pd.DataFrame | pd.Series | int | float) or (
        len(path) > 1 and _row_of_numbers(value)
    ):
        yield path
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from places(part, (*path, place))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, FILLED_IN):
        for one in dataclasses.fields(value):
            yield from places(getattr(value, one.name), (*path, one.name))


def _row_of_numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(type(part) in (int, float) for part in value)


def changed(value: Any, path: tuple[Any, ...], rng: random.Random) -> tuple[Any, bool]:
    """The value with the part at the end of the path made absurd, and whether that part has a hidden value."""
    if not path:
        return absurd(value, rng)
    first, *rest = path
    if isinstance(value, Mapping):
        part, hidden = changed(value[first], tuple(rest), rng)
        return {**value, first: part}, hidden
    if isinstance(value, FILLED_IN):
        part, hidden = changed(getattr(value, first), tuple(rest), rng)
        return dataclasses.replace(value, **{first: part}), hidden
    part, hidden = changed(value[first], tuple(rest), rng)
    return type(value)([*value[:first], part, *value[first + 1 :]]), hidden


def absurd(value: Any, rng: random.Random) -> tuple[Any, bool]:
    """Something absurd in place of a number, array or table, and whether a value in it is hidden."""
    if isinstance(value, int | float):
        return (rng.choice((0, -1, 10**6, 10**12)) if isinstance(value, int) else rng.choice(NUMBERS)), False
    if isinstance(value, pd.DataFrame):
        return _absurd_table(value, rng), False
    if isinstance(value, pd.Series):
        return value.iloc[: rng.randrange(len(value))], False
    if isinstance(value, np.ndarray):
        return _absurd_array(value, rng)
    array, hidden = _absurd_array(np.array(value), rng)
    return (array, hidden) if hidden else (type(value)(array.tolist()), False)


def _absurd_array(value: np.ndarray, rng: random.Random) -> tuple[np.ndarray, bool]:
    way = rng.choice(("number", "number", "all", "hidden", "shorter", "none"))
    if way in ("shorter", "none"):
        return value[: rng.randrange(len(value)) if way == "shorter" else 0], False
    if way == "hidden":
        mask = np.zeros(value.shape, dtype=bool)
        mask.flat[rng.randrange(value.size)] = True
        return np.ma.masked_array(value, mask=mask), True
    made = value.astype(float)
    if way == "all":
        made[...] = rng.choice(NUMBERS)
    else:
        made.flat[rng.randrange(made.size)] = rng.choice(NUMBERS)
    return made, False


def _absurd_table(value: pd.DataFrame, rng: random.Random) -> pd.DataFrame:
    way = rng.choice(("number", "number", "number", "all", "column", "rows"))
    if way == "rows":
        return value.iloc[: rng.randrange(3)]
    column = rng.choice([name for name in value.columns if way == "column" or value[name].dtype.kind in "if"])
    if way == "column":
        return value.drop(columns=column)
    made = value.astype({column: float})
    if way == "all":
        made[column] = rng.choice(NUMBERS)
    else:
        made.iloc[rng.randrange(len(made)), made.columns.get_loc(column)] = rng.choice(NUMBERS)
    return made


def _too_long(_: int, __: FrameType | None) -> None:
    raise TimeoutError(f"no answer in {LONGEST} s")


def one(call: Call, rng: random.Random) -> tuple[str, str]:
    """Call a function with one absurd argument: what came of it, and of a fault the arguments with the traceback."""
    given = (call.arguments, dict(call.options))
    path = rng.choice(list(places(given)))
    told = ""
    signal.alarm(LONGEST)
    try:
        (arguments, options), hidden = changed(given, path, rng)
        told = f"{path}: {arguments} {options}"
        call.function(*arguments, **options)
    except ResurveyError as error:
        return ("refused", "") if str(error).strip() else ("refused without a word", told)
    except Exception:
        return "FAULT", f"{told}\n{traceback.format_exc(limit=-4)}"
    finally:
        signal.alarm(0)
    return ("a hidden value was used", told) if hidden else ("answered", "")


def attack(count: int, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Call every function in turn: the outcomes by function, and what is to be shown of each fault."""
    rng = random.Random(seed)
    found: Counter[tuple[str, str]] = Counter()
    faults = []
    signal.signal(signal.SIGALRM, _too_long)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = calls()
        for number in range(count):
            call = known[number % len(known)]
            came, told = one(call, rng)
            found[call.function.__name__, came] += 1
            if told:
                faults.append(f"{call.function.__name__}: {came}: {told}")
    return found, faults
