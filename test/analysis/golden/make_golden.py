"""Writes golden.json beside this file: reference values made with SciPy.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1
    /tmp/venv/bin/python test/analysis/golden/make_golden.py
"""

import itertools
import json
import math
import pathlib

import numpy as np
from scipy import special, stats

rng = np.random.default_rng(20240601)


def finite(value):
    return float(value)


def rows(function, arguments):
    return [{"at": [float(a) for a in args], "is": finite(function(*args))} for args in arguments]


positive = [1e-6, 0.1, 0.5, 1.0, 1.5, 2.0, 3.7, 11.9, 12.0, 25.0, 170.6, 1e3, 1e6, 1e9]
pairs = [(0.5, 0.5), (1, 1), (2, 3), (0.1, 40), (11, 13), (14, 300), (300, 14), (1e3, 1e5), (2e5, 2e5), (1e6, 3)]
shares = [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.77, 0.99, 1 - 1e-9]
beta_points = [(x, a, b) for x in shares for a, b in pairs if special.betainc(a, b, x) > 1e-290]
beta_quantiles = [(p, a, b) for p in [1e-6, 0.01, 0.3, 0.5, 0.9, 0.999] for a, b in [(0.5, 0.5), (2, 3), (11, 13), (14, 300), (1e3, 1e5)]]
gamma_points = [(a, a * f) for a in [0.3, 1, 3.15, 25, 400, 1e5] for f in [0.2, 0.7, 0.99, 1.0, 1.02, 1.5, 3] if 1e-290 < special.gammainc(a, a * f) < 1 and special.gammaincc(a, a * f) > 1e-290]


def rank_test(left, right, method):
    found = stats.mannwhitneyu(left, right, use_continuity=True, alternative="two-sided", method=method)
    return {
        "left": [float(v) for v in left],
        "right": [float(v) for v in right],
        "u": float(found.statistic),
        "p": float(found.pvalue),
        "isExact": method == "exact",
    }


def shift(left, right, confidence):
    """Hodges-Lehmann with the exact interval, the distribution of U counted out over all orders."""
    differences = sorted(a - b for a in left for b in right)
    n, m = len(left), len(right)
    counts = np.zeros(n * m + 1)
    for ranks in itertools.combinations(range(1, n + m + 1), n):
        counts[sum(ranks) - n * (n + 1) // 2] += 1
    cumulated = np.cumsum(counts) / counts.sum()
    rank = max(1, int(np.argmax(cumulated >= (1 - confidence) / 2)))
    return {
        "left": [float(v) for v in left],
        "right": [float(v) for v in right],
        "confidence": confidence,
        "estimate": float(np.median(differences)),
        "low": float(differences[rank - 1]),
        "high": float(differences[n * m - rank]),
    }


def log_beta(a, b):
    """ln B(a, b) by summing logarithms for whole a: scipy.special.betaln is off by 7e-10 at (1e6, 3)."""
    a, b = (a, b) if a == int(a) and (a <= b or b != int(b)) else (b, a)
    if a != int(a):
        return special.betaln(a, b)
    a = int(a)
    return math.fsum([math.log(k) for k in range(1, a)] + [-math.log(b + k) for k in range(a)])


golden = {
    "logGamma": rows(special.gammaln, [(x,) for x in positive]),
    "logBeta": rows(log_beta, pairs),
    "erfc": rows(special.erfc, [(x,) for x in [-6, -1.3, -0.1, 0, 1e-9, 0.3, 1, 1.99, 2.01, 3.5, 8, 25]]),
    "normalCdf": rows(special.ndtr, [(z,) for z in [-30, -8, -3, -1, -1e-6, 0, 0.5, 2, 6]]),
    "logNormalCdf": rows(special.log_ndtr, [(z,) for z in [-1000, -50, -36, -34, -5, 0, 3]]),
    "normalQuantile": rows(special.ndtri, [(p,) for p in [1e-300, 1e-20, 1e-6, 0.01, 0.0749, 0.0751, 0.3, 0.5, 0.8, 0.975, 1 - 1e-9]]),
    "incompleteBeta": [{"at": [float(v) for v in (x, a, b)], "is": finite(special.betainc(a, b, x))} for x, a, b in beta_points],
    "upperBeta": [{"at": [float(v) for v in (x, a, b)], "is": finite(np.log(special.betaincc(a, b, x)))} for x, a, b in beta_points if special.betaincc(a, b, x) > 1e-290],
    "inverseIncompleteBeta": [{"at": [float(v) for v in (p, a, b)], "is": finite(special.betaincinv(a, b, p))} for p, a, b in beta_quantiles],
    "logLowerGamma": rows(lambda a, x: np.log(special.gammainc(a, x)), gamma_points),
    "logUpperGamma": rows(lambda a, x: np.log(special.gammaincc(a, x)), gamma_points),
    "riemannZeta": rows(special.zeta, [(s,) for s in [1.1, 1.4, 2, 3, 8]]),
    "mannWhitney": [
        rank_test(rng.normal(size=5), rng.normal(size=4), "exact"),
        rank_test(rng.normal(size=12), rng.normal(0.8, size=9), "exact"),
        rank_test(rng.normal(size=25), rng.normal(1.2, size=25), "exact"),
        rank_test(rng.normal(size=40), rng.normal(0.4, size=33), "asymptotic"),
        rank_test(rng.integers(0, 5, size=30), rng.integers(0, 6, size=20), "asymptotic"),
        rank_test(rng.poisson(1, size=6), rng.poisson(3, size=8), "asymptotic"),
        rank_test([1, 1, 2, 2], [1, 2, 2, 3], "asymptotic"),
    ],
    "hodgesLehmann": [
        shift(rng.normal(size=5), rng.normal(size=6), 0.9),
        shift(rng.normal(2, size=8), rng.normal(size=7), 0.95),
        shift(rng.normal(size=9), rng.normal(size=9), 0.98),
    ],
}

pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
