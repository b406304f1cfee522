import type { RecordedWindow } from '../../domain/observation.ts'
import type { Action } from '../../domain/plan/actions.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import { type BasisPoints, FULL_WEIGHT, type Milliseconds } from '../../domain/units.ts'
import { addArms } from '../arms.ts'
import type { RecordedInterval } from './replays.ts'

/** How much work a calibration may be. */
export interface Effort {
  /** Looks that may be judged over all checks; a look of a rate is one, of a latency several. */
  readonly looks: number
  /** Most replays of each check, whatever the looks allow. */
  readonly replays: number
}

/** Fewer replays than this say nothing; this many are worth more than finer looks. */
const FEWEST_REPLAYS = 20
const ENOUGH_REPLAYS = 100
const FEWEST_LOOKS = 10
/** Longest schedule of one replay, in looks. */
const LONGEST_SCHEDULE = 400

/** Requests that the smaller arm has in the shortest stretch with traffic on both, at the traffic of the recording. */
export function reachedRequests(actions: readonly Action[], windows: readonly RecordedWindow[]): number {
  const [time, requests] = windows.reduce(
    ([sum, count], { start, end, counts }) => [sum + end - start, count + counts.requests],
    [0, 0],
  )
  const stretches = stretchesOf(actions).map(
    ({ weight, duration }) => (requests / time) * duration * (Math.min(weight, FULL_WEIGHT - weight) / FULL_WEIGHT),
  )
  return Math.min(...stretches, Number.POSITIVE_INFINITY)
}

/** The stretches in which both arms have traffic. */
function stretchesOf(actions: readonly Action[]): readonly { weight: BasisPoints; duration: Milliseconds }[] {
  let weight = 0
  return actions.flatMap((action) => {
    if (action.kind === 'expose') weight = action.exposure.weight
    if (action.kind !== 'bake' && action.kind !== 'judge') return []
    return weight === 0 || weight === FULL_WEIGHT ? [] : [{ weight, duration: action.duration }]
  })
}

/** The canary's weight at each look, for the stretches in which both arms have traffic. */
export function scheduleOf({ interval }: Plan, actions: readonly Action[], step: Milliseconds): readonly BasisPoints[] {
  const length = step * Math.ceil(interval / step)
  return stretchesOf(actions).flatMap(({ weight, duration }) =>
    Array.from({ length: Math.max(1, Math.round(duration / length)) }, () => weight),
  )
}

/** A schedule, a record and a number of replays that keep within so many looks. */
interface Affordable {
  readonly schedule: readonly BasisPoints[]
  readonly record: readonly RecordedInterval[]
  readonly replays: number
}

/** Looks too many to pay for become fewer and longer ones: the time watched and the requests in it stay as planned. */
export function affordable(
  weights: readonly BasisPoints[],
  windows: readonly RecordedWindow[],
  /** So many windows are as long as the time between two looks. */
  perLook: number,
  { looks, replays: mostReplays }: Effort,
): Affordable {
  const longest = Math.max(FEWEST_LOOKS, Math.min(LONGEST_SCHEDULE, Math.floor(looks / ENOUGH_REPLAYS)))
  const together = Math.ceil(weights.length / longest)
  const schedule = weights.filter((_, index) => index % together === 0)
  const size = together * perLook
  const record = Array.from({ length: Math.floor(windows.length / size) }, (_, index) =>
    intervalOf(windows.slice(index * size, (index + 1) * size)),
  )
  const replays = Math.max(FEWEST_REPLAYS, Math.min(mostReplays, Math.floor(looks / schedule.length)))
  return { schedule, record, replays }
}

function intervalOf(windows: readonly RecordedWindow[]): RecordedInterval {
  const duration = windows.reduce((sum, { start, end }) => sum + end - start, 0)
  return { duration, shards: [windows.map(({ counts }) => counts).reduce(addArms)] }
}
