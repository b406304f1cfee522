import { constants, getPriority, setPriority } from 'node:os'

/** So much further behind than the thread that began this one; anybody may go back, and nobody forward. */
const BEHIND = 10

/**
 * Lets the thread that calls go behind all others. Linux keeps a priority for each thread; other systems have one for the whole
 * process, which is left alone.
 */
export function goBehindOthers(): void {
  if (process.platform !== 'linux') return
  setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + BEHIND))
}
