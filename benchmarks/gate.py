"""Does the fast path judge networks as a plain fp32 loop does?

Random configs of the manual ablation's space are trained under several seeds, by nas with everything that makes it fast
and by `benchmarks.plain_loop`. Passed, where both hold:

- order: Kendall's tau-b of the validation accuracies of nas and the plain loop under the same seed, mean over seeds, is
  at least that of the plain loop under one seed and under another, mean over pairs of seeds, less 0.02;
- level: the mean over configs and seeds of nas - plain is within two standard errors of seed noise: of the deviation of
  plain - plain under another seed (root mean square over configs and pairs), divided by the root of configs x seeds.
"""

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.stats import keep, tell
from nas import TrialConfig
from nas.records import DataPlace

SPACE = Path(__file__).resolve().parent.parent / "search_spaces" / "manual_ablation.py"
SLACK = 0.02
SIDES = ("nas", "plain")
SHAPE, CLASSES = (3, 8, 8), 10

Accuracies = Mapping[str, Mapping[int, Sequence[float]]]
"""Side to seed to the validation accuracy of each config, nan where its training failed."""


@dataclass(frozen=True)
class Plan:
    """max_mflops: of a forward pass of one image; larger draws are passed over, or the gate would take hours."""

    configs: int
    seeds: int
    epochs: int
    max_mflops: float


def draw(plan: Plan) -> tuple[list[TrialConfig], int]:
    """Different random configs of the space, the same for the same plan, and how many larger draws were passed over."""
    import optuna

    from nas.models.measure import measure_cost
    from nas.space.algebra import sample
    from nas.space.load import load_space

    template = load_space(str(SPACE)).template
    assert isinstance(template, TrialConfig)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found: list[TrialConfig] = []
    passed_over = 0
    while len(found) < plan.configs:
        config = sample(template, study.ask()).replace(epochs=plan.epochs)
        if measure_cost(config.model, SHAPE, CLASSES).flops > plan.max_mflops * 1e6:
            passed_over += 1
        elif config not in found:
            found.append(config)
    return found, passed_over


def measure(plan: Plan, jobs: int | None, kept: Path | None) -> dict[str, Any]:
    """Train all, print the verdict. What is in `kept` from a run of the same plan before is not trained again."""
    configs, passed_over = draw(plan)
    figures: dict[str, Any] = {"plan": vars(plan), "passed_over": passed_over, "accuracy": _earlier(plan, kept)}
    done: dict[str, float | None] = figures["accuracy"]
    tasks = [(side, number, seed) for number in range(plan.configs) for seed in range(plan.seeds) for side in SIDES]
    left = [task for task in tasks if _key(*task) not in done]
    tell(f"{plan.configs} configs, {passed_over} larger ones passed over; {len(left)} of {len(tasks)} trainings to do")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        _prepare(configs[0], Path(folder))
        with ProcessPoolExecutor(jobs or len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
            waiting = {pool.submit(_train, s, configs[n].replace(seed=k), Path(folder)): (s, n, k) for s, n, k in left}
            for count, future in enumerate(as_completed(waiting), start=1):
                accuracy = future.result()
                done[_key(*waiting[future])] = None if math.isnan(accuracy) else accuracy
                keep(figures, kept)
                if count % 10 == 0:
                    tell(f"{count} of {len(left)} after {time.perf_counter() - began:.0f} s")
    table = {
        side: {k: [_number(done[_key(side, n, k)]) for n in range(plan.configs)] for k in range(plan.seeds)}
        for side in SIDES
    }
    figures |= judge(table)
    _show(plan, figures)
    return figures


def judge(accuracies: Accuracies) -> dict[str, Any]:
    """The figures of the gate, and whether it is passed. Configs that failed anywhere are left out of all figures; one
    that failed in nas where the plain loop did not fails the gate.
    """
    fast, plain = accuracies["nas"], accuracies["plain"]
    seeds, count = sorted(plain), len(next(iter(plain.values())))
    whole = [n for n in range(count) if all(math.isfinite(side[k][n]) for side in (fast, plain) for k in seeds)]
    worse = sum(math.isnan(fast[k][n]) and not math.isnan(plain[k][n]) for k in seeds for n in range(count))

    def of(side: Mapping[int, Sequence[float]], seed: int) -> list[float]:
        return [side[seed][n] for n in whole]

    pairs = list(combinations(seeds, 2))
    tau_fast = [kendall(of(fast, k), of(plain, k)) for k in seeds]
    tau_plain = [kendall(of(plain, a), of(plain, b)) for a, b in pairs]
    differences = [a - b for k in seeds for a, b in zip(of(fast, k), of(plain, k), strict=True)]
    noise = [a - b for s, t in pairs for a, b in zip(of(plain, s), of(plain, t), strict=True)]
    error = math.sqrt(mean(each**2 for each in noise) / len(differences))
    in_order = mean(tau_fast) >= mean(tau_plain) - SLACK
    on_level = abs(mean(differences)) <= 2 * error
    return {
        "tau_fast": tau_fast,
        "tau_plain": tau_plain,
        "mean_difference": mean(differences),
        "standard_error": error,
        "left_out": count - len(whole),
        "failed_in_nas_only": worse,
        "passed": in_order and on_level and not worse,
    }


def kendall(left: Sequence[float], right: Sequence[float]) -> float:
    """Kendall's tau-b: 1 for the same order, 0 for none in common; ties are allowed for."""
    from scipy.stats import kendalltau

    return float(kendalltau(left, right).statistic)


def _train(side: str, config: TrialConfig, folder: Path) -> float:
    """Validation accuracy after the last epoch, in a process of its own; nan where it diverged."""
    import torch

    from nas.data.splits import load_splits
    from nas.job import TrialJob
    from nas.trial import Diverged, run_trial

    torch.set_num_threads(1)
    place = DataPlace(folder, folder / "cache")
    if side == "plain":
        from benchmarks.plain_loop import train

        return train(config, load_splits(config.data, place, config.seed))
    own = Path(tempfile.mkdtemp(dir=folder))
    job = TrialJob("gate", 0, config, config.epochs, own / "checkpoints", own / "weights", place)
    try:
        return run_trial(job, lambda point: True).metrics["last_val_accuracy"]
    except Diverged:
        return math.nan


def _prepare(config: TrialConfig, folder: Path) -> None:
    """Fill the cache of images before two processes do."""
    from nas.data.prepare import prepare

    prepare(config.data, DataPlace(folder, folder / "cache"), config.seed)


def _earlier(plan: Plan, kept: Path | None) -> dict[str, float | None]:
    """What an interrupted run of the same plan left."""
    if kept is None or not kept.is_file():
        return {}
    figures = json.loads(kept.read_text(encoding="utf-8"))
    if figures.get("plan") != vars(plan):
        raise SystemExit(f"--json: {kept} holds another plan ({figures.get('plan')}); name another file or remove it")
    accuracy: dict[str, float | None] = figures["accuracy"]
    return accuracy


def _key(side: str, number: int, seed: int) -> str:
    return f"{side} config {number} seed {seed}"


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _show(plan: Plan, figures: Mapping[str, Any]) -> None:
    fast, plain = figures["tau_fast"], figures["tau_plain"]
    lines = [
        f"gate: {plan.configs} configs x {plan.seeds} seeds, {plan.epochs} epochs, at most {plan.max_mflops:g} MFLOP "
        f"an image ({figures['passed_over']} larger draws passed over, {figures['left_out']} that failed left out)",
        f"  Kendall's tau, nas and plain, same seed       {mean(fast):.3f}  ({min(fast):.3f} to {max(fast):.3f})",
        f"  Kendall's tau, plain and plain, other seed    {mean(plain):.3f}  ({min(plain):.3f} to {max(plain):.3f})",
        f"  validation accuracy, nas - plain              {figures['mean_difference']:+.4f}  (two standard errors of "
        f"seed noise: {2 * figures['standard_error']:.4f})",
        f"  failed in nas only                            {figures['failed_in_nas_only']}",
        f"  {'passed' if figures['passed'] else 'NOT PASSED'}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
