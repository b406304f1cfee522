import { afterEach, describe, expect, it } from 'vitest'
import { FULL_WEIGHT } from '../../../src/domain/units.ts'
import { isRoutedAs } from '../../../src/routers/router.ts'
import { open } from '../../support/calls.ts'
import type { HaproxyServer } from '../../support/haproxy-server.ts'
import { requireServer } from '../../support/require-server.ts'
import { createCleanups, dataPath, errorOf, relayTo, routerFor, standIn, wish } from './harness.ts'

const cleanups = createCleanups()
afterEach(cleanups.run)

/** Everybody on the canary, by a release that wants to go back. */
async function exposed(nodes = 1) {
  const path = await dataPath(cleanups, nodes)
  const router = routerFor(path.servers)
  await router.apply(wish(FULL_WEIGHT, 1, ['beta']), open())
  return { path, router, servers: path.servers, server: path.servers[0] as HaproxyServer }
}

const shareOf = async (server: HaproxyServer) =>
  (await server.command(`show map ${server.map}`)).find((line) => line.includes(' share:green '))?.split(' ')[2]

describe.skipIf(!requireServer('haproxy'))('the way back', () => {
  it.each<[string, (server: HaproxyServer) => Promise<unknown>]>([
    ['has lost its share', (server) => server.command(`del map ${server.map} share:green`)],
    ['has lost everything', (server) => server.command(`clear map ${server.map}`)],
    ['has a share that is no number', (server) => server.command(`set map ${server.map} share:green abc`)],
    ['has a fence that is none', (server) => server.command(`set map ${server.map} fence a:b`)],
    ['has the last fence there is', (server) => server.command(`set map ${server.map} fence ${LAST}:${LAST}`)],
    ['has pins to a pool that nobody knows', (server) => server.command(`set map ${server.map} cohort:beta nowhere`)],
  ])('is written to a map that %s', async (_, damage) => {
    const { router, server, path } = await exposed()
    await damage(server)
    const none = wish(0, 2)
    await router.apply(none, open())
    expect(isRoutedAs(await router.read(open()), none)).toBe(true)
    expect((await path.send({ 'x-user': 'ann', 'x-cohort': 'beta' })).pool).toBe('blue')
  })

  it('is written while the backends have other names and cannot be counted, which only the read says', async () => {
    const { server } = await exposed()
    const renamed = routerFor([server], { pools: ['azure', 'green'] })
    const back = { ...wish(0, 2), roles: { stable: 'azure', canary: 'green' } }
    await renamed.apply(back, open())
    expect(await shareOf(server)).toBe('0')
    expect(await errorOf(renamed.read(open()))).toMatchObject({
      code: 'router.misconfigured',
      message: expect.stringContaining('the backend azure'),
    })
  })

  it('is written while `show stat` is refused or answers nonsense', async () => {
    const { server } = await exposed()
    const liar = await relayWithout(server, 'show stat')
    await routerFor([{ ...server, socket: liar.address }]).apply(wish(0, 2), open())
    expect(await shareOf(server)).toBe('0')
  })

  it('says what of the share is missing, so that a keeper knows that it was lost', async () => {
    const { router, server } = await exposed()
    await server.command(`set map ${server.map} share:green abc`)
    expect(await errorOf(router.read(open()))).toMatchObject({
      code: 'router.misconfigured',
      received: 'the value abc',
    })
    await server.command(`del map ${server.map} share:green`)
    expect(await errorOf(router.read(open()))).toMatchObject({ code: 'router.misconfigured', received: 'none' })
    await server.command(`add map ${server.map} share:teal 400`)
    expect(await errorOf(router.read(open()))).toMatchObject({ received: 'none, but share:teal' })
  })
})

describe.skipIf(!requireServer('haproxy'))('the way back of a fleet', () => {
  it.each<[string, string, (server: HaproxyServer) => Promise<Pick<HaproxyServer, 'socket' | 'map'>>]>([
    [
      'stands still',
      'router.unreachable',
      async (server) => {
        await server.freeze()
        return server
      },
    ],
    [
      'is gone',
      'router.unreachable',
      async (server) => {
        await server.stop()
        return server
      },
    ],
    ['is another program', 'router.refused', async (server) => ({ ...server, socket: (await pageServer()).address })],
    [
      'has not that map',
      'router.misconfigured',
      async (server) => ({ ...server, socket: (await relayWithout(server, 'map', 'Unknown map identifier.')).address }),
    ],
  ])('reaches every other node when one %s, then says what is missing', async (_, code, damage) => {
    const { servers } = await exposed(3)
    const [first, second, third] = servers as [HaproxyServer, HaproxyServer, HaproxyServer]
    const router = routerFor([first, second, await damage(third)])
    const error = await errorOf(router.apply(wish(0, 2), open()))
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(/^1 of 3 HAProxy nodes failed, the others show the change: /),
    })
    expect(await Promise.all([shareOf(first), shareOf(second)])).toEqual(['0', '0'])
    await third.thaw()
  })

  it('takes a node along that has only been slow', async () => {
    const { servers } = await exposed(2)
    const [first, second] = servers as [HaproxyServer, HaproxyServer]
    const slow = await relayTo(cleanups, second.socket, { onRequest: slowOnce(700) })
    const router = routerFor([first, { ...second, socket: slow.address }], { deadline: '5s' })
    await router.apply(wish(0, 2), open())
    expect(await Promise.all([shareOf(first), shareOf(second)])).toEqual(['0', '0'])
  })
})

const LAST = '9'.repeat(15)

/** Holds the first request back, longer than a first look at the fences waits. */
function slowOnce(time: number) {
  let isFirst = true
  return async () => {
    if (!isFirst) return
    isFirst = false
    await new Promise((resolve) => setTimeout(resolve, time))
  }
}

function pageServer() {
  const page = 'HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<html>Bad Request</html>\r\n'
  return standIn(cleanups, (socket) => void socket.end(page))
}

/** A way to HAProxy on which commands with this word are answered like this. */
function relayWithout(server: HaproxyServer, word: string, reply = 'Permission denied') {
  return relayTo(cleanups, server.socket, {
    rewrite: (request) => {
      const commands = request.trimEnd().split(';')
      return `${commands.map((command) => (command.includes(word) ? 'get map /no/such x' : command)).join(';')}\n`
    },
    answer: (text) => text.replaceAll(/Unknown map identifier[^\n]*/g, reply),
  })
}
