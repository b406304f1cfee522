import { type ChildProcess, fork } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compileFiles } from '../../embedded/compiled.ts'
import { open } from '../../support/calls.ts'
import type { HaproxyServer } from '../../support/haproxy-server.ts'
import { requireServer } from '../../support/require-server.ts'
import { freezeProcess, waitFor } from '../../support/server-process.ts'
import { createCleanups, oneNode, relayTo, routerFor, wish } from './harness.ts'

const WRITER = 'test/routers/haproxy/frozen-writer.ts'
const LIFETIME = 400
const cleanups = createCleanups()
let compiled: Awaited<ReturnType<typeof compileFiles>>

beforeAll(async () => {
  compiled = await compileFiles([WRITER])
}, 120_000)
afterAll(() => compiled.remove())
afterEach(cleanups.run)

/** The commands of a write, by what only they say; each is the last one before the freeze once. */
const MOMENTS = [
  ['its place in the row', 'prepare map'],
  ['the fence', 'show map;show map'],
  ['the new entries', 'add map'],
  ['a look at them', 'show map @'],
] as const

describe.skipIf(!requireServer('haproxy'))('a worker that is frozen in the middle of a write', () => {
  it.each(MOMENTS)('after %s (%s) does not go on, even where HAProxy has forgotten its fence', async (_, moment) => {
    const { server } = await oneNode(cleanups)
    const { ended, map } = await freezeAt(moment, server, true)
    expect(ended).toBe('router.stale-write')
    expect(map).toEqual(['share:green 0'])
  })

  it('would go on without a permit', async () => {
    const { server } = await oneNode(cleanups)
    const { ended, map } = await freezeAt('show map @', server, false)
    expect(ended).toBe('landed')
    expect(map).toContain('share:green 5000')
  })
})

/**
 * Starts a writer, freezes it when the answer to `moment` is on its way, ends its release by a newer write, restarts
 * HAProxy, which comes back without any fence, and lets the writer go on when its permit must be over.
 */
async function freezeAt(moment: string, server: HaproxyServer, asks: boolean) {
  const current: { writer?: ChildProcess } = {}
  let frozen: () => void = () => undefined
  const isFrozen = new Promise<void>((resolve) => {
    frozen = resolve
  })
  let isFirst = true
  const relay = await relayTo(cleanups, server.socket, {
    async onAnswer(text) {
      if (!isFirst || !text.startsWith(moment)) return
      isFirst = false
      await freezeProcess(current.writer?.pid ?? 0)
      frozen()
    },
  })
  const task = { socket: relay.address, map: server.map, wish: wish(5_000, 1), lifetime: LIFETIME, asks }
  const writer = fork(compiled.path(WRITER), [JSON.stringify(task)], { stdio: 'inherit', execArgv: [] })
  current.writer = writer
  cleanups.add(() => void writer.kill('SIGKILL'))
  const answers = ['yes', 'no']
  const ending = new Promise<string>((resolve) => {
    writer.on('message', (message: { asks?: true; ended?: string }) => {
      if (message.ended === undefined) writer.send(answers.shift() ?? 'no')
      else resolve(message.ended)
    })
  })
  await isFrozen
  const frozenAt = performance.now()
  await routerFor([server]).apply(wish(0, 2), open())
  await server.reload()
  await waitFor('the permit to be over', async () => (performance.now() - frozenAt > LIFETIME ? true : null))
  process.kill(writer.pid ?? 0, 'SIGCONT')
  const ended = await ending
  const lines = await server.command(`show map ${server.map}`)
  return { ended, map: lines.map((line) => line.split(' ').slice(1).join(' ')) }
}
