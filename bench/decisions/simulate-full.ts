import { addArms } from '../../src/analysis/arms.ts'
import type { Random } from '../../src/analysis/statistics/random.ts'
import { rememberStable, type StablePast } from '../../src/analysis/traffic/past.ts'
import { seasonOf } from '../../src/analysis/traffic/season.ts'
import { type FullDetector, type FullRule, isOurs, startFullRule } from './full-rules.ts'
import { type FullTraffic, MINUTE, recordOf, startService } from './full-traffic.ts'

const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** What the store has kept. */
const RECORD = 28 * DAY
const WATCH = 7 * DAY
/** What is bad becomes so a day after the promotion, and is watched for half a day. */
const LEAD = DAY
const LONGEST = 12 * HOUR
/** Looks are of ten seconds for ten minutes after that, of a minute before and later. */
const CLOSE = 10 * MINUTE
const SHORT_LOOK = MINUTE / 6

/**
 * Minutes to the rollback by each rule in the same service, promoted at some hour of some week of a year; Infinity for none.
 * Where something changes, minutes from then on: ours have watched the day before, which the others would not survive.
 */
export function simulateFull(traffic: FullTraffic, rules: readonly FullRule[], random: Random): readonly number[] {
  const service = startService(traffic.what, random)
  const first = Math.floor(random.uniform() * 51 * 7 * 24 * 2) * 30 * MINUTE
  const promoted = first + RECORD + HOUR
  const season = seasonOf(recordOf(service, first, first + RECORD, addArms))
  const before = Array.from({ length: 60 }, (_, minute) => {
    const start = first + RECORD + minute * MINUTE
    return { window: { start, end: start + MINUTE }, counts: service.counts(start, MINUTE, null) }
  })
  const past = before.reduce<StablePast | null>((known, one) => rememberStable(known, one.counts, one.window), null)
  if (past === null) throw new Error('stable has shown nothing in an hour')
  const start = { what: traffic.what, past, season, before: before.map(({ counts }) => counts) }
  const isBad = traffic.change !== null
  const detectors = rules.map((rule): FullDetector | null => startFullRule(rule, start))
  const alarms = rules.map(() => Number.POSITIVE_INFINITY)
  const changesAt = isBad ? promoted + LEAD : promoted
  const until = isBad ? changesAt + LONGEST : promoted + WATCH
  for (let at = promoted; at < until && detectors.some((detector) => detector !== null); ) {
    const isAfter = at >= changesAt
    const duration = isBad && isAfter && at < changesAt + CLOSE ? SHORT_LOOK : MINUTE
    const look = { start: at, duration, counts: service.counts(at, duration, isAfter ? traffic.change : null) }
    at += duration
    for (const [position, detector] of detectors.entries()) {
      const rule = rules[position]
      if (detector === null || rule === undefined || (!isAfter && !isOurs(rule))) continue
      if (!detector(look)) continue
      // An alarm before anything was bad has found nothing.
      alarms[position] = isAfter ? (at - changesAt) / MINUTE : Number.POSITIVE_INFINITY
      detectors[position] = null
    }
  }
  return alarms
}
