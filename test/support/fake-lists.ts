import { SluiceError } from '../../src/domain/errors.ts'
import { weakestOutcome } from '../../src/domain/release/release-details.ts'
import { releaseName } from '../../src/domain/target.ts'
import { queuedRows, showsQueued } from '../../src/releases/queued.ts'
import type { ListFilter, PageRequest, ReleasePage, ReleaseRow } from '../../src/releases/releases.ts'
import type { LaneView } from '../../src/workflows/messages.ts'
import type { Kept } from './fake-releases.ts'

/** A page of releases in memory as Temporal's visibility would show it, with what waits in the lanes. */
export function pageOf(
  kept: readonly Kept[],
  lanes: readonly LaneView[],
  filter: ListFilter,
  page: PageRequest,
): ReleasePage {
  for (const name of [filter.service, filter.environment]) refuseNoName(name)
  const waiting = showsQueued(filter, page) ? lanes.flatMap((lane) => queuedRows(lane, 0)).filter(isOf(filter)) : []
  if (filter.phase === 'queued') return { releases: waiting, next: null }
  const rows = kept.map(rowOf).reverse().filter(fits(filter))
  const from = page.next === null ? 0 : Number(page.next)
  if (!Number.isInteger(from)) throw invalid('this page token does not belong to this filter')
  const next = from + page.size < rows.length ? String(from + page.size) : null
  return { releases: [...waiting, ...rows.slice(from, from + page.size)], next }
}

export function unknownRelease(id: string): SluiceError {
  const fix = 'look the id up with sluice list; ended releases disappear after the retention of the Temporal namespace'
  return new SluiceError('release.unknown', { message: `there is no release ${releaseName(id)}`, received: id, fix })
}

function refuseNoName(name: string | undefined): void {
  if (name !== undefined && !/^[a-z0-9-]{1,63}$/.test(name)) throw invalid('this cannot be a name')
}

function invalid(message: string): SluiceError {
  return new SluiceError('request.invalid', { message, fix: 'filter by a name of that form' })
}

function rowOf({ request, startedAt, state }: Kept): ReleaseRow {
  const { service, environment } = request.plan
  return {
    ...{ releaseId: state.releaseId, service, environment, version: request.version },
    phase: state.pause === null ? state.phase : 'paused',
    weight: state.live.weight,
    verdict: weakestOutcome(state.verdicts),
    ...{ startedAt, endedAt: state.endedAt },
  }
}

function isOf({ service, environment }: ListFilter): (row: ReleaseRow) => boolean {
  return (row) => (service ?? row.service) === row.service && (environment ?? row.environment) === row.environment
}

function fits(filter: ListFilter): (row: ReleaseRow) => boolean {
  const { phase } = filter
  const isWanted = isOf(filter)
  return (row) => {
    const hasPhase = phase === undefined || phase === row.phase || phase === (row.endedAt === null ? 'open' : 'closed')
    return hasPhase && isWanted(row)
  }
}
