import { parseArgs } from 'node:util'
import { embeddedRouter } from '../src/routers/embedded.ts'
import { haproxyRouter } from '../src/routers/haproxy.ts'
import type { UserVisit } from '../test/support/user-load.ts'
import { startChild } from './support/child.ts'
import { openBench, percentile, QUIET_NOTIFIER, twoStepPlan } from './support/stage.ts'

/**
 * What users notice of a rollback from 25%: a real release on a real Temporal dev server, aborted under load over connections
 * that stay. Users are told apart by the pool that answered them before the abort. Two stretches of the same length come before
 * it, so that what the machine does by itself can be told from what the rollback does.
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '2000' },
    rollbacks: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '100' },
  },
})
const [rate, rollbacks, seconds, connections] = [
  Number(values.rate),
  Number(values.rollbacks),
  Number(values.seconds),
  Number(values.connections),
]

const POOLS = ['blue', 'green'] as const
const USERS = 4_000
const WEIGHT = 2_500
const ACTOR = { person: 'bench', entrance: 'cli' } as const
const ROUTERS = { embedded: embeddedRouter, haproxy: haproxyRouter } as const

interface Where {
  readonly port: number
  readonly router: { readonly kind: keyof typeof ROUTERS }
}

/** What one rollback was to the users of one side; times are p99 of a stretch. */
interface Side {
  readonly requests: number
  readonly failed: number
  readonly lost: number
  readonly calm: number
  readonly before: number
  readonly during: number
}

console.log(`rollback from 25% under ${rate} requests/s over ${connections} connections, ${rollbacks} rollbacks each`)
console.log(
  `p99 in ms, medians of the rollbacks: two stretches of ${seconds} s before the abort, and from the abort to as long`,
)
console.log('after weight 0 was read back. Ratios: the second stretch to the first, and the rollback to the second')
console.log('')
console.log(
  '             users of   requests/s   requests   errors   lost   closed   p99 calm   before   during   ratios',
)
for (const name of ['embedded', 'haproxy'] as const) await measure(name)
// The last handles belong to native code.
process.exit(0)

async function measure(name: keyof typeof ROUTERS): Promise<void> {
  const path = startChild('path-process.js', [name])
  const where = (await path.hear()) as Where
  const router = ROUTERS[name].open(where.router, { pools: POOLS })
  const bench = await openBench('real', {
    adaptersOf: () => ({ pools: POOLS, router, metrics: {} }),
    notifier: QUIET_NOTIFIER,
  })
  const sides: Record<'stable' | 'canary', Side[]> = { stable: [], canary: [] }
  let closed = 0
  let asked = 0
  let time = 0
  for (let index = 1; index <= rollbacks; index += 1) {
    const { visits, closed: gone, aborted } = await rollBackOnce(index, where, bench.releases)
    closed += gone
    asked += visits.length
    time += Math.max(...visits.map(({ at }) => at)) - Math.min(...visits.map(({ at }) => at))
    // By when the answer was there: what was due before the abort and sent after it says nothing of the user's pool.
    const earlier = visits.filter(({ at, took }) => at + took < aborted)
    const pools = new Map(earlier.map(({ user, pool }) => [user, pool]))
    const of = (wanted: string) => visits.filter(({ user }) => pools.get(user) === wanted)
    sides.stable.push(sideOf(of('blue'), aborted))
    sides.canary.push(sideOf(of('green'), aborted))
  }
  for (const side of ['stable', 'canary'] as const)
    console.log(rowOf(name, side, (asked / time) * 1_000, closed, sides[side]))
  await bench.close()
  await router.close()
  await path.close()
}

type Releases = Awaited<ReturnType<typeof openBench>>['releases']

async function rollBackOnce(index: number, { port }: Where, releases: Releases) {
  const plan = twoStepPlan({ checks: [], interval: 1_000, bake: 3_600_000, weight: WEIGHT })
  const { releaseId } = await releases.start({
    ...{ plan, version: `1.0.${index}`, author: ACTOR, reason: '', key: `start-${index}`, whenBusy: 'queue' },
  })
  await untilPhase('baking')
  const load = startChild('load-process.js', [JSON.stringify({ port, users: USERS, connections, rate })])
  // What is opened and compiled at the beginning is not what the users meet later.
  await pause(3_000)
  const measured = now()
  await pause(2 * seconds * 1_000)
  const aborted = now()
  await releases.command({
    ...{ verb: 'abort', releaseId, step: null, key: `abort-${index}`, actor: ACTOR, reason: '' },
  })
  await untilPhase('rolled-back')
  await pause(seconds * 1_000)
  load.say('stop')
  const said = (await load.hear()) as { visits: readonly UserVisit[]; closed: number }
  await load.close()
  return { visits: said.visits.filter(({ at }) => at >= measured), closed: said.closed, aborted }

  async function untilPhase(phase: string): Promise<void> {
    while ((await releases.show(releaseId)).phase !== phase) await pause(20)
  }
}

function sideOf(visits: readonly UserVisit[], aborted: number): Side {
  const middle = aborted - seconds * 1_000
  return {
    requests: visits.length,
    failed: visits.filter(({ outcome }) => outcome === 'failed').length,
    lost: visits.filter(({ outcome }) => outcome === 'lost').length,
    calm: p99(visits.filter(({ at }) => at < middle)),
    before: p99(visits.filter(({ at }) => at >= middle && at < aborted)),
    during: p99(visits.filter(({ at }) => at >= aborted)),
  }
}

function p99(visits: readonly UserVisit[]): number {
  return percentile(
    visits.map(({ took }) => took).sort((left, right) => left - right),
    0.99,
  )
}

function rowOf(name: string, side: string, perSecond: number, closed: number, all: readonly Side[]): string {
  const sum = (of: (one: Side) => number) => all.reduce((total, one) => total + of(one), 0)
  const median = (of: (one: Side) => number) =>
    percentile(
      all.map(of).sort((left, right) => left - right),
      0.5,
    )
  const [calm, before, during] = [median((one) => one.calm), median((one) => one.before), median((one) => one.during)]
  const cells = [
    perSecond.toFixed(0).padStart(13),
    sum(({ requests }) => requests)
      .toLocaleString('en')
      .padStart(11),
    String(sum(({ failed }) => failed)).padStart(9),
    String(sum(({ lost }) => lost)).padStart(7),
    String(closed).padStart(9),
    ...[calm, before, during].map((time, index) => time.toFixed(1).padStart(index === 0 ? 11 : 9)),
    [before / calm, during / before]
      .map((ratio) => ratio.toFixed(2))
      .join(' ')
      .padStart(12),
  ]
  return `  ${name.padEnd(11)}${side.padEnd(8)}${cells.join('')}`
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function pause(time: number): Promise<void> {
  return new Promise((done) => setTimeout(done, time))
}
