import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { askOutside } from '../../src/activities/ask-outside.ts'
import type { ActivityDependencies } from '../../src/activities/dependencies.ts'
import {
  followReturn,
  orderStage,
  returnStage,
  submitStage,
  watchReturn,
  watchStage,
} from '../../src/activities/stages.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import { emptyLane, type LaneState } from '../../src/domain/lane/lane-state.ts'
import { laneView } from '../../src/domain/lane/lane-view.ts'
import type { Plan } from '../../src/domain/plan/plan.ts'

const TARGET = { service: 'checkout', environment: 'eu' }
const STAGE = { target: TARGET, version: '2.4.0', releaseId: 'release/checkout/eu/2' }
const REST = { stable: 'blue', canary: 'green' }
const RECOVERY = { reason: 'the promoted version failed', by: 'guard', since: 0, tries: 3, lastError: null }
const ASKED = { ...STAGE, actor: { person: 'bob', entrance: 'cli' }, reason: '', key: 'back', known: null } as const

/** What a lane that is empty but for these facts lets a pipeline know; it takes nobody back. */
function laneOf(facts: Partial<LaneState<never>>) {
  const releases = {
    lane: async () => laneView(TARGET, { ...emptyLane<never>(), ...facts }),
    back: () => Promise.reject(new SluiceError('command.refused', { message: 'there is no version before' })),
  }
  const deps = { releases } as unknown as ActivityDependencies
  const inActivity = <T>(body: () => Promise<T>) =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
      .run(body)
      .catch((error: unknown) => (error instanceof Error ? error.message : error))
  return {
    watch: () => inActivity(() => watchStage(deps, STAGE)),
    lookLast: () => inActivity(() => watchStage(deps, { ...STAGE, isLast: true })),
    back: (known: string | null = null) => inActivity(() => returnStage(deps, { ...ASKED, known })),
  }
}

describe('a stage whose lane begins again', () => {
  it('has lost nothing, and is not taken for one that is back, before the lane knows what it had known', async () => {
    const begun = laneOf({})
    expect(await begun.watch()).toBe('the lane of checkout/eu begins again')
    expect(await begun.back()).toBe('the lane of checkout/eu begins again')
  })

  it('is left to a person where the lane never learns which version its target has', async () => {
    const lost = laneOf({ nextNumber: 3 })
    expect(await lost.watch()).toMatchObject({ mayHaveVersion: true })
    expect(await lost.back()).toMatchObject({ kind: 'impossible' })
  })
})

describe('the last look at a stage that has soaked', () => {
  it('ends at once where the target has the version, with the loss where it has not, and with nothing where nobody can say', async () => {
    const facts = { nextNumber: 3, rest: REST }
    expect(await laneOf({ ...facts, promotedVersion: '2.4.0' }).lookLast()).toBeNull()
    expect(await laneOf({ ...facts, promotedVersion: '2.3.9' }).lookLast()).toMatchObject({
      reason: expect.stringContaining('it is on 2.3.9'),
    })
    expect(await laneOf({}).lookLast()).toBe('the lane of checkout/eu begins again')
  })
})

describe('a stage of a pipeline that was reset, which does not know what it had begun there', () => {
  it('takes the version off its way first, whether it waits in the queue or runs, and nothing else', async () => {
    const told: string[] = []
    const waiting = (number: number, version: string) => ({
      releaseId: `release/checkout/eu/${number}`,
      number,
      version,
    })
    const lane = { ...laneView(TARGET, { ...emptyLane<never>(), nextNumber: 6, promotedVersion: '2.3.9', rest: REST }) }
    const queue = [waiting(4, '2.4.0'), waiting(5, '2.5.0')]
    const releases = {
      lane: async () => ({ ...lane, running: 'release/checkout/eu/3', queue }),
      show: async () => ({ version: '2.4.0' }),
      withdraw: async (_: unknown, { releaseId }: { releaseId: string }) => told.push(`withdraw ${releaseId}`),
      command: async ({ verb, releaseId }: { verb: string; releaseId: string }) => told.push(`${verb} ${releaseId}`),
    }
    const deps = { releases } as unknown as ActivityDependencies
    const asked = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(() =>
      returnStage(deps, { ...ASKED, releaseId: '' }),
    )
    await expect(asked).rejects.toThrow('2.4.0 is on its way to checkout/eu')
    expect(told).toEqual(['withdraw release/checkout/eu/4', 'abort release/checkout/eu/3'])
  })
})

describe('a stage whose lane has not heard yet that its release has promoted the version', () => {
  it('still has the version, and its way back waits for the lane', async () => {
    const running = { ...STAGE, number: 2 } as unknown as LaneState<never>['running']
    const deaf = laneOf({ nextNumber: 3, promotedVersion: '2.3.9', rest: REST, running })
    expect(await deaf.watch()).toBe('checkout/eu has 2.4.0')
    expect(await deaf.back()).toEqual({ kind: 'waits', reason: 'there is no version before' })
  })
})

describe('a stage whose lane brings its router back', () => {
  it('is not back before the router is, says so once, and whatever is tried meanwhile', async () => {
    const onItsWay = laneOf({ nextNumber: 3, promotedVersion: '2.3.9', rest: REST, recovery: RECOVERY })
    expect(await onItsWay.watch()).toMatchObject({ mayHaveVersion: true })
    const reason = 'the lane of checkout/eu brings its router back first: the promoted version failed'
    expect(await onItsWay.back()).toEqual({ kind: 'waits', reason })
    expect(await onItsWay.back(reason)).toBe(reason)
  })

  it('is back once the lane holds another version, or what was there before any', async () => {
    const held = laneOf({ nextNumber: 3, promotedVersion: '2.3.9', rest: REST })
    expect(await held.watch()).toEqual({ reason: expect.stringContaining('it is on 2.3.9') })
    expect(await held.back()).toMatchObject({ kind: 'away' })
    expect(await laneOf({ nextNumber: 3, rest: REST }).back()).toMatchObject({ kind: 'away' })
  })
})

describe('a way back that has begun', () => {
  /** What is said of one that its router does not confirm, so long after it was first asked for. */
  const after = (waited: number, known: string | null = null) => {
    const releases = { show: async () => ({ phase: 'rolling-back', isEnded: false, weight: 1_000, reason: null }) }
    const info = { scheduledTimestampMs: 0, currentAttemptScheduledTimestampMs: waited }
    return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') })
      .run(() =>
        followReturn({ releases } as unknown as ActivityDependencies, { releaseId: 'release/checkout/eu/3', known }),
      )
      .catch((error: unknown) => (error instanceof Error ? error.message : error))
  }

  it('is said once to take long, so that the stages before it need not wait, and is followed all the same', async () => {
    expect(await after(29_999)).toBe('checkout/eu/3 goes back')
    const reason = 'its router has not confirmed within 30s that everybody is back; checkout/eu/3 goes on trying'
    expect(await after(30_000)).toEqual({ kind: 'waits', reason })
    expect(await after(90_000, reason)).toBe('checkout/eu/3 goes back')
  })
})

describe('a way back that everybody has gone', () => {
  const WATCHES = 'checkout/eu/3 watches the version before yet'
  const standing = (more: object) => {
    const releases = {
      show: async () => ({ phase: 'baking', isEnded: false, weight: 10_000, reason: null, ...more }),
    }
    const deps = { releases } as unknown as ActivityDependencies
    const ask = <Answer>(question: () => Promise<Answer>) =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
        .run(question)
        .catch((error: unknown) => (error instanceof Error ? error.message : error))
    return {
      follow: () => ask(() => followReturn(deps, { releaseId: 'release/checkout/eu/3', known: null })),
      watch: (known = WATCHES) => ask(() => watchReturn(deps, { releaseId: 'release/checkout/eu/3', known })),
    }
  }

  it('is watched while its release looks at the version before', async () => {
    expect(await standing({}).follow()).toEqual({ kind: 'promoted', isWatched: true })
    expect(await standing({}).watch()).toBe(WATCHES)
    const ended = standing({ phase: 'promoted', isEnded: true })
    expect([await ended.follow(), await ended.watch()]).toEqual([{ kind: 'promoted' }, { kind: 'promoted' }])
  })

  it('says once that a pause keeps it open, and who ends that, and once that it goes on', async () => {
    const paused = standing({ phase: 'paused (baking)', reason: 'errors 9.1% on 2.3.9' })
    const said = await paused.watch()
    const reason =
      'everybody is back, but checkout/eu/3 is paused: errors 9.1% on 2.3.9; the pipeline stays open until somebody resumes checkout/eu/3, or aborts it, which sends everybody forward again'
    expect(said).toEqual({ kind: 'stands', reason, isPaused: true })
    expect(await paused.watch(reason)).toBe(reason)
    expect(await standing({}).watch(reason)).toEqual({ kind: 'stands', reason: WATCHES, isPaused: false })
  })

  it('has failed once that release goes forward again', async () => {
    const reason = 'the canary fails everybody'
    for (const part of [{ phase: 'rolling-back' }, { phase: 'rolled-back', isEnded: true }])
      expect(await standing({ ...part, reason }).watch()).toEqual({
        kind: 'failed',
        reason: `checkout/eu/3: ${part.phase}, ${reason}`,
      })
  })
})

describe('a call that answers for longer than its gate waits', () => {
  const request = { ...STAGE, roles: { stable: '', canary: '' }, step: 0, call: 'board', key: 'k' }
  /** Answers when it is told that nobody waits any more, as a body does that drips. */
  const ask = (_: unknown, signal: AbortSignal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'yes', reason: '' })))
  const deps = { outside: { ask } } as unknown as ActivityDependencies

  it('is given up when the time of the gate is over, and its late yes is none', async () => {
    const question = { about: 'call', request, known: null, patience: 15_000 } as const
    const info = { scheduledTimestampMs: 0, currentAttemptScheduledTimestampMs: 14_990 }
    const answer = await new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') }).run(() =>
      askOutside(deps, question),
    )
    expect(answer).toEqual({ kind: 'wait', reason: 'board gives no answer: no whole answer within 1s', isFault: true })
  })
})

describe('the checklist before a stage', () => {
  const answered = (outcome: 'pass' | 'fail') => {
    const lines = [{ item: 'routing', outcome, text: '', fix: '' }]
    const deps = { releases: { ready: async () => ({ lines }) } } as unknown as ActivityDependencies
    const request = { plan: {} as Plan, version: '2.4.0', author: 'alice' }
    const question = { about: 'stage', request, without: [], known: null, patience: null } as const
    return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(() => askOutside(deps, question))
  }

  it('is asked of its lane, and waits for what is not ready', async () => {
    expect(await answered('pass')).toMatchObject({ kind: 'go' })
    expect(await answered('fail')).toMatchObject({ kind: 'wait', reason: 'it is not ready: routing' })
  })
})

describe('a refusal', () => {
  const refuse = () =>
    Promise.reject(new SluiceError('lane.frozen', { message: 'frozen by carol: inventory', fix: 'wait for its end' }))
  const deps = {
    releases: { start: refuse, command: refuse },
    adaptersOf: () => ({}),
  } as unknown as ActivityDependencies
  const actor = { person: 'bob', entrance: 'cli' } as const

  it('is handed on with its reason and its fix, whether a stage is asked for or its release is told something', async () => {
    const asked = { version: '2.4.0', author: actor, reason: '', key: 'k' }
    const reason = 'frozen by carol: inventory (wait for its end)'
    expect(await submitStage(deps, { ...asked, plan: {} as Plan })).toEqual({ kind: 'refused', reason })
    const order = { releaseId: STAGE.releaseId, verb: 'resume', actor, reason: '', key: 'k' } as const
    expect(await orderStage(deps, order)).toEqual({ refused: reason })
  })
})
