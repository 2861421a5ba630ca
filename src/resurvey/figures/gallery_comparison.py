"""Which figures are drawn of a comparison, by its kind, and what is said about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import isfinite

import numpy as np
import pandas as pd

from resurvey.figures import comparison, forest, network, survival
from resurvey.figures.gallery_network import HR, Tables, drawing_of, network_drawings, said_of
from resurvey.figures.labels import Labels
from resurvey.figures.save import Drawing
from resurvey.figures.style import listed, number, p_text
from resurvey.plan import AnyComparison
from resurvey.results import Contrast, Quantity, Role

LEFT = forest.Column("label", "Study")
UNADJUSTED = "No randomisation stands between the two groups; differences between the populations are in the estimate."


def comparison_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Figures of one comparison; what its tables do not hold is not drawn.

    Parameters
    ----------
    entry : comparison
    tables : dict of DataFrame
        Tables of the comparison by name, `estimates` among them.
        Nothing is drawn of a comparison that was refused.
    labels : Labels
    folder : str
        Where the tables lie; captions' data are named from it.
    """
    there = {name: table for name, table in tables.items() if len(table)}
    if "estimates" not in there or there["estimates"]["refused"].all():
        return  # refused: its section in the report says why
    makers: dict[str, Callable[..., Iterator[Drawing]]] = {
        "patients": _patients,
        "bucher": _bucher,
        "pool": _pool,
        "network": network_drawings,
        "rates": _rates,
        "counts": _counts,
        "ratios": _ratios,
    }
    yield from makers[entry.kind](entry, there, labels, folder)


def _groups(estimates: pd.DataFrame) -> tuple[str, str]:
    first = estimates.iloc[0]
    return str(first["treatment"]), str(first["comparator"])


def _patients(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    estimates = tables["estimates"]
    first, second = _groups(estimates)
    names = {"first": first, "second": second}
    ratios = _ratio_rows(estimates)
    grade = _grade(estimates)
    if {"curves", "risk"} <= set(tables):
        yield _curves(entry, tables, names, labels, ratios, grade, folder)
    if len(ratios) > 1:
        yield _ratio_forest(entry, ratios, names, grade, folder)
    if {"log_cumulative_hazard", "rmst"} & set(tables):
        yield _hazards(entry, tables, names, grade, folder)
    if "bias_array" in tables:
        yield _bias(entry, tables, names, grade, folder)
    if "balance" in tables:
        yield _balance(entry, tables["balance"], folder)
    for name, table in tables.items():
        if name.startswith("weights") and "weight" in table.columns:
            yield _weights(entry, name, table, folder)


def _grade(estimates: pd.DataFrame) -> str:
    grades = sorted(set(estimates["evidence"].dropna().astype(str)) - {"", "printed"})
    summary = any("summary" in grade for grade in grades)
    words = (
        "patients rebuilt from printed numbers only, not from a curve or from individual data"
        if summary
        else ("patients rebuilt from digitised curves" if any("curve" in g for g in grades) else "printed numbers")
    )
    return f"Evidence grade {', '.join(grades) or 'not stated'}: {words}."


def _ratio_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    rows = estimates[(estimates["measure"] == "HR") & estimates["estimate"].map(lambda v: isfinite(float(v)))]
    return rows.assign(kind="study", label=rows["method"])


def _curves(
    entry: AnyComparison,
    tables: Tables,
    names: Mapping[str, str],
    labels: Labels,
    ratios: pd.DataFrame,
    grade: str,
    folder: str,
) -> Drawing:
    curves = tables["curves"].assign(group=tables["curves"]["group"].map(names))
    risk = tables["risk"].assign(group=tables["risk"]["group"].map(names))
    risk["events"] = risk["events"].round()
    risk["at_risk"] = risk["at_risk"].round()
    risk["censored"] = risk["censored"].round()
    row = tables["estimates"].iloc[0]
    endpoint = labels.endpoint(row["endpoint"])
    known = ratios[ratios["role"] == Role.MAIN]
    ratio = (
        ""
        if known.empty
        else (
            f" {known.iloc[0]['method']}: hazard ratio {said_of(known.iloc[0])}, p {p_text(float(known.iloc[0]['p']))}."
        )
    )
    ylabel = endpoint[0].upper() + endpoint[1:]
    return drawing_of(
        entry,
        "curves",
        "survival curves",
        f"Kaplan-Meier estimates ({endpoint}) of rebuilt patients: {names['first']}, n = "
        f"{row['n_treatment']:.0f}, against "
        f"{names['second']}, n = {row['n_comparator']:.0f}. Line: median of the replicates; band: middle 90 % "
        "of them; table: "
        f"patients at risk, censored and with an event so far, means over replicates.{ratio} {grade} {UNADJUSTED}",
        f"Survival curves of {names['first']} and {names['second']} with bands and a table of numbers.{ratio}",
        f"{folder}/curves.csv",
        survival.kaplan_meier(curves, risk, ylabel=ylabel),
    )


def _ratio_forest(
    entry: AnyComparison, ratios: pd.DataFrame, names: Mapping[str, str], grade: str, folder: str
) -> Drawing:
    rows = ratios.assign(interval=forest.interval_text(ratios), weight=np.nan)
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Method")],
        right=[HR, _p_column(rows)],
        xlabel="Hazard ratio (log scale)",
        better=(f"lower hazard: {names['first']}", f"lower hazard: {names['second']}"),
    )
    said = "; ".join(f"{row['label']} {said_of(row)}" for _, row in rows.iterrows())
    return drawing_of(
        entry,
        "ratios",
        "hazard ratios",
        f"Hazard ratios of {names['first']} against {names['second']} by method, with 95 % intervals that hold "
        "the uncertainty "
        "of the rebuilding (Rubin 1987); rows named as printed are the paper's own. Below 1 is a lower hazard "
        "with the first. "
        f"{grade} {UNADJUSTED}",
        f"Forest plot: {said}.",
        f"{folder}/estimates.csv",
        figure,
    )


def _p_column(rows: pd.DataFrame) -> forest.Column:
    rows["p_text"] = [p_text(float(p)) if pd.notna(p) else "" for p in rows["p"]]
    return forest.Column("p_text", "p", "right")


def _hazards(entry: AnyComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    rmst = tables.get("rmst")
    last = (
        ""
        if rmst is None
        else (
            f" At {rmst['horizon'].iloc[-1]:.1f} months the difference is {number(rmst['estimate'].iloc[-1])} "
            f"months ({number(rmst['lower'].iloc[-1])} to {number(rmst['upper'].iloc[-1])})."
        )
    )
    return drawing_of(
        entry,
        "hazards",
        "shape of the hazards, and restricted mean over the horizon",
        f"Left: log-cumulative hazards of {names['first']} and {names['second']} against log time; a constant "
        "distance speaks "
        "for proportional hazards, straight lines for Weibull. Right: difference in restricted mean time, "
        "first minus second, "
        "up to each horizon that all replicates determine, with 95 % interval (pooled by Rubin's "
        f"rules).{last} {grade} The "
        "shape between printed points is assumed, so departures from proportionality are suggestive only.",
        f"Two panels: log-cumulative hazards, and difference in restricted mean over the horizon.{last}",
        f"{folder}/{'rmst' if rmst is not None else 'log_cumulative_hazard'}.csv",
        comparison.hazards_and_rmst(tables.get("log_cumulative_hazard"), rmst, names=names),
    )


def _bias(entry: AnyComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    array = tables["bias_array"]
    changed = int((array["conclusion"] != "as observed").sum())
    values = tables.get("e_values")
    e_words = ""
    if values is not None:
        e_words = (
            " E-values: " + ", ".join(f"{row['of']} {number(row['e_value'])}" for _, row in values.iterrows()) + "."
        )
    return drawing_of(
        entry,
        "bias",
        "what an unmeasured factor could do",
        f"Hazard ratio of {names['first']} against {names['second']} corrected for a prognostic factor that "
        "nobody measured, "
        "over its strength and its prevalence in the first group (array analysis, Schneeweiss 2006; the "
        "formula is for risk "
        f"ratios and overstates the bias for long follow-up). In {changed} of {len(array)} cells the "
        "conclusion at 95 % is no "
        f"longer the observed one.{e_words} {grade} The array does not say which of these factors exist.",
        f"Heat map of corrected hazard ratios from {number(array['ratio'].min())} to "
        f"{number(array['ratio'].max())}; the "
        f"conclusion changes in {changed} of {len(array)} cells.",
        f"{folder}/bias_array.csv",
        comparison.bias_array_plot(array, first=names["first"], second=names["second"]),
    )


def _balance(entry: AnyComparison, table: pd.DataFrame, folder: str) -> Drawing:
    targets = list(dict.fromkeys(table["target_population"]))
    apart = float((table["after"] - table["target"]).abs().max())
    sizes = table.drop_duplicates("target_population").set_index("target_population")
    left = "; ".join(f"{name} {sizes.loc[name, 'ess']:.1f} of {sizes.loc[name, 'patients']:.0f}" for name in targets)
    return drawing_of(
        entry,
        "balance",
        "weights and balance",
        f"Share of each subgroup in the treatment arm before and after weighting, beside its share in the target "
        f"population: {listed(targets)}; at the right the weight of each patient of the subgroup (mean 1). Greatest "
        f"distance after weighting {apart:.2g}. Effective sample size: {left}. Balance on these says nothing of what "
        "was not measured.",
        f"Dot plot of {len(table)} subgroups before and after weighting to {len(targets)} target populations; "
        f"effective sample size: {left}.",
        f"{folder}/balance.csv",
        comparison.balance_plot(table),
    )


def _weights(entry: AnyComparison, name: str, table: pd.DataFrame, folder: str) -> Drawing:
    weights = table["weight"].to_numpy(dtype=float)
    size = weights.sum() ** 2 / (weights**2).sum()
    return drawing_of(
        entry,
        name,
        "weights",
        f"Weights of {weights.size} patients scaled to mean 1; effective sample size {size:.1f}. A few large "
        "weights mean that "
        "few patients carry the estimate.",
        f"Histogram of {weights.size} weights, effective sample size {size:.1f}.",
        f"{folder}/{name}.csv",
        comparison.weights_histogram(weights),
    )


def _exponentiated(rows: pd.DataFrame, z: float = 1.959963984540054) -> pd.DataFrame:
    """Ratios with 95 % limits from log estimates and standard errors."""
    middle, half = rows["estimate"].astype(float), z * rows["se"].astype(float)
    return rows.assign(estimate=np.exp(middle), lower=np.exp(middle - half), upper=np.exp(middle + half))


def _versus(rows: pd.DataFrame, labels: Labels) -> list[str]:
    pairs = zip(rows["treatment"], rows["comparator"], strict=True)
    return [f"{network.short(labels.treatment(a))} vs {network.short(labels.treatment(b))}" for a, b in pairs]


def _bucher(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    estimates, legs = tables["estimates"], tables.get("legs")
    if legs is None or not isfinite(float(estimates["estimate"].iloc[0])):
        return
    direct = _exponentiated(legs).assign(kind="study", evidence="printed ratios")
    direct["label"] = [labels.study(study) for study in direct["study"]]
    direct["arms"] = _versus(direct, labels)
    indirect = estimates.iloc[[0]].assign(kind="pooled", label="Indirect (Bucher)", evidence="")
    indirect["arms"] = _versus(indirect, labels)
    rows = pd.concat([direct, indirect], ignore_index=True)
    rows["interval"] = forest.interval_text(rows)
    a, b = (network.short(labels.treatment(estimates[side].iloc[0])) for side in ("treatment", "comparator"))
    figure = forest.forest(
        rows,
        left=[LEFT, forest.Column("arms", "First vs second")],
        right=[HR],
        xlabel="Hazard ratio (log scale)",
        better=("lower hazard: first named", "lower hazard: second named"),
    )
    said = said_of(estimates.iloc[0])
    yield drawing_of(
        entry,
        "forest",
        "both legs and the indirect estimate",
        f"Printed hazard ratios of the two trials and the indirect ratio of {a} against {b} through their "
        "common comparator "
        f"(Bucher 1997): {said}. {_grade(estimates)} Intervals 95 %, from the printed ones. An indirect ratio is "
        "observational: it does not hold if what modifies the effect differs between the trials.",
        f"Forest plot of two printed ratios and the indirect ratio of {a} against {b}, {said}.",
        f"{folder}/legs.csv",
        figure,
    )
    yield from _printed_bias(entry, tables, labels, folder)


def _printed_bias(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """The bias array of a comparison of printed ratios, where it was made."""
    if "bias_array" not in tables:
        return
    estimates = tables["estimates"]
    told = estimates[estimates["method"] == "array analysis"].iloc[0]
    sides = [" or ".join(labels.treatment(name) for name in str(told[side]).split(" or "))
             for side in ("treatment", "comparator")]  # fmt: skip
    yield _bias(entry, tables, dict(zip(("first", "second"), sides, strict=True)), _grade(estimates), folder)


def _pool(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    estimates = tables["estimates"]
    if "studies" not in tables:
        return
    estimates = estimates[(estimates["measure"] == "HR") & ~estimates["method"].str.startswith("sensitivity")]
    names = {str(study): labels.study(study) for study in tables["studies"]["study"]}
    rows = forest.pooled_rows(tables["studies"], estimates, names)
    sides = ("treatment", "comparator")
    first, second = (network.short(labels.treatment(tables["effects"][side].iloc[0])) for side in sides)
    figure = forest.forest(
        rows,
        left=[LEFT],
        right=[HR, forest.Column("weight_text", "Weight", "right")],
        xlabel="Hazard ratio (log scale)",
        better=(f"lower hazard: {first}", "lower hazard: comparator"),
    )
    whole = estimates[estimates["population"] == "all"]
    said = "; ".join(f"{row['method']} {said_of(row)}" for _, row in whole.iterrows())
    yield drawing_of(
        entry,
        "forest",
        "forest plot",
        f"Printed hazard ratios of {first} against {second} (or its like) in {len(tables['effects'])} studies, "
        "symbol area by "
        "weight in the random-effects model; intervals drawn at 95 % also where another level was printed. "
        "Diamonds: pooled "
        f"({said}). Bar: prediction interval for a new study. {whole['note'].iloc[0]}. Evidence grade printed "
        "ratios: nothing was "
        "rebuilt. Studies that were not randomised are open to confounding by indication.",
        f"Forest plot of {len(tables['effects'])} studies with pooled estimates: {said}.",
        f"{folder}/studies.csv",
        figure,
    )
    if "leave_one_out" in tables:
        yield _left_out(entry, tables["leave_one_out"], names, first, folder)
    yield from _printed_bias(entry, tables, labels, folder)


def _left_out(entry: AnyComparison, table: pd.DataFrame, names: Mapping[str, str], first: str, folder: str) -> Drawing:
    rows = table[table["group"] == table["group"].iloc[0]].copy()
    for column in ("estimate", "lower", "upper"):
        rows[column] = np.exp(rows[column].astype(float))
    rows = rows.assign(
        kind="study", evidence="printed ratios", label=[f"without {names.get(s, s)}" for s in rows["left_out"]]
    )
    rows["interval"] = forest.interval_text(rows)
    rows["i2_text"] = [f"{100 * value:.0f} %" for value in rows["i2"]]
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Left out")],
        right=[HR, forest.Column("i2_text", "I²", "right")],
        xlabel="Pooled hazard ratio (log scale)",
        better=(f"lower hazard: {first}", "lower hazard: comparator"),
    )
    low, high = rows["estimate"].min(), rows["estimate"].max()
    return drawing_of(
        entry,
        "leave-one-out",
        "leaving out one study at a time",
        "Random-effects estimate with 95 % interval (REML, Hartung-Knapp) without each study in turn; it "
        "moves between "
        f"{number(low)} and {number(high)}. Evidence grade printed ratios. Few studies: the spread cannot show "
        "much.",
        f"Forest plot of {len(rows)} pooled ratios, each without one study, from {number(low)} to {number(high)}.",
        f"{folder}/leave_one_out.csv",
        figure,
    )


def _rates(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    if "rates" not in tables:
        return
    rates = tables["rates"].copy()
    rates["label"] = [_arm_words(str(label), labels) for label in rates["label"]]
    said = "; ".join(f"{r['label']} {r['n']:.0f}/{r['total']:.0f} ({r['percent']:.1f} %)" for _, r in rates.iterrows())
    differences = tables["estimates"][tables["estimates"]["measure"] == "difference in proportions"]
    points = "; ".join(
        f"{100 * r['estimate']:+.1f} points ({100 * r['lower']:+.1f} to {100 * r['upper']:+.1f})"
        for _, r in differences.iterrows()
    )
    yield drawing_of(
        entry,
        "rates",
        "response rates",
        f"Response rates as printed with exact 95 % intervals (Clopper and Pearson 1934): {said}. Differences, "
        "first minus "
        f"other, with Newcombe's interval: {points.replace('-', '−') or 'none'}. Evidence grade printed "
        f"counts. {UNADJUSTED}",
        f"Dot plot of rates: {said}.",
        f"{folder}/rates.csv",
        comparison.response_rates(rates),
    )


def _counts(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Forest of the counts of each study and their pooled ratio; a difference stands in the table alone."""
    estimates, counts = tables["estimates"], tables.get("counts")
    ratios = estimates[(estimates["contrast"] == Contrast.RATIO) & ~estimates["refused"]]
    if counts is None or ratios.empty:
        return
    told = counts[counts["estimate"].notna()]
    names = {str(study): labels.study(study) for study in told["study"]}
    rows = forest.pooled_rows(told.assign(group="all"), ratios, names, "printed counts")
    first, second = (network.short(labels.treatment(str(ratios[side].iloc[0]))) for side in ("treatment", "comparator"))
    what = str(ratios["measure"].iloc[0])
    said = "; ".join(f"{row['method']} {said_of(row)}" for _, row in ratios.iterrows())
    yield drawing_of(
        entry,
        "forest",
        "forest plot",
        f"{what.capitalize()} of {first} against {second} in {len(told)} studies from printed counts, symbol area by "
        f"weight in the random-effects model; intervals 95 %. Diamonds: pooled ({said}). "
        f"{ratios['note'].iloc[0]}. Evidence grade printed counts.",
        f"Forest plot of {len(told)} studies with pooled estimates: {said}.",
        f"{folder}/counts.csv",
        forest.forest(
            rows,
            left=[LEFT],
            right=[forest.Column("interval", f"{what} [limits]", "right")],
            xlabel=f"{what.capitalize()} (log scale)",
            better=(f"fewer: {first}", f"fewer: {second}"),
        ),
    )


def _arm_words(label: str, labels: Labels) -> str:
    """`study_id arm_id` in words."""
    study, _, arm = label.partition(" ")
    return f"{labels.arm(study, arm)} ({labels.study(study)})"


def _ratios(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    table = tables["estimates"]
    for endpoint, rows in table.groupby("endpoint", sort=False):
        shown = _ratio_pairs(rows, labels)
        if shown["estimate"].notna().sum() == 0:
            continue
        figure = forest.forest(
            shown,
            left=[forest.Column("label", "Trial"), forest.Column("arms", "First vs second")],
            right=[forest.Column("interval", "ratio [limits]", "right")],
            xlabel="Second median / first median, or hazard ratio (log scale)",
            better=("favours first named", "favours second named"),
        )
        words = labels.endpoint(endpoint)
        medians = shown[shown["evidence"] == "printed medians"]
        better = int((medians["estimate"] < 1).sum())
        yield drawing_of(
            entry,
            f"forest {endpoint}",
            words,
            "Printed hazard ratios with their printed intervals (filled), and ratios of the printed medians, "
            "second over first "
            f"(open triangles; limits are those of rounding, not of sampling), {words}. The two agree where "
            "hazards are constant. "
            f"{better} of {len(medians)} ratios of medians favour the first named treatment. Not reached "
            "medians have no ratio. "
            "Evidence grades printed medians and printed ratios. Trials differ in population and line: "
            "nothing is pooled.",
            f"Forest plot of {len(medians)} ratios of medians and "
            f"{int((shown['evidence'] == 'printed ratios').sum())} printed "
            f"hazard ratios, {words}; {better} ratios of medians favour the first named.",
            f"{folder}/estimates.csv",
            figure,
        )


def _ratio_pairs(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """A row an estimate; ratios of medians turned round, so that below 1 favours the first named throughout."""
    made: list[dict[str, object]] = []
    for population, part in rows.groupby("population", sort=False):
        name, versus = str(population), _versus(part.iloc[[0]], labels)[0]
        for _, row in part.iterrows():
            if not isfinite(float(row["estimate"])):
                continue
            values = [float(row[k]) for k in ("estimate", "lower", "upper")]
            if row["measure"] == "median ratio":
                values = [1 / values[0], 1 / values[2], 1 / values[1]]
            ends = dict(zip(("estimate", "lower", "upper"), values, strict=True))
            made.append({"kind": "study", "label": name, "arms": versus, "evidence": row["evidence"], **ends})
            name = versus = ""
    table = pd.DataFrame(made, columns=["kind", "label", "arms", "evidence", "estimate", "lower", "upper"])
    table["interval"] = forest.interval_text(table) if len(table) else ""
    return table


def overview_drawings(comparisons: pd.DataFrame, labels: Labels, data: str) -> list[Drawing]:
    """One forest plot of the main hazard ratio of every comparison; none where no comparison has one.

    Parameters
    ----------
    comparisons : DataFrame
        comparisons.csv.
    labels : Labels
    data : str
        Name of that file.
    """
    main = (comparisons["role"] == Role.MAIN) & ~comparisons["refused"]
    rows = comparisons[(comparisons["quantity"] == Quantity.HAZARD_RATIO) & main]
    rows = rows[~rows["comparison_id"].duplicated(keep=False)]  # a network is known by many ratios
    if rows.empty:
        return []
    first = [
        labels.treatment(t) if pd.notna(t) and t else c
        for t, c in zip(rows["treatment"], rows["comparison_id"], strict=True)
    ]
    second = [f" vs {labels.treatment(t)}" if pd.notna(t) and t else "" for t in rows["comparator"]]
    rows = rows.assign(kind="study", label=[a + b for a, b in zip(first, second, strict=True)])
    rows["interval"] = forest.interval_text(rows)
    rows["what"] = rows["endpoint"].fillna("")
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "First vs second"), forest.Column("what", "Endpoint")],
        right=[HR],
        xlabel="Hazard ratio (log scale)",
        better=("lower hazard: first named", "lower hazard: second named"),
    )
    drawing = Drawing(
        name="comparisons-overview",
        section="comparisons",
        title="All comparisons at a glance",
        caption=f"Main hazard ratio of each of the {len(rows)} comparisons that give one, with 95 % "
        "interval; the symbol tells the "
        "evidence it rests on. Rebuilt patients (summary) are compared unadjusted and without randomisation "
        "between them; printed "
        "ratios come from within trials. Rows must not be compared with each other.",
        alt="Forest plot: " + "; ".join(f"{r['label']} {said_of(r)}" for _, r in rows.iterrows()) + ".",
        data=data,
        figure=figure,
    )
    return [drawing]
