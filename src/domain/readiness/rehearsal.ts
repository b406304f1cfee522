import { formatDuration, type Instant, type Milliseconds } from '../units.ts'
import { fail, pass, type ReadinessAnswer } from './answers.ts'

/** One run of a rehearsal: what was made to happen, how it had to end, and how it did. */
export interface RehearsedRun {
  readonly name: string
  readonly expected: string
  readonly came: string
  readonly isRight: boolean
}

/** What a rehearsal has shown of one plan under one configuration. Plain JSON. */
export interface Rehearsal {
  readonly planHash: string
  readonly configHash: string
  readonly at: Instant
  readonly by: string
  readonly runs: readonly RehearsedRun[]
  /** What of the plan was left out, because whoever rehearsed it said so; each as one clause. */
  readonly leftOut: readonly string[]
}

/** So many are kept per target. */
const MOST_KEPT = 10

/** The newest of each plan and configuration, oldest first. */
export function withRehearsal(known: readonly Rehearsal[], fresh: Rehearsal): readonly Rehearsal[] {
  const others = known.filter((one) => one.planHash !== fresh.planHash || one.configHash !== fresh.configHash)
  return [...others, fresh].slice(-MOST_KEPT)
}

interface Wanted {
  readonly planHash: string
  readonly configHash: string
  readonly now: Instant
  /** A policy's: an older one is none. */
  readonly within?: Milliseconds | undefined
}

const REHEARSE = 'rehearse it: sluice rehearse <plan.yaml>'

/** Whether the plan was rehearsed as it is now. */
export function rehearsalAnswer(
  known: readonly Rehearsal[],
  { planHash, configHash, now, within = Infinity }: Wanted,
): ReadinessAnswer {
  const ofPlan = known.filter((one) => one.planHash === planHash)
  const newest = ofPlan.findLast((one) => one.configHash === configHash)
  if (newest === undefined) return fail(neverText(known.length > 0, ofPlan.length > 0), REHEARSE)
  const wrong = newest.runs.filter(({ isRight }) => !isRight)
  const when = `${formatDuration(Math.max(0, now - newest.at))} ago by ${newest.by}`
  if (newest.runs.length === 0) return fail(`the rehearsal ${when} has run nothing`, REHEARSE)
  if (wrong.length > 0)
    return fail(
      `rehearsed ${when}, and it did not go as it should: ${wrong.map(({ name, came }) => `${name}: ${came}`).join(', ')}`,
      'mend the plan, or give it more to see, then rehearse it again: sluice rehearse <plan.yaml> --bake 20s',
    )
  if (now - newest.at > within) return fail(`rehearsed ${when}, longer ago than ${formatDuration(within)}`, REHEARSE)
  const without = newest.leftOut.length === 0 ? '' : `, without ${newest.leftOut.join(', ')}`
  return pass(`rehearsed ${when}: all ${newest.runs.length} runs ended as they should${without}`)
}

function neverText(isOther: boolean, isOtherConfiguration: boolean): string {
  if (isOtherConfiguration) return 'the configuration of the target has changed since this plan was rehearsed'
  return isOther ? 'the plan has changed since it was rehearsed' : 'the plan was never rehearsed'
}
