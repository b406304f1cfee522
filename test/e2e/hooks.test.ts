import { beforeEach, describe, expect, it } from 'vitest'
import type { TargetFacts } from '../../src/domain/plan/plan-context.ts'
import type { InstanceVersion } from '../../src/domain/release/version-proof.ts'
import type { AskOutcome, CallOutcome, CallRequest, Outside } from '../../src/hooks/outside.ts'
import { planFor, type Stage, stagePerTest, until } from './harness.ts'

let stage: Stage
/** Every call that was made, in order, and how the next ones end. */
let calls: CallRequest[]
let endings: Record<string, readonly CallOutcome[]>
let yes: AskOutcome
let instances: readonly InstanceVersion[]

const DONE: CallOutcome = { kind: 'done', text: '' }
const outside: Outside = {
  async call(request) {
    const before = calls.filter(({ call }) => call === request.call).length
    calls.push(request)
    const ending = endings[request.call] ?? []
    return ending[before] ?? ending.at(-1) ?? DONE
  },
  ask: async () => yes,
  dry: async () => null,
  reached: async () => null,
  versionsOf: async () => instances,
}

stagePerTest((opened) => (stage = opened), { outside })
beforeEach(() => {
  calls = []
  endings = {}
  yes = { kind: 'yes', reason: '' }
  instances = []
})

const call = { kind: 'webhook', answersLater: false } as const
const FACTS: Partial<TargetFacts> = { calls: { deploy: call, remove: call, warm: call, cool: call, jira: call } }
const DEPLOY = { hook: { call: 'deploy', undo: 'remove' } }
const WARM = { hook: { call: 'warm', undo: 'cool' } }
const names = () => calls.map((one) => one.call)
const story = async (id: string) => (await stage.releases.show(id)).trail.map(({ text }) => text)
const weights = () => [...new Set(stage.router.landed.map(({ exposure }) => exposure.weight))]

describe('hooks', () => {
  it('are undone in reverse order after the router is back, and an undo that fails is tried again and said', async () => {
    endings = { cool: [{ kind: 'refused', reason: 'it answered 400' }, DONE] }
    const steps = [DEPLOY, WARM, { weight: '10%' }, { bake: '1h' }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps }, FACTS))
    await stage.untilCard(id, ({ phase }) => phase === 'baking')
    expect(names()).toEqual(['deploy', 'warm'])
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(names()).toEqual(['deploy', 'warm', 'cool', 'remove', 'cool'])
    expect(calls.map(({ key }) => key.slice(id.length))).toEqual([
      ...['/step-1/deploy', '/step-2/warm', '/step-2/undo-cool', '/step-1/undo-remove', '/step-2/undo-cool/2'],
    ])
    const told = await story(id)
    expect(told.indexOf('0% confirmed by the router')).toBeLessThan(told.indexOf('deploy undone by remove'))
    expect(told).toContain('warm is not undone yet, cool failed: it answered 400')
    expect(stage.notices.some(({ text, level }) => level === 'alarm' && text.includes('cool failed'))).toBe(true)
  })

  it('that fail before anybody is exposed refuse the release, with what they left undone', async () => {
    endings = { deploy: [{ kind: 'refused', reason: 'it answered 404' }] }
    const id = await stage.start(planFor(stage, { steps: [DEPLOY, { weight: '100%' }] }, FACTS))
    expect(await stage.result(id)).toMatchObject({ outcome: 'refused', reason: 'deploy failed: it answered 404' })
    expect(names()).toEqual(['deploy', 'remove'])
    expect(stage.router.landed).toEqual([])
  })

  it('that begin wait for their callback, over the runs of a release, take it once, and go on', async () => {
    endings = { deploy: [{ kind: 'begun', within: 600_000 }] }
    const id = await stage.start(planFor(stage, { steps: [DEPLOY, { weight: '100%' }] }, FACTS), { longestHistory: 25 })
    await stage.untilCard(id, ({ trail }) => trail.some(({ text }) => text.startsWith('deploy has begun')))
    const runOf = async () => (await stage.env.client.workflow.getHandle(id).describe()).runId
    const first = await runOf()
    await stage.command(id, 'pause')
    await stage.command(id, 'resume')
    await until(runOf, (run) => run !== first)
    const key = calls[0]?.key ?? ''
    const callback = { call: 'deploy', key, isDone: true, reason: 'rolled out' }
    await expect(stage.releases.hearCallback(id, { ...callback, key: 'guess' })).rejects.toMatchObject({
      code: 'hook.unknown-key',
    })
    await expect(stage.releases.hearCallback(id, { ...callback, call: 'warm' })).rejects.toMatchObject({
      code: 'hook.unknown-key',
    })
    const heard = await Promise.all([
      stage.releases.hearCallback(id, callback),
      stage.releases.hearCallback(id, callback),
    ])
    expect(heard.filter(({ isRepeat }) => isRepeat)).toHaveLength(1)
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(names()).toEqual(['deploy'])
    expect(await story(id)).toContain('deploy done: rolled out')
  })
})

describe('what is asked before an exposure is raised', () => {
  it('is the version of every instance: until all say it nothing is exposed, and the wait is shown', async () => {
    const says = (version: string) => ({ instance: '10.0.0.7:80', says: version, fault: null })
    instances = [says('2.4.0'), says('2.3.9')]
    const facts = { ...FACTS, proof: { within: 600_000 } }
    // A flag that is set off beforehand gives nobody the version.
    const steps = [{ flag: { banner: 'off' } }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps }, facts))
    const card = await stage.untilCard(id, ({ reason }) => reason !== null)
    expect(card.reason).toBe('green does not run 2.4.0 (1 of 2 do): 10.0.0.7:80 runs 2.3.9')
    expect(weights()).toEqual([0])
    instances = [says('2.4.0'), says('2.4.0')]
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(await story(id)).toContain('green runs 2.4.0, all 2 instances said so')
  })

  it('is given up after its time: a pool that runs another version is exposed to nobody', async () => {
    instances = [{ instance: '10.0.0.7:80', says: '2.3.9', fault: null }]
    const facts = { ...FACTS, proof: { within: 2_000 } }
    const id = await stage.start(planFor(stage, { steps: [DEPLOY, { weight: '100%' }] }, facts))
    const reason = 'green does not run 2.4.0: 10.0.0.7:80 runs 2.3.9'
    expect(await stage.result(id)).toMatchObject({ outcome: 'refused', reason })
    expect([stage.router.landed, names()]).toEqual([[], ['deploy', 'remove']])
  })

  it('is the capacity of the pools: it is held while too few servers are ready, and goes on by itself', async () => {
    const plan = { steps: [{ weight: '10%' }, { weight: '100%' }], capacity: { ready: '80%' } }
    stage.router.health = { blue: { ready: 4, total: 4 }, green: { ready: 1, total: 4 } }
    const id = await stage.start(planFor(stage, plan, FACTS))
    const { reason } = await stage.untilCard(id, (card) => card.reason !== null)
    expect(reason).toBe('green has too little capacity: 1 of 4 servers ready, 80% needed')
    expect(stage.router.landed).toEqual([])
    stage.router.health = { blue: { ready: 4, total: 4 }, green: { ready: 4, total: 4 } }
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(weights()).toEqual([1_000, 10_000])
  })
})

describe('a gate that asks a call', () => {
  it('waits for a yes, says so, pauses at a no where the plan says so, and asks anew after it', async () => {
    yes = { kind: 'wait', reason: 'JIRA-7 is open' }
    const steps = [{ weight: '10%' }, { gate: { call: 'jira', onFail: 'pause' } }, { weight: '100%' }]
    const id = await stage.start(planFor(stage, { steps }, FACTS))
    const waiting = await stage.untilCard(id, ({ reason }) => reason !== null)
    expect(waiting).toMatchObject({
      phase: 'waiting',
      reason: 'jira has not said yes yet: JIRA-7 is open',
      weight: 1_000,
    })
    yes = { kind: 'no', reason: 'JIRA-7 was rejected' }
    const paused = await stage.untilCard(id, ({ phase }) => phase.startsWith('paused'))
    expect(paused.reason).toBe('jira says no: JIRA-7 was rejected')
    yes = { kind: 'yes', reason: '' }
    await stage.command(id, 'resume')
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    await until(
      () => story(id),
      (told) => told.includes('jira says yes'),
    )
  })
})
