import { describe, expect, it } from 'vitest'
import type { GuardOutcome, GuardState } from '../../../src/domain/release/guard.ts'
import { decisionOf } from '../../../src/domain/release/guard-decision.ts'

const common = { reason: 'because', state: {} as GuardState }
const failed = { kind: 'failed', check: 'errors', ...common } as const

describe('what a guard that ended by itself means', () => {
  it.each([
    ['rollback', { kind: 'abandon', cause: 'failed-check' }],
    ['pause', { kind: 'pause', cause: 'failed-check' }],
  ] as const)('is for a failed check what its failure does: %s', (failure, decision) => {
    expect(decisionOf(failed, { failure, isKept: true })).toEqual(decision)
  })

  it.each([
    ['rollback', { kind: 'abandon', cause: 'version' }],
    ['pause', { kind: 'pause', cause: 'version' }],
  ] as const)('is for a canary that was replaced what the plan does: %s', (failure, decision) => {
    expect(decisionOf({ kind: 'replaced', ...common }, { failure, isKept: true })).toEqual(decision)
  })

  it.each<[GuardOutcome['kind'], object]>([
    ['floor', { kind: 'abandon', cause: 'floor' }],
    ['blind', { kind: 'inconclusive' }],
    ['misrouted', { kind: 'pause', cause: 'split' }],
    ['drifting', { kind: 'pause', cause: 'drift' }],
    ['foreign', { kind: 'abandon', cause: 'superseded' }],
    ['proven', { kind: 'end-bake' }],
    ['noted', { kind: 'go-on' }],
    ['repaired', { kind: 'go-on' }],
  ])('is for %s whatever the plan does with failed checks', (kind, decision) => {
    for (const failure of ['rollback', 'pause'] as const)
      expect(decisionOf({ kind, ...common } as GuardOutcome, { failure, isKept: true })).toEqual(decision)
  })

  it('is what a blind check says itself, where it does', () => {
    const outcome = { kind: 'blind', then: 'rollback', ...common } as const
    expect(decisionOf(outcome, { failure: 'pause', isKept: true })).toEqual({ kind: 'inconclusive', then: 'rollback' })
  })

  it('is a pause for releases of an older version, where others are abandoned or paused for the split', () => {
    const old = { failure: 'rollback', isKept: false } as const
    expect(decisionOf({ kind: 'foreign', ...common }, old)).toEqual({ kind: 'pause', cause: 'foreign-change' })
    expect(decisionOf({ kind: 'misrouted', ...common }, old)).toEqual({ kind: 'pause', cause: 'router' })
  })
})
