const ROOT_TWO = Math.SQRT2
const TWO_OVER_ROOT_PI = 1.1283791670955126
const ONE_OVER_ROOT_PI = 0.5641895835477563
/** Below this the Taylor series of erf is used, above it the continued fraction of erfc. */
const SERIES_BELOW = 2
/** Below this cdf is 0 in double precision and only its logarithm can be told. */
const DEEP_TAIL = -35

/**
 * Complementary error function, 1 − erf(x). Relative error below 1e-13 for x < 26.
 *
 * Source: series DLMF 7.6.2 (all terms of one sign) and continued fraction DLMF 7.9.1.
 */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  return x < SERIES_BELOW ? 1 - erfSeries(x) : ONE_OVER_ROOT_PI * Math.exp(-x * x) * tailFraction(x)
}

/** P(Z ≤ z) of a standard normal. */
export function normalCdf(z: number): number {
  return 0.5 * erfc(-z / ROOT_TWO)
}

/** ln P(Z ≤ z), finite also where P itself underflows. */
export function logNormalCdf(z: number): number {
  if (z > DEEP_TAIL) return Math.log(normalCdf(z))
  const x = -z / ROOT_TWO
  return -x * x - Math.log(2) + Math.log(ONE_OVER_ROOT_PI) + Math.log(tailFraction(x))
}

/**
 * The z with P(Z ≤ z) = p: −∞ at 0, +∞ at 1, NaN outside [0, 1]. Relative error about 1e-16.
 *
 * Source: Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477–484.
 */
export function normalQuantile(p: number): number {
  if (p === 0) return Number.NEGATIVE_INFINITY
  if (p === 1) return Number.POSITIVE_INFINITY
  const centred = p - 0.5
  if (Math.abs(centred) <= 0.425)
    return (centred * horner(A, 0.180625 - centred ** 2)) / horner(B, 0.180625 - centred ** 2)
  // Outside [0, 1] this is the logarithm of a negative number.
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)))
  const size = r <= 5 ? horner(C, r - 1.6) / horner(D, r - 1.6) : horner(E, r - 5) / horner(F, r - 5)
  return centred < 0 ? -size : size
}

function erfSeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > sum * 1e-17; n += 1) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum
}

/** √π·exp(x²)·erfc(x) for x ≥ 2, evaluated from the far end; 120 levels are exact to rounding there. */
function tailFraction(x: number): number {
  let value = x
  for (let level = 120; level >= 1; level -= 1) value = x + level / 2 / value
  return 1 / value
}

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0)
}

const A = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
]
const B = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
]
const C = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
]
const D = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
]
const E = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
]
const F = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
  1.421511758316446e-7, 2.0442631033899397e-15,
]
