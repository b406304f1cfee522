import type { BasisPoints, Instant } from '../../src/domain/units.ts'
import type { RunFacts, WriteFact } from './history.ts'
import type { TargetRecord } from './record.ts'

/** What the records say should be live, from a moment on. Weights are those of the pool `canary`. */
export interface Wanted {
  readonly from: Instant
  /** The release whose word it is; null before the first one. */
  readonly label: string | null
  readonly canary: string
  readonly least: BasisPoints
  readonly most: BasisPoints
  /** True when no release has anything exposed: the lane holds the router. */
  readonly isHeldByLane: boolean
}

type Step = { readonly at: Instant; readonly label: string } & (
  | { readonly kind: 'asked' | 'read-back' | 'given-up'; readonly write: WriteFact }
  | { readonly kind: 'over'; readonly isPromoted: boolean }
  | { readonly kind: 'opened' }
)

/** How far the releases of a record were when something happened. */
interface Progress {
  readonly label: string | null
  readonly canary: string
  readonly confirmed: BasisPoints
  readonly asked: BasisPoints
  /** Weight before the first wish of the release, and so after its rollback. */
  readonly baseline: BasisPoints
  readonly isOver: boolean
}

/**
 * The recorded target of a service over the time of a record, by the histories of its releases alone: between a wish and its
 * being read back both the old and the new weight are right; a wish that was given up is as if it had never been; after the
 * end it is everybody or nobody.
 */
export function targetTimeline(
  record: Pick<TargetRecord, 'from' | 'pools' | 'samples' | 'releases'>,
): readonly Wanted[] {
  const begin = beginning(record)
  const steps = record.releases.flatMap(stepsOf).toSorted((left, right) => left.at - right.at)
  const timeline: Wanted[] = [wantedOf(begin, record.from)]
  steps.reduce((before, next) => {
    const after = progress(before, next)
    timeline.push(wantedOf(after, next.at))
    return after
  }, begin)
  return timeline
}

/** What the timeline says at a moment. */
export function wantedAt(timeline: readonly Wanted[], at: Instant): Wanted | null {
  return timeline.findLast(({ from }) => from <= at) ?? timeline[0] ?? null
}

/** The share of the second pool that the records end with; null while a release is open. */
export function finalShare(pools: readonly [string, string], timeline: readonly Wanted[]): BasisPoints | null {
  const last = timeline.at(-1)
  if (last === undefined || last.least !== last.most || !last.isHeldByLane) return null
  return last.canary === pools[1] ? last.most : 10_000 - last.most
}

/** A wave begins at rest: everybody is on one pool. */
function beginning({ pools, samples }: Pick<TargetRecord, 'pools' | 'samples'>): Progress {
  const share = samples.find((stretch) => stretch.share !== null)?.share ?? 0
  const canary = share >= 5_000 ? pools[0] : pools[1]
  return { label: null, canary, confirmed: 0, asked: 0, baseline: 0, isOver: true }
}

function wantedOf({ label, canary, confirmed, asked, isOver }: Progress, from: Instant): Wanted {
  const least = Math.min(confirmed, asked)
  return { from, label, canary, least, most: Math.max(confirmed, asked), isHeldByLane: isOver }
}

function progress(before: Progress, step: Step): Progress {
  switch (step.kind) {
    case 'opened':
      // Until its first wish the lane still holds what was.
      return before.isOver ? { ...before, label: step.label, baseline: before.confirmed } : before
    case 'asked':
      return askedFor(before, step.write, step.label)
    case 'read-back':
      return step.write.weight === before.asked ? { ...before, confirmed: before.asked } : before
    case 'given-up':
      // A way back that was given up is tried again, so it stays what is wanted.
      return step.write.weight === before.asked && before.asked > before.confirmed
        ? { ...before, asked: before.confirmed }
        : before
    case 'over': {
      if (step.label !== before.label) return before
      const weight = step.isPromoted ? 10_000 : before.baseline
      return { ...before, confirmed: weight, asked: weight, isOver: true }
    }
  }
}

/** Less than what is live is wanted at once; more is allowed from now on. */
function askedFor(before: Progress, { canary, weight }: WriteFact, label: string): Progress {
  const turn = (share: BasisPoints) => (canary === before.canary ? share : 10_000 - share)
  const confirmed = Math.min(turn(before.confirmed), weight)
  return { label, canary, baseline: turn(before.baseline), confirmed, asked: weight, isOver: false }
}

function stepsOf({ label, runs }: TargetRecord['releases'][number]): readonly Step[] {
  return runs.flatMap((run, index) => {
    const isLast = index === runs.length - 1
    // A run that was reset begins with events of the one before it.
    const own = run.writes.filter(({ at }) => at >= run.startedAt)
    const opened: Step = { at: run.startedAt, label, kind: 'opened' }
    return [opened, ...own.flatMap((write) => writeSteps(write, label)), ...(isLast ? closingOf(run, label) : [])]
  })
}

function writeSteps(write: WriteFact, label: string): readonly Step[] {
  const asked: Step = { at: write.at, label, kind: 'asked', write }
  if (write.endedAt === null || write.ending === null) return [asked]
  const kind = write.ending === 'completed' ? 'read-back' : 'given-up'
  return [asked, { at: write.endedAt, label, kind, write }]
}

function closingOf({ closedAt, outcome }: RunFacts, label: string): readonly Step[] {
  return closedAt === null ? [] : [{ at: closedAt, label, kind: 'over', isPromoted: outcome === 'promoted' }]
}
