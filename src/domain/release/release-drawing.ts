import { type BasisPoints, FULL_WEIGHT } from '../units.ts'

/** How many of so many cells a bar of the weight fills: a little is never drawn as nothing, and almost all never as all. */
export function filledCells(weight: BasisPoints, cells: number): number {
  const least = weight > 0 ? 1 : 0
  const most = weight < FULL_WEIGHT ? cells - 1 : cells
  return Math.min(most, Math.max(least, Math.round((weight / FULL_WEIGHT) * cells)))
}

/** At most so many steps round the `current` one, which counts from 1, and how many are left out on either side. */
export function stepsAround<Step>(
  steps: readonly Step[],
  current: number,
  most: number,
): { readonly before: number; readonly shown: readonly Step[]; readonly after: number } {
  const before = Math.max(0, Math.min(current - 1 - Math.floor(most / 2), steps.length - most))
  const shown = steps.slice(before, before + most)
  return { before, shown, after: steps.length - before - shown.length }
}
