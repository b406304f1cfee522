import { z } from 'zod'
import { type CheckContext, defineReading, NO_CLAIM } from '../../domain/plan/check-form.ts'
import { reportIssues } from '../../domain/plan/plan-issues.ts'
import type { Parts } from '../../domain/plan/plan-parts.ts'
import { durationText, nameText } from '../../domain/plan/plan-values.ts'
import { formatDuration, type Milliseconds } from '../../domain/units.ts'
import { type CheckKind, defineCheck } from '../checks/check-kind.ts'
import { formatCount } from '../explain.ts'
import type { PowerWords } from '../power/check-power.ts'
import { canaryConfigSchema } from './canary-config.ts'
import {
  dueJudgments,
  type KayentaCheck,
  type KayentaState,
  MOST_POINTS,
  MOST_STEPS,
  startKayenta,
  stepKayenta,
} from './kayenta-judge.ts'

const { $schema: _draft, ...configShape } = z.toJSONSchema(canaryConfigSchema, { io: 'input', unrepresentable: 'any' })

const HOUR: Milliseconds = 3_600_000
const longerThanZero = durationText.refine((duration) => duration > 0, { error: 'expected longer than 0s' })
const score = z.number().min(0).max(100)

const kayentaOptions = z.strictObject({
  source: nameText.optional(),
  // Read apart, so that what only Kayenta knows (two metrics of one name) is said in its own words.
  config: z.unknown().meta(configShape),
  queries: z.record(z.string().min(1), z.string().min(1).max(4_000)),
  step: longerThanZero.default(60_000),
  lifetime: longerThanZero.default(3 * HOUR),
  interval: longerThanZero.optional(),
  warmUp: durationText.default(0),
  pass: score.optional(),
  marginal: score.optional(),
})

type KayentaOptions = z.output<typeof kayentaOptions>
type Config = z.output<typeof canaryConfigSchema>

/** The judge's state with its tag. */
interface TaggedState {
  readonly kind: 'kayenta'
  readonly kayenta: KayentaState
}

/** Kayenta's judge with a canary config as teams have it. */
export const kayentaKind: CheckKind<KayentaCheck> = defineCheck<KayentaCheck, TaggedState>({
  kind: 'kayenta',
  summary: 'A Kayenta canary config, judged by Kayenta’s own rules over named queries, canary against stable.',
  reading: defineReading({
    schema: kayentaOptions,
    needs: () => 'queries',
    rules(parts, context) {
      const { queries, step, lifetime, pass, marginal } = parts.read
      const config = parts.has('config') ? readConfig(parts.read.config, context) : null
      if (config !== null && queries !== undefined) reportQueries(config, queries, context)
      const interval = intervalOf(parts)
      if (step !== undefined && interval !== null) reportOrder('step', step, 'interval', interval, context)
      if (lifetime !== undefined && interval !== null) reportOrder('interval', interval, 'lifetime', lifetime, context)
      if ((parts.has('pass') && pass === undefined) || (parts.has('marginal') && marginal === undefined)) return
      const thresholds = thresholdsOf({ pass, marginal }, config)
      if (thresholds.marginal > thresholds.pass) reportThresholds(thresholds.pass, thresholds.marginal, context)
    },
    read(options, { name, source }) {
      const config = canaryConfigSchema.safeParse(options.config).data ?? null
      const { step, lifetime, warmUp } = options
      const interval = options.interval ?? Math.min(HOUR, lifetime)
      const { pass, marginal } = thresholdsOf(options, config)
      return {
        ...NO_CLAIM,
        complete: () => ({
          ...{ kind: 'kayenta', name, source, config: options.config },
          ...{ queries: config === null ? {} : queriesFor(config, options) },
          ...{ step, lifetime, interval, warmUp, pass, marginal },
        }),
      }
    },
  }),
  question: ({ queries, lifetime, pass, marginal }) =>
    `Kayenta's score, ${Object.keys(queries).length} metrics over ${formatDuration(lifetime)}: passes at ${pass}, fails below ${marginal}`,
  comparesWithStable: () => true,
  warmsUpByItself: true,
  finalAnswer: ({ warmUp, lifetime }) => ({
    after: warmUp + lifetime,
    what: 'its final score',
    why: warmUp > 0 ? ` (warmUp ${formatDuration(warmUp)}, lifetime ${formatDuration(lifetime)})` : '',
    options: warmUp > 0 ? 'warmUp or lifetime' : 'lifetime',
  }),
  queries: ({ queries }) => queries,
  states: ['kayenta'],
  start: (check) => ({ kind: 'kayenta', kayenta: startKayenta(check) }),
  step(check, { kayenta }, input) {
    const { state, verdict } = stepKayenta(check, kayenta, input)
    return { state: { kind: 'kayenta', kayenta: state }, verdict }
  },
  power: (check) => ({ words: (watched) => wordsOf(check, watched) }),
})

function intervalOf({ read, has }: Parts<KayentaOptions>): number | null {
  const { interval, lifetime } = read
  if (interval !== undefined) return interval
  return has('interval') || lifetime === undefined ? null : Math.min(HOUR, lifetime)
}

/** Thresholds: the check's own, else the config's, else Kayenta's usual ones. */
function thresholdsOf(
  options: Pick<KayentaOptions, 'pass' | 'marginal'>,
  config: Config | null,
): { pass: number; marginal: number } {
  const { pass = 95, marginal = 75 } = config?.classifier.scoreThresholds ?? {}
  return { pass: options.pass ?? pass, marginal: options.marginal ?? marginal }
}

function readConfig(value: unknown, context: CheckContext): Config | null {
  const path = [...context.path, 'config']
  const parsed = canaryConfigSchema.safeParse(value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    if (issue.code !== 'custom') reportIssues([issue], path, value, context.report, canaryConfigSchema)
    else {
      const inner = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
      const expected = 'a canary config that Kayenta would accept'
      context.report({
        rule: 'canary-config',
        path: [...path, ...inner],
        message: issue.message,
        expected,
        fix: 'change the config so that Kayenta would accept it',
      })
    }
  }
  return null
}

const judgedNames = (config: Config): readonly string[] =>
  config.metrics.flatMap(({ name, analysisConfigurations }) =>
    analysisConfigurations?.canary?.muted === true ? [] : [name],
  )

function queriesFor(config: Config, { queries }: KayentaOptions): Readonly<Record<string, string>> {
  const judged = new Set(judgedNames(config))
  return Object.fromEntries(Object.entries(queries).filter(([name]) => judged.has(name)))
}

function reportQueries(config: Config, queries: KayentaOptions['queries'], context: CheckContext): void {
  const path = [...context.path, 'queries']
  const judged = judgedNames(config)
  const known = new Set(config.metrics.map(({ name }) => name))
  if (judged.length === 0) {
    context.report({
      rule: 'canary-config',
      path: [...context.path, 'config', 'metrics'],
      message: 'every metric of this config is muted: nothing would be judged',
      expected: 'at least one metric that is not muted',
      fix: 'remove muted from a metric',
    })
  }
  for (const name of judged) {
    if (Object.hasOwn(queries, name)) continue
    context.report({
      rule: 'kayenta-queries',
      path,
      message: `the metric ${name} of the config has no query`,
      expected: 'a query for each metric that is not muted',
      fix: `add ${name} with its query`,
    })
  }
  for (const [name, query] of Object.entries(queries)) {
    if (!known.has(name)) {
      context.report({
        rule: 'kayenta-queries',
        path: [...path, name],
        message: 'the config has no metric of this name',
        received: name,
        expected: `one of ${[...known].join(', ')}`,
        fix: 'remove the query, or name it after one of these metrics',
      })
    } else if (!query.includes('$pool')) {
      context.report({
        rule: 'kayenta-queries',
        path: [...path, name],
        message: 'this query cannot tell the canary from stable',
        received: query,
        expected: '$pool where the name of the pool belongs',
        fix: 'add $pool, such as {pool="$pool"}',
      })
    }
  }
}

function reportOrder(short: string, shortest: number, long: string, longest: number, context: CheckContext): void {
  if (shortest <= longest) return
  context.report({
    rule: 'kayenta-times',
    path: context.path,
    message: `${short} is longer than ${long}`,
    received: `${short} ${formatDuration(shortest)}, ${long} ${formatDuration(longest)}`,
    expected: 'step ≤ interval ≤ lifetime',
    fix: `shorten ${short} or lengthen ${long}`,
  })
}

function reportThresholds(pass: number, marginal: number, context: CheckContext): void {
  context.report({
    rule: 'kayenta-thresholds',
    path: context.path,
    message: 'a score could pass and fail at once',
    received: `pass ${pass}, marginal ${marginal}`,
    expected: 'marginal at most pass',
    fix: 'lower marginal or raise pass',
  })
}

/** Points per metric below which Kayenta's documentation advises against a judgement. */
const ENOUGH_POINTS = 50

function wordsOf(check: KayentaCheck, watched: Milliseconds): PowerWords {
  const usable = Math.max(0, watched - check.warmUp)
  const { count: judgements } = dueJudgments(check, usable)
  const metrics = Math.max(1, Object.keys(check.queries).length)
  const mostSteps = Math.max(1, Math.min(MOST_STEPS, Math.floor(MOST_POINTS / (2 * metrics))))
  const step = Math.max(check.step, check.lifetime / mostSteps)
  const points = Math.floor(Math.min(usable, check.lifetime) / step)
  const given = `${formatDuration(watched)} of watching give ${counted(judgements, 'judgement')} and ${counted(points, 'point')} per metric`
  const lack =
    judgements < 1
      ? `; the first judgement comes after ${formatDuration(check.warmUp + Math.min(check.interval, check.lifetime))}`
      : points < ENOUGH_POINTS
        ? `; Kayenta recommends ${ENOUGH_POINTS} points`
        : ''
  return { text: `Kayenta's score has no error probability; ${given}${lack}`, isWeak: lack !== '' }
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
