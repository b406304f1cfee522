import { describe, expect, it } from 'vitest'
import { memoryRouter } from '../../src/routers/memory.ts'
import type { DesiredRouting } from '../../src/routers/router.ts'
import { describeRouterContract, type RouterWorld } from '../contracts/router-contract.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const signal = new AbortController().signal

describeRouterContract('the memory router', async (): Promise<RouterWorld> => {
  const core = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 150, reportsTraffic: true })
  return {
    pools: ['blue', 'green'],
    connect: () => core.connect(),
    meddle: async (split) => core.meddle({ split }),
    freeze: async () => {
      core.inject({ call: 'read', kind: 'hang', times: 100 })
      core.inject({ call: 'apply', kind: 'lateApply', times: 100 })
    },
    thaw: async () => {
      core.heal()
      core.landLateWrites()
    },
    restart: async () => core.restart(),
    send: async (requests) => requests.map(({ user, cohort }) => ({ pool: core.serve(bucketOf(user), cohort) })),
    teardown: async () => {},
  }
})

describe('faults of the memory router', () => {
  it('fails as often as it was told to and then works', async () => {
    const world = createMemoryRouterWorld({ pools: ['blue', 'green'] })
    const router = world.connect()
    world.inject({ call: 'apply', kind: 'fail', code: 'router.refused', times: 2 })
    await expect(router.apply(wish(500, 1), signal)).rejects.toMatchObject({ code: 'router.refused' })
    await expect(router.apply(wish(500, 1), signal)).rejects.toMatchObject({ code: 'router.refused' })
    await router.apply(wish(500, 1), signal)
    expect(world.landed).toEqual([wish(500, 1)])
  })

  it('lands the write whose answer was lost', async () => {
    const world = createMemoryRouterWorld({ pools: ['blue', 'green'] })
    const router = world.connect()
    world.inject({ call: 'apply', kind: 'applyThenTimeout' })
    await expect(router.apply(wish(500, 1), signal)).rejects.toMatchObject({ code: 'router.unreachable' })
    expect((await router.read(signal)).split).toEqual({ blue: 9_500, green: 500 })
  })

  it('lets a cut-off write overwrite a newer one when it lands late', async () => {
    const world = createMemoryRouterWorld({ pools: ['blue', 'green'], deadline: 10 })
    const router = world.connect()
    world.inject({ call: 'apply', kind: 'lateApply' })
    await expect(router.apply(wish(5_000, 1), signal)).rejects.toMatchObject({ code: 'router.unreachable' })
    await router.apply(wish(0, 2), signal)
    expect(world.landLateWrites()).toBe(1)
    expect((await router.read(signal)).split).toEqual({ blue: 5_000, green: 5_000 })
  })
})

describe('the definition of the memory router', () => {
  it('shares the state of one name between instances', async () => {
    const open = () => memoryRouter.open({ kind: 'memory', world: 'shared' }, { pools: ['blue', 'green'] })
    await open().apply(wish(700, 1), signal)
    expect((await open().read(signal)).split).toEqual({ blue: 9_300, green: 700 })
  })

  it('refuses one name for two targets with different pools', () => {
    memoryRouter.open({ kind: 'memory', world: 'taken' }, { pools: ['blue', 'green'] })
    expect(() => memoryRouter.open({ kind: 'memory', world: 'taken' }, { pools: ['a', 'b'] })).toThrow(/share/)
  })

  it('refuses options of another kind and unknown keys', () => {
    const open = (options: unknown) => () => memoryRouter.open(options, { pools: ['blue', 'green'] })
    expect(open({ kind: 'haproxy', world: 'x' })).toThrow(expect.objectContaining({ code: 'config.invalid' }))
    expect(open({ kind: 'memory', world: 'x', wrold: 1 })).toThrow(expect.objectContaining({ code: 'config.invalid' }))
  })
})

function wish(weight: number, epoch: number): DesiredRouting {
  return { roles: { stable: 'blue', canary: 'green' }, exposure: { weight, cohorts: [] }, fence: { release: 1, epoch } }
}

/** Spreads the users of the contract evenly: 7919 is prime to 10000. */
function bucketOf(user: string): number {
  return (Number(user.slice('user-'.length)) * 7_919) % 10_000
}
