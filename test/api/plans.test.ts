import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { expectedTraffic } from '../../src/analysis/power/expected-traffic.ts'
import type { AnswerTo } from '../../src/api/operations.ts'
import { type PowerJob, powerInThread, type RunPower, workOutPower } from '../../src/api/power.ts'
import { bothPools, createLookout, createRecorder, LOOK_TIME, type RecordPast } from '../../src/api/recorder.ts'
import { createServer } from '../../src/api/server.ts'
import type { Observation, RecordedWindow } from '../../src/domain/observation.ts'
import { readPlan } from '../../src/domain/plan/plan.ts'
import { readPlanText } from '../../src/domain/plan/plan-text.ts'
import type { MetricSource, ObserveRequest, RecordRequest } from '../../src/metrics/metric-source.ts'
import { compileEmbedded } from '../embedded/compiled.ts'
import { apiParts } from '../support/api-parts.ts'
import { CONTEXT, demoInstallation, PLAN } from '../support/demo-installation.ts'
import { recordedPast } from '../support/recorded-past.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const NOW = 1_700_000_000_000
const DAY = 86_400_000
const WATCHED = {
  ...PLAN,
  checks: {
    errors: { errorRate: { notWorseThan: '1.5x' } },
    latency: { latency: { quantiles: ['p99'], notWorseThan: '1.25x' } },
    orders: { rate: { of: 'orders', notBelow: '0.8x' } },
  },
}

function setUp(recordTraffic?: RecordPast, runPower?: RunPower, url = '/api/v1/plans/check') {
  const server = createServer({
    ...apiParts({ now: () => NOW }),
    ...(recordTraffic !== undefined && { recordTraffic }),
    ...(runPower !== undefined && { runPower }),
  })
  closers.push(() => server.close())
  return (payload: object) => server.inject({ method: 'POST', url, payload })
}

const spans: Omit<RecordRequest, 'pool'>[] = []
const past: RecordPast = async (_target, source, span) => {
  spans.push(span)
  expect(source).toBe('proxy')
  return { kind: 'value', value: recordedPast() }
}

describe('POST /plans/check', () => {
  it('says nothing of power unless it is asked', async () => {
    expect(Object.keys((await setUp(past)({ plan: WATCHED })).json<AnswerTo<'checkPlan'>>())).toEqual([
      'plan',
      'configHash',
    ])
  })

  it('measures the traffic of the target and says what each bake sees', async () => {
    const answer = await setUp(past)({ plan: WATCHED, since: '1d' })
    expect(answer.statusCode).toBe(200)
    const { since, measured, missing, traffic, power } = answer.json<AnswerTo<'checkPlan'>>()
    expect([since, missing]).toEqual([DAY, []])
    expect(measured?.requestsPerSecond).toBeCloseTo(20, 0)
    expect(measured?.errorShare).toBeCloseTo(0.01, 2)
    expect(measured?.events['orders']).toBeCloseTo(0.05, 2)
    expect(traffic).toMatchObject({ latency: { kind: 'measured' }, errors: { from: measured?.errorShare } })
    expect(power?.map(({ check, power: one }) => [check, one === null])).toEqual([
      ...['errors', 'latency', 'orders'].map((check) => [check, false]),
      ...['errors', 'latency', 'orders'].map((check) => [check, true]),
    ])
    expect(spans.at(-1)).toEqual({ start: NOW - DAY, end: NOW, step: 60_000 })
  })

  it('lets what is stated go before what is measured, or do without it', async () => {
    const traffic = {
      ...{ requestsPerSecond: 500, baseRate: '2%', rise: '5%', latency: 'p50=80ms,p99=900ms', buckets: '100ms,1s' },
      ...{ slower: '2x', events: { orders: '3%' }, changes: { orders: '0.5x' } },
    }
    const expected = {
      ...{ requestsPerSecond: 500, errors: { from: 0.02, to: 0.05 }, slower: 2 },
      latency: { kind: 'logNormal', upperBoundsSeconds: [0.1, 1] },
      ...{ events: { orders: 0.03 }, changes: { orders: 0.5 } },
    }
    expect((await setUp(past)({ plan: WATCHED, since: '1d', traffic })).json()).toMatchObject({ traffic: expected })
    const stated = (await setUp()({ plan: WATCHED, traffic })).json<AnswerTo<'checkPlan'>>()
    expect(stated).toMatchObject({ traffic: expected })
    expect(stated.power).toHaveLength(6)
    expect(stated.measured).toBeUndefined()
  })

  it('answers with a sentence when the past cannot be had', async () => {
    const gone: RecordPast = async () => ({
      kind: 'error',
      fault: 'unavailable',
      reason: 'a scrape source does not keep the past',
    })
    const broken: RecordPast = () => Promise.reject(new Error('no such secret'))
    const empty: RecordPast = async () => ({ kind: 'value', value: [] })
    for (const [record, reason] of [
      [gone, 'a scrape source does not keep the past'],
      [broken, 'no such secret'],
      [empty, 'proxy has seen no requests'],
      [undefined, 'nothing was recorded here'],
    ] as const) {
      const answer = await setUp(record)({ plan: WATCHED, since: '1d' })
      expect(answer.statusCode).toBe(200)
      expect(answer.json()).toMatchObject({ measured: null, missing: [reason], traffic: null, power: [] })
    }
    const unwatched = await setUp(past)({ plan: { ...PLAN, checks: {} }, since: '1d' })
    expect(unwatched.json()).toMatchObject({ measured: null, missing: ['no check of this plan counts requests'] })
  })

  it.each([
    [{ since: '5m' }, 400],
    [{ since: '91d' }, 400],
    [{ traffic: { requestsPerSecond: 0 } }, 400],
    [{ traffic: { latency: 'p50=80ms' } }, 400],
    [{ traffic: { buckets: '10ms' } }, 400],
    [{ traffic: { slower: '1x' } }, 400],
    [{ traffic: { changes: { orders: '1x' } } }, 400],
    [{ traffic: { rps: 5 } }, 400],
    [{ traffic: { requestsPerSecond: 5, events: { ordres: '3%' } } }, 400],
    [{ traffic: { requestsPerSecond: 5, changes: { ordres: '0.5x' } } }, 400],
    [{ traffic: { requestsPerSecond: 5, baseRate: '3%', rise: '2%' } }, 400],
    [{ plan: { ...PLAN, steps: [] }, since: '1d' }, 422],
  ])('refuses %j with %i', async (more, status) => {
    expect((await setUp(past)({ plan: WATCHED, ...more })).statusCode).toBe(status)
  })
})

describe('the recorder of both pools', () => {
  it('gives the windows of one beside those of the other', async () => {
    const window = (requests: number): RecordedWindow => ({
      ...{ start: 0, end: 60_000 },
      counts: { requests, errors: 0, latency: null, events: {} },
    })
    const source = {
      record: async ({ pool }: RecordRequest) => ({ kind: 'value', value: [window(pool === 'green' ? 90 : 10)] }),
      close: async () => undefined,
    } as unknown as MetricSource
    const lists = { metricSources: [{ kind: 'prometheus', open: () => source }] }
    const record = createRecorder(
      demoInstallation(),
      lists as unknown as Parameters<typeof createRecorder>[1],
      bothPools,
    )
    const span = { start: 0, end: 60_000, step: 60_000 }
    const target = { service: 'checkout', environment: 'production' }
    expect(await record(target, 'proxy', span, new AbortController().signal)).toEqual({
      kind: 'value',
      value: [window(10), window(90)],
    })
  })
})

describe('the lookout of both pools', () => {
  it('looks twice, and gives what each pool has done meanwhile as one window', async () => {
    const asked: ObserveRequest[] = []
    const window = { start: 60_000, end: 60_000 + LOOK_TIME }
    const none = { kind: 'noData', reason: 'nothing yet' } as const
    const counts = { requests: 900, errors: 3, latency: null, events: {} }
    let stable: Observation['stable'] = { kind: 'value', value: counts }
    const source = {
      async observe(request: ObserveRequest): Promise<Observation> {
        asked.push(request)
        return { stable, canary: none, cursor: { at: 60_000 }, window }
      },
      close: async () => undefined,
    } as unknown as MetricSource
    const lists = { metricSources: [{ kind: 'prometheus', open: () => source }] }
    const see = createLookout(
      demoInstallation(),
      lists as unknown as Parameters<typeof createRecorder>[1],
      async () => undefined,
    )
    const span = { start: 0, end: 60_000, step: 60_000 }
    const target = { service: 'checkout', environment: 'production' }
    const signal = new AbortController().signal
    expect(await see(target, 'proxy', span, signal)).toEqual({ kind: 'value', value: [{ ...window, counts }] })
    expect(asked.map(({ now, since, notBefore }) => [now, since, notBefore])).toEqual([
      [60_000, null, 60_000],
      [60_000 + LOOK_TIME, { at: 60_000 }, 60_000],
    ])
    stable = none
    expect(await see(target, 'proxy', span, signal)).toMatchObject({ kind: 'noData' })
  })
})

describe('the power of a plan', () => {
  const traffic = expectedTraffic({ requestsPerSecond: 50 }, null)
  const read = readPlan(WATCHED, CONTEXT)
  if (traffic === null || 'problem' in traffic || 'problems' in read) throw new Error('the plan is good')
  const job: PowerJob = { plan: read.plan, traffic }

  it('is worked out for one plan at a time, and plans are checked meanwhile', async () => {
    let release: () => void = () => undefined
    const until = new Promise<void>((resolve) => (release = resolve))
    let begun: () => void = () => undefined
    const hasBegun = new Promise<void>((resolve) => (begun = resolve))
    const send = setUp(undefined, async () => {
      begun()
      await until
      return { power: [], isWhole: true }
    })
    const payload = { plan: WATCHED, traffic: { requestsPerSecond: 50 } }
    const first = send(payload).then(({ statusCode }) => statusCode)
    await hasBegun
    expect([(await send(payload)).statusCode, (await send({ plan: WATCHED })).statusCode]).toEqual([429, 200])
    release()
    expect(await first).toBe(200)
    expect((await send(payload)).statusCode).toBe(200)
  })

  it('stops when time is up, and says that it has', () => {
    const all = workOutPower(job, () => 0)
    expect(all.isWhole).toBe(true)
    let asked = 0
    const hurried = workOutPower(job, () => (asked += 1) * 5_000)
    expect(hurried).toEqual({ power: all.power.slice(0, 2), isWhole: false })
  })

  it('comes to the same figures in a thread of its own', async () => {
    const compiled = await compileEmbedded(['../api/power-thread.ts'])
    closers.push(compiled.remove)
    const answer = await powerInThread(job, pathToFileURL(compiled.path('../api/power-thread.ts')))
    expect(answer).toEqual(JSON.parse(JSON.stringify(workOutPower(job, () => 0))))
  }, 60_000)
})

describe('POST /plans/design', () => {
  const target = { service: PLAN.service, environment: PLAN.environment }
  const design = (record?: RecordPast) => setUp(record, undefined, '/api/v1/plans/design')

  it('proposes a plan for the traffic that was measured', async () => {
    const answer = await design(past)({ ...target, harm: '10x' })
    expect(answer.statusCode).toBe(200)
    const { text, plan, traffic } = answer.json<AnswerTo<'designPlan'>>()
    expect(traffic.requestsPerSecond).toBeCloseTo(20, 0)
    expect(traffic.errors.to).toBeCloseTo(10 * traffic.errors.from, 6)
    expect(text).toContain('# Designed for 20')
    expect(readPlanText(text, 'plan.yaml', CONTEXT)).toMatchObject({ plan })
  })

  it('goes by the present where nothing of the past was kept, and says so', async () => {
    const server = createServer({ ...apiParts({ now: () => NOW, seeTraffic: past }) })
    closers.push(() => server.close())
    const url = '/api/v1/plans/design'
    const answer = await server.inject({ method: 'POST', url, payload: { ...target, harm: '10x' } })
    expect(answer.json<AnswerTo<'designPlan'>>().text).toContain('SEEN FOR 6s ONLY')
  })

  it('says why nothing can be designed', async () => {
    const blind = await design()({ ...target, harm: '2x' })
    expect(blind.statusCode).toBe(400)
    expect(blind.json()).toMatchObject({
      code: 'request.invalid',
      detail: expect.stringContaining('could not be measured: nothing was recorded here'),
    })
    expect((await design(past)({ ...target, service: 'nobody', harm: '2x' })).statusCode).toBe(404)
    expect((await design(past)({ ...target, harm: 'bad' })).statusCode).toBe(400)
  })
})
