import type { Client } from '@temporalio/client'
import type { Milliseconds } from '../domain/units.ts'
import { type Fate, notSettled, unavailable } from './temporal-errors.ts'
import { untilAnswered } from './tries.ts'

/** How the façade calls Temporal: everything with a deadline, and sent again as long as that can do good. */
export interface Calls {
  readonly now: () => Milliseconds
  /** When a call that begins now is given up. */
  readonly deadline: () => Milliseconds
  /** For looks: nothing depends on whether they arrived. */
  readonly look: <T>(what: string, until: Milliseconds, body: () => Promise<T>) => Promise<T>
  /** For what has an effect and is harmless to repeat; `named` is what the error calls it. */
  readonly send: <T>(
    wish: { readonly what: string; readonly named: string; readonly until: Milliseconds },
    body: () => Promise<T>,
    onFailure?: (fate: Fate) => void,
  ) => Promise<T>
}

export function createCalls(client: Client, patience: Milliseconds, now: () => Milliseconds): Calls {
  return {
    now,
    deadline: () => now() + patience,
    look: (what, until, body) =>
      untilAnswered({ what, until, now, giveUp: (_, last) => unavailable('Temporal does not answer', last) }, () =>
        client.withDeadline(until, body),
      ),
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
