import { describe, expect, it } from 'vitest'
import type { Check } from '../../../src/domain/plan/checks.ts'
import type { GuardState, WatchedCheck } from '../../../src/domain/release/guard.ts'
import { entryText, heldWords, type LedgerEntry, ledgerEvents } from '../../../src/domain/release/ledger.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'

const ORDERS: Check = { kind: 'rate', name: 'orders', source: 'shop', onFail: 'warn' }
const QUEUE: Check = { kind: 'query', name: 'queue', source: 'shop', onFail: 'hold' }
const verdict = { outcome: 'fail', reason: 'too few', evidence: { judge: 'none', figures: {} } } as const
const inTrouble = (since: number): WatchedCheck => ({
  ...{ state: null, verdict },
  trouble: { since, reason: 'too few', evidenceFrom: 0, failedAt: since, passingSince: null },
})
const guardOf = (checks: GuardState['checks']) => ({ checks }) as GuardState

/** The release after the guard has said this at these times. */
function releaseAfter(said: readonly (readonly [number, GuardState['checks']])[]): ReleaseState {
  return said.reduce((state, [at, checks]) => {
    const events = ledgerEvents(state.ledger ?? [], [ORDERS, QUEUE], guardOf(checks), 'rollback')
    return events.reduce((before, event) => reduce(before, { ...event, at }), state)
  }, beginState('release/shop/production/1'))
}

describe('the ledger of a release', () => {
  it('has one entry for each time in which a check failed, with the sentence of the failure', () => {
    const { ledger, trail } = releaseAfter([
      [10, { orders: inTrouble(9) }],
      [20, { orders: inTrouble(9) }],
      [30, { orders: { state: null, verdict } }],
      [40, { orders: inTrouble(39), queue: inTrouble(40) }],
    ])
    expect(ledger).toMatchObject([
      { check: 'orders', only: 'warn', since: 9, until: 30, reason: 'orders: too few', would: 'rollback' },
      { check: 'orders', since: 39, until: null },
      { check: 'queue', only: 'hold', since: 40, until: null },
    ])
    expect(trail.map(({ text }) => text)).toEqual([
      'would have rolled back: orders: too few',
      'orders passes again',
      'would have rolled back: orders: too few',
      'held: queue: too few',
    ])
  })

  it('is absent as long as no check has failed', () => {
    expect(releaseAfter([[10, { orders: { state: null, verdict } }]])).not.toHaveProperty('ledger')
  })

  it('says why a release is held as long as it is', () => {
    const held = releaseAfter([[10, { queue: inTrouble(9), orders: inTrouble(9) }]])
    expect(heldWords(held)).toBe('held: queue: too few')
    expect(heldWords({ ...held, endedAt: 20 })).toBeNull()
    expect(heldWords(beginState('release/shop/production/1'))).toBeNull()
  })

  it('keeps the newest fifty entries', () => {
    const said = Array.from({ length: 120 }, (_, index): [number, GuardState['checks']] => [
      index,
      { orders: index % 2 === 0 ? inTrouble(index) : { state: null, verdict } },
    ])
    const { ledger = [] } = releaseAfter(said)
    expect(ledger).toHaveLength(50)
    expect(ledger.at(-1)?.since).toBe(118)
  })

  it('says in one line what would have been', () => {
    const entry: LedgerEntry = {
      ...{
        check: 'orders',
        only: 'warn',
        since: 1,
        until: null,
        reason: 'orders: too few',
        would: 'rollback',
        step: 3,
      },
    }
    expect(entryText(entry)).toBe('would have rolled back at step 3: orders: too few')
    expect(entryText({ ...entry, would: 'pause', until: 2 })).toBe(
      'would have paused at step 3, passes again: orders: too few',
    )
    expect(entryText({ ...entry, only: 'hold', until: 2 })).toBe(
      'held at step 3 until it passed again: orders: too few',
    )
  })
})

describe('missing data of a check that only warns', () => {
  const blindFrom = (blindSince: number): WatchedCheck => ({
    ...{ state: null, blindSince },
    verdict: { outcome: 'inconclusive', cause: 'blind', reason: 'no answer', evidence: { judge: 'none', figures: {} } },
  })
  const QUIET: Check = { ...ORDERS, onFail: 'rollback', onNoData: 'warn' }
  function after(said: readonly (readonly [number, GuardState['checks']])[]): ReleaseState {
    return said.reduce((state, [at, checks]) => {
      const guard = { checks, lookedAt: at } as GuardState
      const missing = { holdFor: 60_000, then: 'pause' } as const
      const events = ledgerEvents(state.ledger ?? [], [QUIET], guard, 'rollback', missing)
      return events.reduce((before, event) => reduce(before, { ...event, at }), state)
    }, beginState('release/shop/production/1'))
  }

  it('is an entry of its own once it has lasted as long as others may lack theirs', () => {
    expect(after([[59_000, { orders: blindFrom(0) }]])).not.toHaveProperty('ledger')
    const { ledger = [], trail } = after([
      [60_000, { orders: blindFrom(0) }],
      [90_000, { orders: blindFrom(0) }],
      [95_000, { orders: { state: null, verdict } }],
    ])
    expect(ledger).toMatchObject([{ check: 'orders', isBlind: true, since: 0, until: 95_000, would: 'pause' }])
    expect(ledger.map(entryText)).toEqual([
      'would have paused at step 0, has data again: no usable data for 1m; orders: no answer',
    ])
    expect(trail.map(({ text }) => text)).toEqual([
      'would have paused: no usable data for 1m; orders: no answer',
      'orders has data again',
    ])
  })
})
