import { afterEach, describe, expect, it } from 'vitest'
import { embeddedRouter } from '../../src/routers/embedded.ts'
import type { Router } from '../../src/routers/router.ts'
import { open } from '../support/calls.ts'
import { startEmbeddedPath } from '../support/embedded-path.ts'
import { requireServer } from '../support/require-server.ts'
import { waitFor } from '../support/server-process.ts'
import { startUserLoad } from '../support/user-load.ts'
import { createCleanups, oneNode, POOLS, routerFor, wish } from './haproxy/harness.ts'

const cleanups = createCleanups()
afterEach(cleanups.run)

const CONNECTIONS = 40
const REQUESTS = 1_000

async function embedded() {
  const path = await startEmbeddedPath()
  cleanups.add(path.stop)
  const router = embeddedRouter.open({ kind: 'embedded', admin: path.admin, deadline: '10s' }, { pools: POOLS })
  return { router, port: path.port }
}

async function haproxy() {
  const { server } = await oneNode(cleanups)
  return { router: routerFor([server], { deadline: '10s' }), port: server.port }
}

/** Rolls back from 25% while users keep coming, and says what each request met, and when the way back was read back. */
async function rollBackUnderLoad({ router, port }: { readonly router: Router; readonly port: number }) {
  await router.apply(wish(2_500, 1), open())
  const load = startUserLoad({ port, users: 400, connections: CONNECTIONS })
  const more = async (count: number) => {
    const before = load.visits.length
    await waitFor(`${count} requests`, async () => (load.visits.length >= before + count ? true : null))
  }
  await more(REQUESTS)
  const seen = load.visits.length
  await router.apply(wish(0, 2), open())
  const confirmed = performance.timeOrigin + performance.now()
  await more(REQUESTS)
  await load.stop()
  await router.close()
  const poolOf = new Map(load.visits.slice(0, seen).map(({ user, pool }) => [user, pool]))
  const after = load.visits.slice(seen)
  return { confirmed, closed: load.closed(), poolOf, after, all: load.visits }
}

describe.each([
  ['the embedded data plane', embedded, true],
  ['HAProxy', haproxy, requireServer('haproxy')],
] as const)('a rollback from 25%% behind %s, under requests over connections that stay', (_, start, isThere) => {
  it.skipIf(!isThere)('loses no request, closes no connection, and moves nobody who was on stable', async () => {
    const { confirmed, closed, poolOf, after, all } = await rollBackUnderLoad(await start())
    expect(all.filter(({ outcome }) => outcome !== 'answered')).toEqual([])
    expect(closed).toBe(0)
    const ofPool = (pool: string) => after.filter(({ user }) => poolOf.get(user) === pool)
    expect(ofPool('green').length).toBeGreaterThan(0)
    expect(new Set(ofPool('blue').map(({ pool }) => pool))).toEqual(new Set(['blue']))
    expect(new Set(all.filter(({ at }) => at > confirmed).map(({ pool }) => pool))).toEqual(new Set(['blue']))
  })
})
