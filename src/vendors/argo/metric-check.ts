import { z } from 'zod'
import type { ArgoCheck } from '../../analysis/argo/argo-judge.ts'
import { checkCondition } from '../../analysis/argo/condition.ts'
import { limitProblems } from '../../analysis/argo/limits.ts'
import { type QueryType, queryTypeOf } from '../../analysis/argo/query-type.ts'
import type { ProblemPath } from '../../domain/problems.ts'
import { LONGEST_DURATION, type Milliseconds, writeDuration } from '../../domain/units.ts'
import { type DraftCheck, paced } from '../draft.ts'
import { parseGoDuration, parseIntOrString } from '../go-values.ts'
import type { Spot } from '../manifest.ts'
import type { ImportOptions } from '../options.ts'
import { pathText } from '../path-text.ts'
import type { ImportReport } from '../report.ts'
import type { Metric } from './analysis-template.ts'

export type Args = ReadonlyMap<string, string>

const prometheusSchema = z.object({ query: z.string().min(1), rangeQuery: z.unknown().optional() })

/** What is asked once a metric is to be turned into a check. */
interface Conversion {
  readonly metric: Metric
  readonly spot: Spot
  readonly args: Args
  readonly isDry: boolean
  readonly options: ImportOptions
  readonly report: ImportReport
}

/**
 * A metric as a check with the same verdicts. Every value that is no number or duration, a condition without a form here, a
 * placeholder without a value is a problem. Conditions stay in Argo's language.
 */
export function checkOf(conversion: Conversion): DraftCheck {
  const { metric, spot, isDry } = conversion
  const check = argoCheckOf(conversion)
  return {
    name: metric.name,
    spot,
    interval: check.interval,
    form: { argo: argoForm(check), ...(isDry && { onFail: 'warn' }) },
    lasts: (look) => lengthOf(check, look),
  }
}

/** Why a metric cannot be asked here at all, whatever else it says; null for one that can. */
export function whyForeign({ provider }: Metric): string | null {
  const names = Object.keys(provider)
  const [only] = names
  if (names.length !== 1 || only === undefined)
    return `exactly one provider is needed, this has ${names.length === 0 ? 'none' : names.join(', ')}`
  if (only !== 'prometheus') return `only prometheus can be imported, not ${only}`
  const { data } = prometheusSchema.safeParse(provider[only])
  return data?.rangeQuery === undefined ? null : 'range queries cannot be imported'
}

function argoCheckOf(conversion: Conversion): ArgoCheck {
  const { metric, spot, options, report } = conversion
  const query = queryOf(conversion)
  const type = queryTypeOf(query)
  const check: ArgoCheck = {
    ...{ kind: 'argo', name: metric.name, source: options.source, query },
    successCondition: conditionOf('successCondition', type, conversion),
    failureCondition: conditionOf('failureCondition', type, conversion),
    interval: metric.interval === undefined ? null : durationOf('interval', metric.interval, conversion),
    initialDelay: metric.initialDelay === undefined ? 0 : durationOf('initialDelay', metric.initialDelay, conversion),
    count: metric.count === undefined ? null : wholeNumber('count', 0, 0, conversion),
    failureLimit: wholeNumber('failureLimit', 0, -1, conversion),
    inconclusiveLimit: wholeNumber('inconclusiveLimit', 0, 0, conversion),
    consecutiveErrorLimit: wholeNumber('consecutiveErrorLimit', 4, 0, conversion),
    consecutiveSuccessLimit: wholeNumber('consecutiveSuccessLimit', 0, 0, conversion),
  }
  for (const problem of limitProblems(check))
    report.problem(spot, {
      message: `${pathText(spot.path)}: ${problem}`,
      expected: 'limits that Argo Rollouts would accept',
      fix: 'change these limits so that Argo Rollouts would accept them',
    })
  return check
}

/** What has Argo's default is left out. */
function argoForm(check: ArgoCheck): Readonly<Record<string, string | number>> {
  const { successCondition, failureCondition, interval, initialDelay, count } = check
  const { failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } = check
  return {
    source: check.source,
    promql: check.query,
    ...(successCondition !== null && { successCondition }),
    ...(failureCondition !== null && { failureCondition }),
    ...(interval !== null && interval > 0 && { interval: writeDuration(interval) }),
    ...(initialDelay > 0 && { initialDelay: writeDuration(initialDelay) }),
    ...(count !== null && { count }),
    ...(failureLimit !== 0 && { failureLimit }),
    ...(inconclusiveLimit !== 0 && { inconclusiveLimit }),
    ...(consecutiveErrorLimit !== 4 && { consecutiveErrorLimit }),
    ...(consecutiveSuccessLimit !== 0 && { consecutiveSuccessLimit }),
  }
}

/**
 * Until it has its count, when every measurement counts: the next one comes at the first look that is later than the interval.
 * Null for a metric without an end.
 */
function lengthOf({ count, interval, initialDelay }: ArgoCheck, look: Milliseconds): Milliseconds | null {
  const between = interval ?? 0
  if (between > 0 && (count === null || count === 0)) return null
  const measurements = count === null || count === 0 ? 1 : count
  const apart = (Math.floor(between / look) + 1) * look
  return initialDelay + (measurements - 1) * apart + 2 * look
}

function queryOf(conversion: Conversion): string {
  const { metric, spot, report } = conversion
  const at = { ...spot, path: [...spot.path, 'provider', 'prometheus'] }
  const read = report.read(prometheusSchema, metric.provider['prometheus'], at)
  if (read === null) return ''
  const path = ['provider', 'prometheus', 'query']
  const query = filled(path, read.query, conversion)
  if (query.includes('$stable')) {
    say(conversion, path, 'there is no $stable', {
      expected: '$pool, the name of the canary’s pool',
      fix: 'compare with stable by errorRate, such as errorRate: { notWorseThan: 1.5x }',
    })
  } else if (!query.includes('$pool')) {
    report.note(
      'differs',
      { ...spot, path: [...spot.path, ...path] },
      `the query of ${metric.name} names no pool, so it sees what it names, most often both versions`,
      "write $pool where the name of the canary's pool belongs",
    )
  }
  return query
}

function conditionOf(
  key: 'successCondition' | 'failureCondition',
  type: QueryType,
  conversion: Conversion,
): string | null {
  const text = conversion.metric[key]
  // An empty condition is none in Argo.
  if (text === undefined || text === '') return null
  const condition = filled([key], text, conversion)
  const check = checkCondition(condition, type)
  if (check.ok) return condition
  say(conversion, [key], check.message.split('\n')[0] ?? '', {
    received: condition,
    expected: 'a condition over result that Argo Rollouts could evaluate',
    fix: 'write a condition that is true or false for the answer of this query',
  })
  return condition
}

type NumberKey = 'count' | 'failureLimit' | 'inconclusiveLimit' | 'consecutiveErrorLimit' | 'consecutiveSuccessLimit'

function wholeNumber(key: NumberKey, otherwise: number, least: number, conversion: Conversion): number {
  const value = conversion.metric[key]
  if (value === undefined) return otherwise
  const number = parseIntOrString(typeof value === 'string' ? filled([key], value, conversion) : value)
  if (number !== null && number >= least) return number
  say(conversion, [key], 'this is not such a number', {
    received: JSON.stringify(value),
    expected: `a whole number of at least ${least}`,
    fix: 'write it as a whole number',
  })
  return otherwise
}

function durationOf(key: 'interval' | 'initialDelay', text: string, conversion: Conversion): Milliseconds {
  const value = parseGoDuration(filled([key], text, conversion))
  if (value !== null && value <= LONGEST_DURATION) return paced(value, conversion.options)
  say(conversion, [key], value === null ? 'this is not a duration' : 'this is too long', {
    received: JSON.stringify(text),
    expected: value === null ? 'a duration such as 90s or 1h30m' : `at most ${writeDuration(LONGEST_DURATION)}`,
    fix: value === null ? 'write it with its unit' : 'shorten it',
  })
  return 0
}

/** What may stand between double braces: the whole of it is one argument. */
export const PLACEHOLDER = /\{\{([^{}]*)\}\}/g

function filled(path: ProblemPath, text: string, conversion: Conversion): string {
  return text.replaceAll(PLACEHOLDER, (whole, inner: string) => {
    const [, name] = /^\s*args\.([\w.-]+)\s*$/.exec(inner) ?? []
    const value = name === undefined ? undefined : conversion.args.get(name)
    if (value !== undefined) return value
    say(conversion, path, `'${whole}' has no value`, {
      expected: 'an argument that is declared and has a value',
      fix: name === undefined ? 'write {{args.name}}' : `give it a value, or --arg ${name}=…`,
    })
    return whole
  })
}

function say(
  { spot, report }: Conversion,
  path: ProblemPath,
  message: string,
  words: { readonly received?: string; readonly expected: string; readonly fix: string },
): void {
  const whole = [...spot.path, ...path]
  report.problem({ ...spot, path: whole }, { message: `${pathText(whole)}: ${message}`, ...words })
}
