import type { Milliseconds } from '../../domain/units.ts'
import type { PrometheusOptions } from './options.ts'
import { countedSeries, part, requestSeries } from './series.ts'
import { firstSamples, type Window } from './window-query.ts'

/** A series that was away for no longer than this is not a new one when it comes back. */
const LONG_AGO: Milliseconds = 86_400_000

/**
 * What the first samples of series that began in this window hold: in the parts `first:<part>` all of it, in `old:<part>`
 * what is known to be older than the window; and `reach` when the store had been looking before the window.
 *
 * A first sample counts in full only where it is new: the store had been looking by then. Of a target that had any requests
 * lately it is. Of another it is old when the series was there before the window and then away for too long; when it was
 * there within a day and its target was not scraped right before the window; or when its process is seen for the first
 * time and began before the window, so that the store has only now found it, or knows it under another name. Asked only
 * when there is a first sample, because it is dear.
 */
export function originQuery(options: PrometheusOptions, pools: readonly string[], window: Window): string {
  const { scrapeInterval, longestGap } = options
  const requests = requestSeries(options, pools)
  const length = `${window.end - window.start}ms`
  const before = window.end - (window.newSince ?? window.start) + scrapeInterval
  const recent = `[${Math.min(longestGap, 20 * scrapeInterval)}ms] offset ${before}ms`
  // Two samples of anything: by then a whole round of scrapes was over, and every target that was there has been scraped.
  const rounds = ['up', requests].map((selector) => `group(count_over_time(${selector}${recent}) > 1)`)
  const lately = `[${4 * scrapeInterval}ms] offset ${length}`
  const scraped = `((max_over_time(up${lately}) == 1) or last_over_time(${requests}${lately}))`
  return [
    part('reach', `(${rounds.join(' or ')})`),
    ...countedSeries(options, pools).flatMap(({ part: name, selector, by }) => {
      const seen = (ago: Milliseconds) => `last_over_time(${selector}[${ago}ms] offset ${length})`
      const old = [
        seen(longestGap),
        `(${seen(Math.max(longestGap, LONG_AGO))} unless on (job, instance) ${scraped})`,
        `(last_over_time(${selector}[${length}]) and on (job, instance) ${oldProcesses(options, window)})`,
      ]
      return [
        part(`first:${name}`, `sum by (${by}) (${firstSamples(options, selector, window)})`),
        part(
          `old:${name}`,
          `sum by (${by}) ((${firstSamples(options, selector, window, requests)}) and (${old.join(' or ')}))`,
        ),
      ]
    }),
  ].join(' or ')
}

/** Processes that are seen for the first time, and began before anything of this window was served. */
function oldProcesses({ scrapeInterval, longestGap }: PrometheusOptions, { start, end, newSince }: Window): string {
  const length = `${end - start}ms`
  // What began after the last scrape before the window has served in this one only.
  const begunBy = (newSince ?? start - scrapeInterval) / 1_000
  const begun = `(min_over_time(process_start_time_seconds[${length}]) <= ${begunBy.toFixed(3)})`
  return `(${begun} unless last_over_time(process_start_time_seconds[${longestGap}ms] offset ${length}))`
}
