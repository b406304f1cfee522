import type { MetricSourceCapabilities } from '../capabilities.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import { asidesOf, withAsides } from './check-asides.ts'
import type { CheckContext, CheckForm, FinalAnswer, ReadCheck, SourceNeeds } from './check-form.ts'
import type { Check } from './checks.ts'
import { reportCohort } from './plan-cohorts.ts'
import type { PlanContext, TargetFacts } from './plan-context.ts'
import { reportIssues, singleEntry } from './plan-issues.ts'
import { nameText } from './plan-values.ts'

/** Reads checks, wherever in the plan they stand, and keeps count of the error budget they spend. */
export interface CheckReader {
  readonly read: (checks: Readonly<Record<string, unknown>>, path: ProblemPath) => readonly Check[]
  /** The check with its part of the plan's budget, if it claims none for itself; known once all have been read. */
  readonly withShare: (check: Check) => Check
  readonly comparesWithStable: (check: Check) => boolean
  readonly finalAnswer: (check: Check) => FinalAnswer | null
  readonly boundsHarm: (check: Check) => boolean
  /** The sum over all checks. */
  readonly errorBudget: () => number
}

/** Stands for "its part of the plan's budget", until all checks are known. */
const SHARED = -1

/** A reader for one plan; `confidence` is the plan's own, in (0, 1). */
export function createCheckReader(
  confidence: number,
  facts: TargetFacts | null,
  { checkKinds }: Pick<PlanContext, 'checkKinds'>,
  report: (problem: Problem) => void,
): CheckReader {
  const kinds = new Map<string, CheckForm>(checkKinds.map((kind) => [kind.kind, kind]))
  const kindNames = [...kinds.keys()]
  const names = new Set<string>()
  /** How each check that claims nothing for itself is completed. */
  const sharing = new Map<Check, ReadCheck['complete']>()
  let claimed = 0
  let count = 0
  function readOne(name: string, value: unknown, path: ProblemPath): ReadCheck | null {
    reportName(name, names, path, report)
    const { form, asides } = asidesOf(value, path, report)
    const one = singleEntry(form, kindNames, path, 'check', report)
    const kind = one?.isKnown === true ? kinds.get(one.key) : undefined
    if (one?.isKnown !== true || kind === undefined) return null
    const at = [...path, one.key]
    let asked: SourceNeeds = 'counts'
    const context = checkContext(name, at, facts, report, (needs) => (asked = needs))
    const read = kind.read(one.value, context)
    if ('check' in read && asides.cohort !== undefined)
      reportCohort(asides.cohort, read.check.complete(SHARED), { path, facts, asked, report })
    if ('check' in read) return withAsides(read.check, { ...(kind.warmsUpByItself && { warmsUpFor: 0 }), ...asides })
    reportIssues(read.issues, at, one.value, report, kind.schema)
    return null
  }
  return {
    read(checks, path) {
      const complete: Check[] = []
      for (const [name, value] of Object.entries(checks)) {
        count += 1
        if (count > MOST_CHECKS) {
          if (count === MOST_CHECKS + 1) report(tooMany([...path, name]))
          break
        }
        const check = readOne(name, value, [...path, name])
        if (check === null) continue
        const made = check.complete(check.claims ?? SHARED)
        if (check.spendsBudget && check.claims === null) sharing.set(made, check.complete)
        if (check.claims !== null) claimed += check.claims
        complete.push(made)
      }
      return complete
    },
    withShare(check) {
      const share = Number(((1 - confidence) / Math.max(1, sharing.size)).toPrecision(12))
      return sharing.get(check)?.(share) ?? check
    },
    comparesWithStable: (check) => kinds.get(check.kind)?.comparesWithStable(check) ?? false,
    boundsHarm: (check) => kinds.get(check.kind)?.boundsHarm(check) ?? false,
    finalAnswer: (check) => kinds.get(check.kind)?.finalAnswer(check) ?? null,
    errorBudget: () => Number((claimed + (sharing.size > 0 ? 1 - confidence : 0)).toPrecision(12)),
  }
}

/** Checks of a whole plan, those of its steps included: each is asked at every look. */
const MOST_CHECKS = 100

function tooMany(path: ProblemPath): Problem {
  return {
    rule: 'too-many-checks',
    path,
    message: 'the plan has too many checks',
    expected: `at most ${MOST_CHECKS}, in all steps together`,
    fix: 'remove checks',
  }
}

function checkContext(
  name: string,
  path: ProblemPath,
  facts: TargetFacts | null,
  report: (problem: Problem) => void,
  onAsked: (needs: SourceNeeds) => void,
): CheckContext {
  return {
    name,
    path,
    report,
    source(named, needs) {
      onAsked(needs)
      return facts === null ? (named ?? '') : pickSource(named, needs, facts, path, report)
    },
  }
}

function pickSource(
  named: string | undefined,
  needs: SourceNeeds,
  facts: TargetFacts,
  path: ProblemPath,
  report: (problem: Problem) => void,
): string {
  const able = Object.entries(facts.metrics)
    .filter(([, capabilities]) => canAnswer(capabilities, needs))
    .map(([source]) => source)
  if (named !== undefined && able.includes(named)) return named
  const only = able.length === 1 ? able[0] : undefined
  if (named === undefined && only !== undefined) return only
  const events = typeof needs === 'string' ? [] : eventsOf(facts, named)
  report({
    rule: 'metric-source',
    path: named === undefined ? path : [...path, 'source'],
    message: sourceMessage(named, needs, facts, able),
    ...(named !== undefined && { received: named }),
    ...adviceFor(able, events, needs),
  })
  return named ?? ''
}

function canAnswer({ counts, latency, queries, events }: MetricSourceCapabilities, needs: SourceNeeds): boolean {
  if (typeof needs !== 'string') return counts && (events === undefined || events.includes(needs.event))
  switch (needs) {
    case 'counts':
      return counts
    case 'latency':
      return latency
    case 'queries':
      return queries !== null
  }
}

/** Events that the named source, or any of the target's, counts. */
function eventsOf({ metrics }: TargetFacts, named: string | undefined): readonly string[] {
  const asked = Object.entries(metrics).filter(([name]) => named === undefined || name === named)
  return [...new Set(asked.flatMap(([, { events = [] }]) => events))]
}

function adviceFor(
  able: readonly string[],
  events: readonly string[],
  needs: SourceNeeds,
): Pick<Problem, 'expected' | 'fix'> {
  if (able.length > 0) return { expected: `one of ${able.join(', ')}`, fix: 'name one of them as source' }
  if (events.length > 0)
    return {
      expected: `of: one of ${events.join(', ')}`,
      fix: 'use one of these events, or ask an administrator to add it to sluice.yaml',
    }
  return {
    expected: `a target with a source that answers ${needsText(needs)}`,
    fix: 'use another check, or ask an administrator for a source',
  }
}

function needsText(needs: SourceNeeds): string {
  return typeof needs === 'string' ? needs : `how many ${needs.event} there were`
}

function sourceMessage(
  named: string | undefined,
  needs: SourceNeeds,
  facts: TargetFacts,
  able: readonly string[],
): string {
  if (named === undefined)
    return `${able.length === 0 ? 'no' : 'more than one'} metric source of the target answers ${needsText(needs)}`
  const isKnown = Object.hasOwn(facts.metrics, named)
  return isKnown ? `this metric source does not answer ${needsText(needs)}` : 'the target has no such metric source'
}

function reportName(name: string, names: Set<string>, path: ProblemPath, report: (problem: Problem) => void): void {
  if (!nameText.safeParse(name).success) {
    const expected = 'lower-case letters, digits and dashes, at most 63'
    report({
      rule: 'check-name',
      path,
      message: 'this cannot be the name of a check',
      received: name,
      expected,
      fix: 'rename it',
    })
  }
  if (names.has(name)) {
    const fix = 'give each check of the plan its own name'
    report({
      rule: 'check-name',
      path,
      message: 'two checks have this name',
      received: name,
      expected: 'a name that no other check has',
      fix,
    })
  }
  names.add(name)
}
