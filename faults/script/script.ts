import { createRandom, type Random } from '../../src/analysis/statistics/random.ts'
import type { BasisPoints } from '../../src/domain/units.ts'
import { FAULT_KINDS, type FaultGroup, type FaultName, type NameIn } from '../kinds.ts'
import { coveringWaves, dealt, type Hand } from './deck.ts'

/** When an act begins. Every act but one of `end` begins at the latest {@link LATEST} seconds after the start. */
export interface Moment {
  /** `frozen`: after one of two workers was frozen. */
  readonly after: 'start' | 'exposed' | 'frozen' | 'end'
  /** For `exposed`: the exposure of the plan, from 0, by the true weight. */
  readonly exposure: number
  readonly seconds: number
}

/** One thing that is done to a release, by a fault, a forger or a person. */
export interface Act {
  readonly kind: Exclude<FaultName, NameIn<'world'>>
  readonly when: Moment
  /** How long it lasts, where it lasts. */
  readonly seconds: number
  /** In [0, 1): picks among variants, such as the share that another hand sets. */
  readonly pick: number
}

export interface WorldAct {
  readonly kind: NameIn<'world'>
  /** Seconds after the start of the wave. */
  readonly at: number
  readonly seconds: number
  readonly pick: number
}

export interface PlanScript {
  /** Rising, the last one is everybody. */
  readonly weights: readonly BasisPoints[]
  /** Seconds of bake after each weight. */
  readonly bakes: readonly number[]
  readonly startsWithCohort: boolean
  /** An approval stands before this weight (an index, above 0), or nowhere. */
  readonly approvalBefore: number | null
  readonly onFail: 'rollback' | 'pause'
  readonly holdFor: number
  readonly then: 'rollback' | 'pause'
}

export interface ReleaseScript {
  /** From 1, over the whole campaign. */
  readonly number: number
  readonly plan: PlanScript
  /** When the honest approvals are sent, in seconds after they are asked for; null when nobody approves. */
  readonly approvesAfter: number | null
  /** What a person says to a release that waits when everything else is over; the next word is always abort. */
  readonly answer: 'resume' | 'abort'
  readonly acts: readonly Act[]
}

/** So many releases run side by side, one per service; nothing strikes all of them but the acts of the wave. */
export interface WaveScript {
  readonly wave: number
  readonly releases: readonly ReleaseScript[]
  readonly acts: readonly WorldAct[]
}

export interface ScriptOptions {
  readonly seed: number
  readonly parallel: number
  readonly only: FaultName | null
}

/** Seconds after the start. */
export const LATEST = 30

/** Every so many waves one of two workers is frozen for long, and everything happens then. */
const FROZEN_EVERY = 4

/** The script of one wave, from 1. The same options give the same script on every machine. */
export function scriptWave(options: ScriptOptions, wave: number): WaveScript {
  const random = createRandom(options.seed * 100_003 + wave)
  const first = (wave - 1) * options.parallel
  if (options.only === null && wave > coveringWaves(options) && wave % FROZEN_EVERY === 0) {
    return scriptFrozen(wave, first, options.parallel, random)
  }
  const hands = dealt(options, wave, random)
  const releases = hands.releases.map((hand, slot) => scriptRelease(first + slot + 1, hand, random.fork()))
  return { wave, releases, acts: scriptWorld(hands.world, random.fork()) }
}

/** Aborts and canaries that turn bad while one of two workers is frozen: what has goals of its own. */
function scriptFrozen(wave: number, first: number, parallel: number, random: Random): WaveScript {
  const releases = Array.from({ length: parallel }, (_, slot): ReleaseScript => {
    const kind = slot % 2 === 0 ? 'abort' : 'canary-fails-60'
    const release = scriptRelease(first + slot + 1, [kind], random.fork())
    const when: Moment = { after: 'frozen', exposure: 0, seconds: between(random, 0.2, 5) }
    // Exposed before it freezes, and still so when it strikes.
    const plan: PlanScript = { ...release.plan, ...PATIENT, approvalBefore: null, startsWithCohort: false }
    return { ...release, plan, acts: release.acts.map((act) => ({ ...act, when })) }
  })
  return { wave, releases, acts: [{ kind: 'worker-frozen', at: 9, seconds: 15, pick: random.uniform() }] }
}

const PATIENT = { weights: [2_500, 10_000], bakes: [40, 3], onFail: 'rollback' } as const

/** The wave in which a release is. */
export function waveOf(release: number, { parallel }: Pick<ScriptOptions, 'parallel'>): number {
  return Math.ceil(release / parallel)
}

function scriptRelease(number: number, hand: Hand, random: Random): ReleaseScript {
  const needsApproval = hand.some((kind) => kind === 'forged-approval' || kind === 'approve-foreign')
  const plan = scriptPlan(random, needsApproval)
  return {
    ...{ number, plan },
    approvesAfter: random.uniform() < 0.85 ? between(random, needsApproval ? 8 : 0.5, needsApproval ? 12 : 6) : null,
    answer: random.uniform() < 0.5 ? 'resume' : 'abort',
    acts: hand.map((kind, order) => scriptAct(kind, order, plan, random)),
  }
}

function scriptPlan(random: Random, needsApproval: boolean): PlanScript {
  const steps = [1_000, 2_000, 2_500, 5_000].filter(() => random.uniform() < 0.6)
  const weights = [...(steps.length === 0 ? [2_000] : steps), 10_000]
  const asks = needsApproval || random.uniform() < 0.2
  return {
    weights,
    bakes: weights.map(() => Math.round(between(random, 3, 6))),
    startsWithCohort: random.uniform() < 0.15,
    approvalBefore: asks ? 1 + Math.floor(random.uniform() * (weights.length - 1)) : null,
    onFail: random.uniform() < 0.7 ? 'rollback' : 'pause',
    holdFor: Math.round(between(random, 8, 15)),
    then: random.uniform() < 0.7 ? 'pause' : 'rollback',
  }
}

function scriptAct(kind: Act['kind'], order: number, plan: PlanScript, random: Random): Act {
  const [low, high] = SECONDS[FAULT_KINDS[kind].group]
  const when = momentOf(kind, order, plan, random)
  return { kind, when, seconds: between(random, low, high), pick: random.uniform() }
}

/** How long acts of a group last; what has no length of its own lasts until the end of the wave, or an instant. */
const SECONDS: Readonly<Record<FaultGroup, readonly [number, number]>> = {
  ...{ socket: [2, 8], metrics: [3, 12], router: [2, 8], people: [1, 5] },
  ...{ canary: [0, 0], forged: [0, 0], world: [0, 0] },
}

function momentOf(kind: Act['kind'], order: number, plan: PlanScript, random: Random): Moment {
  const full = plan.weights.length - 1
  if (kind === 'hand-after-end' || kind === 'key-lost-after-end') {
    return { after: 'end', exposure: 0, seconds: between(random, 0.3, 3) }
  }
  if (kind === 'canary-dies-at-full' || kind === 'canary-fails-at-full') {
    return { after: 'exposed', exposure: full, seconds: between(random, 0.3, 1.5) }
  }
  if (kind === 'canary-dies-at-step') {
    return { after: 'exposed', exposure: Math.max(0, full - 1), seconds: between(random, 0.3, 2) }
  }
  if (kind === 'forged-approval' || kind === 'approve-foreign') {
    return { after: 'exposed', exposure: (plan.approvalBefore ?? 1) - 1, seconds: between(random, 3, 7) }
  }
  // The second of two comes later in the plan, so that both have their time.
  const exposure = order === 0 ? 0 : Math.min(full, order)
  return { after: random.uniform() < 0.1 ? 'start' : 'exposed', exposure, seconds: between(random, 0.3, 4) }
}

function scriptWorld(kinds: readonly WorldAct['kind'][], random: Random): readonly WorldAct[] {
  let at = between(random, 2, 6)
  return kinds.map((kind) => {
    const [low, high] = WORLD_SECONDS[kind] ?? [1, 6]
    const act = { kind, at, seconds: mostlyShort(random, low, high), pick: random.uniform() }
    at += act.seconds + between(random, 3, 6)
    return act
  })
}

const WORLD_SECONDS: Readonly<Partial<Record<WorldAct['kind'], readonly [number, number]>>> = {
  ...{ 'haproxy-frozen': [1, 20], 'worker-frozen': [4, 15] },
  ...{ 'haproxy-reloaded': [0, 0], 'haproxy-reloaded-kept': [0, 0], 'haproxy-restarted': [0, 0] },
  'prometheus-emptied': [0, 0],
}

/** Long ones are rare, so that a wave is not all waiting. */
function mostlyShort(random: Random, low: number, high: number): number {
  return Number((low + random.uniform() ** 2 * (high - low)).toFixed(2))
}

function between(random: Random, low: number, high: number): number {
  return Number((low + random.uniform() * (high - low)).toFixed(2))
}
