import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FULL_WEIGHT } from '../../../src/domain/units.ts'
import { keepMapFile } from '../../../src/routers/haproxy/map-file.ts'
import type { NodeMap } from '../../../src/routers/haproxy/node.ts'
import { entriesOf, readSplitMap } from '../../../src/routers/haproxy/split-map.ts'
import { haproxyRouter } from '../../../src/routers/haproxy.ts'
import { isRoutedAs } from '../../../src/routers/router.ts'
import { open } from '../../support/calls.ts'
import { requireServer } from '../../support/require-server.ts'
import { waitFor } from '../../support/server-process.ts'
import { createCleanups, dataPath, oneNode, POOLS, relayTo, routerFor, wish } from './harness.ts'

type LiveMap = Parameters<typeof keepMapFile>[1]

const cleanups = createCleanups()
afterEach(cleanups.run)

const HEAD = '# The share of green.\n\n# Sluice writes it.\n'
const BOUNDS = { deadline: 5_000, signal: open() }

async function fileWith(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-map-'))
  cleanups.add(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'split.map')
  await writeFile(file, text)
  return { folder, file, read: () => readFile(file, 'utf8') }
}

/** What one HAProxy says after this wish. */
function nodeMap(weight: number, epoch: number): NodeMap {
  const entries = entriesOf(wish(weight, epoch), POOLS)
  return { entries, map: readSplitMap(entries, POOLS) }
}

/** A change that was made live, and what looks at the map find one after the other; the last one is repeated. */
function liveMap(own: NodeMap, looks: readonly (readonly NodeMap[])[] = [[own]]): LiveMap & { looks: () => number } {
  let count = 0
  const look = async () => {
    count += 1
    return looks[Math.min(count, looks.length) - 1] ?? []
  }
  return { entries: own.entries, fence: own.map.fence ?? { release: 0, epoch: 0 }, look, looks: () => count }
}

function textOf({ entries }: NodeMap): string {
  return entries.map(([key, value]) => `${key} ${value}\n`).join('')
}

describe('the map file', () => {
  it('says what is live, under the comments at its top', async () => {
    const { file, folder, read } = await fileWith(`${HEAD}share:green 0\n# gone\ncohort:beta blue\n`)
    const own = nodeMap(500, 2)
    expect(await keepMapFile(file, liveMap(own), BOUNDS)).toBeNull()
    expect(await read()).toBe(`${HEAD}${textOf(own)}`)
    expect(await readdir(folder)).toEqual(['split.map'])
  })

  it.each(['', '# only a comment\n', 'share:green 0'])('takes a file with %j', async (before) => {
    const { file, read } = await fileWith(before)
    const own = nodeMap(500, 2)
    expect(await keepMapFile(file, liveMap(own), BOUNDS)).toBeNull()
    expect(await read()).toBe(`${before.startsWith('#') ? before : ''}${textOf(own)}`)
  })

  it('keeps its mode and its owner', async () => {
    const { file } = await fileWith(HEAD)
    await chmod(file, 0o640)
    if (process.getuid?.() === 0) await chown(file, 4_711, 4_712)
    const before = await stat(file)
    await keepMapFile(file, liveMap(nodeMap(500, 2)), BOUNDS)
    const after = await stat(file)
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
    expect(after.ino).not.toBe(before.ino)
  })

  it('is replaced where it is when its name is a link', async () => {
    const { file, folder, read } = await fileWith(HEAD)
    const link = join(folder, 'link.map')
    await symlink(file, link)
    const own = nodeMap(500, 2)
    expect(await keepMapFile(link, liveMap(own), BOUNDS)).toBeNull()
    expect(await read()).toBe(`${HEAD}${textOf(own)}`)
  })

  it('is rid of what a killed worker has left beside it, once that is old', async () => {
    const { file, folder } = await fileWith(HEAD)
    for (const name of ['split.map.a.draft', 'split.map.b.draft', 'other.map.c.draft'])
      await writeFile(join(folder, name), '')
    for (const name of ['split.map.a.draft', 'other.map.c.draft']) await utimes(join(folder, name), 1, 1)
    await keepMapFile(file, liveMap(nodeMap(500, 2)), BOUNDS)
    expect((await readdir(folder)).sort()).toEqual(['other.map.c.draft', 'split.map', 'split.map.b.draft'])
  })

  it('is left to a newer write that is live already, and says what that one says', async () => {
    const { file, read } = await fileWith(HEAD)
    const newer = nodeMap(0, 3)
    expect(await keepMapFile(file, liveMap(nodeMap(500, 2), [[newer]]), BOUNDS)).toBeNull()
    expect(await read()).toBe(`${HEAD}${textOf(newer)}`)
  })

  it('is written anew by one who was so slow that a newer write had come in between', async () => {
    const { file, read } = await fileWith(HEAD)
    const [own, newer] = [nodeMap(500, 2), nodeMap(0, 3)]
    expect(await keepMapFile(file, liveMap(own, [[own], [newer]]), BOUNDS)).toBeNull()
    expect(await read()).toBe(`${HEAD}${textOf(newer)}`)
  })

  it('says what the newest node says, and never what another hand has changed', async () => {
    const { file, read } = await fileWith(HEAD)
    const [own, newer] = [nodeMap(500, 2), nodeMap(700, 4)]
    const entries = nodeMap(100, 9).entries.map(
      ([key, value]) => [key, key === 'share:green' ? '9999' : value] as const,
    )
    const foreign = { entries, map: readSplitMap(entries, POOLS) }
    expect(await keepMapFile(file, liveMap(own, [[own, newer, foreign]]), BOUNDS)).toBeNull()
    expect(await read()).toBe(`${HEAD}${textOf(newer)}`)
  })

  it('is left as it is, and that is said, when nobody can say what is live', async () => {
    const { file, read } = await fileWith(HEAD)
    expect(await keepMapFile(file, liveMap(nodeMap(500, 2), [[]]), BOUNDS)).toMatch(/no HAProxy node says what is live/)
    expect(await read()).toBe(HEAD)
  })

  it('is not chased for ever', async () => {
    const { file } = await fileWith(HEAD)
    const looks = Array.from({ length: 40 }, (_, index) => [nodeMap(500, 3 + index)])
    expect(await keepMapFile(file, liveMap(nodeMap(500, 2), looks), BOUNDS)).toMatch(/changed 5 times/)
  })

  it.each<[string, (file: string) => Promise<unknown>, RegExp]>([
    ['is not there', (file) => rm(file), /ENOENT/],
    [
      'is a folder',
      async (file) => {
        await rm(file)
        await mkdir(file)
      },
      /it is a folder/,
    ],
    ['is far too long for a map', (file) => writeFile(file, '#'.repeat(5_000_000)), /more than 4194304 bytes/],
  ])('that %s is told, and nothing is left behind', async (_, damage, words) => {
    const { file, folder } = await fileWith(HEAD)
    await damage(file)
    const before = await readdir(folder)
    const warning = await keepMapFile(file, liveMap(nodeMap(500, 2)), BOUNDS)
    expect(warning).toMatch(words)
    expect(warning).toContain(file)
    expect(await readdir(folder)).toEqual(before)
  })

  it('of a disk that hangs does not hold the change up', async () => {
    const { file, read } = await fileWith(HEAD)
    const own = nodeMap(500, 2)
    const hanging: LiveMap = { ...liveMap(own), look: () => new Promise(() => undefined) }
    expect(await keepMapFile(file, hanging, { deadline: 50, signal: open() })).toMatch(/no whole write within 50ms/)
    expect(await read()).toBe(HEAD)
  })
})

describe.skipIf(!requireServer('haproxy'))('a HAProxy whose map file is kept', () => {
  const persisted = async (nodes = 1) => {
    const path = await dataPath(cleanups, nodes)
    const persist = path.servers[0]?.map ?? ''
    return { path, servers: path.servers, persist, router: routerFor(path.servers, { persist }) }
  }

  it.each(['reload', 'restart'] as const)('has everybody stay on the second pool over a %s', async (how) => {
    const { path, servers, router } = await persisted()
    const promoted = wish(FULL_WEIGHT, 7)
    expect(await router.apply(promoted, open())).toEqual({ warning: null })
    await servers[0]?.[how]()
    const observed = await router.read(open())
    expect(isRoutedAs(observed, promoted)).toBe(true)
    expect(observed.fence).toEqual(promoted.fence)
    const answers = await Promise.all(Array.from({ length: 50 }, (_, user) => path.send({ 'x-user': `user-${user}` })))
    expect(answers.filter(({ pool }) => pool !== 'green')).toEqual([])
    const fresh = routerFor(servers, { persist: servers[0]?.map ?? '' })
    await expect(fresh.apply(wish(0, 6), open())).rejects.toMatchObject({ code: 'router.fenced' })
  })

  it('comes back with the last cohorts, and its file has its comments still', async () => {
    const { servers, router, persist } = await persisted()
    const comments = (await readFile(persist, 'utf8')).split('\n').filter((line) => line.startsWith('#'))
    await router.apply(wish(300, 1, ['beta', 'internal']), open())
    await router.apply(wish(400, 2, ['beta']), open())
    await servers[0]?.reload()
    expect(isRoutedAs(await router.read(open()), wish(400, 2, ['beta']))).toBe(true)
    expect((await readFile(persist, 'utf8')).split('\n').filter((line) => line.startsWith('#'))).toEqual(comments)
  })

  it('is live although its file could not be written, which is said', async () => {
    const { server } = await oneNode(cleanups)
    const router = routerFor([server], { persist: join(dirname(server.map), 'no-such', 'split.map') })
    const { warning } = await router.apply(wish(500, 1), open())
    expect(warning).toMatch(/no-such\/split\.map could not be written \(ENOENT.*\): a reload of HAProxy brings back/)
    expect(isRoutedAs(await router.read(open()), wish(500, 1))).toBe(true)
  })

  it('has its file written although one node of the fleet did not answer', async () => {
    const { servers, router } = await persisted(2)
    await servers[1]?.stop()
    await expect(router.apply(wish(FULL_WEIGHT, 3), open())).rejects.toMatchObject({ code: 'router.unreachable' })
    await servers[0]?.reload()
    expect((await routerFor(servers.slice(0, 1)).read(open())).split['green']).toBe(FULL_WEIGHT)
  })

  it('has the last change after all when a worker was killed before it wrote the file, and another one tries again', async () => {
    const { servers, router, persist } = await persisted()
    await routerFor(servers).apply(wish(FULL_WEIGHT, 4), open())
    expect(await readFile(persist, 'utf8')).toContain('share:green 0')
    await router.apply(wish(FULL_WEIGHT, 4), open())
    await servers[0]?.restart()
    expect(isRoutedAs(await router.read(open()), wish(FULL_WEIGHT, 4))).toBe(true)
  })

  it('leaves nothing older in its file than what is live, whichever writer is the slow one', async () => {
    const { servers, persist } = await persisted()
    const [server] = servers
    if (server === undefined) throw new Error('no server')
    // The first look after the commit is the one right before the file changes; held there, a writer is overtaken.
    let looks = 0
    let letGo: () => void = () => undefined
    const isHeld = { yet: false }
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const slow = await relayTo(cleanups, server.socket, {
      async onAnswer(request) {
        if (!request.startsWith('show info;show map')) return
        looks += 1
        // Of its four looks: before the change, after the commit, before the file changes, after it.
        if (looks !== 3) return
        isHeld.yet = true
        await gate
      },
    })
    const slowly = routerFor([{ ...server, socket: slow.address }], { persist, deadline: '20s' })
    const first = slowly.apply(wish(5_000, 1), open())
    await waitFor('the slow writer to be held', async () => (isHeld.yet ? true : null))
    await routerFor([server], { persist }).apply(wish(0, 2), open())
    letGo()
    await first
    await server.reload()
    expect(isRoutedAs(await routerFor([server]).read(open()), wish(0, 2))).toBe(true)
  })

  it('survives its restart, as its capabilities say exactly when the file is kept', () => {
    const options = { kind: 'haproxy', sockets: ['/run/a.sock'], map: '/etc/a.map' }
    const persist = '/etc/a.map'
    expect(haproxyRouter.capabilitiesWith({ ...options, persist }).survivesRestart).toBe(true)
    expect(haproxyRouter.open({ ...options, persist }, { pools: POOLS }).capabilities.survivesRestart).toBe(true)
    expect(haproxyRouter.capabilitiesWith(options).survivesRestart).toBe(false)
    expect(() => haproxyRouter.capabilitiesWith({ ...options, persist: 'a.map' })).toThrow(
      expect.objectContaining({ code: 'config.invalid', received: expect.stringContaining('persist') }),
    )
  })
})
