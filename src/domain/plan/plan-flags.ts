import type { FlagStoreCapabilities } from '../capabilities.ts'
import type { Exposure } from '../exposure.ts'
import { type FlagReach, isOff, reachText } from '../flag-reach.ts'
import { nearestWord } from '../nearest-word.ts'
import type { Problem, ProblemPath } from '../problems.ts'
import { formatWeight } from '../units.ts'
import type { Action } from './actions.ts'
import type { Check } from './checks.ts'

/** What holds the feature flags of a target. */
export interface FlagFacts {
  readonly kind: string
  readonly capabilities: FlagStoreCapabilities
  /** The flags there, as far as the installation lists them; null where only the store knows. */
  readonly names: readonly string[] | null
}

/** True when these actions set flags off and do nothing else: such a plan is a way back. */
export function onlySetsOff(actions: readonly Action[]): boolean {
  const exposures = actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure] : []))
  return (
    exposures.length > 0 &&
    exposures.every(({ byFlags, flags = {} }) => byFlags === true && Object.values(flags).every(isOff))
  )
}

/** The flags that these actions set, each once. */
export function flagsIn(actions: readonly Action[]): readonly string[] {
  const named = actions.flatMap((action) => (action.kind === 'expose' ? Object.keys(action.exposure.flags ?? {}) : []))
  return [...new Set(named)]
}

/** Reports what keeps a plan from setting a flag like this at this exposure. `store` is null for a target without one. */
export function reportFlag(
  name: string,
  reach: FlagReach,
  { exposure, store }: { readonly exposure: Exposure; readonly store: FlagFacts | null },
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (store === null) {
    return report({
      rule: 'no-flag-store',
      path,
      message: 'the target has no flag store',
      received: name,
      expected: 'a target with `flags` in sluice.yaml',
      fix: 'ask an administrator to add one, or remove the step',
    })
  }
  reportName(name, store, path, report)
  reportReach(name, reach, store, path, report)
  if (isOff(reach) || exposure.byFlags === true || exposure.weight > 0 || exposure.cohorts.length > 0) return
  report({
    rule: 'flag-before-version',
    path,
    message: 'nobody has the version yet that carries this flag',
    received: `${name}: ${reachText(reach)}`,
    expected: 'a cohort or a weight before it',
    fix: 'move the step behind the first cohort or weight',
  })
}

function reportName(name: string, { names }: FlagFacts, path: ProblemPath, report: (problem: Problem) => void): void {
  if (names === null || names.includes(name)) return
  const near = nearestWord(name, names)
  report({
    rule: 'unknown-flag',
    path,
    message: `the target has no flag ${name}`,
    received: name,
    expected: `one of ${names.slice(0, 10).join(', ')}`,
    fix: near === null ? 'use one of these, or ask an administrator to add it' : `write ${near}`,
  })
}

function reportReach(
  name: string,
  { weight, cohorts }: FlagReach,
  { kind, capabilities }: FlagFacts,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  const { weightStep } = capabilities
  if (weight % weightStep !== 0) {
    report({
      rule: 'flag-store-cannot',
      path,
      message: `the target's flag store (${kind}) cannot set this share of ${name}`,
      received: formatWeight(weight),
      expected: `a multiple of ${formatWeight(weightStep)}`,
      fix: 'round the share',
    })
  }
  if (cohorts.length > 0 && !capabilities.cohorts) {
    report({
      rule: 'flag-store-cannot',
      path,
      message: `the target's flag store (${kind}) cannot give a flag to cohorts`,
      received: cohorts.join(', '),
      expected: 'on, off or a share',
      fix: 'write a share, or use a flag store with cohorts',
    })
  }
}

/** Reports checks whose flag no step of the plan sets: there would be nothing to set off. */
export function reportUnsetFlags(
  checks: readonly Check[],
  actions: readonly Action[],
  report: (problem: Problem) => void,
): void {
  const set = flagsIn(actions)
  for (const { name, onFailFlag } of checks) {
    if (onFailFlag === undefined || set.includes(onFailFlag.flag)) continue
    const near = nearestWord(onFailFlag.flag, set)
    report({
      rule: 'flag-not-set',
      path: ['checks', name, 'onFail', 'flag'],
      message: `no step of the plan sets the flag ${onFailFlag.flag}, so there is nothing to set off`,
      received: onFailFlag.flag,
      expected: set.length === 0 ? 'a step that sets it' : `one of ${set.join(', ')}`,
      fix: near === null ? `add a step such as flag: { ${onFailFlag.flag}: on }` : `write ${near}`,
    })
  }
}
