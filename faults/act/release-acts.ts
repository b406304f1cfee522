import { setTimeout as sleep } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'
import { noteFault, type Scene, shareFor, whileFaulty } from '../drive/scene.ts'
import { type FaultName, isIn, type NameIn } from '../kinds.ts'
import type { Act } from '../script/script.ts'
import type { BackendHealth } from '../world/backend.ts'
import type { MetricsRule } from '../world/metrics-proxy.ts'
import type { SocketRule } from '../world/socket-proxy.ts'
import { forge } from './forged-acts.ts'
import { actAsPeople } from './people-acts.ts'

/** Carries out what strikes one release. */
export async function actOnRelease(scene: Scene, { kind, seconds, pick }: Act): Promise<void> {
  if (isIn(kind, 'canary')) return spoilCanary(scene, kind)
  if (isIn(kind, 'router')) return meddle(scene, kind, seconds, pick)
  if (isIn(kind, 'socket')) return disturbSocket(scene, kind, seconds, pick)
  if (isIn(kind, 'metrics')) return disturbMetrics(scene, kind, seconds)
  if (isIn(kind, 'forged')) return forge(scene, kind, pick)
  return actAsPeople(scene, kind, seconds)
}

const HEALTHS: Readonly<Record<NameIn<'canary'>, BackendHealth | 'frozen' | 'dead'>> = {
  'canary-fails-30': { kind: 'fails', share: 0.3 },
  'canary-fails-60': { kind: 'fails', share: 0.6 },
  'canary-fails-at-full': { kind: 'fails', share: 0.6 },
  'canary-hangs': { kind: 'hangs' },
  'canary-refuses': { kind: 'refuses' },
  'canary-frozen': 'frozen',
  'canary-dies-at-step': 'dead',
  'canary-dies-at-full': 'dead',
}

/** It stays so until the end of the wave. */
async function spoilCanary({ service, canary, health, faults }: Scene, kind: NameIn<'canary'>): Promise<void> {
  const backend = service.backends[canary]
  const wanted = HEALTHS[kind]
  if (wanted === 'frozen') await backend.program.freeze()
  else if (wanted === 'dead') await backend.program.kill()
  else await backend.be(wanted)
  const from = Date.now()
  const failing = typeof wanted === 'object' && wanted.kind === 'fails' ? wanted.share : 1
  noteFault(faults, kind, '', from)
  health.push({ kind, pool: service.front.pools[canary], from, until: Number.MAX_SAFE_INTEGER, failing })
}

async function meddle(scene: Scene, kind: NameIn<'router'>, seconds: number, pick: number): Promise<void> {
  const { faults, service, wave } = scene
  const { haproxy } = wave.world
  const key = `share:${service.front.pools[1]}`
  const set = `set map ${service.map} ${key} ${shareFor(scene.canary, weightOfHand(pick))}`
  switch (kind) {
    case 'hand-once':
    case 'hand-after-end':
      return atOnce(scene, kind, [set])
    case 'hand-again':
      return whileFaulty(faults, kind, `${set}, ${seconds} s`, async () => {
        for (const end = Date.now() + seconds * 1_000; Date.now() < end; await sleep(400)) await haproxy.run([set])
      })
    case 'fence-foreign': {
      const fence = newer(await haproxy.run([`show map ${service.map}`]), pick % 0.5 < 0.25 ? 1 : HOUR)
      const write = [`del map ${service.map} fence`, `add map ${service.map} fence ${fence}`]
      return atOnce(scene, kind, pick < 0.5 ? write : [set, ...write])
    }
    case 'key-lost':
    case 'key-lost-after-end':
      return atOnce(scene, kind, [`del map ${service.map} ${key}`])
    case 'map-cleared':
      return atOnce(scene, kind, [`clear map ${service.map}`])
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

const HOUR: Milliseconds = 3_600_000

/** The fence of somebody who comes after the one that the map has: right after it, or long after it. */
function newer(replies: readonly (readonly string[])[], by: Milliseconds): string {
  const line = replies[0]?.find((entry) => entry.split(' ')[1] === 'fence')
  return `${Number(line?.split(' ')[2]?.split(':')[0] ?? 0) + by}:1`
}

async function disturbSocket(
  { faults, service }: Scene,
  kind: NameIn<'socket'>,
  seconds: number,
  pick: number,
): Promise<void> {
  const by = Math.round(300 + pick * 2_700)
  await whileFaulty(faults, kind, `${seconds} s`, async () => {
    service.socket.set(socketRule(kind, by))
    await sleep(seconds * 1_000)
    service.socket.set({ kind: 'pass' })
    // What is under way is delivered still.
    await sleep(kind === 'socket-late' ? by + 2_500 : by)
  })
}

function socketRule(kind: NameIn<'socket'>, by: number): SocketRule {
  switch (kind) {
    case 'socket-slow':
      return { kind: 'slow', by }
    case 'socket-late':
      // Later than the router's deadline of 2 s.
      return { kind: 'late', by: by + 2_000 }
    case 'socket-cut':
      return { kind: 'cut' }
    case 'socket-silent':
      return { kind: 'silent' }
  }
}

const METRICS_RULES: Readonly<Record<NameIn<'metrics'>, MetricsRule>> = {
  ...{ 'metrics-hang': 'hang', 'metrics-garbage': 'garbage', 'metrics-500': '500', 'metrics-empty': 'empty' },
}

async function disturbMetrics(
  { faults, service, wave }: Scene,
  kind: NameIn<'metrics'>,
  seconds: number,
): Promise<void> {
  const { metrics } = wave.world
  await whileFaulty(faults, kind, `${seconds} s`, async () => {
    metrics.set(service.front.service, METRICS_RULES[kind])
    await sleep(seconds * 1_000)
    metrics.set(service.front.service, 'pass')
  })
}
