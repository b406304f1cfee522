import type { Exposure } from '../exposure.ts'
import type { Problem } from '../problems.ts'
import { FULL_WEIGHT } from '../units.ts'
import type { Check } from './checks.ts'
import type { Traced } from './plan-steps.ts'

/**
 * Reports waits that could never end well because a check has nothing to compare there: at 100% stable has no requests,
 * so what a comparison showed before stands, if it was asked before; and without anybody on the canary nothing is shown. Copies
 * show something, but of other requests than users will send: at 100% that is not enough.
 */
export function reportIncomparable(
  actions: readonly Traced[],
  checks: readonly Check[],
  comparesWithStable: (check: Check) => boolean,
  report: (problem: Problem) => void,
): void {
  const isByFlags = actions.some((action) => action.kind === 'expose' && action.exposure.byFlags === true)
  let standing: Standing = 'nobody'
  let wasCompared = false
  /** The last step in which both pools had users while something was watched. */
  let comparedAt = 0
  for (const action of actions) {
    if (action.kind === 'unread') {
      // It may be the wait in which everything is compared.
      wasCompared = true
      comparedAt = Number.POSITIVE_INFINITY
      standing = action.exposure === null ? 'some' : standingOf(action.exposure)
    }
    if (action.kind === 'expose') standing = standingOf(action.exposure)
    if (action.kind !== 'bake' && action.kind !== 'judge') continue
    wasCompared ||= standing === 'some'
    if (standing === 'some') comparedAt = Math.max(comparedAt, action.step)
    const isKnown = action.kind === 'judge' && action.begunAtStep !== undefined && comparedAt > action.begunAtStep
    const own = action.kind === 'judge' && !isKnown ? action.checks : []
    const unasked =
      standing === 'some' || standing === 'copies'
        ? []
        : [...(wasCompared ? [] : checks), ...own].filter(comparesWithStable)
    if (unasked.length === 0) continue
    const names = unasked.map(({ name }) => name).join(', ')
    report({
      rule: 'nothing-to-compare',
      path: ['steps', action.step - 1],
      received: action.label,
      ...(standing === 'nobody' ? nobodyWords(names, isByFlags) : everybodyWords(names, isByFlags)),
    })
  }
}

const BOTH_POOLS = 'a bake while both pools have users'
const SOME_HAVE_IT = 'a bake while some users have it and some do not'

function nobodyWords(names: string, isByFlags: boolean) {
  return {
    message: `nobody ${isByFlags ? 'has the flag' : 'is on the canary'} here, so ${names} could never pass`,
    expected: isByFlags ? SOME_HAVE_IT : BOTH_POOLS,
    fix: isByFlags ? 'set the flag for some users before it' : 'put a weight or a cohort before it',
  }
}

function everybodyWords(names: string, isByFlags: boolean) {
  return {
    message: isByFlags
      ? `everybody has the flag here, so ${names} has nobody without it to compare with`
      : `everybody is on the canary here, so ${names} has no stable to be compared with`,
    expected: isByFlags ? SOME_HAVE_IT : BOTH_POOLS,
    fix: `add a bake at a lower ${isByFlags ? 'share' : 'weight'} before it, or use a fixed limit (max) here`,
  }
}

type Standing = 'nobody' | 'copies' | 'some' | 'everybody'

function standingOf({ weight, cohorts, mirror }: Exposure): Standing {
  if (weight === FULL_WEIGHT) return 'everybody'
  if (weight > 0 || cohorts.length > 0) return 'some'
  return mirror === undefined ? 'nobody' : 'copies'
}
