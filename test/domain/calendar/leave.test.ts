import { describe, expect, it } from 'vitest'
import { type Asker, leaveFor, type WindowsNow } from '../../../src/domain/calendar/leave.ts'
import type { NewEvent } from '../../../src/domain/release/command-events.ts'
import { decide } from '../../../src/domain/release/commands.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'
import { COMMAND_VERBS } from '../../../src/domain/release/verbs.ts'

type Move = Parameters<typeof leaveFor>[0]
const WINDOWS_NOW: readonly WindowsNow[] = ['open', 'closed', 'frozen', 'unreadable']
const ASKERS: readonly Asker[] = ['person', 'program', 'overriding']
const MOVES: readonly Move[] = ['start', 'raise', 'lower', 'roll-back', ...COMMAND_VERBS]
const BACK: readonly Move[] = ['lower', 'roll-back', 'abort', 'reject', 'pause']
const CELLS = MOVES.flatMap((move) => WINDOWS_NOW.flatMap((now) => ASKERS.map((asker) => [move, now, asker] as const)))

describe('the whole table: what is asked, how the windows stand, and who asks', () => {
  it('has every cell', () => {
    expect(CELLS).toHaveLength(MOVES.length * 4 * 3)
  })

  it.each(CELLS.filter(([move]) => BACK.includes(move)))('lets %s through, %s, asked by a %s', (move, now, asker) => {
    expect(leaveFor(move, now, asker)).toBe('go')
  })

  it.each(CELLS.filter(([move]) => move !== 'start' && move !== 'raise'))(
    'holds no command back that raises nothing by itself: %s, %s, %s',
    (move, now, asker) => {
      expect(leaveFor(move, now, asker)).toBe('go')
    },
  )

  it.each<readonly [WindowsNow, Asker, string, string]>([
    ['open', 'person', 'go', 'go'],
    ['open', 'program', 'go', 'go'],
    ['open', 'overriding', 'go', 'go'],
    ['closed', 'person', 'go', 'wait'],
    ['closed', 'program', 'go', 'wait'],
    ['closed', 'overriding', 'go', 'wait'],
    ['frozen', 'person', 'refuse', 'wait'],
    ['frozen', 'program', 'refuse', 'wait'],
    ['frozen', 'overriding', 'go', 'go'],
    ['unreadable', 'person', 'go', 'wait'],
    ['unreadable', 'program', 'go', 'wait'],
    ['unreadable', 'overriding', 'go', 'wait'],
  ])('%s, asked by a %s: a start may %s, a raise may %s', (now, asker, start, raise) => {
    expect([leaveFor('start', now, asker), leaveFor('raise', now, asker)]).toEqual([start, raise])
  })
})

const WAIT = { reason: 'the freeze company lasts until 2026-03-03 09:00 UTC', opensAt: 1 }
const ROLES = { stable: 'blue', canary: 'green' }

function waiting(...before: readonly NewEvent[]): ReleaseState {
  const events = [
    { type: 'baseline-recorded', roles: ROLES, exposure: { weight: 0, cohorts: [] } } as const,
    ...before,
    { type: 'gate-waits', step: 2, wait: WAIT } as const,
  ]
  return events.reduce<ReleaseState>((state, event) => reduce(state, { ...event, at: 1 } as never), beginState('r'))
}

const ALICE = { author: 'alice', policies: [] }

const commandOf = (verb: 'abort' | 'pause' | 'promote') => ({
  ...{ verb, releaseId: 'r', step: null, key: verb, reason: '' },
  actor: { person: 'bob', entrance: 'cli' } as const,
})

describe('a release that waits for a window', () => {
  it('says so, and can be paused and aborted', () => {
    const state = waiting()
    expect(state).toMatchObject({ phase: 'waiting', step: 2, gate: WAIT })
    expect(state.trail.at(-1)?.text).toBe(`waits: ${WAIT.reason}`)
    for (const verb of ['abort', 'pause'] as const) expect(decide(commandOf(verb), state, ALICE).kind).toBe('accept')
  })

  it('does not go on at a promote, which is told until when it waits', () => {
    const decision = decide(commandOf('promote'), waiting(), ALICE)
    expect(decision).toMatchObject({ kind: 'refuse', message: `the step waits: ${WAIT.reason}` })
  })

  it('waits for nothing any more once it is open or abandoned', () => {
    const state = waiting()
    expect(reduce(state, { type: 'gate-opened', at: 2 }).gate).toBeNull()
    expect(reduce(state, { type: 'abandoned', cause: 'abort', by: 'bob', reason: '', at: 2 }).gate).toBeNull()
    expect(reduce(beginState('r'), { type: 'gate-opened', at: 2 })).toEqual(beginState('r'))
  })
})
