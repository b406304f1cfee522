import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import type { Exposure, Fence, PoolRoles } from '../../src/domain/exposure.ts'
import { type BasisPoints, FULL_WEIGHT } from '../../src/domain/units.ts'
import { type DesiredRouting, isRoutedAs, type ObservedRouting, type Router } from '../../src/routers/router.ts'
import { codeOf, open } from '../support/calls.ts'

/** One request that a world sends: a user key, and perhaps the cohort the user is in. */
export interface SentRequest {
  readonly user: string
  readonly cohort?: string
}

/** What came back: the pool that answered, or null with the reason when the request failed. */
export type Answer = { readonly pool: string } | { readonly pool: null; readonly failure: string }

/** One live router with two pools, all users on the first one, and the hands that a test needs on it. */
export interface RouterWorld {
  /** The first one serves everybody at the start. */
  readonly pools: readonly [string, string]
  /** Another adapter over the same live router, as another worker would have. */
  connect(): Router
  /** Changes the live split past every adapter. */
  meddle(split: Readonly<Record<string, BasisPoints>>): Promise<void>
  /** The router goes on accepting calls and answers none. */
  freeze(): Promise<void>
  /** Ends {@link RouterWorld.freeze}; writes that were cut off may land now. */
  thaw(): Promise<void>
  /** Nothing listens any more; absent when the world cannot be switched off. */
  stop?(): Promise<void>
  /** The router loses whatever it can lose of its settings while it is up; absent where it cannot lose any. */
  lose?(): Promise<void>
  /** The router goes down and comes back. */
  restart(): Promise<void>
  /** Sends requests over the data path, in parallel, and answers in the same order; absent when there is no data path. */
  send?(requests: readonly SentRequest[]): Promise<readonly Answer[]>
  teardown(): Promise<void>
}

/** Runs the promises of `src/routers/router.ts` against an adapter. `setup` makes a fresh world for each test. */
export function describeRouterContract(name: string, setup: () => Promise<RouterWorld>): void {
  describe(`${name} keeps the promises of a router`, () => {
    let world: RouterWorld
    let routers: Router[]
    const connect = () => {
      const router = world.connect()
      routers.push(router)
      return router
    }

    beforeEach(async () => {
      routers = []
      world = await setup()
    })
    afterEach(async () => {
      await Promise.all(routers.map((router) => router.close()))
      await world.teardown()
    })

    const context: Context = {
      get world() {
        return world
      },
      connect,
    }
    describe('reading', () => {
      readingPromises(context)
    })
    describe('applying', () => {
      applyingPromises(context)
    })
    describe('fences', () => {
      fencePromises(context)
    })
    describe('permits', () => {
      permitPromises(context)
    })
    describe('refusals', () => {
      refusalPromises(context)
    })
    describe('a router that is away', () => {
      outagePromises(context)
    })
    describe('traffic', () => {
      trafficPromises(context)
    })
  })
}

interface Context {
  readonly world: RouterWorld
  connect(): Router
}

function readingPromises(context: Context): void {
  it('reports a split over exactly the two pools that sums to everybody', async () => {
    const observed = await context.connect().read(open())
    expect(observed.split).toEqual({ [context.world.pools[0]]: FULL_WEIGHT, [context.world.pools[1]]: 0 })
    expect(observed.cohorts).toEqual({})
    expect(observed.incarnation).not.toBe('')
  })

  it('sees a change that a foreign hand made', async () => {
    const [first, second] = context.world.pools
    const router = context.connect()
    await router.apply(wish(rolesOf(context.world), { weight: 500, cohorts: [] }, fence(1)), open())
    await context.world.meddle({ [first]: 3_000, [second]: 7_000 })
    expect((await router.read(open())).split).toEqual({ [first]: 3_000, [second]: 7_000 })
  })

  it('keeps its incarnation while it is up and changes it with a restart', async () => {
    const router = context.connect()
    const before = (await router.read(open())).incarnation
    expect((await context.connect().read(open())).incarnation).toBe(before)
    await context.world.restart()
    expect((await router.read(open())).incarnation).not.toBe(before)
  })

  it('after a restart has what it had or nothing, as its capabilities say', async () => {
    const router = context.connect()
    const wanted = wish(rolesOf(context.world), { weight: 2_500, cohorts: [] }, fence(1))
    await router.apply(wanted, open())
    await context.world.restart()
    const observed = await router.read(open())
    expect(isRoutedAs(observed, wanted)).toBe(router.capabilities.survivesRestart)
  })

  it('goes on with copies over a restart where it survives one', async () => {
    const router = context.connect()
    const { mirror = false, survivesRestart } = router.capabilities
    if (!mirror) return
    const wanted = wish(rolesOf(context.world), { weight: 0, cohorts: [], mirror: 2_500 }, fence(1))
    await router.apply(wanted, open())
    await context.world.restart()
    expect(isRoutedAs(await router.read(open()), wanted)).toBe(survivesRestart)
  })

  it('reports served requests exactly when its capabilities say so', async () => {
    const router = context.connect()
    const { served } = await router.read(open())
    expect(served !== null).toBe(router.capabilities.readBack === 'traffic')
    const reported = served === null ? context.world.pools : Object.keys(served)
    expect(new Set(reported)).toEqual(new Set(context.world.pools))
  })
}

function applyingPromises(context: Context): void {
  it('sets nobody, its smallest step, anything between and everybody, with either pool as the canary', async () => {
    const router = context.connect()
    let epoch = 0
    for (const roles of bothRoles(context.world)) {
      for (const weight of [0, router.capabilities.weightStep, 500, 5_000, FULL_WEIGHT, 0]) {
        epoch += 1
        const wanted = wish(roles, { weight, cohorts: [] }, fence(1, epoch))
        await router.apply(wanted, open())
        const observed = await router.read(open())
        expect(observed.split).toEqual({ [roles.canary]: weight, [roles.stable]: FULL_WEIGHT - weight })
        expect(observed.fence).toEqual(wanted.fence)
      }
    }
  })

  it('changes nothing when the same wish comes twice, also from another instance', async () => {
    const wanted = wish(rolesOf(context.world), exposureFor(context, 2_500, ['beta']), fence(3, 2))
    const router = context.connect()
    await router.apply(wanted, open())
    const once = await router.read(open())
    await router.apply(wanted, open())
    await context.connect().apply(wanted, open())
    expect(settings(await router.read(open()))).toEqual(settings(once))
  })

  it('pins exactly the cohorts of the wish, and lets go of those it no longer names', async () => {
    const router = context.connect()
    if (!router.capabilities.cohorts) return
    let epoch = 0
    for (const roles of bothRoles(context.world)) {
      for (const cohorts of [['beta', 'internal'], ['internal'], []]) {
        epoch += 1
        const wanted = wish(roles, { weight: 0, cohorts }, fence(1, epoch))
        await router.apply(wanted, open())
        const observed = await router.read(open())
        expect(observed.cohorts).toEqual(Object.fromEntries(cohorts.map((cohort) => [cohort, roles.canary])))
        expect(isRoutedAs(observed, wanted)).toBe(true)
      }
    }
  })

  it('sends copies to the canary as the wish says and no longer, or refuses a wish that asks for them', async () => {
    const router = context.connect()
    let epoch = 0
    for (const roles of bothRoles(context.world)) {
      for (const mirror of [1, 2_500, FULL_WEIGHT, undefined]) {
        epoch += 1
        const exposure = { weight: 0, cohorts: [], ...(mirror !== undefined && { mirror }) }
        const wanted = wish(roles, exposure, fence(1, epoch))
        if (mirror !== undefined && router.capabilities.mirror !== true) {
          expect(await codeOf(router.apply(wanted, open()))).toBe('router.refused')
          continue
        }
        await router.apply(wanted, open())
        const observed = await router.read(open())
        expect(isRoutedAs(observed, wanted)).toBe(true)
        expect(observed.mirror ?? null).toEqual(mirror === undefined ? null : { pool: roles.canary, share: mirror })
      }
    }
  })

  it('refuses copies of no share', async () => {
    const router = context.connect()
    for (const mirror of [0, -1, 0.5, FULL_WEIGHT + 1, Number.NaN]) {
      const wanted = wish(rolesOf(context.world), { weight: 0, cohorts: [], mirror }, fence(1))
      expect(await codeOf(router.apply(wanted, open()))).toBe('router.refused')
    }
  })

  it('is live as soon as another instance reads it', async () => {
    const wanted = wish(rolesOf(context.world), exposureFor(context, 1_000, ['internal']), fence(1))
    await context.connect().apply(wanted, open())
    expect(isRoutedAs(await context.connect().read(open()), wanted)).toBe(true)
  })
}

function fencePromises(context: Context): void {
  it.each([
    ['an earlier epoch of the release', fence(5, 7), fence(5, 6)],
    ['an earlier release with a higher epoch', fence(5, 1), fence(4, 9)],
  ])('refuses %s and changes nothing', async (_, newer, older) => {
    const roles = rolesOf(context.world)
    const router = context.connect()
    await router.apply(wish(roles, exposureFor(context, 2_000, ['beta']), newer), open())
    const before = await router.read(open())
    for (const instance of [router, context.connect()]) {
      const late = instance.apply(wish(roles, exposureFor(context, 9_000, ['internal']), older), open())
      expect(await codeOf(late)).toBe('router.fenced')
    }
    expect(settings(await router.read(open()))).toEqual(settings(before))
  })

  it.each([
    ['the next epoch', fence(5, 7), fence(5, 8)],
    ['the next release with a lower epoch', fence(5, 7), fence(6, 1)],
  ])('takes %s and remembers it', async (_, older, newer) => {
    const roles = rolesOf(context.world)
    const router = context.connect()
    await router.apply(wish(roles, { weight: 2_000, cohorts: [] }, older), open())
    await router.apply(wish(roles, { weight: 0, cohorts: [] }, newer), open())
    const observed = await router.read(open())
    expect(observed.fence).toEqual(newer)
    expect(observed.split[roles.canary]).toBe(0)
  })

  it('ends at the newest fence when writes of two workers cross', async () => {
    const roles = rolesOf(context.world)
    const writes = Array.from({ length: 8 }, (_, index) =>
      wish(roles, { weight: (index + 1) * 500, cohorts: [] }, fence(1, index + 1)),
    )
    const shuffled = [3, 0, 7, 1, 6, 2, 5, 4].map((index) => writes[index] as DesiredRouting)
    const instances = [context.connect(), context.connect()]
    const outcomes = await Promise.all(
      shuffled.map((write, index) => codeOf((instances[index % 2] as Router).apply(write, open()))),
    )
    expect(outcomes.filter((code) => code !== null && code !== 'router.fenced')).toEqual([])
    const observed = await context.connect().read(open())
    expect(observed.fence).toEqual(fence(1, 8))
    expect(observed.split[roles.canary]).toBe(4_000)
  })
}

function permitPromises(context: Context): void {
  it('asks before each command of a change and stops at the first no, whichever it is: nothing lands', async () => {
    const roles = rolesOf(context.world)
    const router = context.connect()
    await router.apply(wish(roles, exposureFor(context, 100, ['beta']), fence(1, 1)), open())
    const before = settings(await router.read(open()))
    const next = wish(roles, exposureFor(context, 5_000, ['internal']), fence(1, 2))
    for (let granted = 0; ; granted += 1) {
      const permit = permitFor(granted)
      const code = await codeOf(router.apply(next, open(), permit.check))
      if (code === null) {
        expect(granted).toBeGreaterThan(0)
        break
      }
      expect(code).toBe('router.stale-write')
      expect(permit.asked()).toBe(granted + 1)
      expect(settings(await router.read(open()))).toEqual(before)
    }
    expect(isRoutedAs(await router.read(open()), next)).toBe(true)
  })

  it('is not kept from a newer write by one that had lost its permit on the way', async () => {
    const roles = rolesOf(context.world)
    const router = context.connect()
    const late = wish(roles, { weight: 9_000, cohorts: [] }, fence(1, 8))
    for (const granted of [0, 1, 2]) await codeOf(router.apply(late, open(), permitFor(granted).check))
    const none = wish(roles, { weight: 0, cohorts: [] }, fence(1, 9))
    await context.connect().apply(none, open(), () => undefined)
    expect(isRoutedAs(await router.read(open()), none)).toBe(true)
  })

  it('needs none to read', async () => {
    const router = context.connect()
    await router.apply(wish(rolesOf(context.world), { weight: 0, cohorts: [] }, fence(1)), open(), () => undefined)
    await expect(router.read(open())).resolves.toMatchObject({ fence: fence(1) })
  })
}

/** A permit that says yes so many times, and no from then on. */
function permitFor(granted: number) {
  let asked = 0
  const check = () => {
    asked += 1
    if (asked > granted) throw new SluiceError('router.stale-write', { message: 'no longer' })
  }
  return { check, asked: () => asked }
}

function refusalPromises(context: Context): void {
  it('refuses pools that it does not know, and one pool in both roles, as misconfigured', async () => {
    const [first] = context.world.pools
    const router = context.connect()
    const before = await router.read(open())
    for (const roles of [
      { stable: first, canary: 'nowhere' },
      { stable: 'nowhere', canary: first },
      { stable: first, canary: first },
    ]) {
      const refused = router.apply(wish(roles, { weight: 500, cohorts: [] }, fence(1)), open())
      expect(await codeOf(refused)).toBe('router.misconfigured')
    }
    expect(settings(await router.read(open()))).toEqual(settings(before))
  })

  it.each([-1, 10_001, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses the weight %s and changes nothing',
    async (weight) => {
      const router = context.connect()
      const before = await router.read(open())
      const refused = router.apply(wish(rolesOf(context.world), { weight, cohorts: [] }, fence(1)), open())
      expect(await codeOf(refused)).toBe('router.refused')
      expect(settings(await router.read(open()))).toEqual(settings(before))
    },
  )
}

function outagePromises(context: Context): void {
  const roles = () => rolesOf(context.world)
  const half = () => wish(roles(), { weight: 5_000, cohorts: [] }, fence(1, 2))

  it('throws the reason of a signal that had aborted before, and changes nothing', async () => {
    const router = context.connect()
    const before = await router.read(open())
    const reason = new Error('no longer wanted')
    await expect(router.read(AbortSignal.abort(reason))).rejects.toBe(reason)
    await expect(router.apply(half(), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(settings(await router.read(open()))).toEqual(settings(before))
  })

  it('ends both calls with the reason of the signal while the router hangs', async () => {
    const router = context.connect()
    await context.world.freeze()
    for (const call of [
      (signal: AbortSignal) => router.read(signal),
      (signal: AbortSignal) => router.apply(half(), signal),
    ]) {
      const controller = new AbortController()
      const reason = new Error('no longer wanted')
      const ended = call(controller.signal).catch((error: unknown) => error)
      await delay(30)
      controller.abort(reason)
      expect(await ended).toBe(reason)
    }
    await context.world.thaw()
  })

  it('calls a router that hangs unreachable, without being told to stop', async () => {
    const router = context.connect()
    await context.world.freeze()
    expect(await Promise.all([codeOf(router.read(open())), codeOf(router.apply(half(), open()))])).toEqual([
      'router.unreachable',
      'router.unreachable',
    ])
    await context.world.thaw()
  })

  it('can be brought to nobody after a write that timed out, whether or not the write landed', async () => {
    const router = context.connect()
    await router.apply(wish(roles(), { weight: 100, cohorts: [] }, fence(1, 1)), open())
    await context.world.freeze()
    expect(await codeOf(router.apply(half(), open()))).toBe('router.unreachable')
    await context.world.thaw()
    const none = wish(roles(), { weight: 0, cohorts: [] }, fence(1, 3))
    await router.apply(none, open())
    const observed = await router.read(open())
    expect(isRoutedAs(observed, none)).toBe(true)
    expect(observed.fence).toEqual(none.fence)
  })

  it('is written although it has lost its settings, the fence among them', async () => {
    if (context.world.lose === undefined) return
    const router = context.connect()
    await router.apply(wish(roles(), { weight: 5_000, cohorts: [] }, fence(1, 5)), open())
    await context.world.lose()
    const none = wish(roles(), { weight: 0, cohorts: [] }, fence(1, 5))
    await router.apply(none, open())
    const observed = await router.read(open())
    expect(isRoutedAs(observed, none)).toBe(true)
    expect(observed.fence).toEqual(none.fence)
  })

  it('calls a router that is off unreachable', async () => {
    if (context.world.stop === undefined) return
    const router = context.connect()
    await context.world.stop()
    expect(await codeOf(router.read(open()))).toBe('router.unreachable')
    expect(await codeOf(router.apply(half(), open()))).toBe('router.unreachable')
  })

  it('can be closed twice', async () => {
    const router = context.connect()
    await router.read(open())
    await router.close()
    await expect(router.close()).resolves.toBeUndefined()
  })
}

function trafficPromises(context: Context): void {
  const users = (count: number): SentRequest[] =>
    Array.from({ length: count }, (_, index) => ({ user: `user-${index}` }))
  const sender = () => {
    const { world } = context
    return world.send === undefined
      ? null
      : async (requests: readonly SentRequest[]) => (await world.send?.(requests)) ?? []
  }

  it('gives each pool its share of the users, with either pool as the canary', async () => {
    const send = sender()
    if (send === null) return
    const router = context.connect()
    let epoch = 0
    for (const roles of bothRoles(context.world)) {
      for (const weight of [0, 500, 2_500, FULL_WEIGHT]) {
        epoch += 1
        await router.apply(wish(roles, { weight, cohorts: [] }, fence(1, epoch)), open())
        const answers = await send(users(1_200))
        expect(failuresOf(answers)).toEqual([])
        const hits = answers.filter(({ pool }) => pool === roles.canary).length
        expect(Math.abs(hits - 1_200 * (weight / FULL_WEIGHT))).toBeLessThanOrEqual(
          binomialBand(1_200, weight / FULL_WEIGHT),
        )
      }
    }
  })

  it('takes no user off the canary while the weight rises, with either pool as the canary', async () => {
    const send = sender()
    const router = context.connect()
    if (send === null || router.capabilities.sticky === 'none') return
    let epoch = 0
    for (const roles of bothRoles(context.world)) {
      let before = new Set<string>()
      for (const weight of [300, 1_000, 4_000, FULL_WEIGHT]) {
        epoch += 1
        await router.apply(wish(roles, { weight, cohorts: [] }, fence(1, epoch)), open())
        const requests = users(600)
        const answers = await send(requests)
        const now = new Set(
          requests.filter((_, index) => answers[index]?.pool === roles.canary).map(({ user }) => user),
        )
        expect([...before].filter((user) => !now.has(user))).toEqual([])
        before = now
      }
    }
  })

  it('sends a pinned cohort to the canary whatever the weight, and other cohorts by the weight', async () => {
    const send = sender()
    const router = context.connect()
    if (send === null || !router.capabilities.cohorts) return
    let epoch = 0
    for (const roles of bothRoles(context.world)) {
      epoch += 1
      await router.apply(wish(roles, { weight: 0, cohorts: ['internal'] }, fence(1, epoch)), open())
      const poolsOf = async (cohort: string) =>
        new Set((await send(users(50).map((request) => ({ ...request, cohort })))).map(({ pool }) => pool))
      expect(await poolsOf('internal')).toEqual(new Set([roles.canary]))
      expect(await poolsOf('beta')).toEqual(new Set([roles.stable]))
    }
  })

  it('answers from stable alone while it sends copies, and counts none of them as served', async () => {
    const send = sender()
    const router = context.connect()
    if (send === null || router.capabilities.mirror !== true) return
    const { stable, canary } = rolesOf(context.world)
    await router.apply(wish({ stable, canary }, { weight: 0, cohorts: [], mirror: FULL_WEIGHT }, fence(1)), open())
    const before = (await router.read(open())).served
    const answers = await send(users(50))
    expect(answers.map(({ pool }) => pool)).toEqual(answers.map(() => stable))
    const after = (await router.read(open())).served
    if (before === null || after === null) return
    expect([(after[stable] ?? 0) - (before[stable] ?? 0), after[canary]]).toEqual([50, before[canary]])
  })

  it('counts what each pool has served where it reports that', async () => {
    const send = sender()
    const router = context.connect()
    if (send === null || router.capabilities.readBack !== 'traffic') return
    const [first, second] = context.world.pools
    await router.apply(wish(rolesOf(context.world), { weight: 3_000, cohorts: [] }, fence(1)), open())
    const before = (await router.read(open())).served ?? {}
    const answers = await send(users(400))
    const after = (await router.read(open())).served ?? {}
    for (const pool of [first, second]) {
      expect((after[pool] ?? 0) - (before[pool] ?? 0)).toBe(answers.filter((answer) => answer.pool === pool).length)
    }
  })

  it('loses no request while the weight flips between nobody and everybody', async () => {
    const send = sender()
    if (send === null) return
    const router = context.connect()
    const roles = rolesOf(context.world)
    let isFlipping = true
    const failures: string[] = []
    const seen = new Set<string | null>()
    const load = async () => {
      while (isFlipping) {
        const answers = await send(users(50))
        await nextTurn()
        failures.push(...failuresOf(answers))
        for (const { pool } of answers) seen.add(pool)
      }
    }
    const loads = [load(), load()]
    for (let epoch = 1; epoch <= 20; epoch += 1) {
      await router.apply(
        wish(roles, { weight: epoch % 2 === 0 ? 0 : FULL_WEIGHT, cohorts: [] }, fence(1, epoch)),
        open(),
      )
      await delay(10)
    }
    isFlipping = false
    await Promise.all(loads)
    expect(failures).toEqual([])
    expect(seen).toEqual(new Set(context.world.pools))
  })
}

function rolesOf(world: RouterWorld): PoolRoles {
  return { stable: world.pools[0], canary: world.pools[1] }
}

function bothRoles(world: RouterWorld): readonly PoolRoles[] {
  const [first, second] = world.pools
  return [
    { stable: first, canary: second },
    { stable: second, canary: first },
  ]
}

function exposureFor(context: Context, weight: BasisPoints, cohorts: readonly string[]): Exposure {
  return { weight, cohorts: context.connect().capabilities.cohorts ? cohorts : [] }
}

function wish(roles: PoolRoles, exposure: Exposure, newest: Fence): DesiredRouting {
  return { roles, exposure, fence: newest }
}

function fence(release: number, epoch = 1): Fence {
  return { release, epoch }
}

function settings({ split, cohorts, fence: newest }: ObservedRouting) {
  return { split, cohorts, fence: newest }
}

function failuresOf(answers: readonly Answer[]): readonly string[] {
  return answers.flatMap((answer) => (answer.pool === null ? [answer.failure] : []))
}

/** Five standard deviations of a binomial count, and one for rounding: one false alarm in two million. */
function binomialBand(count: number, share: number): number {
  return 5 * Math.sqrt(count * share * (1 - share)) + (share === 0 || share === 1 ? 0 : 1)
}
