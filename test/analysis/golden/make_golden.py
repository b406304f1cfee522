"""Writes golden.json beside this file: reference values made with SciPy.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1
    /tmp/venv/bin/python test/analysis/golden/make_golden.py
"""

import itertools
import json
import math
import pathlib

import numpy as np
from scipy import optimize, special, stats

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


def empirical_process_bound(t, alpha, t_min, scale):
    """Howard and Ramdas (2022), Theorem 2, by SciPy's minimiser and root finder."""

    def crossing(constant):
        def logarithm(eta):
            gamma = math.sqrt(2 / eta) * (scale - math.sqrt(2 * (eta - 1) / constant))
            return -(gamma**2) * constant + math.log1p(1 / ((gamma**2 - 1) * math.log(eta))) if gamma > 1 else math.inf

        grid = 1 + (2 * scale**2 - 1) * np.linspace(0, 1, 2001)[1:-1] ** 2
        best = min(range(1, len(grid) - 1), key=lambda index: logarithm(grid[index]))
        bracket = (grid[best - 1], grid[best + 1])
        return math.log(4) + optimize.minimize_scalar(logarithm, bounds=bracket, method="bounded", options={"xatol": 1e-12}).fun

    constant = optimize.brentq(lambda value: crossing(value) - math.log(alpha), 3, 500, xtol=1e-13)
    return scale * math.sqrt((math.log(1 + math.log(t / t_min)) + constant) / t)


def poly_stitching_bound(v, alpha, v_min, c, s, eta):
    """Howard et al. (2021), Theorem 1."""
    ell = s * math.log(math.log(eta * max(v, v_min) / v_min)) + math.log(special.zeta(s) / (alpha * math.log(eta) ** s))
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2
    return math.sqrt(k1**2 * max(v, v_min) * ell + (k2 * c * ell) ** 2) + k2 * c * ell


def double_stitching_bound(p, t, alpha, t_min, delta, s, eta):
    """Howard and Ramdas (2022), Theorem 3."""
    late = max(t, t_min)
    r = p if p >= 0.5 else min(0.5, special.expit(special.logit(p) + 2 * delta * math.sqrt(eta * t_min / late)))
    ell = s * math.log(math.log(eta * late / t_min)) + s * math.log(math.sqrt(late / t_min) * abs(special.logit(p)) / (2 * delta) + 1)
    ell += math.log(2 * special.zeta(s) * (2 * special.zeta(s) + 1) / (alpha * math.log(eta) ** s))
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2
    c = (1 - 2 * p) / 3
    root = math.sqrt(k1**2 * r * (1 - r) * late * ell + (k2 * c * ell) ** 2)
    return delta * math.sqrt(eta * late * r * (1 - r) / t_min) + root + k2 * c * ell


def rank_quantile(n, m, confidence):
    """The rank of hodgesLehmann's interval: U counted out in whole numbers up to 25 per sample, else approximated."""
    if max(n, m) > 25:
        return math.floor(n * m / 2 + special.ndtri((1 - confidence) / 2) * math.sqrt(n * m * (n + m + 1) / 12))
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for k in range(n * m, m + i - 1, -1):
            ways[k] -= ways[k - m - i]
        for k in range(i, n * m + 1):
            ways[k] += ways[k - i]
    cumulated = itertools.accumulate(ways)
    return next(k for k, count in enumerate(cumulated) if count >= sum(ways) * (1 - confidence) / 2)


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
    "rankQuantile": rows(rank_quantile, [(n, m, c) for n, m in [(25, 25), (24, 25), (26, 25), (25, 26)] for c in [0.9, 0.95, 0.99, 0.999]]),
    "empiricalProcessBound": rows(empirical_process_bound, [(100, 0.05, 100, 0.85), (5000, 0.01, 100, 0.85), (900, 0.05, 32, 0.8), (900, 1e-6, 32, 1.1)]),
    "polyStitchingBound": rows(poly_stitching_bound, [(100, 0.05, 10, 3, 1.4, 2), (7, 0.01, 10, 0.5, 1.2, 1.5), (4e4, 1e-4, 3, -1, 2.5, 4)]),
    "doubleStitchingBound": rows(double_stitching_bound, [(p, t, 0.03, 40, delta, s, eta) for p in [0.02, 0.4, 0.5, 0.8] for t in [10, 40, 2500] for delta, s, eta in [(0.5, 1.4, 2), (0.2, 1.7, 1.5), (1.3, 1.2, 3)]]),
}

pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
