import { createRandom } from '../analysis/statistics/random.ts'
import type { Check } from '../domain/plan/checks.ts'
import { allChecks } from '../domain/plan/consequences.ts'
import type { Plan } from '../domain/plan/plan.ts'
import { plannedTime } from '../domain/plan/plan-timeline.ts'
import { FULL_WEIGHT, type Milliseconds } from '../domain/units.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type SimulatedRelease, simulateRelease } from './run-release.ts'
import type { SimulatedTraffic } from './world.ts'

/** What is simulated. */
export interface SimulationWish {
  readonly plan: Plan
  /** With the canary as it is feared to be. */
  readonly traffic: SimulatedTraffic
  /** Releases of each kind; chosen by the length of the plan when absent. */
  readonly releases?: number | undefined
  readonly seed: number
  /** After how long somebody notices a bad version that has been promoted. */
  readonly noticedAfter: Milliseconds
}

/** A check that nothing can be drawn for. */
interface LeftOut {
  readonly check: string
  readonly reason: string
}

/** What came of it. Plain JSON. */
export interface Simulation {
  readonly releases: number
  readonly seed: number
  readonly traffic: SimulatedTraffic
  readonly noticedAfter: Milliseconds
  readonly leftOut: readonly LeftOut[]
  /** The new version is as stable is. */
  readonly good: Figures
  /** The new version is as it is feared to be. */
  readonly bad: Figures
  /** The bad version by the plan that many have: 10% for 5 minutes, then everybody; the same checks watch. */
  readonly short: Figures
  /** The bad version given to everybody at once, and noticed by people: requests served and further failures. */
  readonly atOnce: Pick<Figures, 'served' | 'extraFailures'>
}

/** Looks that are simulated of each kind where nobody says how many releases; about half a minute of work. */
const USUAL_LOOKS = 100_000
const MOST_RELEASES = 1_000
const LEAST_RELEASES = 10

/** Simulates good and bad releases of a plan; `told` hears how many of all are done. */
export async function simulate(
  { plan, traffic, seed, noticedAfter, releases = usualReleases(plan) }: SimulationWish,
  told: (done: number, of: number) => Promise<void>,
): Promise<Simulation> {
  const { judged, leftOut } = await withoutBlind(plan, traffic)
  const kinds = [
    { plan: judged, traffic: { ...traffic, canary: traffic.stable } },
    { plan: judged, traffic },
    { plan: shortPlan(judged), traffic },
  ] as const
  const all: SimulatedRelease[][] = []
  for (const [index, kind] of kinds.entries()) {
    const done: SimulatedRelease[] = []
    for (let release = 0; release < releases; release += 1) {
      const random = createRandom(seed * 1_000_003 + index * MOST_SEEDS + release)
      done.push(await simulateRelease(kind.plan, kind.traffic, random))
      await told(index * releases + release + 1, kinds.length * releases)
    }
    all.push(done)
  }
  const [good, bad, short] = all.map((done, index) =>
    figuresOf(done, kinds[index]?.traffic ?? traffic, noticedAfter),
  ) as [Figures, Figures, Figures]
  const served = (traffic.requestsPerSecond * noticedAfter) / 1_000
  const atOnce = { served, extraFailures: served * Math.max(0, traffic.canary.errors - traffic.stable.errors) }
  return { releases, seed, traffic, noticedAfter, leftOut, good, bad, short, atOnce }
}

/** How many releases of each kind are simulated where nobody says so: fewer of a longer plan. */
export function usualReleases({ actions, interval }: Plan): number {
  const fitting = Math.floor(USUAL_LOOKS / Math.max(1, plannedTime(actions) / interval))
  return Math.min(MOST_RELEASES, Math.max(LEAST_RELEASES, fitting))
}

/** More releases than one simulation ever has. */
const MOST_SEEDS = 100_000

/** The plan without the checks that see nothing of this traffic, which would only hold every release up. */
async function withoutBlind(
  plan: Plan,
  traffic: SimulatedTraffic,
): Promise<{ readonly judged: Plan; readonly leftOut: readonly LeftOut[] }> {
  const checks = allChecks(plan)
  const { verdicts } = await simulateRelease(
    { ...probePlan(plan), checks, interval: 60_000 },
    { ...traffic, canary: traffic.stable },
    createRandom(1),
  )
  const leftOut = checks.flatMap(({ name }): LeftOut[] => {
    const verdict = verdicts[name]
    return verdict?.outcome === 'inconclusive' && verdict.cause === 'blind'
      ? [{ check: name, reason: verdict.reason }]
      : []
  })
  const isJudged = ({ name }: Check) => !leftOut.some(({ check }) => check === name)
  const actions = plan.actions.map((action) =>
    action.kind === 'judge' ? { ...action, checks: action.checks.filter(isJudged) } : action,
  )
  return { judged: { ...plan, checks: plan.checks.filter(isJudged), actions }, leftOut }
}

/** Half of the users for a few looks: what a check cannot see there it cannot see anywhere. */
function probePlan(plan: Plan): Plan {
  return {
    ...plan,
    actions: [
      { kind: 'expose', step: 1, label: 'weight 50%', exposure: { weight: FULL_WEIGHT / 2, cohorts: [] } },
      { kind: 'bake', step: 2, label: 'bake 5m', duration: 300_000, until: 'time' },
    ],
    onInconclusive: { holdFor: 60_000, then: 'pause' },
  }
}

/** What many plans look like: a tenth of the users for five minutes, then everybody. */
function shortPlan(plan: Plan): Plan {
  const first = plan.actions.find((action) => action.kind === 'expose')
  const warmUp = first?.kind === 'expose' && first.warmsUpFor !== undefined ? { warmsUpFor: first.warmsUpFor } : {}
  return {
    ...plan,
    actions: [
      { kind: 'expose', step: 1, label: 'weight 10%', exposure: { weight: FULL_WEIGHT / 10, cohorts: [] }, ...warmUp },
      { kind: 'bake', step: 2, label: 'bake 5m', duration: 300_000, until: 'time' },
      { kind: 'expose', step: 3, label: 'weight 100%', exposure: { weight: FULL_WEIGHT, cohorts: [] } },
    ],
  }
}
