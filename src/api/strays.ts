import type { EventEmitter } from 'node:events'

/** What hears of failures that nobody has dealt with. */
interface Log {
  readonly error: (details: { readonly err: unknown }, text: string) => void
}

/**
 * The last net under this process. It carries the stop button and holds no state that a failure could spoil, so it goes on
 * whatever one request has come to; each such failure is a defect, and the log has it.
 */
export function catchStrays(process: Pick<EventEmitter, 'on'>, log: Log): void {
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (error: unknown) =>
      log.error({ err: error }, 'this failure was not handled; the API keeps running'),
    )
}
