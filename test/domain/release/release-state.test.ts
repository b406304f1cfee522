import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameExposure, isSameRouting, NO_EXPOSURE } from '../../../src/domain/exposure.ts'
import { FLAG_OFF, isOff, isSameReach } from '../../../src/domain/flag-reach.ts'
import { bakeElapsed, bakeRemaining } from '../../../src/domain/release/bake-clock.ts'
import { decide, openVerbs } from '../../../src/domain/release/commands.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import {
  beginState,
  evidenceSince,
  isEnded,
  type ReleaseState,
  wasExposed,
} from '../../../src/domain/release/release-state.ts'
import { AUTHOR, lives, type Move, type Stepped, step } from './release-moves.ts'

const RUNS = 10_000

/** Every step of a random life, with what was before and after it. */
function live(sequence: readonly Move[]): Stepped[] {
  let at = 0
  let state = beginState('release/a/b/1')
  return sequence.map((move) => {
    at += move.after
    const stepped = step(state, move, at)
    state = stepped.state
    return stepped
  })
}

interface Invariant {
  readonly says: string
  readonly holds: (stepped: Stepped) => void
}

/** Numbers in brackets are those of the product's list of invariants. */
const INVARIANTS: readonly Invariant[] = [
  {
    says: '(1) a release never is promoted and rolled back, and an end stays what it was',
    holds: ({ before, state }) => {
      if (isEnded(before)) must(state.phase === before.phase)
    },
  },
  {
    says: '(2) promoted means that 100% was read back and nothing had abandoned it',
    holds: ({ state }) => {
      if (state.phase !== 'promoted') return
      must(state.live.weight === 10_000)
      must(state.abandoned === null)
    },
  },
  {
    says: '(3) an ended release absorbs every event',
    holds: ({ before, state }) => {
      if (isEnded(before)) must(state === before)
    },
  },
  {
    says: '(4) rolled back means that something had been asked for, and that the baseline was read back',
    holds: ({ before, state }) => {
      if (state.phase !== 'rolled-back' || isEnded(before)) return
      must(wasExposed(state))
      const baseline = state.baseline ?? NO_EXPOSURE
      must(isSameRouting(state.live, baseline) && isSameExposure(state.live, state.wanted))
      for (const [name, reach] of Object.entries(state.live.flags ?? {}))
        must(isSameReach(reach, baseline.flags?.[name] ?? FLAG_OFF))
    },
  },
  {
    says: '(4d) no flag that the release had set is left behind by a rollback',
    holds: ({ before, state, event }) => {
      if (event?.type !== 'rollback-wanted' || before.abandoned === null || before.baseline === null) return
      for (const name of Object.keys(before.wanted.flags ?? {})) must(Object.hasOwn(state.wanted.flags ?? {}, name))
    },
  },
  {
    says: '(4e) a flag that has failed is never set again',
    holds: ({ before, state, event }) => {
      if (event?.type !== 'flags-wanted' || state === before) return
      for (const name of before.flagsOff ?? []) must(isOff(state.wanted.flags?.[name] ?? FLAG_OFF))
    },
  },
  {
    says: '(4b) refused means that the router had never been asked for anything',
    holds: ({ before, state }) => {
      if (state.phase === 'refused' && !isEnded(before)) must(before.epoch === 0 && state.live.weight === 0)
    },
  },
  {
    says: '(4c) a release that goes forward is either where it is wanted, on its way there, or paused with what was live',
    holds: ({ state, event }) => {
      if (event?.type !== 'exposure-withdrawn' || state.abandoned !== null || isEnded(state)) return
      must(isSameExposure(state.wanted, state.live))
    },
  },
  {
    says: '(4d) the turn of a release only rises',
    holds: ({ before, state }) => {
      must((state.turn ?? 0) >= (before.turn ?? 0))
    },
  },
  {
    says: '(4e) evidence begins anew at the word of a person, and at every exposure',
    holds: ({ before, state, command, at }) => {
      if (before.pause === null || state.pause !== null || command === null || state.abandoned !== null) return
      must(evidenceSince(state) === at)
    },
  },
  {
    says: '(5) the wanted weight never rises after the release was abandoned',
    holds: ({ before, state }) => {
      if (before.abandoned !== null) must(state.wanted.weight <= before.wanted.weight)
    },
  },
  {
    says: '(6) the wanted weight never rises above what is live or wanted while the plan is paused',
    holds: ({ before, state }) => {
      if (before.pause === null) return
      must(state.wanted.weight <= Math.max(before.wanted.weight, before.live.weight))
    },
  },
  {
    says: '(7) the position in the plan only ever moves forward, one action at a time, and not after an abandonment',
    holds: ({ before, state }) => {
      must([0, 1].includes(state.position - before.position))
      if (before.abandoned !== null) must(state.position === before.position)
    },
  },
  {
    says: '(8) weights are whole basis points from 0 to 10000',
    holds: ({ state }) => {
      for (const { weight } of [state.wanted, state.live]) {
        must(Number.isInteger(weight) && weight >= 0 && weight <= 10_000)
      }
    },
  },
  {
    says: '(9) what is read back is what is wanted or what was before: nothing else counts as live',
    holds: ({ before, state }) => {
      const isKnown = isSameExposure(state.live, state.wanted) || isSameExposure(state.live, before.live)
      must(isKnown)
    },
  },
  {
    says: '(10) the baseline is recorded before the first exposure is asked for',
    holds: ({ state }) => {
      if (state.epoch > 0 && state.phase !== 'rolling-back' && state.phase !== 'rolled-back')
        must(state.baseline !== null)
      if (state.wanted.weight > 0) must(state.baseline !== null)
    },
  },
  {
    says: '(10b) a baseline is never overwritten',
    holds: ({ before, state }) => {
      if (before.baseline !== null) must(state.baseline === before.baseline)
    },
  },
  {
    says: '(12) an event that comes twice changes nothing the second time, but for those that count',
    holds: ({ state, event }) => {
      if (event === null || COUNTING.has(event.type)) return
      const again = reduce(state, event)
      must(JSON.stringify({ ...again, trail: [] }) === JSON.stringify({ ...state, trail: [] }))
    },
  },
  {
    says: '(13) a bake and an approval are never open at the same time as another of their kind replaces them',
    holds: ({ before, state }) => {
      if (before.bake !== null && state.bake !== null) must(state.bake.startedAt >= before.bake.startedAt)
      if (state.abandoned !== null) must(state.bake === null && state.approval === null && state.pause === null)
    },
  },
  {
    says: '(15) the epoch rises with every new wish and never falls',
    holds: ({ before, state }) => {
      must(state.epoch >= before.epoch)
      if (!isSameExposure(before.wanted, state.wanted) && state.baseline === before.baseline) {
        must(state.epoch > before.epoch)
      }
    },
  },
  {
    says: '(16) a bake’s clock stands while the plan is paused',
    holds: ({ state, at }) => {
      if (state.bake === null || state.pause === null) return
      must(bakeElapsed(state.bake, at + 1_000_000) === bakeElapsed(state.bake, at))
    },
  },
  {
    says: '(16b) a bake’s clock never runs faster than time, nor backwards',
    holds: ({ state, at }) => {
      if (state.bake === null) return
      const elapsed = bakeElapsed(state.bake, at)
      must(elapsed >= 0)
      must(elapsed <= at - state.bake.startedAt)
    },
  },
  {
    says: '(17) a bake is over only when its time is, unless somebody or the evidence ended it',
    holds: ({ state, at }) => {
      if (state.bake === null || state.bake.isEnded || bakeRemaining(state.bake, at) > 0) return
      must(bakeElapsed(state.bake, at) >= state.bake.duration)
    },
  },
  {
    says: '(18) nothing that is inconclusive or failing lets the position move by itself',
    holds: ({ before, state, event }) => {
      if (event?.type === 'judged') must(state.position === before.position)
    },
  },
  {
    says: '(22) nobody’s approval counts twice, and only people of the group count',
    holds: ({ state }) => {
      if (state.approval === null) return
      const given = state.approval.given.map(({ person }) => person)
      must(new Set(given).size === given.length)
      for (const person of given) must(state.approval.people.includes(person))
    },
  },
  {
    says: '(23) the author’s approval is refused where the plan wants somebody else',
    holds: ({ before, command, decision }) => {
      if (command?.verb !== 'approve' || before.approval?.notAuthor !== true) return
      if (command.actor.person === AUTHOR) must(decision?.kind !== 'accept')
    },
  },
  {
    says: '(24) a command for another release or an earlier step is never accepted',
    holds: ({ before, command, decision }) => {
      if (command === null || decision?.kind !== 'accept') return
      must(command.releaseId === before.releaseId)
      if (command.step !== null && command.verb !== 'abort') must(command.step === before.step)
    },
  },
  {
    says: '(25) an approval that nobody asks for, or comes after an abandonment, is refused',
    holds: ({ before, command, decision }) => {
      if (command?.verb === 'approve' && before.approval === null) must(decision?.kind !== 'accept')
    },
  },
  {
    says: '(26) promote never ends a bake whose checks fail, nor stands in for an approval',
    holds: ({ before, command, decision }) => {
      if (command?.verb !== 'promote' || decision?.kind !== 'accept') return
      must(!Object.values(before.verdicts).some(({ outcome }) => outcome === 'fail'))
      must(before.approval === null)
    },
  },
  {
    says: '(27) an accepted command is remembered by its key',
    holds: ({ state, command, decision }) => {
      if (command !== null && decision?.kind === 'accept') must(state.commandKeys.includes(command.key))
    },
  },
  {
    says: '(28) abort for this release is never refused before its end, and always abandons it',
    holds: ({ before, state, command, decision }) => {
      if (command?.verb !== 'abort' || isEnded(before) || command.releaseId !== before.releaseId) return
      if (decision?.kind === 'repeat' || (command.step !== null && command.step !== before.step)) return
      must(decision?.kind === 'accept')
      must(state.abandoned !== null)
    },
  },
  {
    says: '(28b) the first reason of an abandonment stays',
    holds: ({ before, state }) => {
      if (before.abandoned !== null) must(state.abandoned === before.abandoned)
    },
  },
  {
    says: '(29) resuming returns to the same step and the same wish',
    holds: ({ before, state, command }) => {
      if (command?.verb !== 'resume' && command?.verb !== 'retry') return
      must(state.step === before.step && state.wanted === before.wanted && state.position === before.position)
    },
  },
  {
    says: '(32) everything that changes exposure, pause, approvals or the end leaves a line in the story',
    holds: ({ before, state }) => {
      const changed = [
        !isSameExposure(before.wanted, state.wanted) && state.phase !== 'rolling-back',
        before.pause === null && state.pause !== null,
        before.abandoned !== state.abandoned,
        before.endedAt !== state.endedAt,
      ]
      if (changed.some(Boolean) && before.trail.length < 300) must(state.trail.length > before.trail.length)
    },
  },
  {
    says: '(33) a key that was taken answers as a repeat and changes nothing',
    holds: ({ before, state, command, decision }) => {
      if (command === null || !before.commandKeys.includes(command.key)) return
      must(decision?.kind === 'repeat')
      must(state === before)
    },
  },
  {
    says: '(34) a refused command leaves no trace',
    holds: ({ before, state, decision }) => {
      if (decision?.kind === 'refuse') must(state === before)
    },
  },
]

/** Events that add something each time they happen. */
const COUNTING = new Set<ReleaseEvent['type']>([
  ...([
    'exposure-wanted',
    'exposure-confirmed',
    'bake-prolonged',
    'drift-repaired',
    'action-done',
    'rollback-wanted',
    'rollback-failed',
    'exposure-withdrawn',
    'flags-wanted',
  ] as const),
  ...(['extended', 'command-seen', 'bake-ended', 'approval-ended'] as const),
])

describe('a release', () => {
  it(`keeps ${INVARIANTS.length} invariants over ${RUNS} random lives`, () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(lives(60), (sequence) => {
        for (const stepped of live(sequence)) {
          seen.add(stepped.state.phase)
          for (const { says, holds } of INVARIANTS) named(says, () => holds(stepped))
        }
      }),
      { numRuns: RUNS },
    )
    // The lives are worth something only if they reach every phase.
    expect([...seen].sort()).toEqual(
      [
        ...['baking', 'exposing', 'judging', 'promoted', 'refused', 'rolled-back', 'rolling-back', 'starting'],
        ...['superseded', 'waiting'],
      ].sort(),
    )
  }, 300_000)

  it('(38) reaches its end from every state once it is aborted and the router complies', () => {
    fc.assert(
      fc.property(lives(40), (sequence) => {
        const last = live(sequence).at(-1)?.state ?? beginState('release/a/b/1')
        expect(isEnded(rolledBack(last))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('offers exactly the commands it would take', () => {
    fc.assert(
      fc.property(lives(40), (sequence) => {
        const state = live(sequence).at(-1)?.state ?? beginState('release/a/b/1')
        const verbs = openVerbs(state)
        const plain = { releaseId: state.releaseId, step: state.step, key: '☃', reason: '', by: 1 }
        for (const verb of ['pause', 'resume', 'promote', 'abort', 'retry', 'extend'] as const) {
          const actor = { person: 'bob', entrance: 'cli' } as const
          expect(decide({ ...plain, verb, actor }, state, { author: AUTHOR, policies: [] }).kind === 'accept').toBe(
            verbs.includes(verb),
          )
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

/** What the workflow does after an abort. */
function rolledBack(state: ReleaseState): ReleaseState {
  const at = 1e9
  const aborted = reduce(state, { type: 'abandoned', cause: 'abort', by: 'bob', reason: 'now', at })
  if (!wasExposed(aborted)) return reduce(aborted, { type: 'refused', at })
  const asked = reduce(aborted, { type: 'rollback-wanted', at })
  const confirmed = reduce(asked, { type: 'exposure-confirmed', exposure: asked.wanted, at })
  return reduce(confirmed, { type: 'rolled-back', at })
}

/** Cheaper than an assertion library: this runs millions of times. */
function must(holds: boolean): void {
  if (!holds) throw new Error('it does not hold')
}

function named(says: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    throw new Error(`broken: ${says}`, { cause: error })
  }
}
