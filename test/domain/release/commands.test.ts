import { describe, expect, it } from 'vitest'
import { NO_FLAGS, withFlags } from '../../../src/domain/exposure.ts'
import type { FlagReaches } from '../../../src/domain/flag-reach.ts'
import type { HeldPolicy } from '../../../src/domain/policy/held-policy.ts'
import type { NewEvent } from '../../../src/domain/release/command-events.ts'
import { type Command, decide as decideBy, openVerbs } from '../../../src/domain/release/commands.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'
import { COMMAND_VERBS, type CommandVerb } from '../../../src/domain/release/verbs.ts'
import type { Verdict } from '../../../src/domain/verdict.ts'

const ID = 'release/checkout/production/7'
const ALICE = { person: 'alice', entrance: 'cli' } as const

function after(...events: readonly NewEvent[]): ReleaseState {
  return events.reduce<ReleaseState>(
    (state, event) => reduce(state, { ...event, at: 1 } as ReleaseEvent),
    beginState(ID),
  )
}

const decide = (sent: Command, state: ReleaseState, author: string, policies: readonly HeldPolicy[] = []) =>
  decideBy(sent, state, { author, policies })

function command(verb: CommandVerb, more: Partial<Command> = {}): Command {
  return { verb, releaseId: ID, step: null, key: 'k1', actor: ALICE, reason: '', ...more }
}

const NOBODY = { weight: 0, cohorts: [] }
const FULL = { weight: 10_000, cohorts: [] }
const failing: Verdict = { outcome: 'fail', reason: '5% on canary', evidence: { judge: 'sequential', figures: {} } }
const begun: NewEvent = { type: 'baseline-recorded', roles: { stable: 'blue', canary: 'green' }, exposure: NOBODY }
const exposed: NewEvent = { type: 'exposure-wanted', step: 1, exposure: FULL }
const confirmed: NewEvent = { type: 'exposure-confirmed', exposure: FULL }
const baking: NewEvent = { type: 'bake-started', step: 2, duration: 60_000, isAnalysis: false }
const paused: NewEvent = { type: 'paused', cause: 'failed-check', by: 'guard', reason: 'errors' }
const abandoned: NewEvent = { type: 'abandoned', cause: 'abort', by: 'bob', reason: 'abort by bob' }
const asked: NewEvent = {
  type: 'approval-asked',
  step: 2,
  request: { by: 'owners', people: ['alice', 'bob', 'carol'], need: 2, notAuthor: true, deadline: 100 },
}
const approvedByBob: NewEvent = {
  type: 'approved',
  actor: { person: 'bob', entrance: 'slack' },
  key: 'kb',
  reason: '',
}

const STATES: readonly [name: string, state: ReleaseState, open: readonly CommandVerb[]][] = [
  ['before its first step', after(), ['pause', 'abort']],
  ['while it bakes', after(begun, exposed, confirmed, baking), ['pause', 'promote', 'abort', 'extend']],
  ['while it waits for people', after(begun, exposed, asked), ['approve', 'reject', 'pause', 'abort', 'extend']],
  ['paused in a bake', after(begun, exposed, baking, paused), ['resume', 'promote', 'abort', 'retry', 'extend']],
  ['paused before people', after(begun, asked, paused), ['approve', 'reject', 'resume', 'abort', 'retry', 'extend']],
  [
    'with a failing check',
    after(begun, exposed, baking, { type: 'judged', verdicts: { errors: failing } }),
    ['pause', 'abort', 'extend'],
  ],
  ['while it rolls back', after(begun, exposed, abandoned), ['abort']],
  ['rolled back', after(begun, abandoned, { type: 'refused' }), []],
  ['promoted', after(begun, exposed, confirmed, { type: 'promoted' }), []],
]

describe('the table of commands', () => {
  it.each(STATES)('%s a release takes these and no others', (_, state, open) => {
    expect(openVerbs(state)).toEqual(open)
    for (const verb of COMMAND_VERBS) {
      const isTaken =
        decide(command(verb, { by: 1_000, actor: { person: 'carol', entrance: 'cli' } }), state, 'dave').kind ===
        'accept'
      expect(isTaken, verb).toBe(open.includes(verb))
    }
  })

  it.each(STATES.filter(([, , open]) => open.length < COMMAND_VERBS.length))(
    '%s each refusal says why and what to do',
    (_, state, open) => {
      for (const verb of COMMAND_VERBS.filter((candidate) => !open.includes(candidate))) {
        const decision = decide(command(verb, { by: 1_000 }), state, 'dave')
        expect(decision).toMatchObject({
          kind: 'refuse',
          message: expect.stringMatching(/\S/),
          fix: expect.stringMatching(/\S/),
        })
      }
    },
  )

  it('ends with the release: then the reason is that it has ended', () => {
    const over = after(begun, abandoned, { type: 'refused' })
    for (const verb of COMMAND_VERBS)
      expect(decide(command(verb), over, 'dave')).toMatchObject({ code: 'release.ended' })
  })
})

describe('decide', () => {
  const bake = after(begun, exposed, confirmed, baking)

  it('knows a command that comes again by its key, even after the release has ended', () => {
    const taken = after(begun, exposed, baking, { type: 'pause-commanded', actor: ALICE, key: 'k1', reason: 'lunch' })
    expect(decide(command('pause'), taken, 'dave')).toEqual({ kind: 'repeat' })
    const over = reduce(reduce(taken, { ...abandoned, at: 2 }), { type: 'superseded', at: 3 })
    expect(over.phase).toBe('superseded')
    expect(decide(command('pause'), over, 'dave')).toEqual({ kind: 'repeat' })
  })

  it('refuses a command that was meant for another release or an earlier step, naming both', () => {
    expect(decide(command('pause', { releaseId: 'release/checkout/production/6' }), bake, 'dave')).toMatchObject({
      code: 'command.stale',
      message: `this command was meant for checkout/production/6, this is checkout/production/7`,
    })
    expect(decide(command('promote', { step: 1 }), bake, 'dave')).toMatchObject({
      code: 'command.stale',
      message: 'this command was meant for step 1; the release is at step 2',
    })
    expect(decide(command('promote', { step: 2 }), bake, 'dave')).toEqual({ kind: 'accept' })
  })

  it('takes an abort for whichever step runs, and for the step that runs', () => {
    expect(decide(command('abort'), bake, 'dave')).toEqual({ kind: 'accept' })
    expect(decide(command('abort'), after(begun, exposed, abandoned), 'dave')).toEqual({ kind: 'accept' })
  })

  it.each([undefined, 0, -5, Number.NaN])('refuses to extend by %s', (by) => {
    const wanted = by === undefined ? command('extend') : command('extend', { by })
    expect(decide(wanted, bake, 'dave')).toMatchObject({ code: 'command.refused' })
  })

  it('does not let promote stand in for an approval', () => {
    expect(decide(command('promote'), after(begun, exposed, asked), 'dave')).toMatchObject({
      code: 'command.refused',
      fix: 'use approve',
    })
  })

  describe('under a policy that says how long bakes last', () => {
    const keeps = (mayShorten: readonly string[]) => [
      { name: 'loose', says: [] },
      { name: 'money', says: [], mayShorten },
    ]
    const small = { weight: 500, cohorts: [] }
    const partly = after(begun, { ...exposed, exposure: small }, { ...confirmed, exposure: small }, baking)
    const promote = (reason = '') => command('promote', { reason })

    it('lets only those end one early whom it names, with a reason', () => {
      expect(decide(promote('urgent'), partly, 'dave', keeps([]))).toMatchObject({
        code: 'command.forbidden',
        message: 'the policy money says how long this bake lasts, and alice may not end it',
        fix: 'wait for its end',
      })
      expect(decide(promote('urgent'), partly, 'dave', keeps(['bob', 'carol']))).toMatchObject({
        code: 'command.forbidden',
        fix: 'wait for its end, or ask one of bob, carol',
      })
      expect(decide(promote(), partly, 'dave', keeps(['alice']))).toMatchObject({ code: 'command.refused' })
      expect(decide(promote('urgent'), partly, 'dave', keeps(['alice']))).toEqual({ kind: 'accept' })
    })

    it('leaves every bake to everybody that no policy is about', () => {
      expect(decide(promote(), partly, 'dave', [{ name: 'loose', says: [] }])).toEqual({ kind: 'accept' })
      expect(decide(promote(), bake, 'dave', keeps([]))).toEqual({ kind: 'accept' })
    })

    it('holds without a router until everybody has each flag that stays on', () => {
      const [all, some, none] = [10_000, 500, 0].map((weight) => ({ weight, cohorts: [] }))
      const live = (flags: object) => {
        const exposure = withFlags(NO_FLAGS, flags as FlagReaches)
        return after(begun, { ...exposed, exposure }, { ...confirmed, exposure }, baking)
      }
      const forbidden = { code: 'command.forbidden' }
      expect(decide(promote('urgent'), live({ one: all, other: some }), 'dave', keeps([]))).toMatchObject(forbidden)
      expect(decide(promote('urgent'), live({ one: none }), 'dave', keeps([]))).toMatchObject(forbidden)
      expect(decide(promote(), live({ one: all, other: none }), 'dave', keeps([]))).toEqual({ kind: 'accept' })
    })

    it('delays no way back, and nothing that makes a release slower', () => {
      for (const verb of ['abort', 'pause', 'extend'] as const)
        expect(decide(command(verb, { by: 1_000 }), partly, 'dave', keeps([]))).toEqual({ kind: 'accept' })
    })
  })

  it('does not promote past a failing check, and quotes it', () => {
    const state = after(begun, exposed, baking, { type: 'judged', verdicts: { errors: failing } })
    expect(decide(command('promote'), state, 'dave')).toMatchObject({ message: 'the check errors fails: 5% on canary' })
  })
})

describe('an approval', () => {
  const waiting = after(begun, exposed, asked)
  const by = (person: string, verb: 'approve' | 'reject' = 'approve') =>
    command(verb, { actor: { person, entrance: 'slack' } })

  it('is given by people of the group', () => {
    expect(decide(by('bob'), waiting, 'dave')).toEqual({ kind: 'accept' })
    expect(decide(by('mallory'), waiting, 'dave')).toMatchObject({
      code: 'command.forbidden',
      fix: 'ask one of alice, bob, carol',
    })
    expect(decide(by('mallory', 'reject'), waiting, 'dave')).toMatchObject({ code: 'command.forbidden' })
  })

  it('is not given by the author when the plan says so, who may still reject', () => {
    expect(decide(by('alice'), waiting, 'alice')).toMatchObject({ code: 'command.forbidden' })
    expect(decide(by('alice', 'reject'), waiting, 'alice')).toEqual({ kind: 'accept' })
    const open = after(begun, exposed, { ...asked, request: { ...requestOf(asked), notAuthor: false } })
    expect(decide(by('alice'), open, 'alice')).toEqual({ kind: 'accept' })
  })

  it('counts one person once', () => {
    const once = after(begun, exposed, asked, approvedByBob)
    expect(decide(by('bob'), once, 'dave')).toMatchObject({
      code: 'command.refused',
      message: 'bob has already approved',
    })
    expect(decide(by('carol'), once, 'dave')).toEqual({ kind: 'accept' })
  })
})

function requestOf(event: NewEvent) {
  if (event.type !== 'approval-asked') throw new Error('not an approval')
  return event.request
}
