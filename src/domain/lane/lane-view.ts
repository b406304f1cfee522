import { utcText } from '../calendar/window-rule.ts'
import { markdownText } from '../safe-text.ts'
import { releaseName, type TargetId } from '../target.ts'
import type { Instant } from '../units.ts'
import { overtakenBy } from './lane-queue.ts'
import type { Keeping, LaneState, Recovery } from './lane-state.ts'
import type { Pin, Veto } from './leave-to-start.ts'

/** How a lane stands: the one view of it that every entrance renders. Plain JSON. */
export interface LaneView {
  readonly target: TargetId
  readonly running: string | null
  readonly queue: readonly QueuedRelease[]
  readonly freeze: Freeze | null
  /** A person's word that the target stays on what it has; absent in views of an older worker, as the next. */
  readonly pin?: Pin | null
  /** Versions that are not started again until somebody allows them, oldest first. */
  readonly vetoes?: readonly Veto[]
  /** The version that `sluice back` returns to; absent or null when there is none. */
  readonly former?: FormerView | null
  readonly promotedVersion: string | null
  readonly nextNumber: number
  /** The pool that has everybody while no release runs, and the version on it; null when nobody knows. */
  readonly stable: { readonly pool: string; readonly version: string | null } | null
  /** Present where the target has no router, so that there is no stable pool either. */
  readonly isUnrouted?: true
  readonly keeper: KeeperView
}

/** What people are told of a lane that begins again; null of one that has nothing behind it. */
export function beginningText(wasReset: boolean, isKnown: boolean): string | null {
  if (!wasReset) return isKnown ? 'the lane was ended in Temporal and has begun again' : null
  return isKnown
    ? 'the lane was reset in Temporal and goes on with what it had known'
    : 'the lane was reset in Temporal, and its former run cannot say any more what it had known'
}

/** What was promoted before, with its pool and until when that is kept. */
interface FormerView {
  readonly version: string | null
  readonly pool: string
  /** Null when no plan says. */
  readonly until: Instant | null
  /** The release that goes on watching what is promoted now; null when none does. */
  readonly watchedBy: string | null
}

interface QueuedRelease {
  readonly releaseId: string
  readonly version: string
  readonly author: string
  readonly queuedAt: Instant | null
  /** The newer version that was promoted while it waited, or null. */
  readonly overtakenBy: string | null
}

interface Freeze {
  readonly reason: string
  readonly by: string
  readonly at: Instant
}

/**
 * Who holds the router now: the release that runs, the lane between releases (`holding`), the lane that brings it back
 * (`recovering`), or nobody, because nothing has been released here yet (`idle`).
 */
interface KeeperView {
  readonly state: 'release' | 'holding' | 'recovering' | 'idle'
  /** One sentence for people. */
  readonly text: string
  readonly recovery: Recovery | null
  readonly keeping: Keeping
}

/** What a view needs of an entry of the queue. */
interface EntryView {
  readonly version: string
  readonly author: { readonly person: string }
}

/** The view of a lane. */
export function laneView(target: TargetId, state: LaneState<EntryView>): LaneView {
  const { running, queue, freeze, promotedVersion, nextNumber, rest, isUnrouted, pin = null, vetoes = [] } = state
  return {
    ...{ target, freeze, pin, vetoes, promotedVersion, nextNumber, former: formerView(state) },
    running: running?.releaseId ?? null,
    queue: queue.map((waiting) => ({
      releaseId: waiting.releaseId,
      version: waiting.entry.version,
      author: waiting.entry.author.person,
      queuedAt: waiting.queuedAt ?? null,
      overtakenBy: overtakenBy(state, waiting),
    })),
    stable: rest === null || isUnrouted === true ? null : { pool: rest.stable, version: promotedVersion },
    ...(isUnrouted === true && { isUnrouted }),
    keeper: keeperView(state),
  }
}

function formerView({ former = null, rest, isUnrouted }: LaneState<unknown>): FormerView | null {
  if (former === null || rest === null || isUnrouted === true) return null
  const { version, until, isWatched, releaseId } = former
  return { version, pool: rest.canary, until, watchedBy: isWatched ? releaseId : null }
}

/** What of a lane decides what becomes of a start. */
type StartView = Pick<LaneView, 'running' | 'freeze' | 'pin' | 'former' | 'keeper'> & {
  readonly queue: readonly unknown[]
}

/** What a start of this version returns to now, as far as the view knows; null where it follows its plan. */
export function returnsTo(
  { running, queue, freeze, pin = null, former = null, keeper }: StartView,
  version: string,
  now: Instant,
): FormerView | null {
  const isFree = running === null && queue.length === 0 && keeper.state !== 'recovering'
  // The start is refused, and the refusal says how to go back all the same.
  if (freeze !== null || pin !== null) return null
  return isFree && former?.version === version && former.until !== null && now < former.until ? former : null
}

/** `2.3.9 on blue, kept until 2026-11-30 08:00 UTC`. */
export function formerText({ version, pool, until }: FormerView): string {
  const kept = until === null ? 'not known to be kept' : `kept until ${utcText(until)}`
  return `${version ?? 'a version that nobody knows'} on ${pool}, ${kept}`
}

function keeperView(state: LaneState<unknown>): KeeperView {
  const { recovery, running, rest, keeping, isUnrouted } = state
  const told = { recovery, keeping }
  if (isUnrouted === true) return { ...flagKeeperView(state), ...told }
  if (recovery !== null) return { state: 'recovering', text: recoveryText(recovery, rest?.stable), ...told }
  if (running !== null)
    return { state: 'release', text: `${releaseName(running.releaseId)} controls the router`, ...told }
  if (rest === null) return { state: 'idle', text: unheldText(keeping), ...told }
  return { state: 'holding', text: holdingText(keeping, rest.stable), ...told }
}

function unheldText({ fault }: LaneState<unknown>['keeping']): string {
  if (fault === null) return 'nobody controls the router: nothing has been released here'
  return 'this lane leaves the router alone until sluice recover --stable names the pool that is right, or a release begins'
}

function flagKeeperView({ recovery, running }: LaneState<unknown>): Pick<KeeperView, 'state' | 'text'> {
  if (recovery !== null) return { state: 'recovering', text: triedText('setting flags off', recovery) }
  if (running !== null) return { state: 'release', text: `${releaseName(running.releaseId)} controls its flags` }
  return { state: 'idle', text: 'there is no router, and between releases flags belong to their store' }
}

function recoveryText(recovery: Recovery, stable = 'the stable pool'): string {
  return triedText(`sending everybody back to ${stable}`, recovery)
}

function triedText(what: string, { reason, tries, lastError }: Recovery): string {
  const begun = `${what}: ${reason}`
  return tries === 0 || lastError === null ? begun : `${begun}; tried ${tries} times, last: ${lastError}`
}

function holdingText({ repairs, last, fault }: Keeping, stable: string): string {
  const held = `the lane keeps everybody on ${stable}`
  if (fault !== null) return `${held}, but cannot see the router: ${fault}`
  return last === null ? held : `${held}; repaired ${repairs === 1 ? 'once' : `${repairs} times`}, last: ${last.text}`
}

/** `to 2.3.9 by alice: holidays`. */
export function pinText({ version, by, reason }: Pin): string {
  return `${version === null ? '' : `to ${version} `}by ${by}: ${reason}`
}

/** `2.4.0, rolled back by checkout/production/7: errors 5% on 2.4.0 against …`. */
export function vetoText({ version, releaseId, reason }: Veto): string {
  return `${version}, rolled back by ${releaseName(releaseId)}: ${reason}`
}

/** The lane as short Markdown for Temporal's UI. */
export function describeLane(view: LaneView): string {
  const { running, queue, freeze, promotedVersion, keeper, pin = null, vetoes = [], former = null } = view
  const lines = [
    ...(keeper.state === 'recovering' ? [`**recovering**: ${markdownText(keeper.text)}`] : []),
    `running: **${running === null ? 'nothing' : releaseName(running)}**`,
    `router: ${markdownText(keeper.text)}`,
    `last promoted: ${promotedVersion === null ? 'not known' : markdownText(promotedVersion)}`,
    ...(former === null ? [] : [`before it: ${markdownText(formerText(former))}`]),
    ...(pin === null ? [] : [`**pinned** ${markdownText(pinText(pin))}`]),
    ...vetoes.map((veto) => `- not started again: ${markdownText(vetoText(veto))}`),
    ...queue.map(
      ({ releaseId, version, author }) =>
        `- waiting: ${releaseName(releaseId)} (${markdownText(version)}, by ${markdownText(author)})`,
    ),
  ]
  return freeze === null
    ? lines.join('\n\n')
    : [`**frozen** by ${markdownText(freeze.by)}: ${markdownText(freeze.reason)}`, ...lines].join('\n\n')
}
