import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pipeline } from '../../../src/domain/pipeline/pipeline.ts'
import { pipelineCard } from '../../../src/domain/pipeline/pipeline-card.ts'
import { decideOnPipeline } from '../../../src/domain/pipeline/pipeline-commands.ts'
import type { NewPipelineEvent } from '../../../src/domain/pipeline/pipeline-events.ts'
import { reducePipeline } from '../../../src/domain/pipeline/pipeline-reducer.ts'
import {
  beginPipelineState,
  endOfPipeline,
  hasVersion,
  type PipelineState,
  pipelinePhase,
  stageIn,
} from '../../../src/domain/pipeline/pipeline-state.ts'
import { urgencyOf } from '../../../src/domain/pipeline/pipeline-story.ts'
import type { PipelineVerb } from '../../../src/domain/pipeline/pipeline-verbs.ts'
import { stageWords } from '../../../src/domain/pipeline/pipeline-words.ts'
import { stageDutyOf } from '../../../src/domain/pipeline/stage-duty.ts'
import { laterThan } from '../../../src/domain/pipeline/stage-order.ts'
import { regions, stageOf } from './pipelines.ts'

const ID = 'pipeline/checkout-regions/3fa9c2d1'
const BOB = { person: 'bob', entrance: 'cli' } as const

/** A pipeline by hand: what its workflow would do the test does. */
function begin(pipeline: Pipeline) {
  let state = beginPipelineState(ID, pipeline)
  let keys = 0
  let now = 1_000
  const record = (event: NewPipelineEvent) => {
    now += 1_000
    state = reducePipeline(state, { ...event, at: now })
    if (state.outcome === null && endOfPipeline(state) !== null)
      state = reducePipeline(state, { type: 'ended', at: now })
  }
  return {
    record,
    state: () => state,
    duty: (name: string) => stageDutyOf(pipeline.stages, state, name),
    card: () => pipelineCard({ pipeline, versions: { checkout: '2.4.0' }, author: BOB, startedAt: 1_000 }, state),
    command(verb: PipelineVerb, person = 'bob', stage: string | null = null) {
      keys += 1
      const actor = { person, entrance: 'cli' } as const
      const command = { verb, pipelineId: ID, stage, key: `key-${keys}`, actor, reason: '' }
      const decision = decideOnPipeline(command, state, 'alice')
      if (decision.kind === 'accept') record(decision.event)
      return decision
    },
    promote(name: string) {
      record({ type: 'stage-begun', stage: name })
      record({ type: 'release-started', stage: name, releaseId: `release/checkout/${name}/1` })
      record({ type: 'stage-promoted', stage: name, soakUntil: now })
      record({ type: 'stage-done', stage: name })
    },
    run(name: string) {
      record({ type: 'stage-begun', stage: name })
      record({ type: 'release-started', stage: name, releaseId: `release/checkout/${name}/1` })
    },
  }
}

const BEGUN: readonly [NewPipelineEvent, NewPipelineEvent] = [
  { type: 'stage-begun', stage: 'eu' },
  { type: 'release-started', stage: 'eu', releaseId: 'release/checkout/eu/2' },
]

const BOARD = { kind: 'call-gate', call: 'change-board', within: 3_600_000 } as const

const phasesIn = ({ stages }: PipelineState) => stages.map(({ phase }) => phase).join(' ')

describe('a stage whose return is watched yet', () => {
  function returning() {
    const one = begin(regions('stop'))
    one.promote('canary')
    one.promote('small')
    one.command('abort')
    one.record({ type: 'return-begun', stage: 'small' })
    one.record({ type: 'return-started', stage: 'small', releaseId: 'release/checkout/small/2' })
    one.record({ type: 'stage-returned', stage: 'small', reason: null, isWatched: true })
    return one
  }

  it('holds nobody up but the end of its pipeline', () => {
    const one = returning()
    expect(one.duty('small')).toEqual({ kind: 'watch-return', releaseId: 'release/checkout/small/2' })
    expect(one.duty('canary')).toEqual({ kind: 'return' })
    one.record({ type: 'stage-returned', stage: 'canary', reason: null })
    expect(pipelinePhase(one.state())).toBe('rolling-back')
    expect(one.card().stages.find(({ name }) => name === 'small')?.reason).toBe(
      'checkout/small/2 watches the version before yet',
    )
    one.record({ type: 'return-stands', stage: 'small', reason: 'its way back is paused', isPaused: true })
    expect(one.duty('small')).toEqual({ kind: 'watch-return', releaseId: 'release/checkout/small/2' })
    one.record({ type: 'return-held', stage: 'small' })
    expect(one.state().outcome).toBe('rolled-back')
    expect(one.duty('small')).toEqual({ kind: 'wait' })
  })

  it('has the version again where the version before fails: the pipeline has not rolled back, and people hear of it', () => {
    const one = returning()
    one.record({ type: 'stage-returned', stage: 'canary', reason: null })
    const lost = { type: 'return-refused', stage: 'small', reason: 'checkout/small/2: rolled-back, the floor' } as const
    one.record(lost)
    expect(one.state().outcome).toBe('failed')
    expect(urgencyOf(lost)).toBe('alarm')
    expect(stageIn(one.state(), 'small')).toMatchObject({ phase: 'stuck', reason: lost.reason })
  })
})

describe('a pipeline', () => {
  it('begins a stage when those before it are done, and both of a wave at once', () => {
    const one = begin(regions('stop'))
    expect(one.duty('canary')).toEqual({ kind: 'begin' })
    expect(one.duty('small')).toEqual({ kind: 'wait' })
    one.promote('canary')
    one.promote('small')
    expect([one.duty('eu'), one.duty('us')]).toEqual([{ kind: 'begin' }, { kind: 'begin' }])
    one.promote('eu')
    one.promote('us')
    expect(one.state()).toMatchObject({ outcome: 'promoted' })
    expect(one.card()).toMatchObject({ phase: 'promoted', verbs: [], isEnded: true })
  })

  it('asks before a stage, counts each person once and never the author, and begins it then', () => {
    const approve = { by: 'owners', people: ['alice', 'bob', 'carol'], need: 2, notAuthor: true, within: 1_000 }
    const one = begin(regions('stop', { approve }))
    one.promote('canary')
    expect(one.duty('small')).toEqual({ kind: 'ask' })
    one.record({ type: 'approval-asked', stage: 'small', request: { ...approve, deadline: 99_000 } })
    expect(one.command('approve', 'alice')).toMatchObject({ code: 'command.forbidden' })
    expect(one.command('approve', 'dave')).toMatchObject({ code: 'command.forbidden' })
    one.command('approve', 'bob')
    expect(one.command('approve', 'bob')).toMatchObject({ message: 'bob has already approved' })
    expect(one.command('approve', 'carol', 'eu')).toMatchObject({ code: 'command.stale' })
    one.command('approve', 'carol')
    expect(one.duty('small')).toEqual({ kind: 'begin' })
    expect(one.card().trail.map(({ text }) => text)).toContain('small: approved by bob, 1 of 2')
  })

  it('pauses when an approval expires, and asks again after a resume', () => {
    const approve = { by: 'owners', people: ['bob'], need: 1, notAuthor: true, within: 1_000 }
    const one = begin(regions('rollback-all', { approve }))
    one.promote('canary')
    one.record({ type: 'approval-asked', stage: 'small', request: { ...approve, deadline: 99_000 } })
    one.record({ type: 'approval-expired', stage: 'small', reason: 'nobody in owners approved small within 1s' })
    expect(one.card()).toMatchObject({ phase: 'paused', verbs: ['pause', 'resume', 'abort'] })
    expect(one.command('approve')).toMatchObject({ message: expect.stringContaining('the approval has expired') })
    one.command('resume')
    expect(one.duty('small')).toEqual({ kind: 'ask' })
  })

  it('waits at a gate before a stage, after its approval, and asks anew with all its time when somebody resumes it', () => {
    const approve = { by: 'owners', people: ['bob'], need: 1, notAuthor: true, within: 1_000 }
    const one = begin(regions('stop', { approve, gate: { ...BOARD, onFail: 'pause' } }))
    one.promote('canary')
    one.record({ type: 'approval-asked', stage: 'small', request: { ...approve, deadline: 99_000 } })
    one.command('approve')
    expect(one.duty('small')).toMatchObject({ kind: 'await-gate', gate: BOARD })
    const reason = 'change-board has not said yes yet'
    one.record({ type: 'gate-waits', stage: 'small', reason, opensAt: null, due: 60_000, told: 'info' })
    const [, row] = one.card().stages
    expect(row === undefined ? '' : stageWords(row, { ...one.card(), releases: {} }, 0)).toBe(
      `${reason}; until 1970-01-01 00:01 UTC`,
    )
    one.record({ type: 'gate-refused', stage: 'small', reason: 'change-board says no: freeze' })
    expect(one.card()).toMatchObject({ phase: 'paused', reason: 'small: change-board says no: freeze' })
    expect([one.duty('small').kind, one.card().stages[1]?.due]).toEqual(['wait', null])
    one.command('resume')
    expect(one.duty('small').kind).toBe('await-gate')
    one.record({ type: 'stage-begun', stage: 'small', text: 'change-board says yes: fine' })
    expect(one.card().trail.at(-1)?.text).toBe('small: change-board says yes: fine')
  })

  it('holds no way back and no abort at a gate, and asks nobody while it is paused', () => {
    const one = begin(regions('rollback-all', { gate: BOARD }))
    one.promote('canary')
    one.record({ type: 'gate-waits', stage: 'small', reason: 'no yes', opensAt: null, due: 60_000, told: 'info' })
    one.command('pause')
    expect(one.duty('small')).toEqual({ kind: 'wait' })
    one.command('resume')
    one.command('abort')
    expect([one.duty('small').kind, one.duty('canary').kind]).toEqual(['wait', 'return'])
    const refused = begin(regions('rollback-all', { gate: BOARD }))
    refused.promote('canary')
    refused.record({ type: 'stage-failed', stage: 'small', reason: 'change-board says no: freeze' })
    expect([refused.duty('small').kind, refused.duty('canary').kind]).toEqual(['wait', 'return'])
  })

  it('takes everything back in reverse order when a stage fails and the plan says so', () => {
    const one = begin(regions('rollback-all'))
    for (const name of ['canary', 'small', 'eu']) one.promote(name)
    one.run('us')
    one.record({ type: 'stage-failed', stage: 'us', reason: 'rolled-back, errors 5% on 2.4.0' })
    expect(one.card()).toMatchObject({ phase: 'rolling-back', reason: 'us: rolled-back, errors 5% on 2.4.0' })
    expect(['canary', 'small', 'eu'].map((name) => one.duty(name).kind)).toEqual(['wait', 'wait', 'return'])
    one.record({ type: 'return-begun', stage: 'eu' })
    one.record({ type: 'return-started', stage: 'eu', releaseId: 'release/checkout/eu/2' })
    expect(one.duty('small')).toEqual({ kind: 'wait' })
    one.record({ type: 'stage-returned', stage: 'eu', reason: null })
    expect(one.duty('small')).toEqual({ kind: 'return' })
  })

  it('does not wait for a way back that has begun and takes long, once that has been said', () => {
    const one = begin(regions('rollback-all'))
    for (const name of ['canary', 'small', 'eu']) one.promote(name)
    one.command('abort')
    one.record({ type: 'return-begun', stage: 'eu' })
    one.record({ type: 'return-started', stage: 'eu', releaseId: 'release/checkout/eu/2' })
    expect(one.duty('small')).toEqual({ kind: 'wait' })
    one.record({ type: 'return-waits', stage: 'eu', reason: 'not everybody is back after 30s' })
    expect(['small', 'eu'].map((name) => one.duty(name).kind)).toEqual(['return', 'follow-return'])
  })

  it('is not rolled back while nobody can say where the users of a failed stage are; the others wait no longer than that is told', () => {
    const one = begin(regions('rollback-all'))
    for (const name of ['canary', 'small']) one.promote(name)
    one.run('eu')
    one.record({ type: 'stage-failed', stage: 'eu', reason: 'ended without a report', mayHaveVersion: true })
    expect(['small', 'eu'].map((name) => one.duty(name).kind)).toEqual(['wait', 'return'])
    one.record({ type: 'return-begun', stage: 'eu' })
    one.record({ type: 'return-waits', stage: 'eu', reason: 'its lane brings the router back first' })
    expect(['small', 'eu'].map((name) => one.duty(name).kind)).toEqual(['return', 'submit-return'])
    for (const stage of ['small', 'canary']) {
      one.record({ type: 'return-begun', stage })
      one.record({ type: 'stage-returned', stage, reason: null })
    }
    expect(one.state().outcome).toBe(null)
    one.record({ type: 'stage-returned', stage: 'eu', reason: 'it is on 2.3.9' })
    expect(one.state().outcome).toBe('rolled-back')
  })

  it.each([
    ['asks for its approval again', []],
    ['is not approved again', [{ type: 'rejected', stage: 'eu', actor: BOB, key: 'no', reason: '' }]],
    ['waits in the queue behind what its lane brings back', BEGUN],
    ['has left that queue', [...BEGUN, { type: 'stage-failed', stage: 'eu', reason: 'withdrawn' }]],
    ['left it for a pause', [...BEGUN, { type: 'release-withdrawn', stage: 'eu' }]],
    ['is not taken by its lane', [BEGUN[0], { type: 'release-refused', stage: 'eu', reason: 'frozen' }]],
  ] as readonly (readonly [string, readonly NewPipelineEvent[]])[])(
    'is not rolled back before that is known when the stage was tried again and %s',
    (_, events) => {
      const approve = { by: 'owners', people: ['bob'], need: 1, notAuthor: true, within: 3_600_000 }
      const one = begin({ name: 'one', onFail: 'stop', stages: [stageOf('checkout/eu', [], { approve })] })
      one.run('eu')
      one.record({ type: 'stage-failed', stage: 'eu', reason: 'ended without a report', mayHaveVersion: true })
      one.command('resume')
      one.record({ type: 'approval-asked', stage: 'eu', request: { ...approve, deadline: 9_000_000 } })
      for (const event of events) one.record(event)
      one.command('abort')
      if (one.duty('eu').kind === 'tell') {
        one.record({ type: 'release-told', stage: 'eu', verb: 'abort', isTaken: true })
        one.record({ type: 'stage-failed', stage: 'eu', reason: 'withdrawn' })
      }
      expect(one.state().outcome).toBe(null)
      expect(one.duty('eu')).toEqual({ kind: 'return' })
      one.record({ type: 'return-begun', stage: 'eu' })
      expect(stageIn(one.state(), 'eu').releaseId).not.toBe(null)
      one.record({ type: 'stage-returned', stage: 'eu', reason: 'it is on 2.3.9' })
      expect(one.state().outcome).toBe('rolled-back')
    },
  )

  it('is asked no more once it was promoted after all', () => {
    const one = begin({ name: 'one', onFail: 'stop', stages: [stageOf('checkout/eu')] })
    one.run('eu')
    one.record({ type: 'stage-failed', stage: 'eu', reason: 'ended without a report', mayHaveVersion: true })
    one.command('resume')
    one.promote('eu')
    expect(stageIn(one.state(), 'eu')).not.toHaveProperty('mayHaveVersion')
    expect(one.state().outcome).toBe('promoted')
  })

  it('ends with the others as they are when only the failed stage goes back, and lets its wave come to its end', () => {
    const one = begin(regions('rollback-stage'))
    for (const name of ['canary', 'small']) one.promote(name)
    one.run('eu')
    one.run('us')
    one.record({ type: 'stage-failed', stage: 'us', reason: 'rolled-back, aborted' })
    expect(one.card()).toMatchObject({ phase: 'ending' })
    expect(one.duty('eu')).toMatchObject({ kind: 'follow' })
    one.record({ type: 'stage-promoted', stage: 'eu', soakUntil: 0 })
    one.record({ type: 'stage-done', stage: 'eu' })
    expect(one.state().outcome).toBe('failed')
    expect(one.card().trail.at(-1)?.text).toBe('failed: canary, small, eu still have the version')
  })

  it('goes on with another try of a failed stage, by another key, when a person resumes it', () => {
    const one = begin(regions('stop'))
    one.run('canary')
    one.record({ type: 'stage-failed', stage: 'canary', reason: 'rolled-back, latency' })
    expect(one.card()).toMatchObject({ phase: 'paused', reason: 'canary: rolled-back, latency' })
    one.command('resume')
    one.record({ type: 'stage-begun', stage: 'canary' })
    expect(one.duty('canary')).toEqual({ kind: 'submit', tries: 1 })
  })

  it('holds the releases that run while a person pauses it, and lets go of those alone that it has held', () => {
    const one = begin(regions('stop'))
    for (const name of ['canary', 'small']) one.promote(name)
    one.run('eu')
    one.run('us')
    one.command('pause')
    expect(one.duty('eu')).toMatchObject({ kind: 'tell', verb: 'pause', actor: BOB })
    one.record({ type: 'release-told', stage: 'eu', verb: 'pause', isTaken: true })
    one.record({ type: 'release-told', stage: 'us', verb: 'pause', isTaken: false })
    expect(one.duty('eu')).toMatchObject({ kind: 'follow' })
    expect(one.command('pause')).toMatchObject({ kind: 'refuse' })
    one.command('resume')
    expect(one.duty('eu')).toMatchObject({ kind: 'tell', verb: 'resume' })
    expect(one.duty('us')).toMatchObject({ kind: 'follow' })
    one.record({ type: 'release-told', stage: 'eu', verb: 'resume', isTaken: true })
    one.command('pause')
    expect([one.duty('eu').kind, one.duty('us').kind]).toEqual(['tell', 'tell'])
  })

  it('says why a release does not do what it is told, warns of it, and follows it all the same', () => {
    const one = begin(regions('stop'))
    one.run('canary')
    one.command('pause')
    const refusal = 'the release waits for an approval (approve or reject it)'
    const told = { type: 'release-told', stage: 'canary', verb: 'pause', isTaken: false, refusal } as const
    one.record(told)
    expect(one.card().trail.at(-1)?.text).toBe(`canary: its release does not pause, ${refusal}`)
    expect(urgencyOf(told)).toBe('warning')
    expect(one.duty('canary')).toMatchObject({ kind: 'follow' })
  })

  it('shows of a way back that its router does not confirm both that it waits and how it stands, and is not rolled back', () => {
    const one = begin(regions('rollback-all'))
    one.promote('canary')
    one.command('abort')
    one.record({ type: 'return-begun', stage: 'canary' })
    one.record({ type: 'return-started', stage: 'canary', releaseId: 'release/checkout/canary/2' })
    one.record({ type: 'return-waits', stage: 'canary', reason: 'its router has not confirmed that everybody is back' })
    const [row] = one.card().stages
    const release = { phase: 'exposing', weight: 0, step: 1, steps: 1, reason: null }
    expect(row === undefined ? '' : stageWords(row, { ...one.card(), releases: { canary: release } }, 0)).toBe(
      'its router has not confirmed that everybody is back; checkout/canary/2, exposing, step 1 of 1, 0% on canary',
    )
    expect(one.card()).toMatchObject({ phase: 'rolling-back', isEnded: false })
  })

  it('counts as failed where a stage loses the version that it had promoted', () => {
    const one = begin(regions('rollback-all'))
    for (const name of ['canary', 'small']) one.promote(name)
    one.record({ type: 'stage-failed', stage: 'canary', reason: 'checkout/canary does not have 2.4.0 any more' })
    expect(pipelinePhase(one.state())).toBe('rolling-back')
    expect(one.duty('small')).toEqual({ kind: 'return' })
  })

  it('says which stages still have the version where one cannot go back', () => {
    const one = begin(regions('stop'))
    one.promote('canary')
    one.command('abort')
    expect(one.duty('small')).toEqual({ kind: 'wait' })
    one.record({ type: 'return-begun', stage: 'canary' })
    one.record({ type: 'return-refused', stage: 'canary', reason: 'no plan says that the pool is kept' })
    expect(one.card()).toMatchObject({ phase: 'failed', isEnded: true })
    expect(one.card().trail.at(-1)?.text).toBe('failed: canary still has the version')
    expect(one.command('abort')).toMatchObject({ code: 'pipeline.ended' })
  })
})

describe('whatever happens to a pipeline', () => {
  const shapes = fc.constantFrom(regions('rollback-all'), regions('rollback-stage'), regions('stop'), {
    ...regions('rollback-all'),
    stages: [stageOf('checkout/canary'), stageOf('search/eu', ['canary'], { gate: BOARD })],
  })
  const fates = fc.array(fc.tuple(fc.nat(), fc.nat(9)), { minLength: 40, maxLength: 120 })

  it('no stage begins before its time, nothing begins in a pause, the last one goes back first, and it comes to an end', () => {
    fc.assert(
      fc.property(shapes, fates, (pipeline, moves) => {
        const one = begin(pipeline)
        const names = pipeline.stages.map(({ name }) => name)
        const step = (pick: number, fate: number) => {
          const before = one.state()
          const name = names[pick % names.length] ?? ''
          const duty = one.duty(name)
          move(one, name, duty, fate)
          const after = one.state()
          for (const stage of pipeline.stages) {
            const [was, is] = [stageIn(before, stage.name).phase, stageIn(after, stage.name).phase]
            if (was === 'waiting' && is === 'starting') {
              expect(before.hold).toBeNull()
              expect(before.givenUp).toBeNull()
              for (const earlier of stage.after) expect(stageIn(before, earlier).phase).toBe('done')
            }
            if (was !== 'returning' && is === 'returning') {
              for (const { name: other } of laterThan(pipeline.stages, stage.name))
                expect(['waiting', 'failed', 'returned', 'stuck']).toContain(stageIn(before, other).phase)
            }
          }
        }
        for (const [pick, fate] of moves) if (one.state().outcome === null) step(pick, fate)
        // From here on everybody wants it to end, and every lane does what it is asked.
        if (one.state().outcome === null) one.command('abort')
        for (let round = 0; round < 40 && one.state().outcome === null; round += 1)
          for (const [index] of names.entries()) step(index, 0)
        const { outcome, stages } = one.state()
        expect(outcome, phasesIn(one.state())).not.toBeNull()
        if (outcome === 'rolled-back') expect(stages.some(hasVersion)).toBe(false)
        if (outcome === 'promoted') expect(stages.every(({ phase }) => phase === 'done')).toBe(true)
      }),
    )
  })
})

type Duty = ReturnType<ReturnType<typeof begin>['duty']>

/** What might become of a duty; fate 0 is the best. */
function move(one: ReturnType<typeof begin>, stage: string, duty: Duty, fate: number): void {
  if (fate === 8) return void one.command('pause')
  if (fate === 9) return void one.command(one.state().hold === null ? 'abort' : 'resume')
  switch (duty.kind) {
    case 'begin':
      return one.record({ type: 'stage-begun', stage })
    case 'submit':
      return one.record(
        fate === 1
          ? { type: 'release-refused', stage, reason: 'frozen' }
          : { type: 'release-started', stage, releaseId: `release/checkout/${stage}/1` },
      )
    case 'tell':
      return one.record({ type: 'release-told', stage, verb: duty.verb, isTaken: fate !== 1 })
    case 'follow':
      return one.record(
        fate === 1 || one.state().givenUp?.back === 'all'
          ? { type: 'stage-failed', stage, reason: 'rolled-back, errors' }
          : { type: 'stage-promoted', stage, soakUntil: 0 },
      )
    case 'watch':
      if (fate === 1) return one.record({ type: 'stage-failed', stage, reason: 'lost' })
      return duty.soakUntil === null ? undefined : one.record({ type: 'stage-done', stage })
    case 'return':
      return one.record({ type: 'return-begun', stage })
    case 'submit-return':
      if (fate === 1) return one.record({ type: 'return-refused', stage, reason: 'not kept' })
      return one.record({ type: 'return-started', stage, releaseId: `release/checkout/${stage}/2` })
    case 'follow-return':
      return one.record({ type: 'stage-returned', stage, reason: null, ...(fate % 2 === 0 && { isWatched: true }) })
    case 'watch-return':
      return one.record(
        fate === 1 ? { type: 'return-refused', stage, reason: 'went forward again' } : { type: 'return-held', stage },
      )
    case 'await-gate':
      if (fate === 1) return one.record({ type: 'stage-failed', stage, reason: 'board says no' })
      if (fate === 2) return one.record({ type: 'gate-refused', stage, reason: 'board says no' })
      if (fate === 3)
        return one.record({ type: 'gate-waits', stage, reason: 'not yet', opensAt: null, due: 9_000, told: null })
      return one.record({ type: 'stage-begun', stage })
    case 'ask':
    case 'await-approval':
    case 'wait':
  }
}
