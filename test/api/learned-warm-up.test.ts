import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createWarmUpLearner } from '../../src/api/learned-warm-up.ts'
import type { RecordRelease } from '../../src/api/recorder.ts'
import { createServer } from '../../src/api/server.ts'
import type { PastRelease, RecordedPair } from '../../src/domain/release/past-release.ts'
import type { StartRequest } from '../../src/releases/releases.ts'
import { apiParts, readDemoPlan } from '../support/api-parts.ts'
import { PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const START = 1_700_000_000_000
const STEP = 10_000
const BAKE = 600_000
const CHECKS = { errors: { errorRate: { notWorseThan: '1.5x' } } }
const WRITTEN = { ...PLAN, steps: [{ weight: '5%' }, { bake: '10m' }, { weight: '100%' }], checks: CHECKS }

async function planOf(written: unknown) {
  const read = await readDemoPlan(written)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

const release = (number: number): PastRelease => ({
  ...{ releaseId: `release/checkout/production/${number}`, version: '2.3.0', replaces: null, outcome: 'promoted' },
  ...{ abandoned: null, roles: { stable: 'blue', canary: 'green' } },
  spans: [{ exposure: { weight: 500, cohorts: [] }, from: START, until: START + BAKE }],
})

/** Canaries that fail ten times as often for so long after each jump in their load. */
const settlingWithin =
  (time: number): RecordRelease =>
  async () => ({
    kind: 'value',
    value: Array.from({ length: BAKE / STEP }, (_, index): RecordedPair => {
      const errors = index * STEP < time ? 40 : 4
      const canary = { requests: 400, errors, latency: null, events: {} }
      return { start: START + index * STEP, end: START + (index + 1) * STEP, canary, stable: null }
    }),
  })

function learner(recordRelease: RecordRelease, count = 4) {
  let [at, asked] = [START, 0]
  const past = async () => {
    asked += 1
    return { releases: Array.from({ length: count }, (_, index) => release(index)), unread: 0 }
  }
  const releases = { ...createFakeReleases(), past }
  const learn = createWarmUpLearner({ recordRelease, releases, now: () => at })
  return { learn, asked: () => asked, later: (time: number) => void (at += time) }
}

describe('the warm-up that a start learns', () => {
  it('is what nine of ten of the last promoted releases needed, and is said', async () => {
    const { learn } = learner(settlingWithin(120_000))
    expect(await learn(await planOf(WRITTEN), WRITTEN)).toEqual({
      warmUp: 120_000,
      notes: [
        'nine of ten of the last 4 promoted releases settled within 2m, so the canary warms up for as long, at most half of each bake, before the checks count: warmUp in the plan says it otherwise',
      ],
    })
  })

  it('is nothing for a plan that states its own, has no check, or has as much', async () => {
    const { learn, asked } = learner(settlingWithin(120_000))
    for (const written of [
      { ...WRITTEN, warmUp: '0s' },
      { ...WRITTEN, checks: {} },
    ])
      expect(await learn(await planOf(written), written)).toEqual({ notes: [] })
    expect(asked()).toBe(0)
    const quick = learner(settlingWithin(30_000))
    expect(await quick.learn(await planOf(WRITTEN), WRITTEN)).toEqual({ notes: [] })
    const few = learner(settlingWithin(120_000), 2)
    expect(await few.learn(await planOf(WRITTEN), WRITTEN)).toEqual({ notes: [] })
  })

  it('is known for an hour, and looked for anew after that', async () => {
    const { learn, asked, later } = learner(settlingWithin(120_000))
    const plan = await planOf(WRITTEN)
    const first = await learn(plan, WRITTEN)
    expect(await learn(plan, WRITTEN)).toEqual(first)
    expect(asked()).toBe(1)
    later(3_600_000)
    await learn(plan, WRITTEN)
    expect(asked()).toBe(2)
  })

  it('keeps no start: what takes long is there for the next one, and what fails is nothing', async () => {
    let answer = (): void => undefined
    const slow = learner(async (...request) => {
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return settlingWithin(120_000)(...request)
    }, 3)
    const plan = await planOf(WRITTEN)
    expect(await slow.learn(plan, WRITTEN)).toEqual({ notes: [] })
    for (let turn = 0; turn < 12; turn += 1) {
      answer()
      await setImmediate()
    }
    expect(await slow.learn(plan, WRITTEN)).toMatchObject({ warmUp: 120_000 })
    const broken = learner(() => Promise.reject(new Error('out of order')))
    expect(await broken.learn(plan, WRITTEN)).toEqual({ notes: [] })
  })

  it('goes with the start, beside the plan as it was written, and is in its answer', async () => {
    const starts: StartRequest[] = []
    const fake = createFakeReleases()
    const releases = {
      ...fake,
      start: (request: StartRequest) => {
        starts.push(request)
        return fake.start(request)
      },
    }
    const learnWarmUp = async () => ({ warmUp: 120_000, notes: ['settled within 2m'] })
    const server = createServer(apiParts({ releases, learnWarmUp }))
    const payload = { plan: WRITTEN, version: '2.4.0', reason: '', key: 'k1' }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload })
    expect(answer.json()).toMatchObject({ placed: 'started', notes: ['settled within 2m'] })
    expect(starts).toMatchObject([{ warmUp: 120_000, plan: await planOf(WRITTEN) }])
    await server.close()
  })
})
