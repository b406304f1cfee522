import type { MetricResult, Observation } from '../domain/observation.ts'
import type { Instant } from '../domain/units.ts'
import type { ObserveRequest } from './metric-source.ts'

/** What both arms of the first look say: there is nothing yet to take a difference from. */
export const STARTED: MetricResult<never> = { kind: 'noData', reason: 'the starting point has been set' }

/** What an arm says whose look was not taken because of the other arm. */
export const NOT_COUNTED: MetricResult<never> = {
  kind: 'noData',
  reason: 'the other pool could not be read; these requests will be counted in the next look',
}

/**
 * A look that counted nothing: the next one covers its window too. A look is taken for both arms or for none, so that
 * the counts of both always cover the same window.
 */
export function lookNotTaken(
  request: ObserveRequest,
  start: Instant,
  arms: Pick<Observation, 'stable' | 'canary'>,
): Observation {
  const { stable, canary } = arms
  return { stable, canary, window: { start, end: start }, cursor: request.since }
}
