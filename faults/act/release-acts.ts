import { setTimeout as sleep } from 'node:timers/promises'
import { noteFault, type Scene, shareFor, whileFaulty } from '../drive/scene.ts'
import { FAULT_KINDS, type FaultName } from '../kinds.ts'
import type { Act } from '../script/script.ts'
import type { BackendHealth } from '../world/backend.ts'
import type { MetricsRule } from '../world/metrics-proxy.ts'
import type { SocketRule } from '../world/socket-proxy.ts'
import { forge } from './forged-acts.ts'
import { actAsPeople } from './people-acts.ts'

/** Carries out what strikes one release. */
export async function actOnRelease(scene: Scene, act: Act): Promise<void> {
  switch (FAULT_KINDS[act.kind].group) {
    case 'canary':
      return spoilCanary(scene, act)
    case 'router':
      return meddle(scene, act)
    case 'socket':
      return disturbSocket(scene, act)
    case 'metrics':
      return disturbMetrics(scene, act)
    case 'forged':
      return forge(scene, act)
    case 'people':
      return actAsPeople(scene, act)
    case 'world':
      throw new Error(`${act.kind} strikes everybody`)
  }
}

const HEALTHS: Partial<Record<FaultName, BackendHealth>> = {
  'canary-fails-30': { kind: 'fails', share: 0.3 },
  'canary-fails-60': { kind: 'fails', share: 0.6 },
  'canary-fails-at-full': { kind: 'fails', share: 0.6 },
  'canary-hangs': { kind: 'hangs' },
  'canary-refuses': { kind: 'refuses' },
}

/** It stays so until the end of the wave. */
async function spoilCanary({ service, canary, health, faults }: Scene, { kind }: Act): Promise<void> {
  const backend = service.backends[canary]
  const health_ = HEALTHS[kind]
  if (health_ !== undefined) await backend.be(health_)
  else if (kind === 'canary-frozen') await backend.program.freeze()
  else await backend.program.kill()
  const from = Date.now()
  const failing = health_?.kind === 'fails' ? health_.share : 1
  noteFault(faults, kind, '', from)
  const until = Number.MAX_SAFE_INTEGER
  health.push({ kind, pool: service.front.pools[canary], from, until, failing })
}

async function meddle(scene: Scene, act: Act): Promise<void> {
  const { faults, service, wave } = scene
  const { haproxy } = wave.world
  const key = `share:${service.front.pools[1]}`
  const set = `set map ${service.map} ${key} ${shareFor(scene.canary, weightOfHand(act.pick))}`
  switch (act.kind) {
    case 'hand-once':
    case 'hand-after-end':
      return atOnce(scene, act.kind, [set])
    case 'hand-again':
      return whileFaulty(faults, act.kind, `${set}, ${act.seconds} s`, async () => {
        for (const end = Date.now() + act.seconds * 1_000; Date.now() < end; await sleep(400)) await haproxy.run([set])
      })
    case 'fence-foreign': {
      const fence = newer(await haproxy.run([`show map ${service.map}`]))
      const write = [`del map ${service.map} fence`, `add map ${service.map} fence ${fence}`]
      return atOnce(scene, act.kind, act.pick < 0.5 ? write : [set, ...write])
    }
    case 'key-lost':
    case 'key-lost-after-end':
      return atOnce(scene, act.kind, [`del map ${service.map} ${key}`])
    case 'map-cleared':
      return atOnce(scene, act.kind, [`clear map ${service.map}`])
    default:
      throw new Error(`${act.kind} is no hand on the router`)
  }
}

/** A frozen HAProxy carries out what it was sent when it goes on; the fault has begun by then at the earliest. */
async function atOnce({ faults, wave }: Scene, kind: FaultName, commands: readonly string[]): Promise<void> {
  const from = Date.now()
  await wave.world.haproxy.run(commands)
  faults.push({ kind, from, until: Date.now(), note: commands.join('; ') })
}

/** Mostly everybody on the canary, sometimes half of them, sometimes nobody. */
function weightOfHand(pick: number): number {
  if (pick < 0.65) return 10_000
  return pick < 0.85 ? 5_000 : 0
}

/** The fence of somebody who comes right after the one that the map has, but before the lane's next release. */
function newer(replies: readonly (readonly string[])[]): string {
  const line = replies[0]?.find((entry) => entry.split(' ')[1] === 'fence')
  return `${Number(line?.split(' ')[2]?.split(':')[0] ?? 0) + 1}:1`
}

async function disturbSocket({ faults, service }: Scene, { kind, seconds, pick }: Act): Promise<void> {
  const by = Math.round(300 + pick * 2_700)
  await whileFaulty(faults, kind, `${seconds} s`, async () => {
    service.socket.set(socketRule(kind, by))
    await sleep(seconds * 1_000)
    service.socket.set({ kind: 'pass' })
    // What is under way is delivered still.
    await sleep(kind === 'socket-late' ? by + 2_500 : by)
  })
}

function socketRule(kind: FaultName, by: number): SocketRule {
  switch (kind) {
    case 'socket-slow':
      return { kind: 'slow', by }
    case 'socket-late':
      // Later than the router's deadline of 2 s.
      return { kind: 'late', by: by + 2_000 }
    case 'socket-cut':
      return { kind: 'cut' }
    default:
      return { kind: 'silent' }
  }
}

const METRICS_RULES: Partial<Record<FaultName, MetricsRule>> = {
  'metrics-hang': 'hang',
  'metrics-garbage': 'garbage',
  'metrics-500': '500',
  'metrics-empty': 'empty',
}

async function disturbMetrics({ faults, service, wave }: Scene, { kind, seconds }: Act): Promise<void> {
  const { metrics } = wave.world
  await whileFaulty(faults, kind, `${seconds} s`, async () => {
    metrics.set(service.front.service, METRICS_RULES[kind] ?? 'pass')
    await sleep(seconds * 1_000)
    metrics.set(service.front.service, 'pass')
  })
}
