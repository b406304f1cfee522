import { parseArgs } from 'node:util'
import type { ArmCounts, MetricResult } from '../src/domain/observation.ts'
import type { MetricSource } from '../src/metrics/metric-source.ts'
import { createMemoryRouter, createMemoryRouterWorld } from '../src/routers/memory.ts'
import { openBench, QUIET_NOTIFIER, twoStepPlan } from './support/stage.ts'

/**
 * History events of a release with one 24 h bake and a look every 10 s, by time skipping: every one of the 8,640 looks is
 * really taken, only the waiting is skipped.
 */
const { values } = parseArgs({ options: { hours: { type: 'string', default: '24' } } })
const hours = Number(values.hours)

let looks = 0
const arm = (requests: number): MetricResult<ArmCounts> => ({
  kind: 'value',
  value: { requests, errors: Math.round(requests / 200), latency: null, events: {} },
})
const source: MetricSource = {
  capabilities: { counts: true, latency: false, queries: null, records: false },
  async observe({ since, now, notBefore }) {
    looks += 1
    const start = Math.max(notBefore, typeof since?.['end'] === 'number' ? since['end'] : notBefore)
    const seconds = Math.max(0, now - start) / 1_000
    const window = { start, end: Math.max(start, now) }
    return { stable: arm(95 * seconds), canary: arm(5 * seconds), cursor: { end: window.end }, window }
  },
  query: async () => ({ kind: 'noData', reason: 'no queries here' }),
  close: async () => {},
}

const router = createMemoryRouter(createMemoryRouterWorld(['blue', 'green']))
const bench = await openBench('time-skipping', {
  adaptersOf: () => ({ pools: ['blue', 'green'], router, metrics: { proxy: source } }),
  notifier: QUIET_NOTIFIER,
  // The time-skipping server lists nothing; this lane is the first of its target.
  directory: { findReleases: async () => ({ open: [], highest: 0 }), lostLane: async () => null },
})

const rule = { judge: 'sequential', notWorseThan: 1.5, alpha: 0.01, minRequests: 50 } as const
const check = { kind: 'errorRate', name: 'errors', source: 'proxy', rule } as const
const plan = twoStepPlan({
  checks: [check],
  ...{ interval: 10_000, bake: hours * 3_600_000, weight: 500 },
})
const author = { person: 'bench', entrance: 'cli' } as const
const began = performance.now()
const { releaseId } = await bench.releases.start({
  ...{ plan, version: '1.0.0', author, reason: '', key: 'history', whenBusy: 'reject' },
})
const handle = bench.env.client.workflow.getHandle(releaseId)
const result: { outcome: string } = await handle.result()
const { events } = await handle.fetchHistory()
const seconds = ((performance.now() - began) / 1_000).toFixed(0)
await bench.close()

console.log(`history of a release with one ${hours} h bake, a look every 10 s (time skipping, ${seconds} s)`)
console.log('')
console.log(`  outcome        ${result.outcome}`)
console.log(`  looks taken    ${looks}`)
console.log(`  events         ${events?.length ?? 0}   (goal ≤ 60; timer + activity per look: ${11 * looks})`)
process.exit(0)
