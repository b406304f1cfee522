import { Counter, type Registry } from 'prom-client'
import { SluiceError } from '../domain/errors.ts'
import type { CommandVerb } from '../domain/release/verbs.ts'

export interface ReleaseMetrics {
  started(placed: 'started' | 'queued'): void
  notStarted(error: unknown): void
  commandTaken(verb: CommandVerb): void
  commandRefused(verb: CommandVerb, error: unknown): void
}

/** What people asked for, by what they were answered: `started`, `taken`, or the error code. */
export function releaseMetrics(registry: Registry): ReleaseMetrics {
  const starts = new Counter({
    name: 'sluice_release_starts_total',
    help: 'Requests for a release, by answer: started, queued, or the error code.',
    labelNames: ['answer'],
    registers: [registry],
  })
  const commands = new Counter({
    name: 'sluice_commands_total',
    help: 'Commands sent to releases, by verb and answer: taken, or the error code.',
    labelNames: ['verb', 'answer'],
    registers: [registry],
  })
  return {
    started: (placed) => starts.inc({ answer: placed }),
    notStarted: (error) => starts.inc({ answer: codeOf(error) }),
    commandTaken: (verb) => commands.inc({ verb, answer: 'taken' }),
    commandRefused: (verb, error) => commands.inc({ verb, answer: codeOf(error) }),
  }
}

function codeOf(error: unknown): string {
  return error instanceof SluiceError ? error.code : 'internal'
}
