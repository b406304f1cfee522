import { afterEach, describe, expect, it } from 'vitest'
import { open } from '../../support/calls.ts'
import { requireServer } from '../../support/require-server.ts'
import { waitFor } from '../../support/server-process.ts'
import { createCleanups, oneNode, routerFor } from './harness.ts'

const cleanups = createCleanups()
afterEach(cleanups.run)

describe.skipIf(!requireServer('haproxy'))('requests that HAProxy has sent to a pool', () => {
  it('count at once, also when they never get an answer', async () => {
    const { path, server } = await oneNode(cleanups)
    const router = routerFor([server])
    path.backends.blue.hang()
    const unanswered = Promise.allSettled([1, 2, 3].map((user) => path.send({ 'x-user': `user-${user}` })))
    const { served } = await waitFor('three requests at the pool', async () => {
      const observed = await router.read(open())
      return observed.served?.['blue'] === 3 ? observed : null
    })
    expect(served).toEqual({ blue: 3, green: 0 })
    await path.backends.blue.close()
    await unanswered
  })
})
