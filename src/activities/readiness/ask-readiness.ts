import { setMaxListeners } from 'node:events'
import { activityInfo, log } from '@temporalio/activity'
import { describeError, SluiceError } from '../../domain/errors.ts'
import { type ReadinessAnswer, type ReadinessAnswers, unknown } from '../../domain/readiness/answers.ts'
import type { Milliseconds } from '../../domain/units.ts'
import { LATE, lateText, within } from '../../outbound/within.ts'
import type { ReadinessInput } from '../activities.ts'
import { baselineOf } from '../baseline.ts'
import type { ActivityDependencies } from '../dependencies.ts'
import { permitFor } from '../permit-of-attempt.ts'
import type { Checklist } from './checklist.ts'
import { PROBES } from './probes.ts'
import { seeTraffic } from './see-traffic.ts'
import { writeWhatIsThere } from './write-what-is-there.ts'

/** Asks every question of the checklist at once. What cannot be asked is an answer: it is not known. */
export async function askReadiness(
  deps: ActivityDependencies,
  input: ReadinessInput,
  signal: AbortSignal,
): Promise<ReadinessAnswers> {
  // Each probe listens for itself, and to more than one thing.
  setMaxListeners(10 * PROBES.length, signal)
  const asked = askedOf(deps, input, signal)
  const lines = await Promise.all(
    PROBES.map(async ({ item, ask }) => ({ item, ...(await answerOf((own) => ask(asked, own), signal)) })),
  )
  const { version, planHash } = input
  return { at: asked.now(), version, planHash, configHash: deps.readiness.configHashOf(input.target), lines }
}

function askedOf(deps: ActivityDependencies, input: ReadinessInput, signal: AbortSignal): Checklist {
  const { currentAttemptScheduledTimestampMs } = activityInfo()
  const began = performance.now()
  const adapters = deps.adaptersOf(input.target)
  const asked: Checklist = {
    ...{ input, adapters, outside: deps.outside, sources: deps.readiness },
    permit: permitFor(deps.directory, 'forward', input.holder?.run),
    now: () => Math.round(currentAttemptScheduledTimestampMs + performance.now() - began),
    roles: once(async () => {
      if (input.rest !== null) return input.rest
      const { pools, router } = adapters
      return baselineOf(await router.read(signal), pools, { turn: -1, rest: null }).roles
    }),
    wayBack: once(async () => writeWhatIsThere(asked, signal)),
    traffic: once(async () => seeTraffic(asked, await asked.roles(), signal)),
  }
  return asked
}

/** What several probes need is read when the first of them asks for it. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null
  return () => {
    reading ??= read()
    return reading
  }
}

/** One question may take so long; the others are answered meanwhile. */
const DEADLINE: Milliseconds = 22_000

const LOOK_AT_LOG = 'look at the log of the worker, then ask again'

async function answerOf(
  ask: (signal: AbortSignal) => Promise<ReadinessAnswer>,
  signal: AbortSignal,
): Promise<ReadinessAnswer> {
  try {
    const answer = await within({ deadline: DEADLINE, signal }, ask)
    return answer === LATE ? unknown(lateText(DEADLINE), 'find out what is so slow, then ask again') : answer
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SluiceError) return unknown(error.message, error.fix ?? LOOK_AT_LOG)
    log.error('a question of the checklist could not be asked', { error: String(error) })
    return unknown(describeError(error), LOOK_AT_LOG)
  }
}
