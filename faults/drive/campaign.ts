import { join } from 'node:path'
import type { Instant, Milliseconds } from '../../src/domain/units.ts'
import { measure } from '../check/measure.ts'
import { checkRecord } from '../check/rules.ts'
import type { CampaignOptions } from '../options.ts'
import { type Gathered, keepRecord } from '../report/keep.ts'
import { linesOf, replayLine } from '../report/progress.ts'
import { type Result, resultOf, type Tally, tallyOf } from '../report/result.ts'
import { scriptWave, waveOf } from '../script/script.ts'
import type { World } from '../world/world.ts'
import { healService, healWorld, resetService } from './rest.ts'
import { playWave } from './wave.ts'

export interface CampaignParts {
  readonly world: World
  readonly options: CampaignOptions
  readonly folder: string
  readonly began: Instant
  readonly say: (text: string) => void
}

export interface Campaign {
  /** Plays wave after wave until enough is played, and checks each. */
  readonly run: () => Promise<Result>
  /** Ends with what was played to its end so far. */
  readonly stop: () => void
}

/** What a wave may take when none has been played yet. */
const FIRST_GUESS: Milliseconds = 75_000

export function createCampaign(parts: CampaignParts): Campaign {
  const { options, world, began } = parts
  const tallies: Tally[] = []
  let stop: () => void = () => undefined
  const isStopped = new Promise<'stopped'>((resolve) => {
    stop = () => resolve('stopped')
  })

  async function play(wave: number): Promise<void> {
    await healWorld(world)
    await Promise.all(world.services.map((service) => healService(world, service)))
    const all = await playWave(world, scriptWave(options, wave), options.seed, () => undefined)
    for (const [index, gathered] of all.entries()) tallies.push(await check(parts, gathered, index === 0))
    parts.say(`  wave ${wave}: ${counter(tallies)}, ${Math.round((Date.now() - began) / 1_000)} s`)
  }

  async function run(): Promise<Result> {
    let longest = FIRST_GUESS
    for (const wave of wavesOf(options)) {
      const start = Date.now()
      if (options.minutes !== null && start + longest > began + options.minutes * 60_000) break
      if ((await Promise.race([play(wave), isStopped])) === 'stopped') break
      longest = wave === 1 ? Date.now() - start : Math.max(longest, Date.now() - start)
    }
    const minutes = Number(((Date.now() - began) / 60_000).toFixed(1))
    const stalled = world.stalls().reduce((sum, { from, until }) => sum + until - from, 0)
    return resultOf(tallies, { seed: options.seed, minutes, stalled, users: world.users() })
  }

  return { run, stop: () => stop() }
}

function wavesOf(options: CampaignOptions): readonly number[] {
  if (options.replay !== null) return [waveOf(options.replay, options)]
  return Array.from({ length: Math.ceil(options.releases / options.parallel) }, (_, index) => index + 1)
}

async function check(parts: CampaignParts, gathered: Gathered, isFirst: boolean): Promise<Tally> {
  const { record } = gathered
  const { world, options, folder, say } = parts
  const checked = { record, violations: checkRecord(record), measured: measure(record) }
  for (const line of linesOf(checked)) say(line)
  if (checked.violations.length === 0 && options.keep) await keepRecord(join(folder, 'records'), gathered, [])
  if (checked.violations.length > 0) {
    const kept = await keepRecord(join(folder, 'violations'), gathered, checked.violations)
    say(`       kept in ${kept}; again: ${replayLine(record.seed, String(record.script.number), restOf(options))}`)
    const service = world.services.find(({ front }) => front.service === record.service)
    if (service !== undefined) await resetService(world, service)
  }
  return tallyOf(checked, isFirst)
}

function restOf({ only, parallel }: CampaignOptions): string {
  return `${only === null ? '' : ` --only ${only}`}${parallel === 8 ? '' : ` --parallel ${parallel}`}`
}

function counter(tallies: readonly Tally[]): string {
  const releases = tallies.reduce((sum, tally) => sum + tally.releases, 0)
  const violations = tallies.reduce((sum, tally) => sum + tally.violations.length, 0)
  return `${releases} releases so far, ${violations} violations`
}
