import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import type { Fence } from '../../src/domain/exposure.ts'
import type { FlagReach } from '../../src/domain/flag-reach.ts'
import type { FlagStore } from '../../src/flags/flag-store.ts'
import { codeOf, open } from '../support/calls.ts'

/** One live flag store with two flags that are off, and the hands that a test needs on it. */
export interface FlagStoreWorld {
  readonly flags: readonly [string, string]
  /** Another adapter over the same live store, as another worker would have. */
  connect(): FlagStore
  /** Changes a flag past every adapter. */
  meddle(flag: string, reach: FlagReach): Promise<void>
  /** The store goes on accepting calls and answers none; absent where it cannot hang. */
  freeze?(): Promise<void>
  /** Ends {@link FlagStoreWorld.freeze}; writes that were cut off may land now. */
  thaw?(): Promise<void>
  /** How many users the test of shares asks for; 400 when absent. */
  readonly users?: number
  /** What an application gets; absent where nobody evaluates. */
  evaluate?(flag: string, who: { readonly user: string; readonly cohort?: string }): Promise<boolean>
  teardown(): Promise<void>
}

/** Runs the promises of `src/flags/flag-store.ts` against an adapter. `setup` makes a fresh world for each test. */
export function describeFlagStoreContract(name: string, setup: () => Promise<FlagStoreWorld>): void {
  describe(`${name} keeps the promises of a flag store`, () => {
    let world: FlagStoreWorld
    let stores: FlagStore[]
    beforeEach(async () => {
      stores = []
      world = await setup()
    })
    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()))
      await world.teardown()
    })
    const context: Context = {
      get world() {
        return world
      },
      connect() {
        const store = world.connect()
        stores.push(store)
        return store
      },
    }
    settingPromises(context)
    fencePromises(context)
    permitPromises(context)
    refusalPromises(context)
    outagePromises(context)
    evaluationPromises(context)
  })
}

interface Context {
  readonly world: FlagStoreWorld
  connect(): FlagStore
}

const OFF: FlagReach = { weight: 0, cohorts: [] }
const ON: FlagReach = { weight: 10_000, cohorts: [] }

function settingPromises(context: Context): void {
  it('shows flags that are off at first, and null for one that it does not know', async () => {
    const [first, second] = context.world.flags
    const { flags, fence } = await context.connect().read([first, second, 'nobody-knows-it'], open())
    expect(flags).toEqual({ [first]: OFF, [second]: OFF, 'nobody-knows-it': null })
    expect(fence).toBeNull()
  })

  it('shows what was set last, whoever set it: on, shares, cohorts, both, off', async () => {
    const [flag, other] = context.world.flags
    const store = context.connect()
    const reaches: FlagReach[] = [
      ...[ON, share(500), share(2_500), OFF],
      ...(store.capabilities.cohorts
        ? [{ weight: 0, cohorts: ['beta'] }, { weight: 3_000, cohorts: ['beta', 'internal'] }, share(9_900), OFF]
        : []),
    ]
    for (const [index, reach] of reaches.entries()) {
      await store.apply({ flags: { [flag]: reach }, fence: fenceAt(1, index + 1) }, open())
      expect(await context.connect().read([flag, other], open())).toEqual({
        flags: { [flag]: reach, [other]: OFF },
        fence: fenceAt(1, index + 1),
      })
    }
  })

  it('takes the finest step that it states', async () => {
    const [flag] = context.world.flags
    const store = context.connect()
    const { weightStep } = store.capabilities
    for (const weight of [weightStep, 10_000 - weightStep, 37 * weightStep]) {
      await store.apply({ flags: { [flag]: share(weight) }, fence: fenceAt(1) }, open())
      expect((await store.read([flag], open())).flags[flag]).toEqual(share(weight))
    }
  })

  it('makes once of twice', async () => {
    const [first, second] = context.world.flags
    const wish = { flags: { [first]: share(2_000), [second]: ON }, fence: fenceAt(3, 4) }
    for (const store of [context.connect(), context.connect()]) {
      await store.apply(wish, open())
      expect(await store.read([first, second], open())).toEqual(wish)
    }
  })

  it('sees what another hand did, and puts it right', async () => {
    const [flag] = context.world.flags
    const store = context.connect()
    await store.apply({ flags: { [flag]: share(1_000) }, fence: fenceAt(1) }, open())
    await context.world.meddle(flag, share(7_000))
    expect((await store.read([flag], open())).flags[flag]).toEqual(share(7_000))
    await store.apply({ flags: { [flag]: share(1_000) }, fence: fenceAt(1) }, open())
    expect((await store.read([flag], open())).flags[flag]).toEqual(share(1_000))
  })
}

function fencePromises(context: Context): void {
  it.each([
    ['an earlier epoch of the release', fenceAt(5, 7), fenceAt(5, 6)],
    ['an earlier release with a higher epoch', fenceAt(5, 1), fenceAt(4, 9)],
  ])('refuses %s and changes no flag', async (_, newer, older) => {
    const [first, second] = context.world.flags
    const store = context.connect()
    await store.apply({ flags: { [first]: share(2_000) }, fence: newer }, open())
    for (const one of [store, context.connect()]) {
      const late = one.apply({ flags: { [second]: ON, [first]: ON }, fence: older }, open())
      expect(await codeOf(late)).toBe('flag.fenced')
    }
    expect(await store.read([first, second], open())).toEqual({
      flags: { [first]: share(2_000), [second]: OFF },
      fence: newer,
    })
  })

  it('ends at the newest fence when writes of two workers cross', async () => {
    const [flag] = context.world.flags
    const stores = [context.connect(), context.connect()]
    const outcomes = await Promise.all(
      [3, 0, 7, 1, 6, 2, 5, 4].map((index) => {
        const wish = { flags: { [flag]: share((index + 1) * 500) }, fence: fenceAt(1, index + 1) }
        return codeOf((stores[index % 2] as FlagStore).apply(wish, open()))
      }),
    )
    expect(outcomes.filter((code) => code !== null && code !== 'flag.fenced')).toEqual([])
    expect(await context.connect().read([flag], open())).toEqual({
      flags: { [flag]: share(4_000) },
      fence: fenceAt(1, 8),
    })
  })
}

function permitPromises(context: Context): void {
  it('asks before each command of a change, stops at the first no, and never widens a flag without its permit', async () => {
    const [flag] = context.world.flags
    const store = context.connect()
    for (let granted = 0; granted < 20; granted += 1) {
      await store.apply({ flags: { [flag]: OFF }, fence: fenceAt(granted + 1) }, open())
      let asked = 0
      const permit = () => {
        asked += 1
        if (asked > granted) throw new SluiceError('router.stale-write', { message: 'no longer' })
      }
      const wish = { flags: { [flag]: share(5_000) }, fence: fenceAt(granted + 1, 2) }
      const code = await codeOf(store.apply(wish, open(), permit))
      if (code === null) {
        expect(granted).toBeGreaterThan(0)
        expect((await store.read([flag], open())).flags[flag]).toEqual(share(5_000))
        return
      }
      expect([code, asked]).toEqual(['router.stale-write', granted + 1])
      expect((await store.read([flag], open())).flags[flag]).toEqual(OFF)
    }
    expect.unreachable('no permit was ever enough')
  })
}

function refusalPromises(context: Context): void {
  it.each([-100, 10_100, 0.5, Number.NaN])('refuses the share %s and changes nothing', async (weight) => {
    const [flag] = context.world.flags
    const store = context.connect()
    expect(await codeOf(store.apply({ flags: { [flag]: share(weight) }, fence: fenceAt(1) }, open()))).toBe(
      'flag.refused',
    )
    expect(await store.read([flag], open())).toEqual({ flags: { [flag]: OFF }, fence: null })
  })

  it('refuses a share between its steps', async () => {
    const [flag] = context.world.flags
    const store = context.connect()
    const { weightStep } = store.capabilities
    if (weightStep === 1) return
    const between = store.apply({ flags: { [flag]: share(weightStep + 1) }, fence: fenceAt(1) }, open())
    expect(await codeOf(between)).toBe('flag.refused')
  })

  it('sets no flag that it does not know', async () => {
    const store = context.connect()
    const wish = { flags: { 'nobody-knows-it': ON }, fence: fenceAt(1) }
    expect(await codeOf(store.apply(wish, open()))).toBe('flag.unknown')
    expect((await store.read(['nobody-knows-it'], open())).flags).toEqual({ 'nobody-knows-it': null })
  })
}

function outagePromises(context: Context): void {
  it('throws the reason of a signal that had aborted before, and changes nothing', async () => {
    const [flag] = context.world.flags
    const store = context.connect()
    const reason = new Error('no longer wanted')
    await expect(store.read([flag], AbortSignal.abort(reason))).rejects.toBe(reason)
    const wish = { flags: { [flag]: ON }, fence: fenceAt(1) }
    await expect(store.apply(wish, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect((await store.read([flag], open())).flags[flag]).toEqual(OFF)
  })

  it('ends with the reason of the signal, and by itself, while the store hangs; then the way back is open', async () => {
    const { world } = context
    if (world.freeze === undefined) return
    const [flag] = context.world.flags
    const store = context.connect()
    await world.freeze()
    const wish = { flags: { [flag]: ON }, fence: fenceAt(1, 1) }
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const ended = [
      store.read([flag], controller.signal).catch((error: unknown) => error),
      store.apply(wish, controller.signal).catch((error: unknown) => error),
    ]
    await delay(30)
    controller.abort(reason)
    expect(await Promise.all(ended)).toEqual([reason, reason])
    expect(await Promise.all([codeOf(store.read([flag], open())), codeOf(store.apply(wish, open()))])).toEqual([
      'flag.unreachable',
      'flag.unreachable',
    ])
    await world.thaw?.()
    await store.apply({ flags: { [flag]: OFF }, fence: fenceAt(1, 3) }, open())
    expect(await store.read([flag], open())).toEqual({ flags: { [flag]: OFF }, fence: fenceAt(1, 3) })
  })

  it('can be closed twice', async () => {
    const store = context.connect()
    await store.close()
    await expect(store.close()).resolves.toBeUndefined()
  })
}

function evaluationPromises(context: Context): void {
  it('gives applications the share, takes nobody off while it rises, and gives cohorts the flag whatever it is', async () => {
    const { world } = context
    if (world.evaluate === undefined) return
    const evaluate = async (user: string, cohort?: string) =>
      world.evaluate?.(flag, { user, ...(cohort !== undefined && { cohort }) })
    const [flag] = world.flags
    const store = context.connect()
    const users = Array.from({ length: world.users ?? 400 }, (_, index) => `user-${index}`)
    let before: readonly string[] = []
    for (const [epoch, weight] of [0, 500, 3_000, 10_000].entries()) {
      await store.apply({ flags: { [flag]: { weight, cohorts: ['beta'] } }, fence: fenceAt(1, epoch + 1) }, open())
      const answers = await Promise.all(users.map((user) => evaluate(user)))
      const now = users.filter((_, index) => answers[index])
      const spread = 5 * Math.sqrt(users.length * (weight / 10_000) * (1 - weight / 10_000)) + 1
      expect(Math.abs(now.length - users.length * (weight / 10_000))).toBeLessThanOrEqual(spread)
      expect(before.filter((user) => !now.includes(user))).toEqual([])
      expect(await evaluate('user-1', 'beta')).toBe(true)
      before = now
    }
    await store.apply({ flags: { [flag]: OFF }, fence: fenceAt(1, 9) }, open())
    expect(await evaluate('user-1', 'beta')).toBe(false)
  })
}

function share(weight: number): FlagReach {
  return { weight, cohorts: [] }
}

function fenceAt(release: number, epoch = 1): Fence {
  return { release, epoch }
}
