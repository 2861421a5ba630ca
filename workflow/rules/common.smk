"""What every stage shares: the checked config, the typed tables, and fingerprints of code that make reruns follow changes."""

import sys
from pathlib import Path

from resurvey import gate, own_files, pictures, plan, provenance
from resurvey.batches import batches
from resurvey.clocks import date_inputs_now, files_below
from resurvey.workflow import begin, folder as workflow_folder
from resurvey.jobs import BLOCK, block_sizes, shared_out, study_batches
from resurvey.errors import InputError, ResurveyError
from resurvey.folders import mark_again
from resurvey.runs import MARKS

WORKFLOW = workflow_folder() / "workflow"
RAW = config.get("raw", "data/raw")


def code(script):
    """Fingerprint of a rule's script and of the package modules it can reach (Snakemake does not look into them)."""
    return provenance.source_digest(WORKFLOW / "scripts" / f"{script}.py")


def changed_meanwhile():
    """Refuse to write what a run rests on from within one of its jobs, which may read the workflow anew."""
    raise InputError(
        "config or tables have changed since this run began: start it anew"
    )


def read_by_steps():
    """Files of a person's own that steps read as they are."""
    kmdata = (config["reconstruction"].get("kmdata") or {}).get("folder")
    folders = [Path(RAW), Path("notebooks"), *([Path(kmdata)] if kmdata else [])]
    return [*files_below(folders), *own_files.own_files(config, Path())]


try:
    RUN = begin(logger.warning) if workflow.is_main_process else None
    gate.check_config(
        config,
        WORKFLOW / "schemas" / "config.schema.yaml",
        Path(".snakemake/resurvey_config"),
        map(Path, workflow.configfiles),
    )
    # Before any job, so that a faulty cell stops the run with all faults at once and earlier results stay as they are.
    # The tables are typed here, once, into small files: a step takes those it reads, and reruns when one has changed.
    PROJECT = gate.check_project(
        config,
        store=Path("data/processed/typed"),
        memory=Path(".snakemake/resurvey_checked.json"),
        claim=RUN.claim if RUN else changed_meanwhile,
    )
    if RUN:
        if RUN.alone:
            date_inputs_now(read_by_steps(), logger.warning)
        RUN.share()
except ResurveyError as error:
    # Not raised: Snakemake would put the places of its files and ours around what is about the user's.
    sys.exit(f"\n{error}\n")

PLAN, PIECES = PROJECT.plan, PROJECT.pieces
TABLE_NAMES = gate.table_names()
TABLES = [str(path) for path in gate.table_files(Path(RAW))]


# Figures whose curves the table names, by study; each is digitised by a step of its own.
PRINTED = ("curves", "medians", "survival_rates", "risk_tables", "hazard_ratios")
CURVE_FIGURES = pictures.figures_of(Path(RAW) / "curves" / "curves.csv")


wildcard_constraints:
    figure="[A-Za-z0-9][A-Za-z0-9_.-]*",
    study="[a-z0-9][a-z0-9_-]*",
    comparison="[a-z0-9][a-z0-9_-]*",
    batch="[a-z0-9][a-z0-9_-]*",
    part="[0-9]+",


AUDITED = config["audit"]["pages"]
KMDATA = config["reconstruction"].get("kmdata") or {"folder": None, "sets": []}
# Comparisons that need the curves of KMDATA are skipped where no folder of it is given.
WANTED = [
    entry for entry in PLAN.comparisons if KMDATA["folder"] or not entry.needs_kmdata
]
REBUILT = list(
    dict.fromkeys(
        config["reconstruction"]["studies"]
        + [s["study"] for s in KMDATA["sets"] if KMDATA["folder"]]
    )
)

# Studies by the step that they share; where each has its own, a rule with a wildcard stands for all of them.
STUDY_BATCHES = study_batches(REBUILT)
TOGETHER = len(STUDY_BATCHES) < len(REBUILT)


STEPS_DONE, STEPS_AGAIN = Path(MARKS, "done"), Path(MARKS, "again")


def done(step):
    """An output that is there when, and only when, a step came to its end."""
    return touch(str(STEPS_DONE / step))


def again(step, *folders, failed=""):
    """An input that is newer than the outputs of a step that failed, or of which something was deleted from a folder.

    A step that lists in the table `failed` what it could not make has failed where that has rows.

    Outputs are flagged with `update`: those of a step that fails stay as they were, and without this would pass for new.
    """
    if workflow.is_main_process:
        try:
            mark_again(
                STEPS_AGAIN / step,
                STEPS_DONE / step,
                map(Path, folders),
                Path(failed) if failed else None,
            )
        except OSError as error:
            sys.exit(f"\n{STEPS_AGAIN} could not be written ({error.strerror})\n")
    return str(STEPS_AGAIN / step)


# What most else waits for goes first, and the longest of a kind first: short jobs then fill both cores to the end.
FIRST, NEXT, LAST = 1000, 500, 100


def plain(entries):
    """Entries of the plan as a step gets them."""
    return [plan.plain(entry) for entry in entries]


def compared_studies(entries):
    """Studies whose rebuilt patients the comparisons need, each once."""
    groups = [group for entry in entries for group in entry.patient_groups]
    return list(dict.fromkeys(group.study for group in groups))


def design_patients(check):
    """Reconstructed patients that the planned test is carried out on, where the check names them."""
    group = check.patients
    return [f"data/processed/patients/{group.study}.parquet"] if group else []


# A project's own table of the kinds of hazards; without one the package's is taken, which is known by its content, for
# it lies elsewhere on every machine.
SHAPES = [path for path in [config["reconstruction"].get("shapes")] if path]
KINDS = gate.fingerprint(
    SHAPES or [Path(gate.__file__).with_name("reconstruct") / "hazard_shapes.csv"]
)
BLOCK_SIZE = config["reconstruction"].get("block", BLOCK)
BLOCKS = len(block_sizes(config["reconstruction"]["replicates"], BLOCK_SIZE))
# Blocks of each job; a part is called by its place, and the numbers do not depend on how many there are.
SHARES = shared_out(BLOCKS, config["reconstruction"].get("jobs", 1))


BOOTSTRAP = config.get("bootstrap", {"replicates": 0})
# Replicates of each job that makes some of a bootstrap; one job alone is the comparison's own.
DRAWS = shared_out(BOOTSTRAP["replicates"], BOOTSTRAP.get("jobs", 1))


def bootstrap_of(entries):
    """Replicates and seed of the bootstrap of a batch; none where nothing is standardised, so they rerun nothing there."""
    wanted = any(getattr(entry, "standardise", ()) for entry in entries)
    replicates = BOOTSTRAP["replicates"] if wanted else 0
    return {"replicates": replicates, "seed": config["seed"] if replicates else 0}


def bootstrap_parts(entries):
    """Parts of the bootstrap of a batch that jobs of their own make; none where one job makes it with the comparisons."""
    several = len(DRAWS) > 1 and bootstrap_of(entries)["replicates"] > 0
    return list(range(len(DRAWS))) if several else []


def partitions(study):
    """Sets of subgroups of the study that are rebuilt together."""
    return config["reconstruction"].get("partitions", {}).get(study, [])


def collection(study):
    """Files of the KMDATA collection that the patients of a study rest on."""
    settings = KMDATA if KMDATA["folder"] else {"sets": []}
    return [
        f"{settings['folder']}/{one['file']}.rda"
        for one in settings["sets"]
        if one["study"] == study
    ]


def each(studies, file):
    """The files of studies, of which one is named with {study}."""
    return [file.format(study=study) for study in studies]


def rebuilding(studies):
    """What a step that rebuilds studies reads: pieces and curves of each, in order, and what both rest on."""
    return {
        "pieces": [PIECES.of_patients(study) for study in studies],
        "curves": [PIECES.of_curves(study) for study in studies],
        "partitions": [partitions(study) for study in studies],
        # also where an older file was put in the place of another
        "collection": [gate.fingerprint(collection(study)) for study in studies],
    }


def longer(entries):
    """What the compared studies were rebuilt from, for a comparison that asks for more replicates of them."""
    studies = compared_studies(entries)
    return {
        "pieces": {study: PIECES.of_patients(study) for study in studies},
        "curves": {study: PIECES.of_curves(study) for study in studies},
        "partitions": {study: partitions(study) for study in studies},
        "kmdata": KMDATA,
        "shapes": SHAPES,
        "figures": "data/processed/figures",
        "seed": config["seed"],
        "block": BLOCK_SIZE,
    }


def flat(lists):
    """Files of lists, each once."""
    return list(dict.fromkeys(path for one in lists for path in one))


def figures(study):
    """Folders of what is read in the figures that the curves of a study come from."""
    return [f"data/processed/figures/{file}" for file in CURVE_FIGURES.get(study, [])]


def corrections(figure):
    """What a person corrected in the reading of a figure, if anything: a file beside it."""
    beside = Path(RAW) / "curves" / f"{figure}{pictures.CORRECTIONS}"
    return [str(beside)] if beside.is_file() else []


def printed_beside(figure):
    """Typed tables of the studies whose curves stand in a figure, which the reading is set beside."""
    return [
        path
        for study in pictures.studies_of(CURVE_FIGURES, figure)
        for path in PIECES.of_study(study, PRINTED)
    ]


def curve_files_beside(figure):
    """Numbers at risk and points typed for the studies whose curves stand in a figure."""
    return [
        path
        for study in pictures.studies_of(CURVE_FIGURES, figure)
        for path in PIECES.of_curves(study)
        if not pictures.is_figure(path)
    ]


def parts(table):
    """One of the tables of every part of a study."""
    path = f"data/processed/blocks/{{study}}/{{part}}/{table}.parquet"
    return expand(path, part=range(len(SHARES)), allow_missing=True)


def tables_of(entries):
    """Tables that a batch reads whole of its studies: events of arms that share a control stand with their medians."""
    return ("medians",) if any(entry.kind == "network" for entry in entries) else ()
