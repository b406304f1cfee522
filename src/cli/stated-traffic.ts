import { parseBounds, parseQuantilePair } from '../analysis/judges/sequential/latency-shape.ts'
import {
  type ExpectedTraffic,
  expectedTraffic,
  type StatedHarm,
  type StatedTraffic,
} from '../analysis/power/expected-traffic.ts'
import { nameText, ratioText, shareText } from '../domain/plan/plan-values.ts'
import type { Parsed } from '../domain/units.ts'
import { CliFailure, EXIT } from './failure.ts'
import { clean } from './text.ts'

/** Options that state traffic, as they are written. */
export interface TrafficOptions {
  /** Requests per second of the target: `200` or `200rps`. */
  readonly traffic?: string
  readonly errors?: string
  readonly regression?: string
  readonly latency?: string
  readonly buckets?: string
  readonly slower?: string
  /** `orders=3%` */
  readonly event?: readonly string[]
  /** `orders=0.8x` */
  readonly change?: readonly string[]
}

/** Traffic as the API takes it: as it is written. */
export type WrittenTraffic = Readonly<Record<string, unknown>>

/**
 * The stated traffic, read and as it is written; null when nothing is stated.
 * @throws CliFailure for what cannot be read
 */
export function statedTraffic(
  options: TrafficOptions,
): { readonly stated: StatedTraffic; readonly written: WrittenTraffic } | null {
  const { traffic, errors: baseRate, regression: rise, latency, buckets, slower, event = [], change = [] } = options
  const events = namedTexts('--event', event, 'orders=3%')
  const changes = namedTexts('--change', change, 'orders=0.8x')
  const requestsPerSecond = traffic === undefined ? undefined : requestsOf(traffic)
  if (buckets !== undefined && latency === undefined) throw new CliFailure(EXIT.usage, '--buckets needs --latency')
  const stated: StatedTraffic = {
    requestsPerSecond,
    baseRate: baseRate === undefined ? undefined : shareOf('--errors', baseRate),
    rise: rise === undefined ? undefined : regressionOf(rise),
    latency: latency === undefined ? undefined : read('--latency', latency, parseQuantilePair),
    buckets: buckets === undefined ? undefined : read('--buckets', buckets, parseBounds),
    slower: slower === undefined ? undefined : slowdownOf(slower),
    events: mapped(events, (name, text) => shareOf(`--event ${name}`, text)),
    changes: mapped(changes, (name, text) => changeOf(`--change ${name}`, text)),
  }
  const written = {
    ...{ requestsPerSecond, baseRate, rise, latency, buckets, slower },
    ...(events.size > 0 && { events: Object.fromEntries(events) }),
    ...(changes.size > 0 && { changes: Object.fromEntries(changes) }),
  }
  const isEmpty = Object.values(written).every((value) => value === undefined)
  return isEmpty ? null : { stated, written }
}

/**
 * The traffic that is expected by what is stated alone; null without requests.
 * @throws CliFailure for a rise that is none
 */
export function expectedOf(stated: StatedTraffic): ExpectedTraffic | null {
  const expected = expectedTraffic(stated, null)
  if (expected !== null && 'problem' in expected) {
    const flag = stated.rise === undefined ? '--errors' : '--regression'
    throw new CliFailure(EXIT.usage, `${flag}: ${expected.problem}`)
  }
  return expected
}

function requestsOf(text: string): number {
  const number = text.replace(/rps$/, '')
  const value = Number(number)
  if (/^\d+(\.\d+)?$/.test(number) && value > 0 && value <= 1e9) return value
  throw new CliFailure(
    EXIT.usage,
    `--traffic ${clean(text)}: expected the requests per second, such as 50rps or 0.5rps`,
  )
}

/** @throws CliFailure for what is no regression */
export function regressionOf(text: string): StatedHarm {
  const ratio = ratioText.safeParse(text)
  if (ratio.success && ratio.data > 1) return { times: ratio.data }
  const share = shareText.safeParse(text)
  if (share.success && share.data > 0) return { share: share.data }
  throw new CliFailure(
    EXIT.usage,
    `--regression ${clean(text)}: expected more than 1x and at most 9999x, such as 2x, or a share of failed requests such as 2%`,
  )
}

function shareOf(flag: string, text: string): number {
  const parsed = shareText.safeParse(text)
  if (parsed.success) return parsed.data
  throw new CliFailure(EXIT.usage, `${clean(flag)} ${clean(text)}: expected a share such as 0.5%`)
}

function slowdownOf(text: string): number {
  const parsed = ratioText.safeParse(text)
  if (parsed.success && parsed.data > 1) return parsed.data
  throw new CliFailure(EXIT.usage, `--slower ${clean(text)}: expected more than 1x, such as 1.5x`)
}

function changeOf(flag: string, text: string): number {
  const parsed = ratioText.safeParse(text)
  if (parsed.success && parsed.data !== 1) return parsed.data
  throw new CliFailure(EXIT.usage, `${clean(flag)} ${clean(text)}: expected a ratio other than 1x, such as 0.8x`)
}

function read<T>(flag: string, text: string, parse: (text: string) => Parsed<T>): T {
  const parsed = parse(text)
  if (parsed.ok) return parsed.value
  throw new CliFailure(EXIT.usage, `${flag} ${clean(text)}: expected ${parsed.expected}`)
}

/** `name=text` by name, each once. */
function namedTexts(flag: string, texts: readonly string[], example: string): ReadonlyMap<string, string> {
  const named = new Map<string, string>()
  for (const text of texts) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(text) ?? []
    if (!nameText.safeParse(name).success || named.has(name))
      throw new CliFailure(EXIT.usage, `${flag} ${clean(text)}: expected each event once, such as ${example}`)
    named.set(name, value)
  }
  return named
}

function mapped(
  texts: ReadonlyMap<string, string>,
  parse: (name: string, text: string) => number,
): Readonly<Record<string, number>> {
  return Object.fromEntries([...texts].map(([name, text]) => [name, parse(name, text)]))
}

/** @throws CliFailure for anything but a whole number between these, both included */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value
  throw new CliFailure(EXIT.usage, `${flag} ${clean(text)}: expected a whole number from ${least} to ${most}`)
}
