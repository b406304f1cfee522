import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { FULL_WEIGHT } from '../../src/domain/units.ts'
import { runCommands } from '../../src/routers/haproxy/runtime-api.ts'
import { entriesOf } from '../../src/routers/haproxy/split-map.ts'
import { haproxyRouter } from '../../src/routers/haproxy.ts'
import type { DesiredRouting } from '../../src/routers/router.ts'
import { describeRouterContract, type RouterWorld } from '../contracts/router-contract.ts'
import { codeOf, open } from '../support/calls.ts'
import { type HaproxyServer, startDataPath } from '../support/haproxy-server.ts'
import { requireServer } from '../support/require-server.ts'
import { waitFor } from '../support/server-process.ts'
import {
  createCleanups,
  dataPath as dataPathFor,
  oneNode as oneNodeFor,
  POOLS,
  relayTo,
  routerFor,
  standIn as standInFor,
  wish,
} from './haproxy/harness.ts'

const cleanups = createCleanups()
const dataPath = (nodes: number) => dataPathFor(cleanups, nodes)
const oneNode = () => oneNodeFor(cleanups)

afterEach(cleanups.run)

describe.skipIf(!requireServer('haproxy'))('with a real HAProxy', () => {
  describeRouterContract('haproxy', () => haproxyWorld(false))
  describeRouterContract('haproxy with a map file', () => haproxyWorld(true))
  describe('the haproxy router with one node', () => {
    oneNodePromises()
  })
  describe('the haproxy router and late writes', () => {
    lateWritePromises()
  })
  describe('the haproxy router with a fleet', () => {
    fleetPromises()
  })
})
describe('the runtime API of haproxy', () => {
  runtimePromises()
})

function oneNodePromises() {
  it('goes back to its file with a reload, shows that, and still refuses an older fence', async () => {
    const { server } = await oneNode()
    const router = routerFor([server])
    await router.apply(wish(2_500, 4, ['internal']), open())
    const before = await router.read(open())
    await server.reload()
    const after = await router.read(open())
    expect(before).toMatchObject({ split: { green: 2_500 }, cohorts: { internal: 'green' } })
    expect(after).toMatchObject({ split: { green: 0 }, cohorts: {}, fence: null })
    expect(after.incarnation).not.toBe(before.incarnation)
    expect(await codeOf(router.apply(wish(9_000, 3), open()))).toBe('router.fenced')
    await router.apply(wish(2_500, 4, ['internal']), open())
    expect(await router.read(open())).toMatchObject({ split: { green: 2_500 }, cohorts: { internal: 'green' } })
  })

  it('says how many servers of each backend are up, and what keeps it from saying', async () => {
    const { server } = await oneNode()
    const failure = await routerFor([server]).health?.(open()).catch(String)
    expect(failure).toContain('lacks a health check of the server blue1 in the backend blue')
    const path = await startDataPath(1, { isChecked: true })
    cleanups.add(path.stop)
    const router = routerFor(path.servers)
    expect(await router.health?.(open())).toEqual({ blue: { ready: 1, total: 1 }, green: { ready: 1, total: 1 } })
    await path.backends.green.close()
    const down = await waitFor('the server to be down', async () => {
      const health = await router.health?.(open())
      return health?.['green']?.ready === 0 ? health : null
    })
    expect(down).toEqual({ blue: { ready: 1, total: 1 }, green: { ready: 0, total: 1 } })
    await path.servers[0]?.command('set server blue/blue1 state maint')
    expect(await router.health?.(open())).toMatchObject({ blue: { ready: 0, total: 1 } })
  })

  it('changes weight, cohorts and fence in one step that nobody sees half-done', async () => {
    const { server } = await oneNode()
    const router = routerFor([server])
    const wishes = [wish(500, 1, ['internal', 'beta']), wish(0, 2), wish(7_000, 3, ['beta'])]
    const whole = wishes.map((of) => textOf(entriesOf(of, POOLS)))
    await router.apply(wishes[0] as DesiredRouting, open())
    const seen = new Set<string>()
    let isWriting = true
    const looks = (async () => {
      while (isWriting) {
        const lines = await server.command(`show map ${server.map}`)
        seen.add(textOf(lines.map((line) => line.split(' ').slice(1) as [string, string])))
      }
    })()
    for (const [index, next] of wishes.entries()) {
      if (index > 0) await router.apply(next, open())
      await expect.poll(() => seen).toContain(whole[index])
    }
    isWriting = false
    await looks
    expect([...seen].sort()).toEqual(whole.toSorted())
  })

  it('takes 500 cohorts in one change, and lets go of all of them', async () => {
    const { server } = await oneNode()
    const router = routerFor([server])
    const cohorts = Array.from({ length: 500 }, (_, index) => `cohort-with-a-rather-long-name-${index}`)
    await router.apply(wish(100, 1, cohorts), open())
    expect(Object.keys((await router.read(open())).cohorts)).toHaveLength(500)
    await router.apply(wish(100, 2), open())
    expect((await router.read(open())).cohorts).toEqual({})
  })

  it('says what the router lacks: the map, a backend, the share', async () => {
    const { server } = await oneNode()
    const open2 = (map: string, pools: readonly [string, string]) =>
      haproxyRouter.open({ kind: 'haproxy', sockets: [server.socket], map }, { pools })
    expect(await codeOf(open2('/no/such.map', POOLS).read(open()))).toBe('router.misconfigured')
    expect(await codeOf(open2('/no/such.map', POOLS).apply(wish(100, 1), open()))).toBe('router.misconfigured')
    expect(await codeOf(open2(server.map, ['blue', 'purple']).read(open()))).toBe('router.misconfigured')
    await server.command(`set map ${server.map} share:green abc`)
    expect(await codeOf(routerFor([server]).read(open()))).toBe('router.misconfigured')
    await routerFor([server]).apply(wish(100, 1), open())
    expect((await routerFor([server]).read(open())).split).toEqual({ blue: 9_900, green: 100 })
  })

  it.each(['a;show info', 'a b', 'a\nb', 'a\\ b', ''])(
    'refuses the cohort %j, which could be a command',
    async (cohort) => {
      const { server } = await oneNode()
      const router = routerFor([server])
      expect(await codeOf(router.apply(wish(100, 1, [cohort]), open()))).toBe('router.refused')
      expect(await router.read(open())).toMatchObject({ split: { green: 0 }, fence: null })
    },
  )

  it('keeps a user without a name on one pool by a cookie, which it sets once', async () => {
    const { server, path } = await oneNode()
    await routerFor([server]).apply(wish(5_000, 1), open())
    for (let user = 0; user < 10; user += 1) {
      const first = await path.send({})
      expect(first.cookie).toMatch(/^sluice=[0-9a-f-]{36}$/)
      const again = await path.send({ cookie: first.cookie ?? '' })
      expect([again.pool, again.cookie]).toEqual([first.pool, null])
    }
  })

  it('takes the cohort of a user from the list of the operator', async () => {
    const { server, path } = await oneNode()
    await routerFor([server]).apply(wish(0, 1, ['internal']), open())
    expect((await path.send({ 'x-user': 'alice' })).pool).toBe('green')
    expect((await path.send({ 'x-user': 'bob' })).pool).toBe('blue')
  })
}

function lateWritePromises() {
  it('converges with a newer fence after a commit that landed late, and refuses the old wish from then on', async () => {
    const { server } = await oneNode()
    const frozen = await freezeOnCommit(server)
    const router = routerFor([{ ...server, socket: frozen.address }])
    expect(await codeOf(router.apply(wish(5_000, 1), open()))).toBe('router.unreachable')
    await server.thaw()
    const direct = routerFor([server])
    await expect.poll(async () => (await direct.read(open())).split['green']).toBe(5_000)
    await direct.apply(wish(0, 2), open())
    expect(await direct.read(open())).toMatchObject({ split: { green: 0 }, fence: { release: 1, epoch: 2 } })
    for (const late of [router, direct, routerFor([server])]) {
      expect(await codeOf(late.apply(wish(5_000, 1), open()))).toBe('router.fenced')
    }
    expect((await direct.read(open())).split['green']).toBe(0)
  })

  it('leaves a commit without effect that lands after a newer one, since its version is behind', async () => {
    const { server } = await oneNode()
    const [created = ''] = await server.command(`prepare map ${server.map}`)
    const version = created.replace(/\D/g, '')
    for (const [key, value] of entriesOf(wish(9_000, 1), POOLS)) {
      await server.command(`add map @${version} ${server.map} ${key} ${value}`)
    }
    const router = routerFor([server])
    await router.apply(wish(0, 2), open())
    expect(await server.command(`commit map @${version} ${server.map}`)).toEqual(['Version number out of range.'])
    expect(await router.read(open())).toMatchObject({ split: { green: 0 }, fence: { epoch: 2 } })
  })

  it('waits for its turn, so that a newer write that is under way is not overwritten', async () => {
    const { server } = await oneNode()
    const [created = ''] = await server.command(`prepare map ${server.map}`)
    const version = created.replace(/\D/g, '')
    for (const [key, value] of entriesOf(wish(0, 5), POOLS)) {
      await server.command(`add map @${version} ${server.map} ${key} ${value}`)
    }
    const router = routerFor([server])
    const older = codeOf(router.apply(wish(9_000, 4), open()))
    await delay(30)
    expect(await server.command(`commit map @${version} ${server.map}`)).toEqual([])
    expect(await older).toBe('router.fenced')
    expect(await router.read(open())).toMatchObject({ split: { green: 0 }, fence: { epoch: 5 } })
    await router.apply(wish(100, 6), open())
    expect((await router.read(open())).split['green']).toBe(100)
  })

  it('waits no longer than needed for a writer that died between its steps', async () => {
    const { server } = await oneNode()
    for (let dead = 0; dead < 3; dead += 1) await server.command(`prepare map ${server.map}`)
    const router = routerFor([server])
    await router.apply(wish(700, 1), open())
    expect((await router.read(open())).split['green']).toBe(700)
  })
}

function fleetPromises() {
  it('writes every node, and counts what all of them served', async () => {
    const path = await dataPath(2)
    const router = routerFor(path.servers)
    await router.apply(wish(FULL_WEIGHT, 1), open())
    for (const server of path.servers) {
      expect((await routerFor([server]).read(open())).split['green']).toBe(FULL_WEIGHT)
    }
    for (let index = 0; index < 5; index += 1) await path.send({ 'x-user': `u${index}` })
    const observed = await router.read(open())
    expect(observed.served).toEqual({ blue: 0, green: 5 })
    expect(observed.incarnation.split(' ')).toHaveLength(2)
  })

  it('writes the nodes that answer when one does not, and says how many failed', async () => {
    const path = await dataPath(3)
    const [first, second, third] = path.servers as [HaproxyServer, HaproxyServer, HaproxyServer]
    const router = routerFor(path.servers)
    await router.apply(wish(5_000, 1), open())
    await third.freeze()
    expect(await codeOf(router.apply(wish(0, 2), open()))).toBe('router.unreachable')
    for (const server of [first, second]) {
      expect((await routerFor([server]).read(open())).split['green']).toBe(0)
    }
    expect(await codeOf(router.read(open()))).toBe('router.unreachable')
    await third.thaw()
    expect((await router.read(open())).split['green']).toBe(5_000)
    await router.apply(wish(0, 2), open())
    expect((await router.read(open())).split['green']).toBe(0)
  })

  it('changes no node when one of them has taken a newer fence', async () => {
    const path = await dataPath(2)
    const [first, second] = path.servers as [HaproxyServer, HaproxyServer]
    await routerFor([second]).apply(wish(0, 9), open())
    expect(await codeOf(routerFor(path.servers).apply(wish(5_000, 8), open()))).toBe('router.fenced')
    expect(await routerFor([first]).read(open())).toMatchObject({ split: { green: 0 }, fence: null })
  })

  it('shows the node that was changed by another hand, above or below the wish', async () => {
    const path = await dataPath(2)
    const [, second] = path.servers as [HaproxyServer, HaproxyServer]
    const router = routerFor(path.servers)
    await router.apply(wish(500, 1), open())
    for (const share of [0, 300, 9_000]) {
      await second.command(`set map ${second.map} share:green ${share}`)
      expect((await router.read(open())).split['green']).toBe(share)
    }
    await router.apply(wish(500, 2), open())
    expect((await router.read(open())).split['green']).toBe(500)
  })
}

function runtimePromises() {
  const standIn = (answer: (socket: Socket) => void) => standInFor(cleanups, answer)

  it('lets go of the connection when the signal aborts', async () => {
    const closed: Promise<unknown>[] = []
    const address = await standIn(
      (socket) =>
        void closed.push(
          once(
            socket.resume().on('error', () => {}),
            'close',
          ),
        ),
    )
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const call = runCommands(address, ['show info'], 5_000, controller.signal)
    setTimeout(() => controller.abort(reason), 30)
    await expect(call).rejects.toBe(reason)
    await closed[0]
    expect(closed).toHaveLength(1)
  })

  it.each([
    ['nothing', (socket: Socket) => void socket.resume(), 'router.unreachable'],
    ['half an answer and then nothing', (socket: Socket) => void socket.write('Name: HAP'), 'router.unreachable'],
    ['the end of the connection', (socket: Socket) => void socket.end(), 'router.unreachable'],
    ['a cut connection', (socket: Socket) => void socket.resetAndDestroy(), 'router.unreachable'],
    ['one answer to two commands', (socket: Socket) => void socket.end('Permission denied\n\n'), 'router.refused'],
  ])('takes %s for %s', async (_, answer, code) => {
    const address = await standIn(answer)
    expect(await codeOf(runCommands(address, ['show info', 'show map x'], 500, open()))).toBe(code)
  })

  it('takes the answer of a worker that is stopping for none: its changes would be lost', async () => {
    const stat = (pool: string) => `# pxname,svname,stot\n${pool},BACKEND,5\n\n`
    const answer = (stopping: number) =>
      `Name: HAProxy\nPid: 7\nStopping: ${stopping}\nStart_time_sec: 9\n\n0x1 share:green 0\n\n${stat('blue')}${stat('green')}`
    for (const [stopping, code] of [
      [0, null],
      [1, 'router.unreachable'],
    ] as const) {
      const { host, port } = await standIn((socket) => void socket.end(answer(stopping)))
      const router = routerFor([{ socket: `${host}:${port}`, map: '/etc/a.map' }])
      expect(await codeOf(router.read(open()))).toBe(code)
    }
  })

  it.each([
    ['no socket', { sockets: [] }],
    ['a socket twice', { sockets: ['/run/a.sock', '/run/a.sock'] }],
    ['a socket that is neither path nor host and port', { sockets: ['haproxy'] }],
    ['a map that holds a command', { map: '/etc/x.map; show info' }],
    ['a deadline without a unit', { deadline: '2' }],
    ['a key it does not know', { password: 'x' }],
  ])('refuses options with %s', (_, change) => {
    const options = { kind: 'haproxy', sockets: ['/run/a.sock'], map: '/etc/a.map', ...change }
    expect(() => haproxyRouter.open(options, { pools: POOLS })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  })

  it('refuses pools that could be commands', () => {
    const options = { kind: 'haproxy', sockets: ['/run/a.sock'], map: '/etc/a.map' }
    const make = () => haproxyRouter.open(options, { pools: ['blue', 'green;show info'] })
    expect(make).toThrow(expect.objectContaining({ code: 'router.misconfigured' }))
  })
}

async function haproxyWorld(keepsFile: boolean): Promise<RouterWorld> {
  const path = await startDataPath()
  const [server] = path.servers
  if (server === undefined) throw new Error('no server')
  return {
    pools: POOLS,
    connect: () => routerFor([server], keepsFile ? { persist: server.map } : {}),
    async meddle(split) {
      await server.command(`set map ${server.map} share:green ${split['green'] ?? FULL_WEIGHT}`)
    },
    freeze: server.freeze,
    thaw: server.thaw,
    stop: server.stop,
    lose: async () => void (await server.command(`clear map ${server.map}`)),
    restart: server.reload,
    send: (requests) =>
      Promise.all(
        requests.map(async ({ user, cohort }) => {
          const headers = { 'x-user': user, ...(cohort === undefined ? {} : { 'x-cohort': cohort }) }
          const { status, pool } = await path.send(headers)
          return status === 200 && pool !== null ? { pool } : { pool: null, failure: `status ${status}` }
        }),
      ),
    teardown: path.stop,
  }
}

/** A way to HAProxy that freezes it just before the commit gets there. */
function freezeOnCommit(server: HaproxyServer) {
  const onRequest = async (text: string) => (text.includes('commit map') ? server.freeze() : undefined)
  return relayTo(cleanups, server.socket, { onRequest })
}

function textOf(entries: readonly (readonly [string, string])[]): string {
  return entries
    .map(([key, value]) => `${key} ${value}`)
    .sort()
    .join('\n')
}
