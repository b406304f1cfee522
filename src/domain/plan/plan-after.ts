import { z } from 'zod'
import type { Problem } from '../problems.ts'
import { formatDuration, type Milliseconds } from '../units.ts'
import { durationText } from './plan-values.ts'

/** What goes on once everybody has the new version and the release has ended. */
export interface PlanAfter {
  /** How long the promoted version is watched against its own past, with the lane free; absent: not at all. */
  readonly watch?: Milliseconds
  /** How long the pool of the version before is kept running, by the word of the plan's author; absent: nobody knows. */
  readonly keep?: Milliseconds
  /** What a failure of that watch does. */
  readonly onFail: 'rollback' | 'tell'
  /** Checks of the plan that need nobody on stable: what watches a return. */
  readonly alone: readonly string[]
}

const DAY: Milliseconds = 86_400_000
const MINUTE: Milliseconds = 60_000

const stretch = durationText.refine((time) => time >= MINUTE && time <= 90 * DAY, { error: 'expected 1m to 90d' })

export const planAfter = z
  .strictObject({
    watch: stretch.optional(),
    keep: stretch.optional(),
    onFail: z.enum(['rollback', 'tell']).default('tell'),
  })
  .optional()

const NOTHING_ASKED: Problem = {
  rule: 'after',
  path: ['after'],
  message: 'this says nothing of the time after the promotion',
  expected: 'watch, keep or both',
  fix: 'write how long to watch, such as watch: 14d, or how long the old pool is kept, such as keep: 2h',
}

const NO_POOL: Problem = {
  rule: 'after',
  path: ['after', 'keep'],
  message: 'the target has no router, and so no pool of the version before that could be kept',
  expected: 'watch alone, with onFail: tell',
  fix: 'remove keep: a plan that sets the flag off is the way back, and no freeze holds it',
}

const AT_ON_FAIL = { rule: 'after', path: ['after', 'onFail'], received: 'rollback' } as const
const LACKS = {
  watch: {
    message: 'nothing can fail after the promotion unless it is watched',
    expected: 'watch beside it',
    fix: 'add how long to watch, such as watch: 14d',
  },
  keep: {
    message: 'nobody can go back by itself to a pool that nobody says is kept',
    expected: 'keep beside it',
    fix: 'add how long the old pool is kept running, such as keep: 2h, or write onFail: tell',
  },
} as const

/** What a plan does with what was written; `alone` names the checks that need nobody on stable. Reports what makes no sense. */
export function afterOf(
  written: z.output<typeof planAfter>,
  { alone, hasPools }: { readonly alone: readonly string[]; readonly hasPools: boolean },
  report: (problem: Problem) => void,
): PlanAfter | null {
  if (written === undefined) return null
  const { watch, keep, onFail } = written
  const missing =
    onFail === 'rollback'
      ? ([
          ['watch', watch],
          ['keep', keep],
        ] as const)
      : []
  const [lacking] = missing.find(([, time]) => time === undefined) ?? []
  if (keep !== undefined && !hasPools) report(NO_POOL)
  if (watch === undefined && keep === undefined) report(NOTHING_ASKED)
  else if (lacking !== undefined) report({ ...LACKS[lacking], ...AT_ON_FAIL })
  return { onFail, alone, ...(watch !== undefined && { watch }), ...(keep !== undefined && { keep }) }
}

/** What happens after the promotion, in one line; null for nothing. */
export function afterText({ after }: { readonly after?: PlanAfter }): string | null {
  if (after === undefined) return null
  const { watch, keep, onFail } = after
  const back = onFail === 'rollback' ? 'everybody goes back while the old pool is kept' : 'people are told'
  const watched = watch === undefined ? [] : [`watched for ${formatDuration(watch)}; when a check fails: ${back}`]
  const kept = keep === undefined ? [] : [`the old pool is kept for ${formatDuration(keep)}`]
  return `after the promotion: ${[...watched, ...kept].join('; ')}`
}
