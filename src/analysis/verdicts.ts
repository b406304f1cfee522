import type { Verdict } from '../domain/verdict.ts'

/** An inconclusive verdict. */
export function inconclusive(cause: 'blind' | 'undecided', reason: string, evidence: Verdict['evidence']): Verdict {
  return { outcome: 'inconclusive', cause, reason, evidence }
}

/** The verdict of a look that has shown no breach: no pass while one is likely. */
export function unshown(isInDoubt: boolean, reason: string, evidence: Verdict['evidence']): Verdict {
  return isInDoubt ? inconclusive('undecided', reason, evidence) : { outcome: 'pass', reason, evidence }
}
