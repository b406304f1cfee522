import type { Fence } from '../../domain/exposure.ts'
import type { FlagReach } from '../../domain/flag-reach.ts'
import {
  type FlagEnvironment,
  foreignStrategies,
  type OwnKind,
  ownStrategy,
  type Settings,
  type Strategy,
  titleOf,
} from './state.ts'

/** One call of the admin API, below the address of the flag in its environment. */
interface Change {
  readonly what: string
  readonly method: 'POST' | 'PATCH'
  readonly path: string
  readonly body?: unknown
}

/**
 * What brings a flag from where it is to the reach. What takes the flag from somebody comes first: between two calls nobody
 * has it who has it neither before nor afterwards. Off switches the environment off with the first call.
 */
export function changesFor(
  now: FlagEnvironment,
  reach: FlagReach,
  fence: Fence,
  { cohortField, stickiness }: Settings,
): readonly Change[] {
  const among = [...reach.cohorts].sort()
  const write = (kind: OwnKind, rollout: number, constraints: readonly unknown[]) =>
    writeOwn(now, kind, {
      name: 'flexibleRollout',
      title: titleOf(kind, fence),
      disabled: false,
      parameters: { rollout: String(rollout), stickiness, groupId: now.name },
      constraints,
    })
  const share = write('share', reach.weight / 100, [])
  const cohorts =
    among.length === 0
      ? write('cohorts', 0, [])
      : write('cohorts', 100, [{ contextName: cohortField, operator: 'IN', values: among }])
  if (reach.weight === 0 && among.length === 0) return [SWITCH_OFF, share, cohorts]
  const leave = (ownStrategy(now, 'cohorts')?.constraints ?? []).some(({ values }) =>
    values.some((cohort) => !among.includes(cohort)),
  )
  return [...foreignStrategies(now).map(setAside), ...(leave ? [cohorts, share] : [share, cohorts]), SWITCH_ON]
}

const SWITCH_OFF: Change = { what: 'to switch the flag off', method: 'POST', path: '/off' }
const SWITCH_ON: Change = { what: 'to switch the flag on', method: 'POST', path: '/on' }

/** It would make the flag wider than the wish. It stays there, disabled, for whoever made it. */
function setAside({ id }: Strategy): Change {
  return patch(id, 'to set a strategy of another hand aside', [{ op: 'add', path: '/disabled', value: true }])
}

interface OwnStrategy {
  readonly name: 'flexibleRollout'
  readonly title: string
  readonly disabled: false
  readonly parameters: Readonly<Record<string, string>>
  readonly constraints: readonly unknown[]
}

/** One call changes the whole strategy, and only while it is the one that was read: a late writer is refused. */
function writeOwn(now: FlagEnvironment, kind: OwnKind, wanted: OwnStrategy): Change {
  const found = ownStrategy(now, kind)
  if (found === null) {
    const body = { ...wanted, segments: [], variants: [] }
    return { what: 'a new strategy', method: 'POST', path: '/strategies', body }
  }
  return patch(found.id, 'a change of its strategy', [
    { op: 'test', path: '/title', value: found.title },
    ...Object.entries(wanted).map(([key, value]) => ({ op: 'add', path: `/${key}`, value })),
  ])
}

function patch(id: string, what: string, body: readonly unknown[]): Change {
  return { what, method: 'PATCH', path: `/strategies/${encodeURIComponent(id)}`, body }
}
