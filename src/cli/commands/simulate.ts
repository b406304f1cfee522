import { setImmediate as breathe } from 'node:timers/promises'
import type { ExpectedTraffic } from '../../analysis/power/expected-traffic.ts'
import type { AnswerTo } from '../../api/operations.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { shareText } from '../../domain/plan/plan-values.ts'
import { type Milliseconds, parseDuration } from '../../domain/units.ts'
import type { Simulation, SimulationWish } from '../../simulation/simulate.ts'
import type { SimulatedTraffic } from '../../simulation/world.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { readPlanFile, withPlaces } from '../plan-file.ts'
import { SERVER_DEADLINE, type Session } from '../session.ts'
import { drawSimulation } from '../simulation-drawing.ts'
import { renderSimulation } from '../simulation-view.ts'
import { expectedOf, statedTraffic, type TrafficOptions, wholeNumber } from '../stated-traffic.ts'
import { clean } from '../text.ts'
import { refuseUnasked } from './plan-check.ts'

export interface SimulateOptions extends TrafficOptions {
  readonly config?: string
  readonly since?: string
  readonly releases?: string
  readonly seed: string
  readonly noticedAfter: string
  readonly cohortShare: string
  readonly lag: string
  readonly svg?: string
}

/** `sluice simulate`: many releases of a plan on a virtual clock, good ones and bad ones, and what they would cost. */
export async function simulatePlan(name: string, options: SimulateOptions, session: Session): Promise<void> {
  const seed = wholeNumber('--seed', options.seed, 0, 2 ** 32)
  const releases = options.releases === undefined ? undefined : wholeNumber('--releases', options.releases, 1, 100_000)
  const noticedAfter = durationOf('--noticed-after', options.noticedAfter)
  const { plan, expected, isErrors } = await planAndTraffic(name, options, session)
  const traffic = simulatedTraffic(expected, isErrors, options)
  const simulation = await simulateAloud({ plan, traffic, releases, seed, noticedAfter }, session)
  if (options.svg !== undefined) await saveDrawing(options.svg, drawSimulation(plan, simulation), session)
  session.say(renderSimulation(name, plan, simulation, session.look()), simulation)
}

/** Simulates, and says from time to time how far that is. */
export async function simulateAloud(wish: SimulationWish, session: Session): Promise<Simulation> {
  const { simulate } = await import('../../simulation/simulate.ts')
  let said = 0
  return simulate(wish, async (done, of) => {
    const quarter = Math.floor((4 * done) / of)
    if (quarter > said && quarter < 4) session.hint(`${done} of ${of} releases simulated`)
    said = quarter
    await breathe()
  })
}

interface Planned {
  readonly plan: Plan
  readonly expected: ExpectedTraffic
  /** True when what is feared of the version is more errors: said so, or nothing else is. */
  readonly isErrors: boolean
}

async function planAndTraffic(name: string, options: SimulateOptions, session: Session): Promise<Planned> {
  const { since, config, traffic: requests } = options
  const traffic = statedTraffic(options)
  const isErrors =
    options.regression !== undefined || (options.slower === undefined && (options.change ?? []).length === 0)
  if (since === undefined) {
    if (requests === undefined || traffic === null)
      throw new CliFailure(EXIT.usage, 'a simulation needs the traffic: --traffic 50rps, or --since 1d to measure it')
    const expected = expectedOf(traffic.stated)
    if (expected === null) throw new CliFailure(EXIT.usage, `--traffic ${clean(requests)}: expected more than 0`)
    const { plan } = await checkedPlan(name, config, session)
    await refuseUnasked(plan, traffic.stated)
    return { plan, expected, isErrors }
  }
  durationOf('--since', since)
  if (config !== undefined)
    throw new CliFailure(EXIT.usage, '--since asks a server: leave --config out, or state the traffic with --traffic')
  const file = await readPlanFile(name, session.terminal)
  const body = { plan: file.yaml.value, since, traffic: traffic?.written }
  const answer = await withPlaces(file, () =>
    session.api.post<AnswerTo<'checkPlan'>>('/api/v1/plans/check', body, { deadline: SERVER_DEADLINE }),
  )
  if (answer.traffic === null || answer.traffic === undefined) {
    const why = (answer.missing ?? []).map(clean).join('; ') || 'no requests were seen'
    throw new CliFailure(EXIT.refused, `the traffic of the last ${clean(since)} could not be measured: ${why}`)
  }
  return { plan: answer.plan, expected: answer.traffic, isErrors }
}

export function simulatedTraffic(
  { requestsPerSecond, errors, latency, slower, events, changes }: ExpectedTraffic,
  isErrors: boolean,
  options: Pick<SimulateOptions, 'cohortShare' | 'lag'>,
): SimulatedTraffic {
  const cohortShare = shareText.safeParse(options.cohortShare)
  if (!cohortShare.success || cohortShare.data <= 0)
    throw new CliFailure(EXIT.usage, `--cohort-share ${clean(options.cohortShare)}: expected a share such as 1%`)
  const changed = Object.entries(events).map(([event, share]) => [event, share * (changes[event] ?? 1)] as const)
  return {
    ...{ requestsPerSecond, latency, cohortShare: cohortShare.data, lag: durationOf('--lag', options.lag) },
    stable: { errors: errors.from, slower: 1, events },
    canary: { errors: isErrors ? errors.to : errors.from, slower: slower ?? 1, events: Object.fromEntries(changed) },
  }
}

function durationOf(flag: string, text: string): Milliseconds {
  const parsed = parseDuration(text)
  if (parsed.ok) return parsed.value
  throw new CliFailure(EXIT.usage, `${flag} ${clean(text)}: expected ${parsed.expected}`)
}

async function saveDrawing(path: string, drawing: string, { terminal, hint }: Session): Promise<void> {
  await terminal.writeFile(path, drawing).catch((error: unknown) => {
    throw new CliFailure(EXIT.usage, `${clean(path)} cannot be written: ${clean(String(error))}`)
  })
  hint(`drawn as ${clean(path)}`)
}
