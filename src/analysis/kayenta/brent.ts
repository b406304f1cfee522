/** How far the root may be off, and how many steps are taken at most. */
interface RootOptions {
  readonly tolerance: number
  readonly maxSteps: number
}

/**
 * A root of `f` between `low` and `high` by Brent's method (R. P. Brent, Algorithms for Minimization without
 * Derivatives, 1973, ch. 4): inverse quadratic interpolation or secant steps, bisection where they do not help. The
 * ends need not differ in sign; then the answer is the end of the walk, as in R's `uniroot` without its check.
 */
export function brentRoot(f: (at: number) => number, low: number, high: number, options: RootOptions): number {
  let [previous, best, opposite] = [low, high, low]
  let [fPrevious, fBest] = [f(low), f(high)]
  let fOpposite = fPrevious
  if (fPrevious === 0) return low
  if (fBest === 0) return high
  for (let step = 0; step <= options.maxSteps; step += 1) {
    const lastMove = best - previous
    if (Math.abs(fOpposite) < Math.abs(fBest)) {
      ;[previous, best, opposite] = [best, opposite, best]
      ;[fPrevious, fBest, fOpposite] = [fBest, fOpposite, fBest]
    }
    const tolerance = 2 * Number.EPSILON * Math.abs(best) + options.tolerance / 2
    const half = (opposite - best) / 2
    if (Math.abs(half) <= tolerance || fBest === 0) return best
    const worthInterpolating = Math.abs(lastMove) >= tolerance && Math.abs(fPrevious) > Math.abs(fBest)
    const ratios = { toPrevious: fBest / fPrevious, toOpposite: fBest / fOpposite, ofEnds: fPrevious / fOpposite }
    const wanted = worthInterpolating
      ? interpolatedMove(best - previous, opposite - best, ratios, previous === opposite, tolerance, lastMove)
      : null
    const move = atLeast(wanted ?? half, tolerance)
    ;[previous, fPrevious] = [best, fBest]
    best += move
    fBest = f(best)
    if (Math.sign(fBest) === Math.sign(fOpposite) && fBest !== 0) [opposite, fOpposite] = [previous, fPrevious]
  }
  return best
}

interface Ratios {
  readonly toPrevious: number
  readonly toOpposite: number
  readonly ofEnds: number
}

function interpolatedMove(
  sincePrevious: number,
  width: number,
  ratios: Ratios,
  twoPoints: boolean,
  tolerance: number,
  lastMove: number,
): number | null {
  let numerator: number
  let denominator: number
  if (twoPoints) {
    numerator = width * ratios.toPrevious
    denominator = 1 - ratios.toPrevious
  } else {
    const { toPrevious, toOpposite, ofEnds } = ratios
    numerator = toPrevious * (width * ofEnds * (ofEnds - toOpposite) - sincePrevious * (toOpposite - 1))
    denominator = (ofEnds - 1) * (toOpposite - 1) * (toPrevious - 1)
  }
  if (numerator > 0) denominator = -denominator
  numerator = Math.abs(numerator)
  const inside = numerator < 0.75 * width * denominator - Math.abs(tolerance * denominator) / 2
  const shrinking = numerator < Math.abs((lastMove * denominator) / 2)
  return inside && shrinking ? numerator / denominator : null
}

function atLeast(move: number, tolerance: number): number {
  if (Math.abs(move) >= tolerance) return move
  return move > 0 ? tolerance : -tolerance
}
