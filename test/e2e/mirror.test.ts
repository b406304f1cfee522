import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { scrapeSource } from '../../src/metrics/scrape.ts'
import { embeddedRouter } from '../../src/routers/embedded.ts'
import { type RunningPlane, runPlane } from '../embedded/running.ts'
import { planFor, type Stage, stagePerTest, until } from './harness.ts'

const POOLS = ['blue', 'green'] as const
const EXAMPLE = parse(readFileSync(new URL('../../examples/mirror.yaml', import.meta.url), 'utf8'))
const SOON = { failures: 2, of: 3, minRequests: 20 }
/** The checks of the example, with as many requests as come within seconds. */
const CHECKS = {
  ceiling: { errorRate: { ...EXAMPLE.checks.ceiling.errorRate, ...SOON } },
  slowest: { latency: { ...EXAMPLE.checks.slowest.latency, ...SOON } },
}
const METRIC = 'sluice_proxy_requests_total'

let plane: RunningPlane
let status: number
let load: ReturnType<typeof startLoad>
let stage: Stage

beforeEach(async () => {
  status = 200
  plane = await runPlane({ green: (_, response) => response.writeHead(status).end('green') })
  load = startLoad(plane.url())
})
afterEach(async () => {
  await load.stop()
  await plane.stop()
})
stagePerTest((opened) => (stage = opened), {
  adaptersOf: () => ({
    pools: [...POOLS],
    router: embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { pools: [...POOLS] }),
    metrics: {
      proxy: scrapeSource.open(
        {
          ...{ kind: 'scrape', urls: [`${plane.admin()}/metrics`], requests: { metric: METRIC } },
          errors: { metric: METRIC, label: 'code', match: { prefix: '5' } },
          started: { metric: 'sluice_proxy_requests_started_total' },
          latency: { metric: 'sluice_proxy_request_duration_seconds' },
        },
        { pools: [...POOLS] },
      ),
    },
  }),
})

/** Users who come again and again, and who answered them how. */
function startLoad(url: string) {
  const answers: { readonly pool: string; readonly status: number }[] = []
  let isOver = false
  const users = Array.from({ length: 8 }, async (_, user) => {
    for (let visit = 0; !isOver; visit += 1) {
      const answer = await fetch(url, { headers: { 'x-user': `${user}-${visit}` } })
      answers.push({ pool: await answer.text(), status: answer.status })
    }
  })
  return {
    answers,
    async stop() {
      isOver = true
      await Promise.all(users)
    },
  }
}

/** The example with bakes of seconds. */
function plan(more: object = {}) {
  const short = (step: Record<string, unknown>) => {
    if ('bake' in step) return { bake: '2s' }
    // A first weight at which the checks have seen enough within seconds.
    if ('weight' in step) return { weight: '50%' }
    return 'ramp' in step ? { weight: '100%' } : step
  }
  return planFor(
    stage,
    { ...EXAMPLE, steps: EXAMPLE.steps.map(short), checks: CHECKS, ...more, service: stage.service, interval: '1s' },
    {
      router: { kind: 'embedded', capabilities: embeddedRouter.capabilities },
      metrics: { proxy: scrapeSource.capabilities },
    },
  )
}

const mirrorNow = async () => (await plane.routing())['mirror'] ?? null
const story = async (id: string) => (await stage.releases.show(id)).trail.map(({ text }) => text)

describe('examples/mirror.yaml behind a real data plane', () => {
  it('judges the version by copies, says so, and begins with the weight where they end', async () => {
    const id = await stage.start(plan())
    const card = await stage.untilCard(
      id,
      ({ verdicts }) => verdicts.every(({ outcome }) => outcome === 'pass') && verdicts.length === 2,
    )
    expect(card).toMatchObject({ weight: 0 })
    expect([1_000, 5_000]).toContain(card.mirror)
    for (const { reason } of card.verdicts)
      expect(reason).toMatch(/; 2\.4\.0 was asked by copies of GET and HEAD requests to stable$/)
    expect(new Set(load.answers.map(({ pool }) => pool))).toEqual(new Set(['blue']))
    expect(await stage.result(id)).toMatchObject({ outcome: 'promoted' })
    expect(await mirrorNow()).toBeNull()
    const told = await story(id)
    const confirmed = told.filter((text) => text.endsWith('confirmed by the router'))
    expect(confirmed.slice(0, 3)).toEqual([
      ...['0% and copies of 10%', '0% and copies of 50%', '50%'].map((text) => `${text} confirmed by the router`),
    ])
    expect(told.join('\n')).not.toMatch(/repaired|paused/)
  })

  it('goes back from a version that fails, whose failures no user has seen', async () => {
    status = 500
    const id = await stage.start(plan())
    const result = await stage.result(id)
    expect(result).toMatchObject({ outcome: 'rolled-back' })
    expect(result.reason).toMatch(/; 2\.4\.0 was asked by copies of GET and HEAD requests to stable$/)
    expect(await mirrorNow()).toBeNull()
    expect(new Set(load.answers.map((one) => `${one.pool} ${one.status}`))).toEqual(new Set(['blue 200']))
    expect(await plane.metricsText()).toMatch(/requests_total\{pool="green",copy="yes",code="500"\} \d+/)
  })

  it('is put right when another hand ends the copies, and ends them when somebody aborts', async () => {
    const id = await stage.start(plan({ steps: [{ mirror: '10%' }, { bake: '1h' }, { weight: '100%' }] }))
    await stage.untilCard(id, ({ phase, mirror }) => phase === 'baking' && mirror === 1_000)
    const { split, cohorts, fence } = await plane.routing()
    await plane.put({ split, cohorts, fence })
    await until(
      () => story(id),
      (told) => told.some((text) => text === 'the router was at 0% instead of 0% and copies of 10%; repaired'),
    )
    expect(await mirrorNow()).toEqual({ pool: 'green', share: 1_000 })
    await stage.command(id, 'abort')
    expect(await stage.result(id)).toMatchObject({ outcome: 'rolled-back' })
    expect(await mirrorNow()).toBeNull()
  })
})
