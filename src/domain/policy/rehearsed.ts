import type { Problem } from '../problems.ts'
import { type Rehearsal, rehearsalAnswer } from '../readiness/rehearsal.ts'
import type { Instant, Milliseconds } from '../units.ts'
import type { HeldPolicy } from './held-policy.ts'

interface Governed {
  readonly policies?: readonly HeldPolicy[]
}

/** What a target keeps of rehearsals, and what a rehearsal must be of to count. */
export interface RehearsalRecord {
  readonly rehearsals: readonly Rehearsal[]
  readonly planHash: string
  readonly configHash: string
}

/** The oldest that a rehearsal of this plan may be; undefined where no policy asks for one. */
export function rehearsedWithin({ policies = [] }: Governed): Milliseconds | undefined {
  const asked = policies.flatMap((policy) => policy.rehearsedWithin ?? [])
  return asked.length === 0 ? undefined : Math.min(...asked)
}

/** Why the plan may not start, each with the policy that says so; the record is answered for as in the checklist. */
export function unrehearsed(
  { policies = [] }: Governed,
  { rehearsals, ...wanted }: RehearsalRecord,
  now: Instant,
): readonly Problem[] {
  return policies.flatMap(({ name, rehearsedWithin: within }) => {
    if (within === undefined) return []
    const answer = rehearsalAnswer(rehearsals, { ...wanted, now, within })
    if (answer.outcome === 'pass') return []
    const { text, fix } = answer
    const message = `${text}: the policy ${name} asks for more (rehearsal)`
    return [{ rule: 'policy.rehearsal', path: ['steps'], message, fix }]
  })
}
