"""The logger plugin: what is shown of a failed step's log."""

from snakemake_logger_plugin_resurvey import MOST, shortened, step


def test_a_long_message_keeps_its_beginning_and_a_traceback_its_end():
    short = ["2 faults", "  a", "  b"]
    assert shortened(short) == short
    message = ["50 faults", *(f"  {number}" for number in range(50))]
    assert shortened(message)[0] == "50 faults"
    assert shortened(message)[-1] == "... and 21 lines more, in the log"
    trace = ["INFO: begun", "Traceback (most recent call last):", *message, "KeyError: 'a'"]
    assert shortened(trace)[-1] == "KeyError: 'a'"
    assert len(shortened(trace)) == MOST + 1


def test_a_step_is_called_by_its_rule_and_what_it_is_about():
    assert step("reconstruct", {"study": "alpha"}) == "reconstruct alpha"
    assert step("audit", {}) == step("audit", None) == "audit"
