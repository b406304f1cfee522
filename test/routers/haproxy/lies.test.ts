import { afterEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../src/domain/error-codes.ts'
import { FULL_WEIGHT } from '../../../src/domain/units.ts'
import { isRoutedAs } from '../../../src/routers/router.ts'
import { open } from '../../support/calls.ts'
import { requireServer } from '../../support/require-server.ts'
import { createCleanups, errorOf, oneNode, routerFor, standIn, wish } from './harness.ts'

const cleanups = createCleanups()
afterEach(cleanups.run)

const MAP = '/etc/sluice.map'
const INFO = 'Name: HAProxy\nPid: 7\nStopping: 0\nStart_time_sec: 9\n\n'
const LINES = '0x1 share:green 0\n\n'
const stat = (pool: string) => `# pxname,svname,stot\n${pool},BACKEND,5\n\n`
const HTML = '<!doctype html><html><body><h1>It works!</h1></body></html>'

type Reply = (command: string) => string

/** A server that answers each command of a request as told, one after the other, and then closes. */
async function liar(reply: Reply) {
  const { address } = await standIn(cleanups, (socket) => {
    socket.on('data', (chunk) => {
      const commands = chunk.toString().trimEnd().split(';')
      socket.end(commands.map(reply).join(''))
    })
  })
  return routerFor([{ socket: address, map: MAP }], { deadline: '2s' })
}

/** A server that says this to whoever comes, and perhaps leaves the line open. */
async function speaker(text: string, keepsOpen = false) {
  const { address } = await standIn(cleanups, (socket) => {
    socket.on('data', () => void (keepsOpen ? socket.write(text) : socket.end(text)))
  })
  return routerFor([{ socket: address, map: MAP }], { deadline: '1s' })
}

/** What an honest HAProxy says that has taken nothing yet. */
const honest: Reply = (command) => {
  if (command === 'show info') return INFO
  if (command === 'show map') return `# id (file) description\n0 (${MAP}) curr_ver=0 next_ver=1 entry_cnt=1\n\n`
  if (command === `show map ${MAP}`) return LINES
  if (command.startsWith('show map @')) return preparedLines()
  if (command.startsWith('show stat')) return stat(command.split(' ')[2] ?? '')
  return command.startsWith('prepare map') ? 'New version created: 1\n\n' : '\n'
}

/** The entries that a writer has prepared: a liar that repeats them is believed until the map is read back. */
const prepared: string[] = []
function preparedLines(): string {
  return `${prepared.map((line, index) => `0x${index + 1} ${line}\n`).join('')}\n`
}

describe('what answers in the place of HAProxy', () => {
  it.each<[string, string, boolean, string]>([
    ['a web server', `HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n${HTML}`, false, 'HTTP/1.1 400'],
    ['a web server that keeps the line open', 'HTTP/1.1 408 Timeout\r\n\r\n', true, 'HTTP/1.1 408'],
    ['a page', HTML, false, 'It works!'],
    ['a page with empty lines', `\n\n${HTML}\n\n`, false, 'It works!'],
    ['an SSH server', 'SSH-2.0-OpenSSH_9.2p1\r\n', true, 'SSH-2.0'],
    ['a Redis', "-ERR unknown command 'show'\r\n", true, '-ERR unknown'],
    ['JSON', '{"status":"ok"}\n', false, 'status'],
    ['noise', '\u0000\u0001\u0002\u00ff\u00fe', false, ''],
    ['nothing but empty lines', '\n\n\n\n', false, 'empty'],
    ['a runtime API without the level', 'Permission denied\n\n', false, 'Permission denied'],
    ['far too much', 'x'.repeat(5_000_000), false, 'more than'],
  ])('as %s is told by what it says, never as one that did not answer', async (_, text, keepsOpen, words) => {
    for (const call of ['read', 'apply'] as const) {
      const router = await speaker(text, keepsOpen)
      const error = await errorOf(call === 'read' ? router.read(open()) : router.apply(wish(5_000, 1), open()))
      expect(error?.code).toBe('router.refused')
      expect(error?.message).not.toContain('did not answer')
      expect(error?.received).toContain(words)
    }
  })

  it.each<[string, Partial<Record<string, string>>, ErrorCode, string]>([
    ['another program with the same manners', { 'show info': 'Name: nginx\nPid: 3\n\n' }, 'router.refused', 'nginx'],
    ['lines that are no map', { [`show map ${MAP}`]: 'share:green 0\n\n' }, 'router.refused', 'share:green 0'],
    [
      'a map of another target',
      { [`show map ${MAP}`]: '0x1 share:teal 500\n\n' },
      'router.misconfigured',
      'share:teal',
    ],
    ['no such map', { [`show map ${MAP}`]: 'Unknown map identifier.\n\n' }, 'router.misconfigured', 'Unknown map'],
    ['more than everybody', { [`show map ${MAP}`]: '0x1 share:green 10001\n\n' }, 'router.misconfigured', '10001'],
    ['less than nobody', { [`show map ${MAP}`]: '0x1 share:green -1\n\n' }, 'router.misconfigured', '-1'],
    ['a backend it has not', { 'show stat green 2 -1': 'No such proxy.\n\n' }, 'router.misconfigured', 'No such proxy'],
    ['a count that is none', { 'show stat green 2 -1': '# stot\nmany\n\n' }, 'router.misconfigured', 'many'],
    [
      'one answer too many',
      { 'show stat green 2 -1': `${stat('green')}${stat('green')}` },
      'router.refused',
      'not 4 replies but 5',
    ],
  ])('and reads out %s is told by that', async (_, lies, code, words) => {
    const router = await liar((command) => lies[command] ?? honest(command))
    const error = await errorOf(router.read(open()))
    expect(error?.code).toBe(code)
    expect(error?.received).toContain(words)
  })

  it('and says yes to everything but does nothing is told with what it shows', async () => {
    prepared.splice(0)
    const router = await liar((command) => {
      const [, , entry] = /^add map @\d+ (\S+) (.*)$/.exec(command) ?? []
      if (entry !== undefined && !prepared.includes(entry)) prepared.push(entry)
      return honest(command)
    })
    const error = await errorOf(router.apply(wish(5_000, 1), open()))
    expect(error).toMatchObject({
      code: 'router.not-applied',
      expected: expect.stringContaining('share:green 5000'),
      received: 'OK to every command; the map holds share:green 0',
    })
  })

  it.each<[string, string, string, ErrorCode, RegExp]>([
    ['a version that is none', 'prepare map', 'New version created: banana\n\n', 'router.refused', /banana/],
    ['no version', 'prepare map', '\n', 'router.refused', /empty reply/],
    ['a refusal of each entry', 'add map', 'Permission denied\n\n', 'router.not-applied', /Permission denied/],
    ['other entries than it got', 'show map @', '0x1 share:green 77\n\n', 'router.not-applied', /share:green 77/],
    ['versions that go backwards', 'prepare map', 'New version created: 0\n\n', 'router.not-applied', /begin anew/],
  ])('and answers a change with %s is told by that', async (_, start, reply, code, words) => {
    const router = await liar((command) => (command.startsWith(start) ? reply : honest(command)))
    const error = await errorOf(router.apply(wish(5_000, 1), open()))
    expect(error).toMatchObject({ code, received: expect.stringMatching(words) })
  })
})

describe.skipIf(!requireServer('haproxy'))('a map that another hand has added to', () => {
  const hiddenIn = async () => {
    const { server, path } = await oneNode(cleanups)
    const router = routerFor([server])
    await router.apply(wish(0, 1, ['beta']), open())
    const users = Array.from({ length: 20 }, (_, user) => ({ 'x-user': `user-${user}` }))
    const onGreen = async (more: Record<string, string> = {}) =>
      (await Promise.all(users.map((user) => path.send({ ...user, ...more })))).filter(({ pool }) => pool === 'green')
        .length
    return { server, router, onGreen }
  }

  it('goes by the first of two shares, and is told as flawed until it is written again', async () => {
    const { server, router, onGreen } = await hiddenIn()
    await server.command(`add map ${server.map} share:green ${FULL_WEIGHT}`)
    const flawed = await router.read(open())
    expect(await onGreen()).toBe(0)
    expect(flawed).toMatchObject({
      split: { green: 0 },
      flaw: expect.stringContaining('share:green twice: 0, which counts'),
    })
    expect(isRoutedAs(flawed, wish(0, 1, ['beta']))).toBe(false)
    await router.apply(wish(0, 1, ['beta']), open())
    expect(isRoutedAs(await router.read(open()), wish(0, 1, ['beta']))).toBe(true)
  })

  it('would go by the hidden one as soon as the first is gone', async () => {
    const { server, router, onGreen } = await hiddenIn()
    await server.command(`add map ${server.map} share:green ${FULL_WEIGHT}`)
    const [first] = (await server.command(`show map ${server.map}`)).filter((line) => line.includes('share:green'))
    await server.command(`del map ${server.map} #${first?.split(' ')[0]}`)
    expect(await onGreen()).toBe(20)
    expect(await router.read(open())).toMatchObject({ split: { green: FULL_WEIGHT }, flaw: null })
  })

  it('goes by the first of two pins of a cohort', async () => {
    const { server, router, onGreen } = await hiddenIn()
    await server.command(`add map ${server.map} cohort:beta blue`)
    expect(await onGreen({ 'x-cohort': 'beta' })).toBe(20)
    expect(await router.read(open())).toMatchObject({
      cohorts: { beta: 'green' },
      flaw: expect.stringContaining('cohort:beta'),
    })
  })

  it('may hold what Sluice does not know, which is gone with the next change', async () => {
    const { server, router } = await hiddenIn()
    await server.command(`add map ${server.map} note by-hand`)
    expect(isRoutedAs(await router.read(open()), wish(0, 1, ['beta']))).toBe(true)
    await router.apply(wish(0, 2), open())
    expect((await server.command(`show map ${server.map}`)).filter((line) => line.includes('by-hand'))).toEqual([])
  })
})

describe.skipIf(!requireServer('haproxy'))('a fence in the map', () => {
  const HIGH = 999_999_999_999_999

  it('may be a turn in milliseconds or have every digit there is', async () => {
    const { server } = await oneNode(cleanups)
    const router = routerFor([server])
    for (const fence of [
      { release: 1_790_000_000_000, epoch: 1 },
      { release: 1_790_000_000_001, epoch: 1 },
      { release: HIGH, epoch: 1 },
      { release: HIGH, epoch: HIGH - 1 },
    ]) {
      await router.apply({ ...wish(100, 1), fence }, open())
      expect((await router.read(open())).fence).toEqual(fence)
      const late = { ...wish(9_000, 1), fence: { release: fence.release - 1, epoch: HIGH - 1 } }
      expect(await errorOf(routerFor([server]).apply(late, open()))).toMatchObject({ code: 'router.fenced' })
    }
  })

  it.each(['', 'x', '1', '1:2:3', '-1:2', '1e9:1', `${HIGH}0:1`, ' 1:2', `5:${HIGH}`])(
    'is none when it is %j',
    async (text) => {
      const { server } = await oneNode(cleanups)
      await server.command(`add map ${server.map} fence ${text.replaceAll(' ', '\\ ')}`)
      const router = routerFor([server])
      expect((await router.read(open())).fence).toBeNull()
      await router.apply(wish(100, 1), open())
      expect((await router.read(open())).fence).toEqual({ release: 1, epoch: 1 })
    },
  )

  it('that another hand has set and taken away again is no older wish of this process', async () => {
    const { server } = await oneNode(cleanups)
    const router = routerFor([server])
    await server.command(`add map ${server.map} fence ${HIGH}:1`)
    expect(await errorOf(router.apply(wish(0, 1), open()))).toMatchObject({ code: 'router.fenced' })
    await server.command(`del map ${server.map} fence`)
    await router.apply(wish(0, 1), open())
    expect((await router.read(open())).fence).toEqual({ release: 1, epoch: 1 })
  })
})
