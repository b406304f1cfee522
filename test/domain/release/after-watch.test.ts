import { describe, expect, it } from 'vitest'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { RESTARTS } from '../../../src/domain/release/guard.ts'
import { releaseCard } from '../../../src/domain/release/release-card.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, isWatching, type ReleaseState } from '../../../src/domain/release/release-state.ts'
import { watchFor } from '../../../src/domain/release/release-watch.ts'
import { planContext } from '../plan/plan-context.ts'

const read = readPlanText(
  `service: checkout
environment: production
steps: [{ weight: 50% }, { bake: 10m }, { weight: 100% }]
checks: { errors: { errorRate: { notWorseThan: 1.5x } } }
after: { watch: 14d, keep: 2h, onFail: rollback }
`,
  'plan.yaml',
  planContext(),
)
if ('problems' in read) throw new Error(JSON.stringify(read.problems))
const { plan } = read
const FULL = { weight: 10_000, cohorts: [] }
type Bare = ReleaseEvent extends infer Event ? (Event extends ReleaseEvent ? Omit<Event, 'at'> : never) : never
const after = (events: readonly Bare[], state: ReleaseState = beginState('release/checkout/production/2')) =>
  events.reduce((before, event, index) => reduce(before, { ...event, at: 100 + index } as ReleaseEvent), state)

const promoted = after([
  { type: 'baseline-recorded', roles: { stable: 'blue', canary: 'green' }, exposure: { weight: 0, cohorts: [] } },
  { type: 'exposure-wanted', step: 1, exposure: FULL },
  { type: 'exposure-confirmed', exposure: FULL },
  { type: 'promoted' },
])
const verdict = { outcome: 'pass', reason: 'fine', evidence: { judge: 't', figures: {} } } as const
const judged: Bare = { type: 'judged', verdicts: { errors: verdict } }
const watching = after([{ type: 'watch-began', until: 9_000 }], promoted)
const cardOf = (state: ReleaseState) =>
  releaseCard({ plan, version: '2.4.0', author: { person: 'alice' }, startedAt: 0 }, state, null, 5_000)

describe('a release that was promoted', () => {
  it('changes no more, unless it goes on watching', () => {
    expect(
      after(
        [judged, { type: 'watch-ended', reason: 'x' }, { type: 'paused', cause: 'router', by: '', reason: '' }],
        promoted,
      ),
    ).toBe(promoted)
    expect(isWatching(watching)).toBe(true)
    expect(after([judged], watching).verdicts).toEqual({ errors: verdict })
    expect(after([{ type: 'paused', cause: 'router', by: '', reason: '' }], watching)).toBe(watching)
  })

  it('has ended all the same, and is shown as watching with its end', () => {
    expect(cardOf(watching)).toMatchObject({
      phase: 'watching',
      isEnded: true,
      watchedUntil: 9_000,
      reason: null,
      verbs: [],
    })
    expect(cardOf(promoted)).toMatchObject({ phase: 'promoted', watchedUntil: null })
    const over = after([{ type: 'watch-ended', reason: 'its time is over' }], watching)
    expect(cardOf(over)).toMatchObject({ phase: 'promoted', watchedUntil: null, reason: null })
    expect(after([judged], over)).toBe(over)
  })

  it('tells each failure once, and watches on unless everybody is sent back', () => {
    const told = after([{ type: 'watch-failed', check: 'errors', reason: 'errors 5%', goesBack: false }], watching)
    expect(cardOf(told)).toMatchObject({ phase: 'watching', reason: 'failed while watched: errors' })
    expect(watchFor(told, plan)).toMatchObject({ acting: [RESTARTS] })
    const back = after([{ type: 'watch-failed', check: 'errors', reason: 'errors 5%', goesBack: true }], watching)
    expect(cardOf(back)).toMatchObject({ phase: 'promoted', reason: 'no longer watched: errors 5%' })
    expect(back.trail.at(-1)?.text).toBe('failed, everybody is sent back: errors 5%')
  })

  it('leaves the router to its lane', () => {
    expect(watchFor(watching, plan)).toMatchObject({
      ...{ mode: 'judge', watchesRouter: false, splitSettled: true, drift: null, acting: ['errors', RESTARTS] },
      floor: expect.any(Object),
    })
    const told = after([{ type: 'watch-failed', check: 'floor', reason: 'x', goesBack: false }], watching)
    expect(watchFor(told, plan)).not.toHaveProperty('floor')
  })
})
