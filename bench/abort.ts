import { parseArgs } from 'node:util'
import { haproxyRouter } from '../src/routers/haproxy.ts'
import type { Router } from '../src/routers/router.ts'
import { startDataPath } from '../test/support/haproxy-server.ts'
import { openBench, percentile, QUIET_NOTIFIER, twoStepPlan } from './support/stage.ts'

/**
 * How long from an abort to weight 0 confirmed, on a real HAProxy and a real Temporal dev server. The clock starts when
 * the command is sent, so the figure holds the way to the workflow as well; it stops when the adapter has read weight 0.
 */
const { values } = parseArgs({ options: { aborts: { type: 'string', default: '200' } } })
const aborts = Number(values.aborts)

const path = await startDataPath()
const [node] = path.servers
if (node === undefined) throw new Error('there is no HAProxy')
const context = { pools: ['blue', 'green'] as const }
const plain = haproxyRouter.open({ kind: 'haproxy', sockets: [node.socket], map: node.map }, context)
let zeroReadAt = 0

/** Notes when weight 0 was read from the live router. */
const router: Router = {
  ...plain,
  async read(signal) {
    const observed = await plain.read(signal)
    if (observed.split['green'] === 0) zeroReadAt = performance.now()
    return observed
  },
}

const bench = await openBench('real', {
  adaptersOf: () => ({ pools: context.pools, router, metrics: {} }),
  notifier: QUIET_NOTIFIER,
})
const plan = twoStepPlan({ checks: [], interval: 1_000, bake: 3_600_000, weight: 1_000 })
const actor = { person: 'bench', entrance: 'cli' } as const
const asked: number[] = []
const accepted: number[] = []

for (let index = 1; index <= aborts; index += 1) {
  const { releaseId } = await bench.releases.start({
    ...{ plan, version: `1.0.${index}`, author: actor, reason: '', key: `start-${index}`, whenBusy: 'queue' },
  })
  while ((await bench.releases.show(releaseId)).phase !== 'baking') await new Promise((done) => setTimeout(done, 10))
  zeroReadAt = 0
  const began = performance.now()
  await bench.releases.command({ verb: 'abort', releaseId, step: null, key: `abort-${index}`, actor, reason: '' })
  const answered = performance.now()
  await bench.env.client.workflow.getHandle(releaseId).result()
  asked.push(zeroReadAt - began)
  accepted.push(Math.max(0, zeroReadAt - answered))
}

await bench.close()
await plain.close()
await path.stop()

console.log(`abort → weight 0 confirmed on HAProxy, ${aborts} aborts, ms (goal: p99 ≤ 250 from accepted)`)
console.log('')
console.log('                         p50     p90     p99     max')
for (const [name, list] of [
  ['command sent', asked],
  ['command accepted', accepted],
] as const) {
  const sorted = [...list].sort((left, right) => left - right)
  const figures = [0.5, 0.9, 0.99, 1].map((share) => percentile(sorted, share).toFixed(0).padStart(8))
  console.log(`  ${name.padEnd(18)}${figures.join('')}`)
}
// The last handles belong to native code.
process.exit(0)
