import { setTimeout as sleep } from 'node:timers/promises'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { type Fate, fateOf, toSluiceError } from './temporal-errors.ts'

interface Tries {
  /** What the call is about, such as a release: for the error of one that was answered with a no. */
  readonly what: string
  /** When to give up. */
  readonly until: Instant
  readonly now: () => Instant
  /** Hears of every try that was not answered. */
  readonly onFailure?: (fate: Fate) => void
  /** The error for a call that was never answered; `mayHaveLanded` when one of its tries may have had an effect. */
  readonly giveUp: (mayHaveLanded: boolean, last: unknown) => Error
}

const FIRST_PAUSE: Milliseconds = 25
const LONGEST_PAUSE: Milliseconds = 1_000

/**
 * Makes a call that is harmless to repeat until it is answered, with a yes or with a no. The pauses between two tries
 * double, from 25 ms to a second.
 * @throws what {@link toSluiceError} makes of a no, or what `giveUp` makes of no answer at all.
 */
export async function untilAnswered<T>(
  { what, until, now, onFailure, giveUp }: Tries,
  call: () => Promise<T>,
): Promise<T> {
  let mayHaveLanded = false
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, 2 * pause)) {
    try {
      return await call()
    } catch (error) {
      const fate = fateOf(error)
      if (fate.kind === 'settled') throw toSluiceError(error, what)
      mayHaveLanded ||= fate.kind === 'unknown'
      onFailure?.(fate)
      if (now() + pause >= until) throw giveUp(mayHaveLanded, error)
    }
    await sleep(pause)
  }
}
