import type { Milliseconds } from '../../domain/units.ts'
import type { PrometheusOptions } from './options.ts'
import { countedSeries, part, requestSeries } from './series.ts'

/**
 * One PromQL expression for a range query with this step: at each point how much the counters rose within the step before
 * it, in the parts `requests`, `errors`, `started`, `event:<name>` and `bucket`, and `carries:errors` where failed requests
 * can be told apart, all as in a look (`window-query.ts`).
 *
 * Coarser than that one, because it reaches over weeks: of a counter that fell within a step, what it counted before the
 * fall is lost. A step right after one in which the pool was not scraped has no value, for the rise would belong to both;
 * so a store that has only begun to remember does not report a counter's whole life as one step.
 */
export function recordQuery(options: PrometheusOptions, pool: string, step: Milliseconds): string {
  const { poolLabel, longestGap } = options
  const all = requestSeries(options, [pool])
  const seenBefore = `group by (${poolLabel}) (last_over_time(${all}[${step}ms] offset ${step}ms))`
  const rise = (selector: string, by: string) => {
    const last = `last_over_time(${selector}[${step}ms])`
    const before = `last_over_time(${selector}[${Math.max(step, longestGap)}ms] offset ${step}ms)`
    return `sum by (${by}) (((${last} - ${before}) >= 0) or (${last} * 1)) and on (${poolLabel}) ${seenBefore}`
  }
  const told = `group by (${poolLabel}) (last_over_time(${requestSeries(options, [pool], 'labelled')}[${step}ms]))`
  return [
    ...countedSeries(options, [pool]).map((one) => part(one.part, rise(one.selector, one.by))),
    part('carries:errors', told),
  ].join(' or ')
}
