const HALF_LOG_TWO_PI = 0.9189385332046728
/** Stirling's series is used from here on; below, the recurrence Γ(x+1) = xΓ(x) leads up to it. */
const STIRLING_FROM = 12
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400]

/**
 * Natural logarithm of Γ(x) for x > 0; NaN otherwise. Absolute error below 1e-13·(1 + |ln Γ(x)|).
 *
 * Source: Stirling's series (DLMF 5.11.1) for x ≥ 12, with the recurrence DLMF 5.5.1 below.
 */
export function logGamma(x: number): number {
  if (!(x > 0)) return Number.NaN
  if (x === Number.POSITIVE_INFINITY) return x
  let product = 1
  let shifted = x
  while (shifted < STIRLING_FROM) {
    product *= shifted
    shifted += 1
  }
  return (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_TWO_PI + stirlingRest(shifted) - Math.log(product)
}

/**
 * Natural logarithm of the beta function B(a, b) = Γ(a)Γ(b)/Γ(a+b) for a, b > 0; NaN otherwise. For large arguments the
 * leading terms are cancelled by hand, so ln B keeps its digits where a difference of ln Γ would lose them.
 */
export function logBeta(a: number, b: number): number {
  // Arguments that are not above 0 need no look: ln Γ of the smaller one, or of a sum with it, is not a number.
  const small = Math.min(a, b)
  const large = Math.max(a, b)
  if (large < STIRLING_FROM) return logGamma(small) + logGamma(large) - logGamma(small + large)
  const ratio = small / large
  const grown = Math.log1p(ratio)
  const rest = stirlingRest(large) - stirlingRest(small + large)
  if (small < STIRLING_FROM) {
    const logLarge = Math.log(large)
    return logGamma(small) + rest + small - small * (logLarge + grown) - (large - 0.5) * grown
  }
  const logShare = Math.log(ratio) - grown
  return (
    stirlingRest(small) +
    rest +
    HALF_LOG_TWO_PI -
    0.5 * Math.log(large) -
    (large - 0.5) * grown +
    small * logShare -
    0.5 * Math.log(ratio)
  )
}

/** ln Γ(x) minus the leading terms (x − ½)ln x − x + ½ln 2π, for x ≥ 12. */
function stirlingRest(x: number): number {
  const inverseSquare = 1 / (x * x)
  return STIRLING.reduceRight((sum, coefficient) => sum * inverseSquare + coefficient, 0) / x
}
