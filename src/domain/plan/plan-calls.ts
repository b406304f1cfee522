import { type Problem, type ProblemPath, useOneOr } from '../problems.ts'
import type { Milliseconds } from '../units.ts'

/** A call of `sluice.yaml` as plans need to know it. */
export interface CallFacts {
  readonly kind: 'webhook' | 'command'
  /** True when its answer comes later, so that it cannot be asked for a yes. */
  readonly answersLater: boolean
}

/** How a target proves which version a pool runs. */
export interface ProofFacts {
  /** How long the instances may take to say it. */
  readonly within: Milliseconds
}

/** The calls that plans of a target may name; null while the target is not known. */
type KnownCalls = Readonly<Record<string, CallFacts>> | null

/** Reports a call that is not there; `use` is what the plan wants of it. Answers whether it may be used. */
export function reportCall(
  name: string,
  use: 'hook' | 'gate',
  calls: KnownCalls,
  path: ProblemPath,
  report: (problem: Problem) => void,
): void {
  if (calls === null) return
  const call = Object.hasOwn(calls, name) ? calls[name] : undefined
  if (call === undefined) {
    const known = Object.keys(calls)
    report({
      rule: 'unknown-call',
      path,
      message: 'there is no such call for this target',
      received: name,
      expected: `a name from hooks of sluice.yaml: ${known.join(', ') || 'none is there for this target'}`,
      fix: useOneOr(known, 'ask an administrator to define this one'),
    })
    return
  }
  if (use === 'hook' || !call.answersLater) return
  report({
    rule: 'call-answers-later',
    path,
    message: 'a gate cannot wait for this call: it is answered by a callback, once, and a gate asks again and again',
    received: name,
    expected: 'a call without callback',
    fix: 'remove callback from the call in sluice.yaml, or name another call',
  })
}
