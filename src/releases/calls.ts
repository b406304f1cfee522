import type { Client } from '@temporalio/client'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { type Fate, notSettled, unavailable } from './temporal-errors.ts'
import { untilAnswered } from './tries.ts'

/** How the façade calls Temporal: everything with a deadline, and sent again as long as that can do good. */
export interface Calls {
  readonly now: () => Instant
  /** When a call that begins now is given up. */
  readonly deadline: () => Instant
  /** For looks: nothing depends on whether they arrived. */
  readonly look: <T>(what: string, until: Instant, body: () => Promise<T>) => Promise<T>
  /** For what has an effect and is harmless to repeat; `named` is what the error calls it. */
  readonly send: <T>(
    request: { readonly what: string; readonly named: string; readonly until: Instant },
    body: () => Promise<T>,
    onFailure?: (fate: Fate) => void,
  ) => Promise<T>
}

/**
 * How long the first try of a look waits; each one after it waits twice as long. A query can get stuck at a worker that
 * lets go of the workflow in that moment, and is answered at once when it is asked again.
 */
const FIRST_TRY: Milliseconds = 3_000

export function createCalls(client: Pick<Client, 'withDeadline'>, patience: Milliseconds, now: () => Instant): Calls {
  return {
    now,
    deadline: () => now() + patience,
    look(what, until, body) {
      let longest = FIRST_TRY
      return untilAnswered(
        { what, until, now, giveUp: (_, last) => unavailable('Temporal does not answer', last) },
        () => {
          const tryUntil = Math.min(until, now() + longest)
          longest *= 2
          return client.withDeadline(tryUntil, body)
        },
      )
    },
    send: ({ what, named, until }, body, onFailure) =>
      untilAnswered(
        {
          ...{ what, until, now, giveUp: (mayHaveLanded, last) => notSettled(named, mayHaveLanded, last) },
          ...(onFailure !== undefined && { onFailure }),
        },
        () => client.withDeadline(until, body),
      ),
  }
}
