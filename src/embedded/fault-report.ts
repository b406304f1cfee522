import type { Milliseconds } from '../domain/units.ts'
/** Takes an error that nobody expected. Never throws. */
export type Report = (fault: unknown) => void

/** At least this much time lies between two reports, in milliseconds: a fault that every request meets must not fill the disk. */
const PAUSE: Milliseconds = 1_000

/** Writes faults with their stack to stderr, and how many were left out since the last one. */
export function createFaultReport(
  write: (text: string) => unknown = (text) => process.stderr.write(text),
  now: () => number = () => performance.now(),
): Report {
  let last = Number.NEGATIVE_INFINITY
  let leftOut = 0
  return (fault) => {
    if (now() - last < PAUSE) {
      leftOut += 1
      return
    }
    const more = leftOut === 0 ? '' : ` (and ${leftOut} more before it)`
    last = now()
    leftOut = 0
    write(`a fault was contained${more}: ${textOf(fault)}\n`)
  }
}

function textOf(fault: unknown): string {
  if (fault instanceof Error) return fault.stack ?? `${fault.name}: ${fault.message}`
  return typeof fault === 'string' ? fault : 'something that is not an error was thrown'
}
