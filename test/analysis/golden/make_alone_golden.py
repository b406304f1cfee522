"""Writes alone.json beside this file: evidence of the judge of a version that is alone, by a second implementation.

    python3 test/analysis/golden/make_alone_golden.py

Only the standard library. It follows the description in docs/decisions/0014, not the TypeScript.
"""

import json
import math
import pathlib

TIMES = [1.25, 1.5, 2, 3, 5, 10]
SCALES = [30, 300, 3600, 21600]
FRESH, STALE = 1800, 21600
STALE_DRIFTS = [20, 8, 4, 4]
DAY = 86400


def reserve(t):
    return 0.01 / (1 + t / DAY)


class Purse:
    """Six bets of which 1% of the money is placed little by little."""

    def __init__(self):
        self.money = [math.log(0.99)] * 6
        self.watched = 0.0

    def stake(self, seconds):
        fresh = math.log(reserve(self.watched) - reserve(self.watched + seconds))
        return log_sum([log_sum([m - math.log(6) for m in self.money]), fresh])

    def grow(self, gains, seconds):
        fresh = math.log(reserve(self.watched) - reserve(self.watched + seconds))
        self.watched += seconds
        self.money = [log_sum([m, fresh]) + g for m, g in zip(self.money, gains)]

    def mean(self):
        return log_sum([*(m - math.log(6) for m in self.money), math.log(reserve(self.watched))])


def log_sum(values):
    top = max(values)
    return top + math.log(math.fsum(math.exp(v - top) for v in values))


def drift(scale, age):
    part = min(1, math.log(max(1, age / FRESH)) / math.log(STALE / FRESH))
    return 2 ** (1 - part) * STALE_DRIFTS[scale] ** part


def evidence(past, ratio, alpha, looks):
    """ln of the evidence after each look: stable had `past` = (events, requests) and nothing else is known of it."""
    events, requests = past
    high = (events + 2 * math.sqrt(events) + 2) / requests
    needed = math.log(1 / alpha) + math.log(5)
    purses, opens = [Purse() for _ in SCALES], [[0, 0.0, 0.0] for _ in SCALES]
    dead, had_dead = Purse(), False
    watched, out = 0.0, []
    for seconds, n, e in looks:
        for scale, lasting in enumerate(SCALES):
            limit = max(ratio * high * drift(scale, watched), min(ratio * high, 0.2), high + 0.01)
            bet = opens[scale]
            bet[0] += e
            bet[1] += n * limit
            bet[2] += seconds
            if bet[2] >= lasting / 4:
                purse = purses[scale]
                most = min(0.55, bet[2] / lasting) * (needed + 5 + max(0, -purse.stake(bet[2])))
                purse.grow([min(most, bet[0] * math.log(m) - bet[1] * (m - 1)) for m in TIMES], bet[2])
                opens[scale] = [0, 0.0, 0.0]
        limit = max(0.25, 2 * ratio * high)
        is_dead = n >= 5 and e >= 0.45 * n
        most = 0 if not is_dead else math.inf if had_dead else max(0, needed - 1.5 - dead.stake(seconds))
        shares = [min(0.98, m * limit) for m in TIMES]
        gains = [e * math.log(q / limit) + (n - e) * math.log((1 - q) / (1 - limit)) for q in shares]
        dead.grow([min(most, g) for g in gains], seconds)
        had_dead = is_dead
        watched += seconds
        out.append(log_sum([p.mean() for p in [*purses, dead]]) - math.log(5))
    return out


CASES = [
    {"past": [50, 10_000], "ratio": 1.5, "alpha": 0.01, "looks": [[10, 1000, e] for e in [5, 9, 3, 300, 250, 12]]},
    {"past": [50, 10_000], "ratio": 1, "alpha": 0.05, "looks": [[1, 40, e] for e in [0, 1, 0, 22, 19, 40, 0]]},
    {"past": [400, 20_000], "ratio": 1.25, "alpha": 0.001, "looks": [[60, 600, e] for e in [12, 80, 75, 90, 14, 70] * 6]},
    {"past": [3, 1_000], "ratio": 2, "alpha": 0.02, "looks": [[3600, 5000, e] for e in [20, 30, 25, 40, 900, 20, 25, 30]]},
]

golden = []
for case in CASES:
    needed = math.log(1 / case["alpha"])
    logs = evidence(**{**case, "past": tuple(case["past"])})
    until = next((i + 1 for i, log in enumerate(logs) if log >= needed), len(logs))
    golden.append({**case, "logEvidence": logs[:until]})
pathlib.Path(__file__).with_name("alone.json").write_text(json.dumps(golden, indent=1) + "\n")
