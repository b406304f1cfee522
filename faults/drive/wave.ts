import { setTimeout as sleep } from 'node:timers/promises'
import type { Milliseconds } from '../../src/domain/units.ts'
import { actOnWorld } from '../act/world-acts.ts'
import type { FaultSpan } from '../check/record.ts'
import type { Gathered } from '../report/keep.ts'
import type { WaveScript } from '../script/script.ts'
import type { World } from '../world/world.ts'
import { gather } from './gather.ts'
import { type Played, playRelease } from './release.ts'
import { noteFault, type Wave } from './scene.ts'

/** A sample that ends so long after it was asked for was begun after it, too. */
const FRESH: Milliseconds = 300

/** Plays one wave on a world that is at rest, and hands back what there is to check. */
export async function playWave(
  world: World,
  script: WaveScript,
  seed: number,
  say: (text: string) => void,
): Promise<readonly Gathered[]> {
  await untilSampled(world)
  const from = Date.now()
  const faults: FaultSpan[] = []
  const worldActs = playWorld(world, script, faults, say)
  const wave: Wave = { world, seed, number: script.wave, faults, worldIsOver: worldActs.isOver, say }
  worldActs.begin(wave)
  const played = await Promise.all(
    world.services.map(async (service, index): Promise<Played | null> => {
      const release = script.releases[index]
      return release === undefined ? null : playRelease(wave, service, release)
    }),
  )
  await worldActs.isOver
  return gather(wave, script, played, from)
}

/** Which pool is stable is read off the samples, so they have to be of now. */
async function untilSampled({ services }: World): Promise<void> {
  const asked = Date.now()
  const isFresh = () => services.every(({ trace }) => (trace.latest()?.until ?? 0) > asked + FRESH)
  while (!isFresh()) await sleep(20)
}

/** The acts of the world, one after the other at their times. */
function playWorld(world: World, script: WaveScript, faults: FaultSpan[], say: (text: string) => void) {
  let finish: () => void = () => undefined
  const isOver = new Promise<void>((resolve) => {
    finish = resolve
  })

  async function play(wave: Wave): Promise<void> {
    const began = Date.now()
    for (const act of script.acts) {
      await sleep(Math.max(0, began + act.at * 1_000 - Date.now()))
      say(`world: ${act.kind}`)
      await actOnWorld(wave, act).catch((error: unknown) => {
        noteFault(faults, act.kind, `not carried out: ${error instanceof Error ? error.message : String(error)}`)
      })
    }
  }

  return { isOver, begin: (wave: Wave) => void play(wave).finally(finish) }
}
