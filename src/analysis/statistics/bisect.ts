/** Halvings, after which nothing is left of an interval but its last digits. */
const ROUNDS = 64

/**
 * Where a condition that holds from `near` on stops to hold on the way to `far`. The value returned is the nearest one
 * found at which it does not hold: `far` itself when it holds everywhere before.
 */
export function bisect(holds: (value: number) => boolean, near: number, far: number): number {
  let [before, beyond] = [near, far]
  for (let round = 0; round < ROUNDS; round += 1) {
    const middle = (before + beyond) / 2
    if (holds(middle)) before = middle
    else beyond = middle
  }
  return beyond
}
