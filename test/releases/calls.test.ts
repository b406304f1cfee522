import { ServiceError } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { createCalls } from '../../src/releases/calls.ts'

/** A clock that only a try that is never answered moves on, to its own deadline. */
function setUp() {
  let time = 1_000_000
  const waits: number[] = []
  const calls = createCalls(
    {
      async withDeadline(deadline, body) {
        const until = Number(deadline)
        waits.push(until - time)
        const answer = await body()
        if (answer === undefined) time = until
        if (answer === undefined) throw new ServiceError('no answer')
        return answer
      },
    },
    15_000,
    () => time,
  )
  return { calls, waits }
}

describe('a look', () => {
  it('that got stuck at a worker is asked again, long before its caller gives up', async () => {
    const { calls, waits } = setUp()
    let tries = 0
    const answer = await calls.look('release/shop/1', calls.deadline(), async () =>
      (tries += 1) > 1 ? 'card' : undefined,
    )
    expect(answer).toBe('card')
    expect(waits).toEqual([3_000, 6_000])
  })

  it('waits no longer than its caller, and then says that Temporal does not answer', async () => {
    const { calls, waits } = setUp()
    const look = calls.look('release/shop/1', calls.deadline(), async () => undefined)
    await expect(look).rejects.toMatchObject({ code: 'temporal.unavailable' })
    expect(waits).toEqual([3_000, 6_000, 6_000])
  })
})
