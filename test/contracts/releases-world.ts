import { expect } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import type { Plan } from '../../src/domain/plan/plan.ts'
import type { TargetId } from '../../src/domain/target.ts'
import type { CommandRequest, ReleasePage, Releases, ShownCard, StartRequest } from '../../src/releases/releases.ts'
import type { LaneView } from '../../src/workflows/messages.ts'

/** A façade to releases, a target that nobody has used yet, and a way to let its releases go on. */
export interface ReleasesWorld {
  readonly releases: Releases
  /** Its pools are `blue`, which has everybody, and `green`; the group `owners` are alice, bob and carol. */
  readonly target: TargetId
  readonly planOf: (source: Record<string, unknown>) => Plan
  /** Lets a release go on until its card is as wanted. */
  readonly untilCard: (releaseId: string, wanted: (card: ShownCard) => boolean) => Promise<ShownCard>
  /** Looks until what is seen is as wanted: a list may be a little behind. */
  readonly until: <T>(look: () => Promise<T>, wanted: (seen: T) => boolean) => Promise<T>
  readonly close: () => Promise<void>
}

export const SLOW = { steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }] }
export const ASKS = {
  steps: [{ weight: '10%' }, { approve: { by: 'owners', need: 1, within: '4h' } }, { weight: '100%' }],
}
export const AT_ONCE = { steps: [{ weight: '100%' }] }
export const ALICE = { person: 'alice', entrance: 'http' } as const
export const BOB = { person: 'bob', entrance: 'cli' } as const
export const ALL = { size: 100, next: null }

let keys = 0
export const nextKey = () => `contract-${(keys += 1)}`

export type Tools = ReturnType<typeof toolsOf>

export function toolsOf(worldNow: () => ReleasesWorld) {
  const idOf = (number: number) => {
    const { service, environment } = worldNow().target
    return `release/${service}/${environment}/${number}`
  }
  /** As sentences call it. */
  const nameOf = (number: number) => idOf(number).replace('release/', '')
  function request(more: Partial<Omit<StartRequest, 'plan'>> & { readonly steps?: object } = {}): StartRequest {
    const { steps = SLOW, ...rest } = more
    const plan = worldNow().planOf(steps as Record<string, unknown>)
    return { plan, version: '2.0.0', author: ALICE, reason: '', key: nextKey(), whenBusy: 'reject', ...rest }
  }
  function command(verb: CommandRequest['verb'], number: number, more: Partial<CommandRequest> = {}): CommandRequest {
    return { verb, releaseId: idOf(number), step: null, key: nextKey(), actor: BOB, reason: '', ...more }
  }
  return {
    idOf,
    nameOf,
    world: worldNow,
    request,
    command,
    start: (more: Parameters<typeof request>[0] = {}) => worldNow().releases.start(request(more)),
    send: (...args: Parameters<typeof command>) => worldNow().releases.command(command(...args)),
    show: (number: number) => worldNow().releases.show(idOf(number)),
    until: (number: number, phase: string) => worldNow().untilCard(idOf(number), (card) => card.phase === phase),
    lane: () => worldNow().releases.lane(worldNow().target),
    untilLane: (wanted: (lane: LaneView) => boolean) =>
      worldNow().until(() => worldNow().releases.lane(worldNow().target), wanted),
    untilListed: (phase: string | undefined, wanted: (page: ReleasePage) => boolean) => {
      const { service, environment } = worldNow().target
      const filter = { service, environment, ...(phase !== undefined && { phase }) }
      return worldNow().until(() => worldNow().releases.list(filter, ALL), wanted)
    },
  }
}

/** How somebody was refused. */
export async function refusalOf(promise: Promise<unknown>) {
  const error = await promise.then(
    (value) => new Error(`taken: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof SluiceError)) throw error
  expect(error.fix ?? '', 'every refusal says what to do').not.toBe('')
  return { code: error.code, message: error.message }
}
