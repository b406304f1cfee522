import { SluiceError } from '../domain/errors.ts'
import { LATE, lateText, within } from '../outbound/within.ts'
import type { Allowance } from './admin-api.ts'

const ends = new Map<string, Promise<unknown>>()

/**
 * Runs one change of a flag after another in this process. A service that compares and writes in two steps lets the older of
 * two writers that come together win; between processes its own comparison has to do. Throws `flag.unreachable` when the turn
 * does not come in time, the reason of the signal, and what `work` throws.
 */
export async function inTurn<T>(key: string, { left, signal }: Allowance, work: () => Promise<T>): Promise<T> {
  const before = ends.get(key) ?? Promise.resolve()
  let finish = (): void => undefined
  const end = new Promise<void>((resolve) => {
    finish = resolve
  })
  const mine = Promise.all([before, end])
  ends.set(key, mine)
  try {
    const waited = await within({ deadline: left(), signal }, () => before)
    if (waited === LATE) {
      throw new SluiceError('flag.unreachable', {
        message: `another change of the flag is still under way: ${lateText(left())}`,
        fix: 'try again; check that the flag store answers',
      })
    }
    return await work()
  } finally {
    finish()
    void mine.then(() => ends.get(key) === mine && ends.delete(key))
  }
}
