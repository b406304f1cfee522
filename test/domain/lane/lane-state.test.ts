import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dutyOf, nextToStart } from '../../../src/domain/lane/lane-duty.ts'
import {
  enqueue,
  LONGEST_QUEUE,
  overtakenBy,
  place,
  type WhenBusy,
  withdraw,
} from '../../../src/domain/lane/lane-queue.ts'
import { recovered, recoveryFailed } from '../../../src/domain/lane/lane-recovery.ts'
import { emptyLane, forgotten, type LaneState, restored } from '../../../src/domain/lane/lane-state.ts'
import { beginningText } from '../../../src/domain/lane/lane-view.ts'
import { ended, markEnding, start, vanished } from '../../../src/domain/lane/running-release.ts'

type Lane = LaneState<string>

const wish = (key: string, whenBusy: WhenBusy = 'reject', fingerprint = 'v1') => ({ key, whenBusy, fingerprint })

/** What the lane workflow does with a wish. */
function submit(lane: Lane, wanted: ReturnType<typeof wish>): Lane {
  const placement = place(lane, wanted)
  if (placement.kind !== 'start' && placement.kind !== 'queue' && placement.kind !== 'replace') return lane
  const number = lane.nextNumber
  return enqueue(lane, { releaseId: `r${number}`, number, entry: wanted.key }, wanted, placement.kind === 'replace')
}

const started = (...wishes: ReturnType<typeof wish>[]) =>
  wishes.reduce((lane, next) => start(submit(lane, next), 0), emptyLane<string>())
const ROLES = { stable: 'blue', canary: 'green' }
const promoted = (releaseId: string, version: string) => ({ releaseId, version, outcome: 'promoted' as const })
const rolledBack = (releaseId: string) => ({ releaseId, version: 'v0', outcome: 'rolled-back' as const })
const FREEZE = { reason: 'fair', by: 'alice', at: 0 }

describe('a lane that begins again', () => {
  const nothing = { open: null, highest: 0 }
  const lost: Lane = { ...submit(started(wish('a')), wish('b', 'queue')), rest: ROLES, freeze: FREEZE, turn: 77 }

  it('knows what the lost one had known', () => {
    const { running, ...known } = restored(emptyLane(), lost, nothing)
    expect(known).toMatchObject({ queue: lost.queue, rest: ROLES, freeze: FREEZE, turn: 77, nextNumber: 3 })
    expect(running).toMatchObject({ releaseId: 'r1', isStarting: false, isEnding: false })
    expect(place(known as Lane, wish('b', 'queue'))).toEqual({ kind: 'repeat', releaseId: 'r2' })
  })

  it('follows the release that is open, whatever the lost one had followed, and reuses no number', () => {
    const open = { releaseId: 'r5', number: 5 }
    expect(restored(emptyLane(), lost, { open, highest: 8 })).toMatchObject({ running: open, nextNumber: 9 })
    expect(restored(emptyLane<string>(), null, { open, highest: 5 })).toMatchObject({ running: open, nextNumber: 6 })
    expect(restored(emptyLane<string>(), null, nothing)).toEqual(emptyLane())
  })
})

it('a lane that was reset counts on, and knows nothing else of what it had known', () => {
  const lane: Lane = { ...started(wish('a')), rest: ROLES, freeze: FREEZE, promotedVersion: 'v1', turn: 77 }
  expect(forgotten(lane)).toEqual({ ...emptyLane(), nextNumber: 2, turn: 77 })
})

it.each([
  [false, false, null],
  [false, true, 'was ended in Temporal and has begun again'],
  [true, true, 'was reset in Temporal and goes on with what it had known'],
  [true, false, 'was reset in Temporal, and its former run cannot say any more what it had known'],
])('people are told of a lane that begins again: reset %s, known %s', (wasReset, isKnown, text) => {
  expect(beginningText(wasReset, isKnown)).toBe(text && `the lane ${text}`)
})

describe('place', () => {
  it('starts on a free target', () => {
    expect(place(emptyLane(), wish('a'))).toEqual({ kind: 'start' })
  })

  it('rejects, queues or replaces on a busy one, as wished', () => {
    const lane = started(wish('a'))
    expect(place(lane, wish('b'))).toEqual({ kind: 'busy', releaseId: 'r1' })
    expect(place(lane, wish('b', 'queue'))).toEqual({ kind: 'queue', ahead: 1 })
    expect(place(lane, wish('b', 'replace'))).toEqual({ kind: 'replace', releaseId: 'r1' })
  })

  it('counts those that wait already', () => {
    const lane = submit(submit(started(wish('a')), wish('b', 'queue')), wish('c', 'queue'))
    expect(place(lane, wish('d', 'queue'))).toEqual({ kind: 'queue', ahead: 3 })
  })

  it('answers a key that it knows with the same release, whatever has happened since', () => {
    const lane = started(wish('a'))
    const later = { ...ended(lane, promoted('r1', 'v1'), 0), freeze: FREEZE }
    expect(place(later, wish('a', 'queue'))).toEqual({ kind: 'repeat', releaseId: 'r1' })
  })

  it('refuses a key that was used for something else', () => {
    expect(place(started(wish('a')), wish('a', 'reject', 'v2'))).toEqual({ kind: 'key-reused', releaseId: 'r1' })
  })

  it('refuses everything new while frozen, saying who and why', () => {
    expect(place({ ...emptyLane(), freeze: FREEZE }, wish('a', 'replace'))).toEqual({
      kind: 'frozen',
      reason: 'fair',
      by: 'alice',
    })
  })

  it('lets a way back through whatever freezes or pins the target, and before those that wait', () => {
    const wayBack = { ...wish('off', 'queue'), isWayBack: true }
    const pin = { version: 'v0', reason: 'fair', by: 'alice', at: 0 }
    const held = { ...emptyLane(), freeze: FREEZE, pin, queue: [{ releaseId: 'r1', number: 1, entry: 'a' }] }
    expect(place(held, wayBack)).toEqual({ kind: 'start' })
    const busy = { ...submit(started(wish('a')), wish('b', 'queue')), freeze: FREEZE }
    expect(place(busy, wayBack)).toEqual({ kind: 'queue', ahead: 1 })
    expect(place(busy, { ...wayBack, whenBusy: 'reject' })).toEqual({ kind: 'busy', releaseId: 'r1' })
  })

  it('takes no more than a full queue', () => {
    let lane = started(wish('a'))
    for (let index = 0; index < LONGEST_QUEUE; index += 1) lane = submit(lane, wish(`q${index}`, 'queue'))
    expect(lane.queue).toHaveLength(LONGEST_QUEUE)
    expect(place(lane, wish('late', 'queue'))).toEqual({ kind: 'full', waiting: LONGEST_QUEUE })
    expect(place(lane, wish('later', 'replace'))).toEqual({ kind: 'full', waiting: LONGEST_QUEUE })
  })

  it('waits for its turn when others wait on a target that has just become free', () => {
    const lane = ended(submit(started(wish('a')), wish('b', 'queue')), rolledBack('r1'), 0)
    expect(place(lane, wish('c'))).toEqual({ kind: 'busy', releaseId: 'r2' })
    expect(place(lane, wish('c', 'queue'))).toEqual({ kind: 'queue', ahead: 1 })
  })
})

describe('the queue', () => {
  it('starts in the order of arrival, a replacing wish before all others', () => {
    let lane = submit(submit(started(wish('a')), wish('b', 'queue')), wish('c', 'replace'))
    const order: string[] = []
    while (lane.running !== null) {
      order.push(lane.running.releaseId)
      lane = start(ended(lane, rolledBack(lane.running.releaseId), 0), 0)
    }
    expect(order).toEqual(['r1', 'r3', 'r2'])
  })

  it('stands still while frozen', () => {
    const lane = ended(submit(started(wish('a')), wish('b', 'queue')), rolledBack('r1'), 0)
    expect(nextToStart({ ...lane, freeze: FREEZE })).toBeNull()
    expect(nextToStart(lane)?.releaseId).toBe('r2')
  })
})

describe('ended', () => {
  it('frees the target and remembers what was promoted last', () => {
    const lane = ended(started(wish('a')), promoted('r1', 'v1'), 0)
    expect(lane).toMatchObject({ running: null, promotedVersion: 'v1' })
    expect(ended(start(submit(lane, wish('b')), 0), rolledBack('r2'), 0)).toMatchObject({
      running: null,
      promotedVersion: 'v1',
    })
  })

  it('ignores reports of releases that do not run', () => {
    const lane = started(wish('a'))
    expect(ended(lane, promoted('r9', 'v9'), 0)).toBe(lane)
    const free = ended(lane, promoted('r1', 'v1'), 0)
    expect(ended(free, promoted('r1', 'v2'), 0)).toBe(free)
  })
})

describe('turns', () => {
  it('are the time of the start, and rise whatever the clock does', () => {
    const first = start(submit(emptyLane<string>(), wish('a')), 5_000)
    expect(first.running?.turn).toBe(5_000)
    const free = ended(first, { ...rolledBack('r1'), turn: 9_000 }, 4_000)
    expect(start(submit(free, wish('b')), 3_000).running?.turn).toBeGreaterThan(9_000)
  })

  it('order what started: one that had waited longer owns the router once it starts', () => {
    let lane = submit(submit(started(wish('a')), wish('b', 'queue')), wish('c', 'replace'))
    const turns: number[] = []
    while (lane.running !== null) {
      turns.push(lane.running.turn ?? 0)
      lane = start(ended(lane, rolledBack(lane.running.releaseId), 0), 0)
    }
    expect(turns).toEqual([...turns].sort((left, right) => left - right))
    expect(new Set(turns).size).toBe(3)
  })
})

describe('overtakenBy', () => {
  it('names the newer version that was promoted while a release waited', () => {
    const lane = submit(submit(started(wish('a')), wish('b', 'queue')), wish('c', 'replace'))
    const hotfix = start(ended(lane, rolledBack('r1'), 0), 0)
    const after = ended(hotfix, promoted('r3', 'v3'), 0)
    expect(overtakenBy(after, { number: 2 })).toBe('v3')
    expect(overtakenBy(after, { number: 4 })).toBeNull()
    expect(overtakenBy(hotfix, { number: 2 })).toBeNull()
  })
})

describe('rest', () => {
  const first = () => started(wish('a'))

  it('is where the last release has left everybody', () => {
    expect(ended(first(), { ...promoted('r1', 'v1'), roles: ROLES }, 0).rest).toEqual({
      stable: 'green',
      canary: 'blue',
    })
    expect(ended(first(), { ...rolledBack('r1'), roles: ROLES }, 0).rest).toEqual(ROLES)
  })

  it('stays what it was after a release that has not moved anybody', () => {
    const lane = { ...first(), rest: { stable: 'green', canary: 'blue' } }
    const refused = { releaseId: 'r1', version: 'v1', outcome: 'refused' as const, roles: ROLES }
    expect(ended(lane, refused, 0).rest).toEqual({ stable: 'green', canary: 'blue' })
  })
})

describe('the duty of a lane', () => {
  const known = { ...emptyLane<string>(), rest: ROLES }

  it('is to follow what runs, to start what waits, else to hold the router', () => {
    expect(dutyOf(emptyLane())).toEqual({ kind: 'wait' })
    expect(dutyOf(known)).toEqual({ kind: 'hold', rest: ROLES })
    expect(dutyOf(submit(known, wish('a'))).kind).toBe('start')
    expect(dutyOf(start(submit(known, wish('a')), 0)).kind).toBe('follow')
    expect(dutyOf({ ...submit(known, wish('a')), freeze: FREEZE }).kind).toBe('hold')
  })

  it('is to bring the router back before anything else once a release is gone', () => {
    const gone = vanished(start(submit(submit(known, wish('a')), wish('b', 'queue')), 10), 'r1', 20)
    expect(dutyOf(gone)).toEqual({ kind: 'recover' })
    expect(nextToStart(gone)).toBeNull()
    expect(gone.turn).toBeGreaterThan(10)
    expect(recoveryFailed(gone, 'no answer').recovery).toMatchObject({ tries: 1, lastError: 'no answer' })
    expect(dutyOf(recovered(gone, 99)).kind).toBe('start')
    expect(recovered(gone, 99).turn).toBe(99)
  })

  it('is not decided by anybody who says that a release has ended, until Temporal says so too', () => {
    const running = start(submit(known, wish('a')), 0)
    const ending = markEnding(running, 'r1', true)
    expect(dutyOf(ending)).toEqual({ kind: 'follow', releaseId: 'r1', isEnding: true })
    expect(place(ending, wish('b')).kind).toBe('start')
    expect(markEnding(ending, 'r1', false)).toEqual({ ...running, running: { ...running.running, isEnding: false } })
    expect(markEnding(running, 'r9', true)).toBe(running)
  })
})

describe('withdraw', () => {
  it('takes one that waits out of the queue and leaves everything else', () => {
    const lane = submit(submit(started(wish('a')), wish('b', 'queue')), wish('c', 'queue'))
    expect(withdraw(lane, 'r2').queue.map(({ releaseId }) => releaseId)).toEqual(['r3'])
    expect(withdraw(lane, 'r1')).toEqual(lane)
    expect(place(withdraw(lane, 'r2'), wish('b', 'queue'))).toEqual({ kind: 'repeat', releaseId: 'r2' })
  })
})

describe('vanished', () => {
  it('frees the target and forgets what is on stable, because nobody can say', () => {
    const lane = start(submit(ended(started(wish('a')), promoted('r1', 'v1'), 0), wish('b')), 0)
    expect(vanished(lane, 'r2', 0)).toMatchObject({ running: null, promotedVersion: null })
  })

  it('leaves a lane alone that has heard the report meanwhile', () => {
    const lane = ended(started(wish('a')), promoted('r1', 'v1'), 0)
    expect(vanished(lane, 'r1', 0)).toBe(lane)
  })
})

type Move =
  | { readonly do: 'submit'; readonly key: number; readonly version: number; readonly whenBusy: WhenBusy }
  | { readonly do: 'start' | 'freeze' | 'thaw' }
  | { readonly do: 'end'; readonly number: number; readonly promoted: boolean }

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('submit' as const),
      key: fc.nat(30),
      version: fc.nat(2),
      whenBusy: fc.constantFrom('reject' as const, 'queue' as const, 'replace' as const),
    }),
    fc.record({ do: fc.constantFrom('start' as const, 'start' as const, 'freeze' as const, 'thaw' as const) }),
    fc.record({ do: fc.constant('end' as const), number: fc.integer({ min: 1, max: 40 }), promoted: fc.boolean() }),
  ),
  { maxLength: 120 },
)

function reportOf({ number, promoted: isPromoted }: Extract<Move, { do: 'end' }>) {
  return isPromoted ? promoted(`r${number}`, `v${number}`) : rolledBack(`r${number}`)
}

function move(lane: Lane, next: Move): Lane {
  switch (next.do) {
    case 'submit':
      return submit(lane, wish(`k${next.key}`, next.whenBusy, `v${next.version}`))
    case 'start':
      return nextToStart(lane) === null ? lane : start(lane, 0)
    case 'freeze':
      return { ...lane, freeze: FREEZE }
    case 'thaw':
      return { ...lane, freeze: null }
    case 'end':
      return ended(lane, reportOf(next), 0)
  }
}

describe('any life of a lane', () => {
  it('never gives a number twice and never forgets the answer to a key', () => {
    fc.assert(
      fc.property(moves, (sequence) => {
        let lane: Lane = emptyLane()
        const given = new Set<number>()
        const answers = new Map<string, string>()
        for (const next of sequence) {
          const before = lane
          lane = move(lane, next)
          for (const { number } of lane.queue.filter((waiting) => !before.queue.includes(waiting))) {
            expect(given.has(number)).toBe(false)
            given.add(number)
          }
          expect(lane.nextNumber).toBeGreaterThanOrEqual(before.nextNumber)
          for (const { key, releaseId } of lane.answered) {
            expect(answers.get(key) ?? releaseId).toBe(releaseId)
            answers.set(key, releaseId)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('has one release running at most, starts nothing while frozen, and changes what runs only through an end', () => {
    fc.assert(
      fc.property(moves, (sequence) => {
        let lane: Lane = emptyLane()
        for (const next of sequence) {
          const before = lane
          lane = move(lane, next)
          const hasChanged = before.running?.releaseId !== lane.running?.releaseId
          const isEnd = before.running !== null && lane.running === null
          const isStart = before.running === null && before.freeze === null
          expect(!hasChanged || isEnd || isStart).toBe(true)
          expect(lane.queue.some(({ releaseId }) => releaseId === lane.running?.releaseId)).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps those that wait in the order in which they came', () => {
    fc.assert(
      fc.property(moves, (sequence) => {
        const queued = sequence.filter((next) => next.do !== 'submit' || next.whenBusy !== 'replace')
        const lane = queued.reduce(move, emptyLane<string>())
        const numbers = lane.queue.map(({ number }) => number)
        expect(numbers).toEqual(numbers.toSorted((left, right) => left - right))
      }),
      { numRuns: 500 },
    )
  })
})
