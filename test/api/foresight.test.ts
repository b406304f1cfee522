import { describe, expect, it } from 'vitest'
import { createForesight } from '../../src/api/foresight.ts'
import { workOutPower } from '../../src/api/power.ts'
import type { RecordPast } from '../../src/api/recorder.ts'
import { createServer } from '../../src/api/server.ts'
import { apiParts, readDemoPlan } from '../support/api-parts.ts'
import { PLAN } from '../support/demo-installation.ts'
import { recordedPast } from '../support/recorded-past.ts'

const parts = {
  runPower: async (job: Parameters<typeof workOutPower>[0]) => workOutPower(job, Date.now),
  now: Date.now,
}

/** A target with so many requests a minute. */
const pastOf =
  (requests: number): RecordPast =>
  async () => ({
    kind: 'value',
    value: recordedPast({ windows: 200 }).map((window) => ({
      ...window,
      counts: { ...window.counts, requests, errors: requests / 100 },
    })),
  })

async function planOf(bake: string) {
  const steps = [{ weight: '5%' }, { bake }, { weight: '100%' }]
  const read = await readDemoPlan({ ...PLAN, steps, checks: { errors: { errorRate: { notWorseThan: '1.5x' } } } })
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.plan
}

describe('what is said of a plan before it starts', () => {
  it('is that a bake is too short for the traffic, and how long it would take', async () => {
    const foresee = createForesight({ ...parts, recordTraffic: pastOf(60) })
    expect(await foresee(await planOf('10m'))).toEqual([
      expect.stringMatching(
        /^errors: at 1 requests\/s and a weight of 5% it takes .+ to see .+, and the bake has 9m; /,
      ),
    ])
  })

  it('is nothing where there is traffic enough, or none that is known', async () => {
    const quiet = createForesight({ ...parts, recordTraffic: pastOf(60_000) })
    expect(await quiet(await planOf('1h'))).toEqual([])
    const unknown = createForesight({ ...parts, recordTraffic: async () => ({ kind: 'noData', reason: 'nothing' }) })
    expect(await unknown(await planOf('10m'))).toEqual([])
  })

  it('keeps no start: not one that the metrics do not answer, and not one whose power cannot be worked out', async () => {
    const hung = createForesight({ ...parts, recordTraffic: () => new Promise(() => undefined) })
    expect(await hung(await planOf('10m'))).toEqual([])
    const broken = createForesight({
      ...parts,
      recordTraffic: pastOf(60),
      runPower: () => Promise.reject(new Error('out of memory')),
    })
    expect(await broken(await planOf('10m'))).toEqual([])
  })

  it('is in the answer of the start', async () => {
    const server = createServer(apiParts({ foresee: async () => ['errors: at 1 requests/s it takes 3h'] }))
    const payload = { plan: PLAN, version: '2.4.0', reason: '', key: 'k1' }
    const answer = await server.inject({ method: 'POST', url: '/api/v1/releases', payload })
    expect(answer.json()).toMatchObject({ placed: 'started', notes: ['errors: at 1 requests/s it takes 3h'] })
    await server.close()
  })
})
