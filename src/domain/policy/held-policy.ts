import type { Milliseconds } from '../units.ts'

/** A policy that a plan keeps, as a release carries it: plain JSON. */
export interface HeldPolicy {
  readonly name: string
  /** Its rules, as sentences. */
  readonly says: readonly string[]
  /** Present where it says how long weights are held: the people who may end a bake all the same, with a reason. */
  readonly mayShorten?: readonly string[]
  /** Present where the plan may not start without a rehearsal of itself that is not older. */
  readonly rehearsedWithin?: Milliseconds
}

/** Why this person may not end a bake below 100% of a release that keeps these policies; null when they may. */
export function shorteningBarred(
  policies: readonly HeldPolicy[],
  person: string,
  reason: string,
): { readonly code: 'command.forbidden' | 'command.refused'; readonly message: string; readonly fix: string } | null {
  for (const { name, mayShorten } of policies) {
    if (mayShorten === undefined) continue
    if (!mayShorten.includes(person)) {
      const fix =
        mayShorten.length === 0 ? 'wait for its end' : `wait for its end, or ask one of ${mayShorten.join(', ')}`
      return {
        code: 'command.forbidden',
        message: `the policy ${name} says how long this bake lasts, and ${person} may not end it`,
        fix,
      }
    }
    if (reason === '')
      return {
        code: 'command.refused',
        message: `ending a bake that the policy ${name} asks for needs a reason`,
        fix: 'give one, which everybody will read',
      }
  }
  return null
}
