"""Writes golden.json beside this file: reference values made with SciPy.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1
    /tmp/venv/bin/python test/analysis/golden/make_golden.py
"""

import json
import math
import pathlib

import numpy as np
from scipy import special


def finite(value):
    return float(value)


def rows(function, arguments):
    return [{"at": [float(a) for a in args], "is": finite(function(*args))} for args in arguments]


positive = [1e-6, 0.1, 0.5, 1.0, 1.5, 2.0, 3.7, 11.9, 12.0, 25.0, 170.6, 1e3, 1e6, 1e9]
pairs = [(0.5, 0.5), (1, 1), (2, 3), (0.1, 40), (11, 13), (14, 300), (300, 14), (1e3, 1e5), (2e5, 2e5), (1e6, 3)]
shares = [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.77, 0.99, 1 - 1e-9]
beta_points = [(x, a, b) for x in shares for a, b in pairs if special.betainc(a, b, x) > 1e-290]
gamma_points = [(a, a * f) for a in [0.3, 1, 3.15, 25, 400, 1e5] for f in [0.2, 0.7, 0.99, 1.0, 1.02, 1.5, 3] if 1e-290 < special.gammainc(a, a * f) < 1 and special.gammaincc(a, a * f) > 1e-290]


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
    "logLowerGamma": rows(lambda a, x: np.log(special.gammainc(a, x)), gamma_points),
}

pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
