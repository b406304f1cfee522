import { describe, expect, it } from 'vitest'
import type { ExposeInput } from '../../src/activities/activities.ts'
import { applyAndReadBack } from '../../src/activities/expose.ts'
import { takeRouter } from '../../src/activities/take-router.ts'
import type { WritePermit } from '../../src/activities/write-permit.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { Fence } from '../../src/domain/exposure.ts'
import { fenceOf } from '../../src/domain/fenced-error.ts'
import type { Router } from '../../src/routers/router.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const POOLS = ['blue', 'green'] as const
const ROLES = { stable: 'blue', canary: 'green' }
const signal = new AbortController().signal
const PERMIT: WritePermit = { confirm: async () => undefined, check: () => undefined }
const yes = async () => 'yes' as const

function asked(weight: number, epoch: number, cohorts: readonly string[] = []): ExposeInput {
  return {
    target: { service: 'shop', environment: 'production' },
    releaseId: 'release/shop/production/1',
    ...{ roles: ROLES, exposure: { weight, cohorts }, fence: { release: 5, epoch } },
  }
}

function openWorld() {
  const world = createMemoryRouterWorld({ pools: POOLS, deadline: 20 })
  return { world, router: world.connect() }
}

async function failureOf(call: Promise<unknown>): Promise<SluiceError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof SluiceError) return error
  throw new Error(`no failure of Sluice: ${String(error)}`)
}

describe('making an exposure live', () => {
  it('writes before it reads anything, so that a router that cannot be read is brought back all the same', async () => {
    const { world, router } = openWorld()
    world.meddle({ split: { blue: 0, green: 10_000 } })
    world.inject({ call: 'read', kind: 'fail', code: 'router.misconfigured' })
    const error = await failureOf(applyAndReadBack(router, asked(0, 1), signal, PERMIT))
    expect(error).toMatchObject({ code: 'router.misconfigured' })
    expect(error.message).toMatch(/; the router had acknowledged the write$/)
    expect(world.observe().split).toEqual({ blue: 10_000, green: 0 })
  })

  it('takes a write that got no answer for done when it is read back', async () => {
    const { world, router } = openWorld()
    world.inject({ call: 'apply', kind: 'applyThenTimeout' })
    await expect(applyAndReadBack(router, asked(500, 1), signal, PERMIT)).resolves.toMatchObject({ warning: null })
  })

  it('says of a write that got no answer that it may land yet, and what the router shows', async () => {
    const { world, router } = openWorld()
    world.meddle({ cohorts: { beta: 'blue', staff: 'green' } })
    world.inject({ call: 'apply', kind: 'fail' })
    const error = await failureOf(applyAndReadBack(router, asked(500, 1), signal, PERMIT))
    expect(error).toMatchObject({ code: 'router.unreachable' })
    expect(error.message).toMatch(
      /; the write was not acknowledged and may still take effect; the router shows 0% and staff, beta on blue$/,
    )
  })

  it.each(['router.refused', 'router.misconfigured', 'router.stale-write'] as const)(
    'says of a %s that the write was not acknowledged',
    async (code) => {
      const { world, router } = openWorld()
      world.inject({ call: 'apply', kind: 'fail', code, times: 3 })
      const error = await failureOf(applyAndReadBack(router, asked(500, 1), signal, PERMIT))
      expect(error).toMatchObject({ code, message: expect.stringMatching(/; the write was not acknowledged$/) })
    },
  )

  it('says what a router shows that says yes and does nothing', async () => {
    const { world, router } = openWorld()
    world.meddle({ split: { blue: 9_000, green: 1_000 }, cohorts: { beta: 'blue' } })
    const liar: Router = { ...router, apply: async () => ({ warning: null }) }
    const error = await failureOf(applyAndReadBack(liar, asked(500, 1, ['beta']), signal, PERMIT))
    expect(error).toMatchObject({
      code: 'router.not-applied',
      expected: '5% and beta',
      received: '10%, beta on blue',
    })
  })

  it('hands on what the router has to say although all is live', async () => {
    const { router } = openWorld()
    const warning = 'the map file could not be written'
    const warns: Router = { ...router, apply: async (...args) => ({ ...(await router.apply(...args)), warning }) }
    await expect(applyAndReadBack(warns, asked(500, 1), signal, PERMIT)).resolves.toMatchObject({ warning })
  })
})

describe('taking a router over', () => {
  /** A router on which another hand raises the fence right before each write, so many times. */
  function contestedRouter(times: number, fence: (turn: number) => Fence) {
    const { world, router } = openWorld()
    let turns = 0
    const contested: Router = {
      ...router,
      async apply(wish, end, permit) {
        turns += 1
        const foreign = { ...wish, exposure: { weight: 10_000, cohorts: [] }, fence: fence(turns) }
        if (turns <= times) await router.apply(foreign, end)
        return router.apply(wish, end, permit)
      },
    }
    return { world, router: contested }
  }
  const high = (turn: number): Fence => ({ release: 999_999_999_999_999, epoch: turn * 10 })

  it('keeps the newest fence with the error, whatever was added to its words', async () => {
    const { router } = contestedRouter(1, high)
    const error = await failureOf(applyAndReadBack(router, asked(0, 1), signal, PERMIT))
    expect(fenceOf(error)).toEqual(high(1))
    expect(error.message).toMatch(/; the write was not acknowledged$/)
  })

  it('goes above a fence that nobody owns, though it has every digit there is, and says from whom it was taken', async () => {
    const { world, router } = contestedRouter(1, high)
    const taken = await takeRouter(router, asked(0, 1), yes, PERMIT, signal)
    expect(taken).toMatchObject({ fence: { release: high(1).release, epoch: 11 }, overtook: high(1) })
    expect(world.observe().split['green']).toBe(0)
  })

  it('does so again when the other hand was quicker', async () => {
    const { world, router } = contestedRouter(2, high)
    const taken = await takeRouter(router, { ...asked(0, 1), direction: 'back' }, yes, PERMIT, signal)
    expect(taken.overtook).toEqual(high(2))
    expect(world.observe().split['green']).toBe(0)
  })

  it('does not leave the router alone to a hand that no release owns, however stubborn it is', async () => {
    const { router } = contestedRouter(99, high)
    const back = { ...asked(0, 1), direction: 'back' } as const
    const error = await failureOf(takeRouter(router, back, yes, PERMIT, signal))
    expect(error).toMatchObject({ code: 'router.not-applied', isRetryable: true })
  })

  it('leaves it to another release of the lane', async () => {
    const { world, router } = contestedRouter(1, high)
    const back = { ...asked(0, 1), direction: 'back' } as const
    const error = await failureOf(takeRouter(router, back, async () => 'no', PERMIT, signal))
    expect(error).toMatchObject({ code: 'router.fenced' })
    expect(world.observe().split['green']).toBe(10_000)
  })
})
