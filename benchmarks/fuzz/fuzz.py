"""Feed changed files to every reader: python benchmarks/fuzz/fuzz.py [inputs] [seed]. Needs the checkout (tests/)."""

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hostile import attack

if __name__ == "__main__":
    inputs, seed = (int(word) for word in [*sys.argv[1:], "20000", "1"][:2])
    start = time.perf_counter()
    found = attack(inputs, seed)
    for (reader, outcome), count in sorted(found.items()):
        sys.stdout.write(f"{reader:10} {outcome:8} {count}\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{sum(found.values())} inputs in {time.perf_counter() - start:.0f} s, peak memory {peak:.0f} MB\n"
    )
