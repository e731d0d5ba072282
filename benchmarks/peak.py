"""How fast the machine multiplies large matrices, with all its cores at once: what no training can exceed."""

import subprocess
import sys
import time

SIDE = 2048
SECONDS = 1.5


def peak_flops(slots: int, precision: str, device: str) -> float:
    """FLOP/s of `slots` processes of one thread each at the same time; on a card, of one process.

    precision: "bf16" or "fp32".
    """
    count = 1 if device == "cuda" else slots
    command = [sys.executable, "-m", "benchmarks.peak", precision, device]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return sum(float(process.communicate()[0]) for process in started)


def main(precision: str, device: str) -> None:
    """Print the FLOP/s of this process."""
    import torch

    torch.set_num_threads(1)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    side = SIDE if device == "cpu" else 4 * SIDE
    left, right = (torch.rand(side, side, device=device, dtype=kind) for _ in range(2))

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    for _ in range(2):
        left @ right
    wait()
    count, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < SECONDS:
        for _ in range(2):
            left @ right
        wait()
        count += 2
    print(count * 2 * side**3 / elapsed)


if __name__ == "__main__":
    main(*sys.argv[1:])
