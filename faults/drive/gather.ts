import { setTimeout as sleep } from 'node:timers/promises'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import type { PlainEvent } from '../check/history.ts'
import type { FaultSpan, ReleaseRecord, Stretch, TargetRecord } from '../check/record.ts'
import { finalShare, targetTimeline } from '../check/target.ts'
import { LANE_PATIENCE } from '../kinds.ts'
import type { Gathered } from '../report/keep.ts'
import type { ReleaseScript, WaveScript } from '../script/script.ts'
import type { Service } from '../world/world.ts'
import { runsOf } from './histories.ts'
import { INTERVAL } from './plan.ts'
import type { Played, PlayedRelease } from './release.ts'
import type { Wave } from './scene.ts'

/** How long the right weight has to stand before the book is closed. */
const STEADY: Milliseconds = 2_000
const BETWEEN_LOOKS: Milliseconds = 100

/** Waits until every service is at rest, or has had its time, and puts together what is known of it. */
export async function gather(
  wave: Wave,
  script: WaveScript,
  played: readonly (Played | null)[],
  from: Instant,
): Promise<readonly Gathered[]> {
  const records = await Promise.all(
    wave.world.services.map(async (service, index) => {
      const [one, release] = [played[index], script.releases[index]]
      return one && release ? gatherService(wave, service, release, one, from) : null
    }),
  )
  return records.filter((record) => record !== null)
}

async function gatherService(
  wave: Wave,
  service: Service,
  script: ReleaseScript,
  played: Played,
  from: Instant,
): Promise<Gathered> {
  const gathered = await Promise.all(played.releases.map((release) => gatherRelease(wave, release)))
  const releases = gathered.map(({ release }) => release)
  const stalls = stallsOf(wave, from)
  const faults = [...wave.faults, ...played.faults, ...stalls].toSorted((left, right) => left.from - right.from)
  const base = {
    ...{ seed: wave.seed, wave: wave.number, service: service.front.service, pools: service.front.pools },
    ...{ script, interval: INTERVAL, from, faults, commands: played.commands, releases },
  }
  await untilRight(service, { ...base, samples: service.trace.since(from) }, faults)
  const until = Date.now()
  const record: TargetRecord = {
    ...base,
    ...{ until, samples: service.trace.since(from).map((stretch) => ({ ...stretch })) },
    faults: faults.map((fault) => ({ ...fault, until: Math.min(fault.until, until) })),
    health: played.health.map((span) => ({ ...span, until: Math.min(span.until, until) })),
    lane: await wave.world.api.lane(service.front.service),
  }
  return { record, histories: Object.fromEntries(gathered.map(({ release, events }) => [release.releaseId, events])) }
}

/** While the machine stood still nobody could do anything. */
function stallsOf({ world }: Wave, since: Instant): readonly FaultSpan[] {
  return world.stalls().flatMap((stall): readonly FaultSpan[] => {
    if (stall.until < since) return []
    return [{ ...stall, kind: 'machine-stalled', note: 'the sampler stood still' }]
  })
}

interface GatheredRelease {
  readonly release: ReleaseRecord
  readonly events: readonly (readonly PlainEvent[])[]
}

async function gatherRelease(wave: Wave, played: PlayedRelease): Promise<GatheredRelease> {
  const { releaseId } = played
  if (!releaseId.startsWith('release/')) return { release: { ...played, runs: [], card: null }, events: [] }
  const runs = await patiently(() => runsOf(wave.world.client, releaseId))
  const card = await wave.world.api.card(releaseId)
  return {
    release: { ...played, runs: runs.map(({ facts }) => facts), card },
    events: runs.map(({ events }) => events),
  }
}

type ForTimeline = Parameters<typeof targetTimeline>[0]

/** The lane has its time to put right what was done to the router after the end. */
async function untilRight(service: Service, record: ForTimeline, faults: readonly FaultSpan[]): Promise<void> {
  const wanted = finalShare(record.pools, targetTimeline(record))
  const lastFault = Math.max(record.from, ...faults.map(({ until }) => until))
  const givesUpAt = Math.max(Date.now(), lastFault + LANE_PATIENCE) + STEADY
  while (Date.now() < givesUpAt) {
    const latest = service.trace.latest()
    if (wanted === null || isSteady(latest, wanted)) return
    await sleep(BETWEEN_LOOKS)
  }
}

function isSteady(latest: Stretch | null, wanted: number): boolean {
  return latest !== null && latest.share === wanted && Date.now() - latest.from >= STEADY
}

async function patiently<T>(body: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await body()
    } catch (error) {
      if (tries >= 30) throw error
      await sleep(1_000)
    }
  }
}
