import fc from 'fast-check'
import type { Actor } from '../../../src/domain/actor.ts'
import type { Exposure } from '../../../src/domain/exposure.ts'
import type { NewEvent } from '../../../src/domain/release/command-events.ts'
import { type Command, decide } from '../../../src/domain/release/commands.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import type { ReleaseState } from '../../../src/domain/release/release-state.ts'
import { COMMAND_VERBS } from '../../../src/domain/release/verbs.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

/** Random lives of a release: what the workflow does, what people command, and events that cannot be. */

export const PEOPLE = ['alice', 'bob', 'carol', 'mallory'] as const
export const AUTHOR = 'alice'

const flags = fc.dictionary(
  fc.constantFrom('new-checkout', 'banner'),
  fc.constantFrom({ weight: 0, cohorts: [] }, { weight: 10_000, cohorts: [] }, { weight: 0, cohorts: ['beta'] }),
  { noNullPrototype: true },
)
const exposures: fc.Arbitrary<Exposure> = fc.record(
  {
    weight: fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom(0, 500, 10_000)),
    cohorts: fc.subarray(['beta', 'internal', 'eu-west']),
    flags,
    mirror: fc.constantFrom(1, 1_000, 10_000),
  },
  { requiredKeys: ['weight', 'cohorts'] },
)
const actors: fc.Arbitrary<Actor> = fc.record({
  person: fc.constantFrom(...PEOPLE),
  entrance: fc.constantFrom('http', 'cli', 'slack'),
})
const verdicts: fc.Arbitrary<Verdict> = fc.constantFrom<Verdict>(
  { outcome: 'pass', reason: 'fine', evidence: { judge: 't', figures: {} } },
  { outcome: 'fail', reason: 'broken', evidence: { judge: 't', figures: {} } },
  { outcome: 'inconclusive', cause: 'blind', reason: 'dark', evidence: { judge: 't', figures: {} } },
)

const NOBODY: Exposure = { weight: 0, cohorts: [] }

const duration = fc.integer({ min: 1, max: 100_000 })
const events: fc.Arbitrary<NewEvent> = fc.oneof(
  fc.record({
    type: fc.constant('baseline-recorded' as const),
    roles: fc.constant({ stable: 'blue', canary: 'green' }),
    exposure: fc.constantFrom<Exposure>(NOBODY, { ...NOBODY, flags: { banner: { weight: 2_500, cohorts: [] } } }),
  }),
  fc.record({
    type: fc.constant('flag-failed' as const),
    flag: fc.constantFrom('new-checkout', 'banner'),
    reason: fc.constant('broken'),
  }),
  fc.constant<NewEvent>({ type: 'flags-wanted' }),
  fc.record({
    type: fc.constant('exposure-wanted' as const),
    step: fc.integer({ min: 1, max: 9 }),
    exposure: exposures,
  }),
  fc.record({ type: fc.constant('exposure-confirmed' as const), exposure: exposures }),
  fc.record({
    type: fc.constant('bake-started' as const),
    step: fc.integer({ min: 1, max: 9 }),
    duration,
    isAnalysis: fc.boolean(),
  }),
  fc.record({ type: fc.constant('bake-prolonged' as const), by: duration, reason: fc.constant('dark') }),
  fc.constant<NewEvent>({ type: 'bake-proven', reason: 'shown' }),
  fc.constant<NewEvent>({ type: 'bake-ended' }),
  fc.record({
    type: fc.constant('approval-asked' as const),
    step: fc.integer({ min: 1, max: 9 }),
    request: fc.record({
      by: fc.constant('owners'),
      people: fc.subarray(['alice', 'bob', 'carol']),
      need: fc.integer({ min: 1, max: 3 }),
      notAuthor: fc.boolean(),
      deadline: duration,
    }),
  }),
  fc.constant<NewEvent>({ type: 'approval-ended' }),
  fc.constant<NewEvent>({ type: 'action-done' }),
  fc.record({
    type: fc.constant('judged' as const),
    verdicts: fc.dictionary(fc.constantFrom('errors', 'latency'), verdicts),
  }),
  fc.constant<NewEvent>({ type: 'drift-repaired', text: 'repaired' }),
  fc.record({
    type: fc.constant('paused' as const),
    cause: fc.constantFrom('failed-check', 'inconclusive', 'router', 'split'),
    by: fc.constant('sluice'),
    reason: fc.constant('because'),
  }),
  fc.record({
    type: fc.constant('abandoned' as const),
    cause: fc.constantFrom('failed-check', 'router'),
    by: fc.constant('guard'),
    reason: fc.constant('bad'),
  }),
  fc.constant<NewEvent>({ type: 'exposure-withdrawn' }),
  fc.record({
    type: fc.constant('router-taken' as const),
    fence: fc.record({ release: fc.nat(5), epoch: fc.nat(60) }),
    text: fc.constant('taken over'),
  }),
  fc.record({ type: fc.constant('bake-held' as const), held: duration }),
  fc.constant<NewEvent>({ type: 'rollback-wanted' }),
  fc.record({ type: fc.constant('rollback-failed' as const), reason: fc.constant('no answer') }),
  fc.constant<NewEvent>({ type: 'rolled-back' }),
  fc.constant<NewEvent>({ type: 'refused' }),
  fc.constant<NewEvent>({ type: 'superseded' }),
  fc.constant<NewEvent>({ type: 'promoted' }),
)

/** A move is an event with a time, a confirmation of what is wanted now, or a command. */
export type Move =
  | { readonly kind: 'event'; readonly event: NewEvent; readonly after: number }
  | { readonly kind: 'confirm'; readonly after: number }
  | {
      readonly kind: 'command'
      readonly command: Omit<Command, 'step'> & { step: 'current' | 'old' | null }
      readonly after: number
    }

const after = fc.integer({ min: 0, max: 60_000 })
export const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('event' as const), event: events, after }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('confirm' as const), after }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      after,
      command: fc.record({
        verb: fc.constantFrom(...COMMAND_VERBS),
        releaseId: fc.constantFrom('release/a/b/1', 'release/a/b/1', 'release/a/b/1', 'release/a/b/2'),
        step: fc.constantFrom('current' as const, 'current' as const, 'old' as const, null),
        key: fc.string({ minLength: 1, maxLength: 2 }),
        actor: actors,
        reason: fc.constantFrom('', 'since'),
        by: duration,
      }),
    }),
  },
)

const told = (event: NewEvent): Move => ({ kind: 'event', event, after: 1_000 })

/** A release that everybody has soon: by chance alone few lives come so far. */
const OPENING: readonly Move[] = [
  told({ type: 'baseline-recorded', roles: { stable: 'blue', canary: 'green' }, exposure: NOBODY }),
  told({ type: 'exposure-wanted', step: 1, exposure: { weight: 10_000, cohorts: [] } }),
  { kind: 'confirm', after: 1_000 },
]

/** Whole lives: most from the very beginning, some from a release that everybody has. */
export function lives(maxLength: number): fc.Arbitrary<readonly Move[]> {
  const random = fc.array(moves, { maxLength, size: 'max' })
  return fc.oneof(
    { weight: 4, arbitrary: random },
    { weight: 1, arbitrary: random.map((rest) => [...OPENING, ...rest]) },
  )
}

export interface Stepped {
  readonly before: ReleaseState
  readonly state: ReleaseState
  readonly event: ReleaseEvent | null
  readonly command: Command | null
  readonly decision: ReturnType<typeof decide> | null
  readonly at: number
}

/** Applies one move the way the workflow does. */
export function step(before: ReleaseState, move: Move, at: number): Stepped {
  switch (move.kind) {
    case 'event':
      return applied(before, { ...move.event, at } as ReleaseEvent, at)
    case 'confirm':
      return applied(before, { type: 'exposure-confirmed', exposure: before.wanted, at }, at)
    case 'command':
      return commanded(before, { ...move.command, step: stepOf(move.command.step, before) }, at)
  }
}

function stepOf(step: 'current' | 'old' | null, state: ReleaseState): number | null {
  if (step === null) return null
  return step === 'current' ? state.step : state.step - 1
}

function applied(before: ReleaseState, event: ReleaseEvent, at: number): Stepped {
  return { before, state: reduce(before, event), event, command: null, decision: null, at }
}

function commanded(before: ReleaseState, command: Command, at: number): Stepped {
  const decision = decide(command, before, { author: AUTHOR, policies: [] })
  const state = decision.kind === 'accept' ? eventsOf(command, at).reduce(reduce, before) : before
  return { before, state, event: null, command, decision, at }
}

/** The events of an accepted command, as `workflows/answers.ts` records them. */
function eventsOf({ verb, actor, key, reason, by = 0 }: Command, at: number): ReleaseEvent[] {
  switch (verb) {
    case 'approve':
      return [{ type: 'approved', actor, key, reason, at }]
    case 'pause':
      return [{ type: 'pause-commanded', actor, key, reason, at }]
    case 'resume':
    case 'retry':
      return [{ type: 'resumed', actor, key, reason, isRetry: verb === 'retry', at }]
    case 'promote':
      return [{ type: 'bake-cut-short', actor, key, reason, at }]
    case 'extend':
      return [{ type: 'extended', actor, key, reason, by, at }]
    case 'abort':
    case 'reject':
      return [
        { type: 'command-seen', key, at },
        { type: 'abandoned', cause: verb === 'abort' ? 'abort' : 'rejected', by: actor.person, reason, at },
      ]
  }
}
