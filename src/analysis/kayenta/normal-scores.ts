/**
 * Quantile of the standard normal distribution for `share` in (0, 1), to about 1e-14: halving over the distribution
 * function, which is the series Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/15 + …).
 */
export function normalQuantile(share: number): number {
  if (share > 0.5) return -normalQuantile(1 - share)
  let [low, high] = [-40, 0]
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2
    if (lowerTail(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * `count` values that lie as a normal sample would on average: the quantiles of (i − ½)/count, ascending, with mean 0.
 * They stand in for random noise where a decision must come out the same on every run.
 */
export function normalScores(count: number): number[] {
  return Array.from({ length: count }, (_, index) => normalQuantile((index + 0.5) / count))
}

// The continued fraction keeps its accuracy where the series cancels out.
function lowerTail(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  if (x > -3) return 0.5 + density * oddSeries(x)
  let fraction = -x
  for (let step = 60; step >= 1; step -= 1) fraction = -x + step / fraction
  return density / fraction
}

function oddSeries(x: number): number {
  let [term, sum] = [x, x]
  for (let odd = 3; Math.abs(term) > 1e-17; odd += 2) {
    term *= (x * x) / odd
    sum += term
  }
  return sum
}
