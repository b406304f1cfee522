import { isUnanswered, SluiceError } from '../domain/errors.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'

export interface Patience {
  readonly now: () => Instant
  readonly sleep: (time: Milliseconds) => Promise<unknown>
  /** Hears once, with the first failure, that it is tried again. */
  readonly onWait: (failure: SluiceError) => Promise<void>
}

/** As long as the CLI tries. */
const LONGEST: Milliseconds = 60_000
const PAUSE: Milliseconds = 2_000

/**
 * Sends a start or a command, which carries its key, until it is answered with a yes or a no; gives up after a minute with the
 * last failure.
 */
export async function untilTaken<T>(send: () => Promise<T>, { now, sleep, onWait }: Patience): Promise<T> {
  const until = now() + LONGEST
  for (let failures = 0; ; failures += 1) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof SluiceError) || !isUnanswered(error) || now() + PAUSE >= until) throw error
      if (failures === 0) await onWait(error)
    }
    await sleep(PAUSE)
  }
}
