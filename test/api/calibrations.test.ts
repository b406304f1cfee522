import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type CalibrationJob, workOut } from '../../src/api/calibration.ts'
import { calibrateInThread } from '../../src/api/calibration-runner.ts'
import type { AnswerTo } from '../../src/api/operations.ts'
import { createRecorder, createReleaseRecorder, type RecordPast, type RecordRelease } from '../../src/api/recorder.ts'
import { createServer } from '../../src/api/server.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { MetricResult, RecordedWindow } from '../../src/domain/observation.ts'
import type { PastRelease } from '../../src/domain/release/past-release.ts'
import { readRecording } from '../../src/domain/release/recording.ts'
import type { MetricSource, RecordRequest } from '../../src/metrics/metric-source.ts'
import type { Releases } from '../../src/releases/releases.ts'
import { compileEmbedded } from '../embedded/compiled.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, PLAN, validPlan } from '../support/demo-installation.ts'
import { createFakeReleases, type FakeReleases } from '../support/fake-releases.ts'
import { recordedPast } from '../support/recorded-past.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const NOW = 1_700_000_000_000
const HOUR = 3_600_000

interface Options {
  readonly releases?: Releases
  readonly recordRelease?: RecordRelease
  readonly record?: RecordPast
  readonly runCalibration?: (job: CalibrationJob) => ReturnType<typeof calibrateInThread>
  readonly hasTokens?: boolean
}

function setUp(options: Options = {}) {
  const { hasTokens = false, ...injected } = options
  const server = createServer({
    ...apiParts({ releases: createFakeReleases({ now: () => NOW }), installation: demoInstallation({ hasTokens }) }),
    now: () => NOW,
    ...injected,
  })
  closers.push(() => server.close())
  return (payload: object) => server.inject({ method: 'POST', url: '/api/v1/calibrations', payload })
}

const spans: Omit<RecordRequest, 'pool'>[] = []
const past: RecordPast = async (_target, source, span) => {
  spans.push(span)
  expect(source).toBe('proxy')
  return { kind: 'value', value: recordedPast() }
}
const small = async (job: CalibrationJob) => workOut({ ...job, effort: { looks: 20_000, replays: 40 } })

describe('POST /calibrations', () => {
  it('replays the past of the target and says what was used', async () => {
    const answer = await setUp({ record: past, runCalibration: small })({ plan: PLAN, since: '14d', seed: 3 })
    expect(answer.statusCode).toBe(200)
    const { used, checks } = answer.json<AnswerTo<'calibrate'>>()
    expect(used).toMatchObject({ since: 14 * 24 * HOUR, end: NOW, step: 70_000, seed: 3 })
    expect((used.end - used.start) / used.step).toBeLessThanOrEqual(20_000)
    expect(spans.at(-1)).toEqual({ start: used.start, end: used.end, step: used.step })
    expect(checks).toMatchObject([{ name: 'errors', report: { replays: 40 }, used: { replays: 40, windows: 2_000 } }])
  })

  it('takes the registered plan of a target, 14 days and a fixed seed by default', async () => {
    const send = setUp({ record: past, runCalibration: small })
    const [first, second] = [
      await send({ service: 'checkout', environment: 'production' }),
      await send({ service: 'checkout', environment: 'production' }),
    ]
    expect(first.json<AnswerTo<'calibrate'>>().used.since).toBe(14 * 24 * HOUR)
    expect(second.json()).toEqual(first.json())
  })

  it('says per check why it could not be replayed', async () => {
    const gone: RecordPast = async () => ({
      kind: 'error',
      fault: 'auth',
      reason: 'Prometheus answered with status 401.',
    })
    const answer = await setUp({ record: gone })({ plan: PLAN })
    expect(answer.json()).toMatchObject({
      checks: [{ name: 'errors', skipped: 'Prometheus answered with status 401.' }],
    })
    const broken: RecordPast = () => Promise.reject(new Error('no such secret'))
    expect((await setUp({ record: broken })({ plan: PLAN })).json()).toMatchObject({
      checks: [{ skipped: 'no such secret' }],
    })
  })

  it('works out one at a time', async () => {
    let release: () => void = () => undefined
    const until = new Promise<void>((resolve) => (release = resolve))
    let begun: () => void = () => undefined
    const hasBegun = new Promise<void>((resolve) => (begun = resolve))
    const runCalibration = async () => {
      begun()
      await until
      return []
    }
    const send = setUp({ record: past, runCalibration })
    const first = send({ plan: PLAN }).then(({ statusCode }) => statusCode)
    await hasBegun
    const second = await send({ plan: PLAN })
    expect([second.statusCode, second.json()]).toEqual([
      429,
      expect.objectContaining({ detail: expect.stringContaining('another') }),
    ])
    release()
    expect(await first).toBe(200)
    expect((await send({ plan: PLAN })).statusCode).toBe(200)
  })

  it.each([
    [{ plan: PLAN, since: '91d' }, 400],
    [{ plan: PLAN, since: '5m' }, 400],
    [{ plan: PLAN, seed: -1 }, 400],
    [{}, 400],
    [{ service: 'checkout', environment: 'moon' }, 404],
    [{ plan: { ...PLAN, steps: [] } }, 422],
  ])('refuses %j with %i', async (payload, status) => {
    expect((await setUp({ record: past, runCalibration: small })(payload)).statusCode).toBe(status)
  })

  it('is refused to strangers', async () => {
    expect((await setUp({ record: past, hasTokens: true })({ plan: PLAN })).statusCode).toBe(401)
  })
})

/** Releases of checkout: the first promoted, the second rolled back by a person, the third still running. */
async function releasesThatEnded(): Promise<FakeReleases> {
  let at = NOW - 2 * HOUR
  const releases = createFakeReleases({ now: () => (at += 60_000) })
  const plan = { ...validPlan(), actions: validPlan().actions.filter(({ kind }) => kind !== 'ask') }
  const request = { plan, author: { person: 'ana', entrance: 'cli' }, reason: '' } as const
  const start = (version: string) => releases.start({ ...request, version, key: version, whenBusy: 'reject' })
  const first = await start('2.4.0')
  releases.advance(first.releaseId, 40)
  const second = await start('2.4.1')
  releases.advance(second.releaseId, 2)
  releases.record(second.releaseId, { type: 'abandoned', cause: 'abort', by: 'ana', reason: 'no' })
  releases.advance(second.releaseId)
  releases.advance((await start('2.4.2')).releaseId, 2)
  return releases
}

describe('POST /calibrations, releases that are over', () => {
  it('judges them once more, newest first, with what the sources have kept of them', async () => {
    const asked: string[] = []
    const recordRelease: RecordRelease = async (_target, source, release) => {
      asked.push(`${source} ${release.version}`)
      const [span] = release.spans
      const [start, end] = [span?.from ?? 0, span?.until ?? 0]
      const canary = { requests: 1_000, errors: release.outcome === 'promoted' ? 10 : 400, latency: null, events: {} }
      const stable = { requests: 9_000, errors: 90, latency: null, events: {} }
      return { kind: 'value', value: [{ start, end, canary, stable }] }
    }
    const releases = await releasesThatEnded()
    const send = setUp({ record: past, runCalibration: small, releases, recordRelease })
    const answer = (await send({ plan: { ...PLAN, warmUp: '0s' } })).json<AnswerTo<'calibrate'>>()
    expect(asked).toEqual(['proxy 2.4.1', 'proxy 2.4.0'])
    expect(answer.past).toEqual({ releases: 2, unread: 0, fault: null })
    expect(answer.checks[0]?.past).toMatchObject([
      { version: '2.4.1', outcome: 'rolled-back', now: { outcome: 'fail' } },
      { version: '2.4.0', outcome: 'promoted', now: { outcome: 'pass' } },
    ])
    expect(answer.recording).toBeUndefined()
    const kept = (await send({ plan: PLAN, recording: true })).json<AnswerTo<'calibrate'>>().recording
    expect(readRecording(kept)).toMatchObject({ recording: { releases: [{ version: '2.4.1' }, { version: '2.4.0' }] } })
  })

  it('does without them when they cannot be had, and says why', async () => {
    const releases = await releasesThatEnded()
    const late: RecordRelease = () => Promise.reject(new Error('connection refused'))
    const answer = await setUp({ record: past, runCalibration: small, releases, recordRelease: late })({ plan: PLAN })
    expect(answer.json<AnswerTo<'calibrate'>>().checks[0]?.past[0]?.now).toMatchObject({
      ...{ outcome: 'inconclusive', looks: 0, reason: 'connection refused' },
    })
    releases.failWith(new SluiceError('temporal.unavailable', { message: 'no answer', fix: 'wait' }))
    const without = await setUp({ record: past, runCalibration: small, releases, recordRelease: late })({ plan: PLAN })
    expect(without.statusCode).toBe(200)
    expect(without.json<AnswerTo<'calibrate'>>().past).toMatchObject({
      releases: 0,
      fault: expect.stringContaining('no answer'),
    })
  })
})

describe('the recorder of releases', () => {
  const target = { service: 'checkout', environment: 'production' }
  const signal = new AbortController().signal
  const release: PastRelease = {
    ...{
      releaseId: 'release/checkout/production/7',
      version: '2.4.0',
      replaces: null,
      outcome: 'promoted',
      abandoned: null,
    },
    roles: { stable: 'blue', canary: 'green' },
    spans: [
      { exposure: { weight: 500, cohorts: [] }, from: 90_000, until: 200_000 },
      { exposure: { weight: 10_000, cohorts: [] }, from: 210_000, until: 300_000 },
    ],
  }
  const window = (end: number, requests: number): RecordedWindow => ({
    ...{ start: end - 30_000, end },
    counts: { requests, errors: 0, latency: null, events: {} },
  })

  function recorderOf(record: MetricSource['record'], shortestRecord?: number) {
    const source = { record, shortestRecord, close: async () => undefined } as unknown as MetricSource
    const lists = { metricSources: [{ kind: 'prometheus', open: () => source }] } as unknown
    return createReleaseRecorder(demoInstallation(), lists as Parameters<typeof createReleaseRecorder>[1])
  }

  it('asks for both pools over the time of the release, and puts what both did side by side', async () => {
    const asked: RecordRequest[] = []
    const record = async (request: RecordRequest) => {
      asked.push(request)
      const value = request.pool === 'green' ? [window(120_000, 5), window(150_000, 6)] : [window(150_000, 90)]
      return { kind: 'value', value } as const
    }
    expect(await recorderOf(record, 30_000)(target, 'proxy', release, signal)).toMatchObject({
      value: [
        { start: 90_000, end: 120_000, canary: { requests: 5 }, stable: null },
        { start: 120_000, end: 150_000, canary: { requests: 6 }, stable: { requests: 90 } },
      ],
    })
    expect(asked).toEqual([
      { start: 60_000, end: 300_000, step: 30_000, pool: 'green' },
      { start: 60_000, end: 300_000, step: 30_000, pool: 'blue' },
    ])
  })

  it('cuts days into at most a thousand windows', async () => {
    let step = 0
    const record = async (request: RecordRequest) => {
      step = request.step
      return { kind: 'noData', reason: 'none' } as const
    }
    const [first] = release.spans
    if (first === undefined) throw new Error('there is one')
    const long = { ...release, spans: [{ ...first, from: 0, until: 48 * HOUR }] }
    expect(await recorderOf(record, 30_000)(target, 'proxy', long, signal)).toMatchObject({ kind: 'noData' })
    expect((48 * HOUR) / step).toBeLessThanOrEqual(1_000)
  })

  it('hands on that a pool could not be asked', async () => {
    const fault = { kind: 'error', fault: 'timeout', reason: 'late' } as const
    const record = async ({ pool }: RecordRequest) =>
      pool === 'blue' ? fault : ({ kind: 'noData', reason: '' } as const)
    expect(await recorderOf(record)(target, 'proxy', release, signal)).toEqual(fault)
  })
})

describe('the recorder', () => {
  const installation = demoInstallation()
  const target = { service: 'checkout', environment: 'production' }
  const span = { start: 0, end: HOUR, step: 60_000 }
  const signal = new AbortController().signal

  function listWith(record?: (request: RecordRequest) => Promise<MetricResult<readonly RecordedWindow[]>>) {
    let closed = 0
    const source = { record, close: async () => void (closed += 1) } as unknown as MetricSource
    const definition = { kind: 'prometheus', open: () => source }
    const lists = { metricSources: [definition] } as unknown as Parameters<typeof createRecorder>[1]
    return { past: createRecorder(installation, lists), closed: () => closed }
  }
  const window = (requests: number) => ({
    ...{ start: 0, end: 60_000 },
    counts: { requests, errors: 0, latency: null, events: {} },
  })

  it('asks for both pools, takes the one that had the traffic, and closes the source', async () => {
    const { past: record, closed } = listWith(async ({ pool }) =>
      pool === 'green' ? { kind: 'value', value: [window(90)] } : { kind: 'value', value: [window(10)] },
    )
    expect(await record(target, 'proxy', span, signal)).toEqual({ kind: 'value', value: [window(90)] })
    expect(closed()).toBe(1)
  })

  it('does without a pool that nobody has seen, but not without one that could not be asked', async () => {
    const noData = { kind: 'noData', reason: 'none' } as const
    const fault = { kind: 'error', fault: 'timeout', reason: 'late' } as const
    const one = listWith(async ({ pool }) => (pool === 'green' ? noData : { kind: 'value', value: [window(5)] }))
    expect(await one.past(target, 'proxy', span, signal)).toMatchObject({ kind: 'value' })
    expect(await listWith(async () => noData).past(target, 'proxy', span, signal)).toMatchObject({ kind: 'noData' })
    const other = listWith(async ({ pool }) => (pool === 'green' ? fault : { kind: 'value', value: [window(5)] }))
    expect(await other.past(target, 'proxy', span, signal)).toEqual(fault)
    expect(other.closed()).toBe(1)
  })

  it('says so when a source keeps no past or is not there', async () => {
    expect(await listWith().past(target, 'proxy', span, signal)).toMatchObject({
      reason: 'a prometheus source does not keep the past',
    })
    expect(await listWith().past(target, 'other', span, signal)).toMatchObject({
      reason: 'the target has no metric source other',
    })
  })
})

describe('a calibration in a thread of its own', () => {
  const job: CalibrationJob = {
    ...{ plan: validPlan(), written: PLAN, effort: { looks: 5_000, replays: 20 }, seed: 1 },
    recording: { stable: { proxy: { kind: 'value', value: recordedPast({ windows: 200 }) } }, releases: [] },
  }

  it('comes to the same figures, leaves this thread free, and ends', async () => {
    const compiled = await compileEmbedded(['../api/calibration-thread.ts'])
    closers.push(compiled.remove)
    const file = pathToFileURL(compiled.path('../api/calibration-thread.ts'))
    expect(await calibrateInThread(job, file)).toEqual(workOut(job))
  }, 60_000)

  it('fails when the thread cannot run', async () => {
    await expect(calibrateInThread(job, new URL('file:///no/such/file.js'))).rejects.toThrow('/no/such/file.js')
  })
})
