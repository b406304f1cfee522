import { describe, expect, it } from 'vitest'
import { applyPermitted, createPermit } from '../../src/activities/write-permit.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { DesiredRouting, Permit, Router } from '../../src/routers/router.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

type PermitRules = Parameters<typeof createPermit>[0]

const WISH: DesiredRouting = {
  roles: { stable: 'blue', canary: 'green' },
  exposure: { weight: 500, cohorts: [] },
  fence: { release: 1, epoch: 1 },
}
const STALE = { code: 'router.stale-write' }
const signal = new AbortController().signal

/** A permit by clocks that a test sets, and answers that it scripts; the last one is repeated. */
function permitOf(answers: readonly ('yes' | 'no' | 'unknown')[], rules: Partial<PermitRules> = {}) {
  const clocks = { steady: 1_000, wall: 5_000_000 }
  let asked = 0
  const permit = createPermit({
    confirm: async () => {
      asked += 1
      return answers[Math.min(asked, answers.length) - 1] ?? 'unknown'
    },
    ...{ grace: 0, lifetime: 1_500, now: () => ({ ...clocks }) },
    ...rules,
  })
  const pass = (steady: number, wall = steady) => {
    clocks.steady += steady
    clocks.wall += wall
  }
  return { permit, pass, clocks, asked: () => asked }
}

/** What a check says: its code, or `yes`. */
function saidBy(check: Permit): string {
  try {
    check()
    return 'yes'
  } catch (error) {
    return error instanceof SluiceError ? error.code : String(error)
  }
}

describe('a permit to write', () => {
  it('is none before anybody was asked', () => {
    expect(saidBy(permitOf(['yes']).permit.check)).toBe('router.stale-write')
  })

  it.each([
    ['the steady clock', 1_500, 10],
    ['the wall clock, as after a sleep of the machine', 10, 1_500],
    ['a wall clock that was set back', 10, -3_600_000],
  ])('ends by %s', async (_, steady, wall) => {
    const { permit, pass } = permitOf(['yes'])
    await permit.confirm()
    pass(10)
    expect(saidBy(permit.check)).toBe('yes')
    pass(steady, wall)
    expect(saidBy(permit.check)).toBe('router.stale-write')
  })

  it('counts from the question, so that an answer that was read late is worth nothing', async () => {
    const { permit, clocks } = permitOf([], {
      confirm: async () => {
        clocks.steady += 20_000
        clocks.wall += 20_000
        return 'yes'
      },
    })
    await permit.confirm()
    expect(saidBy(permit.check)).toBe('router.stale-write')
  })

  it('begins anew with another yes, and ends with a no', async () => {
    const { permit, pass } = permitOf(['yes', 'yes', 'no'])
    await permit.confirm()
    pass(2_000)
    await permit.confirm()
    expect(saidBy(permit.check)).toBe('yes')
    await expect(permit.confirm()).rejects.toMatchObject(STALE)
    expect(saidBy(permit.check)).toBe('router.stale-write')
  })

  it('is not given for a way forward while nobody answers', async () => {
    const { permit } = permitOf(['unknown'])
    await expect(permit.confirm()).rejects.toMatchObject({ ...STALE, received: 'no answer from Temporal in time' })
  })

  it('is given for a way back that is young, by both clocks, while nobody answers', async () => {
    for (const [steady, wall, said] of [
      [4_900, 4_900, 'yes'],
      [5_000, 10, 'no'],
      [10, 5_000, 'no'],
    ] as const) {
      const { permit, pass } = permitOf(['unknown'], { grace: 5_000 })
      pass(steady, wall)
      expect(
        await permit.confirm().then(
          () => 'yes',
          () => 'no',
        ),
      ).toBe(said)
    }
  })

  it('is not given for a way back that is no longer wanted, however young it is', async () => {
    await expect(permitOf(['no'], { grace: 5_000 }).permit.confirm()).rejects.toMatchObject(STALE)
  })

  it('does not wait for an answer that would be too old', async () => {
    const confirm = () => new Promise<'yes'>(() => undefined)
    const forward = permitOf([], { confirm, lifetime: 20 }).permit
    await expect(forward.confirm()).rejects.toMatchObject(STALE)
    const back = permitOf([], { confirm, lifetime: 20, grace: 5_000 }).permit
    await expect(back.confirm()).resolves.toBeUndefined()
  })
})

describe('applying with a permit', () => {
  /** A router that takes its time before the first writes. */
  function slowRouter(delays: readonly (() => void)[]) {
    const world = createMemoryRouterWorld({ pools: ['blue', 'green'] })
    const inner = world.connect()
    let tries = 0
    const router: Router = {
      ...inner,
      apply: async (wish, end, permit) => {
        delays[tries]?.()
        tries += 1
        return inner.apply(wish, end, permit)
      },
    }
    return { router, landed: world.landed, tries: () => tries }
  }

  it('asks again when the permit has run out on the way', async () => {
    const { permit, pass, asked } = permitOf(['yes'])
    const { router, landed } = slowRouter([() => pass(1_600)])
    await applyPermitted(router, WISH, permit, signal)
    expect([asked(), landed.length]).toEqual([2, 1])
  })

  it('lands nothing when the worker had stood still and the write is no longer wanted', async () => {
    const { permit, pass } = permitOf(['yes', 'no'])
    const { router, landed } = slowRouter([() => pass(20_000)])
    await expect(applyPermitted(router, WISH, permit, signal)).rejects.toMatchObject(STALE)
    expect(landed).toEqual([])
  })

  it('gives up on a router that never comes to its write in time', async () => {
    const { permit, pass } = permitOf(['yes'])
    const { router, landed, tries } = slowRouter(Array.from({ length: 9 }, () => () => pass(1_600)))
    await expect(applyPermitted(router, WISH, permit, signal)).rejects.toMatchObject(STALE)
    expect([tries(), landed.length]).toEqual([3, 0])
  })

  it('does not come to the router at all without a yes', async () => {
    const { router, tries } = slowRouter([])
    await expect(applyPermitted(router, WISH, permitOf(['no']).permit, signal)).rejects.toMatchObject(STALE)
    expect(tries()).toBe(0)
  })
})
