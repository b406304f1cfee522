import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/domain/plan/actions.ts'
import type { Check } from '../../../src/domain/plan/checks.ts'
import { openLines, type ReadinessAnswers } from '../../../src/domain/readiness/answers.ts'
import {
  automaticAnswer,
  capacityAnswer,
  namesAnswer,
  routingAnswer,
  undoAnswer,
  undosIn,
  versionAnswer,
  wayBackAnswer,
} from '../../../src/domain/readiness/rules.ts'

const origin = { step: 1, label: 'a step' }
const instance = (says: string | null, fault: string | null = null) => ({ instance: 'shop.example', says, fault })

describe('the way back', () => {
  it('works where a write that changes nothing was read back', () => {
    expect(wayBackAnswer({ kind: 'shown', stable: 'blue' })).toMatchObject({ outcome: 'pass' })
  })

  it('does not where the router is somewhere else, and is not known while another has it', () => {
    const unrouted = wayBackAnswer({ kind: 'unrouted', flags: 'flag search off' })
    expect(unrouted).toMatchObject({
      outcome: 'pass',
      text: expect.stringMatching(/^there is no router .*: flag search off$/),
    })
    const shows = wayBackAnswer({ kind: 'not-at-rest', shows: '5%', wanted: '0%' })
    expect(shows).toMatchObject({ outcome: 'fail', text: 'the router shows 5% instead of 0%, so nothing was written' })
    expect(wayBackAnswer({ kind: 'taken', by: 'a release runs' }).outcome).toBe('unknown')
  })
})

describe('one version', () => {
  it.each([
    ['2.4.0', '2.3.9', 'pass'],
    ['2.3.9', '2.3.9', 'fail'],
    ['2.4.0', '2.4.0', 'fail'],
    [null, '2.3.9', 'unknown'],
    ['2.4.0', null, 'unknown'],
  ])('is reached with a ticket as %s and without as %s: %s', (tester, others, outcome) => {
    const sight = { tester: instance(tester, 'timeout'), others: instance(others, 'timeout') }
    expect(routingAnswer('2.4.0', sight).outcome).toBe(outcome)
  })
})

describe('the capacity of stable', () => {
  it.each([
    [{ blue: { ready: 4, total: 4 } }, 'pass'],
    [{ blue: { ready: 3, total: 4 } }, 'fail'],
    [{ green: { ready: 4, total: 4 } }, 'fail'],
  ])('of %j is a %s', (health, outcome) => {
    expect(capacityAnswer(health, 'blue', 1).outcome).toBe(outcome)
  })
})

describe('the version of the canary pool', () => {
  it('is proven by every instance or not at all', () => {
    expect(versionAnswer('2.4.0', 'green', [instance('2.4.0')]).outcome).toBe('pass')
    const other = versionAnswer('2.4.0', 'green', [instance('2.4.0'), instance('2.3.9')])
    expect(other).toMatchObject({ outcome: 'fail', fix: 'deploy 2.4.0 to green, then ask again' })
    expect(versionAnswer('2.4.0', 'green', []).outcome).toBe('fail')
  })
})

describe('what takes calls back', () => {
  const hook = (call: string, undo?: string): Action => ({ ...origin, kind: 'hook', call, ...(undo && { undo }) })

  it('is each undo once', () => {
    expect(undosIn([hook('a', 'z'), hook('b'), hook('c', 'z')])).toEqual(['z'])
  })

  it.each([
    [{ kind: 'yes', reason: '' }, 'pass'],
    [{ kind: 'no', reason: 'the table is gone' }, 'fail'],
    [{ kind: 'wait', reason: '' }, 'unknown'],
    [{ kind: 'unreadable', reason: 'it answered 500' }, 'unknown'],
    [null, 'unknown'],
  ] as const)('answers %j: %s', (dry, outcome) => {
    const sure = { call: 'sure', dry: { kind: 'yes', reason: '' } } as const
    expect(undoAnswer([sure, { call: 'restore', dry }]).outcome).toBe(outcome)
  })

  it('is nothing in a plan without hooks', () => {
    expect(undoAnswer([]).outcome).toBe('pass')
  })
})

describe('the names of a plan', () => {
  const ask: Action = {
    ...{ ...origin, kind: 'ask', by: 'owners', people: ['alice', 'bob'], need: 2, notAuthor: true },
    ...{ within: 1, onExpiry: 'pause' },
  }
  const found = { missingFlags: [], flagFault: null }

  it('need people enough beside the author', () => {
    expect(namesAnswer({ actions: [ask] }, 'carol', found)).toEqual({
      outcome: 'pass',
      text: 'all exist: approvers owners',
    })
    expect(namesAnswer({ actions: [ask] }, 'alice', found)).toMatchObject({
      outcome: 'fail',
      text: 'step 1 needs 2 of owners, and 1 of them may approve',
    })
  })

  it('need flags that their store has', () => {
    expect(namesAnswer({ actions: [] }, 'alice', { ...found, missingFlags: ['new'] }).outcome).toBe('fail')
    expect(namesAnswer({ actions: [] }, 'alice', { ...found, flagFault: 'no answer' }).outcome).toBe('unknown')
  })
})

describe('pause and rollback', () => {
  const check = (onFail?: Check['onFail']): Check => ({
    ...{ kind: 'error-rate', name: 'errors', source: 'proxy' },
    ...(onFail !== undefined && { onFail }),
  })
  const judged: Action = { ...origin, kind: 'judge', duration: 1, checks: [check('rollback')] }

  it('are automatic where a check of the plan stops it', () => {
    const plan = { onFail: 'rollback', checks: [check()], actions: [] } as const
    expect(automaticAnswer(plan)).toEqual({ outcome: 'pass', text: 'nobody has to be there: errors (rollback)' })
  })

  it.each([
    ['no check', { checks: [], actions: [] }],
    ['checks that only warn or hold', { checks: [check('warn'), check('hold')], actions: [] }],
    ['checks that watch one step', { checks: [check('warn')], actions: [judged] }],
  ])('are not with %s', (_, parts) => {
    expect(automaticAnswer({ onFail: 'rollback', ...parts }).outcome).toBe('fail')
  })
})

describe('what keeps a release from beginning', () => {
  const lines: ReadinessAnswers['lines'] = [
    { item: 'metrics', outcome: 'pass', text: 'fine' },
    { item: 'version', outcome: 'unknown', text: 'nobody knows', fix: 'say it' },
    { item: 'rehearsal', outcome: 'fail', text: 'never', fix: 'rehearse it' },
  ]

  it('is every no, and everything that is not known', () => {
    expect(openLines({ lines }, []).map(({ item }) => item)).toEqual(['version', 'rehearsal'])
    expect(openLines({ lines }, ['version', 'metrics']).map(({ item }) => item)).toEqual(['rehearsal'])
  })
})
