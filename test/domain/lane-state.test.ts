import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  emptyLane,
  ended,
  enqueue,
  type LaneState,
  LONGEST_QUEUE,
  nextToStart,
  place,
  start,
  vanished,
  type WhenBusy,
} from '../../src/domain/lane-state.ts'

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
  wishes.reduce((lane, next) => start(submit(lane, next)), emptyLane<string>())
const FREEZE = { reason: 'fair', by: 'alice', at: 0 }

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
    const later = { ...ended(lane, 'r1', 'v1'), freeze: FREEZE }
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

  it('takes no more than a full queue', () => {
    let lane = started(wish('a'))
    for (let index = 0; index < LONGEST_QUEUE; index += 1) lane = submit(lane, wish(`q${index}`, 'queue'))
    expect(lane.queue).toHaveLength(LONGEST_QUEUE)
    expect(place(lane, wish('late', 'queue')).kind).toBe('busy')
  })

  it('waits for its turn when others wait on a target that has just become free', () => {
    const lane = ended(submit(started(wish('a')), wish('b', 'queue')), 'r1', null)
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
      lane = start(ended(lane, lane.running.releaseId, null))
    }
    expect(order).toEqual(['r1', 'r3', 'r2'])
  })

  it('stands still while frozen', () => {
    const lane = ended(submit(started(wish('a')), wish('b', 'queue')), 'r1', null)
    expect(nextToStart({ ...lane, freeze: FREEZE })).toBeNull()
    expect(nextToStart(lane)?.releaseId).toBe('r2')
  })
})

describe('ended', () => {
  it('frees the target and remembers what was promoted last', () => {
    const lane = ended(started(wish('a')), 'r1', 'v1')
    expect(lane).toMatchObject({ running: null, promotedVersion: 'v1' })
    expect(ended(start(submit(lane, wish('b'))), 'r2', null)).toMatchObject({ running: null, promotedVersion: 'v1' })
  })

  it('ignores reports of releases that do not run', () => {
    const lane = started(wish('a'))
    expect(ended(lane, 'r9', 'v9')).toBe(lane)
    const free = ended(lane, 'r1', 'v1')
    expect(ended(free, 'r1', 'v2')).toBe(free)
  })
})

describe('vanished', () => {
  it('frees the target and forgets what is on stable, because nobody can say', () => {
    const lane = start(submit(ended(started(wish('a')), 'r1', 'v1'), wish('b')))
    expect(vanished(lane, 'r2')).toMatchObject({ running: null, promotedVersion: null })
  })

  it('leaves a lane alone that has heard the report meanwhile', () => {
    const lane = ended(started(wish('a')), 'r1', 'v1')
    expect(vanished(lane, 'r1')).toBe(lane)
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

function move(lane: Lane, next: Move): Lane {
  switch (next.do) {
    case 'submit':
      return submit(lane, wish(`k${next.key}`, next.whenBusy, `v${next.version}`))
    case 'start':
      return nextToStart(lane) === null ? lane : start(lane)
    case 'freeze':
      return { ...lane, freeze: FREEZE }
    case 'thaw':
      return { ...lane, freeze: null }
    case 'end':
      return ended(lane, `r${next.number}`, next.promoted ? `v${next.number}` : null)
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
