import { CancellationScope, condition, isCancellation } from '@temporalio/workflow'
import type { Milliseconds } from '../domain/units.ts'
import { isActivityFailure } from './failures.ts'

/** Runs an activity until there is something else to do first, or for so long; then, and when it failed, `interrupted`. */
export async function unlessOver<T>(
  isOver: () => boolean,
  activity: () => Promise<T>,
  timeout?: Milliseconds,
): Promise<T | 'interrupted'> {
  const own = new CancellationScope({ cancellable: true })
  const done = own.run(activity).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  const over = timeout === undefined ? condition(isOver) : condition(isOver, timeout)
  const first = await Promise.race([done, over.then(() => null)])
  if (first !== null && 'value' in first) return first.value
  own.cancel()
  if (first === null || isCancellation(first.error) || isActivityFailure(first.error)) return 'interrupted'
  throw first.error
}
