import type { Random } from '../../src/analysis/statistics/random.ts'
import { createRandom } from '../../src/analysis/statistics/random.ts'
import { type FaultName, isIn, type NameIn, namesIn } from '../kinds.ts'

/** The kinds that one release gets. */
export type Hand = readonly Exclude<FaultName, NameIn<'world'>>[]
/** The kinds that strike everybody in a wave. */
export type WorldHand = readonly NameIn<'world'>[]

export interface Dealt {
  readonly releases: readonly Hand[]
  readonly world: WorldHand
}

export interface DeckOptions {
  readonly seed: number
  readonly parallel: number
  readonly only: FaultName | null
}

/** Kinds after which a release does not go on as if nothing had been: one of them is enough for a release. */
const ENDERS: Hand = [
  ...namesIn('canary'),
  ...(['forged-end', 'terminated', 'cancelled', 'reset', 'lane-terminated'] as const),
  ...(['abort', 'pause-held', 'replace'] as const),
]

/** Kinds that may well pause a release, so that what comes after them would never have its turn. */
const STOPPERS: Hand = ['fence-foreign', 'hand-again', 'metrics-hang', 'map-cleared', 'key-lost']

const OTHERS: Hand = (['router', 'socket', 'metrics', 'forged', 'people'] as const)
  .flatMap(namesIn)
  .filter((kind) => !ENDERS.includes(kind) && !STOPPERS.includes(kind))

/** Most kinds of the world that one of the first waves gets. */
const MOST_WORLD = 5

/**
 * Which kinds the releases and the world of a wave get. The first waves deal every kind once, so that the shortest campaign
 * has seen them all; the later ones draw at random.
 */
export function dealt(options: DeckOptions, wave: number, random: Random): Dealt {
  const { parallel, only } = options
  const slots = Array.from({ length: parallel }, (_, slot) => slot)
  if (only !== null) {
    if (isIn(only, 'world')) return { releases: slots.map(() => []), world: [only] }
    const own = only as Hand[number]
    return { releases: slots.map(() => [own]), world: [] }
  }
  const first = firstHands(options)
  const from = (wave - 1) * parallel
  return {
    releases: slots.map((slot) => first.releases[from + slot] ?? drawHand(random)),
    world: first.world[wave - 1] ?? drawWorld(random),
  }
}

/** How many waves it takes until every kind was dealt. */
export function coveringWaves(options: DeckOptions): number {
  const { releases, world } = firstHands(options)
  return Math.max(Math.ceil(releases.length / options.parallel), world.length)
}

function firstHands({ seed, parallel }: DeckOptions): { releases: readonly Hand[]; world: readonly WorldHand[] } {
  const random = createRandom(seed)
  const [enders, others, stoppers] = [ENDERS, OTHERS, STOPPERS].map((kinds) => shuffled(kinds, random))
  const pairs = (enders ?? []).map((ender, index): Hand => [...(others ?? []).slice(index, index + 1), ender])
  const left = (others ?? []).slice(pairs.length)
  const rest = left.flatMap((_, index): readonly Hand[] => (index % 2 === 0 ? [left.slice(index, index + 2)] : []))
  const releases = [...pairs, ...(stoppers ?? []).map((kind): Hand => [kind]), ...rest]
  const waves = Math.ceil(releases.length / parallel)
  const perWave = Math.min(MOST_WORLD, Math.ceil(namesIn('world').length / waves))
  const world = shuffled(namesIn('world'), random)
  const worldHands: WorldHand[] = []
  for (let from = 0; from < world.length; from += perWave) worldHands.push(world.slice(from, from + perWave))
  return { releases: shuffled(releases, random), world: worldHands }
}

function drawHand(random: Random): Hand {
  if (random.uniform() < 0.1) return []
  const others = shuffled([...OTHERS, ...STOPPERS], random).slice(0, Math.floor(random.uniform() * 3))
  const ender = random.uniform() < 0.65 ? shuffled(ENDERS, random).slice(0, 1) : []
  return [...others, ...ender]
}

function drawWorld(random: Random): WorldHand {
  return shuffled(namesIn('world'), random).slice(0, Math.floor(random.uniform() * 3))
}

function shuffled<T>(list: readonly T[], random: Random): readonly T[] {
  const keyed = list.map((value) => ({ value, key: random.uniform() }))
  return keyed.toSorted((left, right) => left.key - right.key).map(({ value }) => value)
}
