"""Writes clumps.json beside this file: what bets win when events may come in clumps, by a second implementation.

    python3 test/analysis/golden/make_clumps_golden.py

Only the standard library. It follows the description in docs/decisions/0015, not the TypeScript.
"""

import json
import math
import pathlib
import random

SIZES = [1, 2, 3, 5, 8, 13, 20, 32, 64]
MULTIPLES = [1.5, 4, 20]
ARMS = 4
NOISE = {"share": 0.005, "noise": [{"lasting": 60_000, "variation": 0.2}, {"lasting": 1_200_000, "variation": 0.07}]}


def log_split(part, events, share, size):
    """Binomial for size 1, else beta-binomial of precision (n - D)/(D - 1); without the binomial coefficient."""
    rest = events - part
    if size == 1:
        return part * math.log(share) + rest * math.log(1 - share)
    s = max(0.05, (events - size) / (size - 1))
    a, b = share * s, (1 - share) * s
    rising = lambda base, count: math.lgamma(base + count) - math.lgamma(base)
    return rising(a, part) + rising(b, rest) - rising(s, events)


class Dispersion:
    def __init__(self, half_life, assumed, fade):
        self.decay, self.assumed, self.kept = 0.5 ** (1 / half_life), assumed, 0.5 ** (1 / fade)
        self.past = (0.0, 0.0)
        self.squares = self.parts = assumed

    def learn(self, events, trials):
        seen, asked = self.past
        together, share = seen + events, trials / (asked + trials)
        variance = together * share * (1 - share)
        self.past = (seen * self.decay + events, asked * self.decay + trials)
        if variance > 0:
            square = min(32, (events - together * share) ** 2 / variance)
            self.squares = self.assumed + (self.squares - self.assumed) * self.kept + square
            self.parts = self.assumed + (self.parts - self.assumed) * self.kept + 1

    def value(self):
        return max(1, self.squares / self.parts / 1.2)


def run(name, looks, every):
    logs = [0.0] + [math.log(0.35 / 8 / 0.65)] * 8
    by_look, by_minute = Dispersion(6, 10, 40), Dispersion(2, 4, 8)
    open_events = open_trials = open_time = watched = 0.0
    told = []
    for canary, n, stable, m in looks:
        look = by_look.value()
        lasting = max(look, by_minute.value())
        per_time = NOISE["share"] * n * m / (n + m) / every
        time = watched + every
        of_record = max([1] + [1 + ARMS * v["variation"] * per_time * min(time, v["lasting"]) for v in NOISE["noise"]])
        share, events = n / (n + m), canary + stable
        chance = lambda ratio: share * ratio / (share * ratio + 1 - share)
        mixed = lambda ratio: math.log(
            sum(math.exp(w + log_split(canary, events, chance(ratio), d)) for w, d in zip(logs, SIZES))
        )
        gains = {"without": [], "with": []}
        for multiple in MULTIPLES:
            alone = log_split(canary, events, chance(multiple), 1) - log_split(canary, events, chance(1), 1)
            won = (mixed(multiple) - mixed(1)) * look if alone > 0 else alone
            gains["without"].append(min(alone, won) / lasting)
            gains["with"].append(min(alone, won) / max(lasting, of_record))
        told.append({"look": look, "lasting": lasting, "ofRecord": of_record, **gains})
        seen, asked = by_look.past
        if seen + stable > 0 and asked > 0:
            part = m / (asked + m)
            logs = [w + log_split(stable, seen + stable, part, d) for w, d in zip(logs, SIZES)]
            top = max(logs)
            logs = [max(-8.0, w - top) for w in logs]
        by_look.learn(stable, m)
        open_events, open_trials, open_time = open_events + stable, open_trials + m, open_time + every
        if open_time >= 60_000:
            by_minute.learn(open_events, open_trials)
            open_events = open_trials = open_time = 0.0
        watched += every
    return {"name": name, "every": every, "record": NOISE, "multiples": MULTIPLES, "looks": looks, "told": told}


def draw(size, times, every, count=24):
    source = random.Random(size * 100 + times)
    rate = every / 10_000
    return [
        (
            min(50 * rate, size * sum(source.random() < 0.25 * times / size / 40 * rate for _ in range(40))),
            50 * rate,
            size * sum(source.random() < 4.75 / size / 400 * rate for _ in range(400)),
            950 * rate,
        )
        for _ in range(count)
    ]


cases = [
    run("one by one", draw(1, 1, 10_000), 10_000),
    run("one by one, four times as many on the canary", draw(1, 4, 10_000), 10_000),
    run("five in a row", draw(5, 1, 10_000), 10_000),
    run("twenty in a row, looks of a minute", draw(20, 4, 60_000), 60_000),
]
target = pathlib.Path(__file__).with_name("clumps.json")
target.write_text(json.dumps(cases, indent=1) + "\n")
