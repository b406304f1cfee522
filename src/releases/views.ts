import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { ReleaseDirectory } from '../activities/dependencies.ts'
import { SluiceError } from '../domain/errors.ts'
import { type GuardState, verdictsOf } from '../domain/release/guard.ts'
import { goneCard, releaseCard } from '../domain/release/release-card.ts'
import { weakestOutcome } from '../domain/release/release-details.ts'
import { laneIdOf, parseReleaseId, releaseName, type TargetId } from '../domain/target.ts'
import type { Instant, Milliseconds } from '../domain/units.ts'
import { LATE, within } from '../outbound/within.ts'
import { type LaneView, viewQuery } from '../workflows/messages.ts'
import { askWorkflow } from './ask-workflow.ts'
import type { Calls } from './calls.ts'
import type { Lanes } from './lanes.ts'
import { listPage } from './list.ts'
import { createLooks } from './looks.ts'
import { lanesOf, queuedRows, showsQueued } from './queued.ts'
import type { ListFilter, PageRequest, ReleasePage, ReleaseRow, ShownCard } from './releases.ts'
import { createTurnstile } from './turnstile.ts'
import { placeIn, waitingCard } from './waiting.ts'

/** What can be looked at. Everybody who looks at the same thing at the same time shares one look. */
interface Views {
  readonly card: (releaseId: string) => Promise<ShownCard>
  readonly lane: (target: TargetId) => Promise<LaneView>
  readonly list: (filter: ListFilter, page: PageRequest) => Promise<ReleasePage>
  /** Runs a command to a release: looks at it wait, and see afterwards what it has changed. */
  readonly behindRelease: <T>(releaseId: string, command: () => Promise<T>) => Promise<T>
  /** The same for a command to a lane. */
  readonly behindLane: <T>(target: TargetId, command: () => Promise<T>) => Promise<T>
}

export interface ViewTimes {
  /** For how long a look is handed out again, unless the release has ended. */
  readonly freshFor: Milliseconds
  /** For how long it is handed out, marked by its time, while Temporal is slow to answer or does not. */
  readonly usableFor: Milliseconds
}

/** Half a second: nobody reads faster, so whoever looks beside another costs nothing. */
export const USUAL_TIMES: ViewTimes = { freshFor: 500, usableFor: 15_000 }

/** Every look is a look of its own: for whoever acts by what it sees. */
export const ALWAYS_ANEW: ViewTimes = { freshFor: 0, usableFor: 0 }

/** An ended release changes only when somebody resets it in Temporal, and its query replays its whole history. */
const ENDED_FRESH_FOR: Milliseconds = 5_000
const PATIENCE: Milliseconds = 1_000
/** Time between two looks at a release whose workflow is being started. */
const BEGINNING: Milliseconds = 50
const MOST_KEPT = 1_000
/** So many looks are under way at the same time: Temporal and the workers have other work. */
const AT_ONCE = 8
const MOST_WAITING = 5_000
/** Longest that a list waits for what workers have to say: verdicts, and what waits in lanes. */
const EXTRAS: Milliseconds = 1_500

export function createViews(
  client: Client,
  { directory, lanes, calls }: { readonly directory: ReleaseDirectory; readonly lanes: Lanes; readonly calls: Calls },
  { freshFor, usableFor }: ViewTimes,
): Views {
  const { now } = calls
  const turnstile = createTurnstile({ atOnce: AT_ONCE, mostWaiting: MOST_WAITING, now })
  const shared = { usableFor, patience: PATIENCE, most: MOST_KEPT, turnstile, now }
  const cards = createLooks<ShownCard>({
    ...shared,
    freshFor: ({ isEnded }) => (isEnded && freshFor > 0 ? ENDED_FRESH_FOR : freshFor),
  })
  const laneViews = createLooks<LaneView>({ ...shared, freshFor: () => freshFor })
  const pages = createLooks<ReleasePage>({ ...shared, freshFor: () => freshFor })
  const laneNames = createLooks<readonly TargetId[]>({ ...shared, freshFor: () => 4 * freshFor })
  const outcomes = createLooks<ReleaseRow['verdict']>({ ...shared, freshFor: () => 4 * freshFor })

  async function lane(target: TargetId): Promise<LaneView> {
    const until = calls.deadline()
    return (await laneViews.at(laneIdOf(target), until, () => lanes.view(target, until))).value
  }

  async function readCard(releaseId: string, until: Instant): Promise<ShownCard> {
    try {
      const [view, guard] = await calls.look(releaseId, until, () =>
        Promise.all([askWorkflow(client, releaseId, viewQuery), directory.guardStateOf(releaseId)]),
      )
      const card = releaseCard(view.input, view.state, guard, now())
      const isAtWork = card.isEnded || (await calls.look(releaseId, until, () => directory.isOpen(releaseId)))
      return { ...(isAtWork ? card : goneCard(card, await lane(view.input.target))), waiting: null }
    } catch (error) {
      if (!isUnknown(error)) throw error
      const waiting = await waitingOne(releaseId, error)
      if (waiting !== 'begins') return waiting
      if (now() >= until) throw error
      await sleep(BEGINNING)
      return readCard(releaseId, until)
    }
  }

  /** A release without a workflow waits in its lane, starts in this moment, has left it, or never was. */
  async function waitingOne(releaseId: string, unknown: unknown): Promise<ShownCard | 'begins'> {
    const target = parseReleaseId(releaseId)
    if (target === null) throw unknown
    const view = await lanes.view(target, calls.deadline())
    const place = placeIn(view, releaseId)
    if (place !== null) return waitingCard(view, releaseId, place, now())
    if (view.running === releaseId) return 'begins'
    throw target.number < view.nextNumber ? isGone(releaseId) : unknown
  }

  /** Visibility learns verdicts only where a guard has ended; those that watch now say it in their heartbeats. */
  async function withVerdicts({ releases, next }: ReleasePage, until: Instant): Promise<ReleasePage> {
    const known = new Map<string, string>()
    const asked = releases.filter(({ endedAt, verdict }) => endedAt === null && verdict === 'none')
    const asking = asked.map(async ({ releaseId }) => {
      const { value } = await outcomes.at(releaseId, until, async () =>
        outcomeOf(await calls.look(releaseId, until, () => directory.guardStateOf(releaseId))),
      )
      known.set(releaseId, value)
    })
    await within({ deadline: EXTRAS }, () => Promise.allSettled(asking))
    return { next, releases: releases.map((row) => ({ ...row, verdict: known.get(row.releaseId) ?? row.verdict })) }
  }

  async function targetsOf({ service = '', environment }: ListFilter, until: Instant): Promise<readonly TargetId[]> {
    if (environment !== undefined) return [{ service, environment }]
    const load = () => calls.look('the lanes', until, () => lanesOf(client, service))
    return (await laneNames.at(service, until, load)).value
  }

  async function queued(filter: ListFilter, until: Instant): Promise<readonly ReleaseRow[]> {
    const targets = await targetsOf(filter, until)
    const views = await Promise.all(targets.map(lane))
    return views.flatMap((view) => queuedRows(view, now()))
  }

  /** A list is also there while no worker answers for the lanes; then it lacks what waits in them. */
  async function queuedInTime(filter: ListFilter, until: Instant): Promise<readonly ReleaseRow[]> {
    const rows = await within({ deadline: EXTRAS }, () => queued(filter, until).catch(() => []))
    return rows === LATE ? [] : rows
  }

  async function listed(filter: ListFilter, page: PageRequest, until: Instant): Promise<ReleasePage> {
    const key = JSON.stringify([filter.service, filter.environment, filter.phase, page.size, page.next])
    const { value } = await pages.at(key, until, () =>
      calls.look('the list', until, () => listPage(client, filter, page)),
    )
    return withVerdicts(value, until)
  }

  async function list(filter: ListFilter, page: PageRequest): Promise<ReleasePage> {
    const until = calls.deadline()
    if (!showsQueued(filter, page)) return listed(filter, page, until)
    if (filter.phase === 'queued') return { releases: await queued(filter, until), next: null }
    const [waiting, { releases, next }] = await Promise.all([queuedInTime(filter, until), listed(filter, page, until)])
    const begun = new Set(releases.map(({ releaseId }) => releaseId))
    return { releases: [...waiting.filter(({ releaseId }) => !begun.has(releaseId)), ...releases], next }
  }

  return {
    lane,
    list,
    async card(releaseId) {
      const until = calls.deadline()
      const { value, at } = await cards.at(releaseId, until, () => readCard(releaseId, until))
      return { ...value, asOf: at }
    },
    behindRelease: (releaseId, command) => cards.behind(releaseId, command),
    behindLane: (target, command) => laneViews.behind(laneIdOf(target), command),
  }
}

function outcomeOf(guard: GuardState | null): ReleaseRow['verdict'] {
  return guard === null ? 'none' : weakestOutcome(verdictsOf(guard))
}

function isGone(releaseId: string): SluiceError {
  return new SluiceError('release.unknown', {
    message: `${releaseName(releaseId)} is not there any more`,
    expected: 'a release whose history Temporal still holds',
    received: releaseName(releaseId),
    fix: 'start it again if it was removed from the queue; Temporal keeps ended releases for the retention of its namespace',
  })
}

function isUnknown(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'release.unknown'
}
