import { writeFile } from 'node:fs/promises'
import { Agent, request as send } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeError } from '../../src/domain/errors.ts'
import { fenceOf } from '../../src/domain/fenced-error.ts'
import { embeddedRouter } from '../../src/routers/embedded.ts'
import type { DesiredRouting } from '../../src/routers/router.ts'
import {
  type Answer,
  describeRouterContract,
  type RouterWorld,
  type SentRequest,
} from '../contracts/router-contract.ts'
import { runPlane, serve, temporaryFolder } from '../embedded/running.ts'

const pools = ['blue', 'green'] as const
const signal = new AbortController().signal

describeRouterContract('the embedded router', async (): Promise<RouterWorld> => {
  const plane = await runPlane()
  const agent = new Agent({ keepAlive: true, maxSockets: 40 })
  // Stands where the admin API stands and goes silent on demand; the calls that were held go through at the thaw.
  let isFrozen = false
  let held: (() => void)[] = []
  const gate = await serve((incoming, outgoing) => {
    const pass = () => {
      const headers = { ...incoming.headers, host: new URL(plane.admin()).host }
      const onward = send(`${plane.admin()}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      onward.on('error', () => outgoing.destroy())
      onward.end(body)
    }
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => (isFrozen ? held.push(pass) : pass()))
  })
  return {
    pools,
    connect: () => embeddedRouter.open({ kind: 'embedded', admin: gate.url, deadline: '1s' }, { pools }),
    async meddle(split) {
      const routing = (await plane.routing()) as { cohorts: unknown; fence: unknown }
      const { cohorts, fence } = routing
      await plane.put({ split, cohorts, fence })
    },
    async freeze() {
      isFrozen = true
    },
    async thaw() {
      isFrozen = false
      for (const pass of held) pass()
      held = []
    },
    stop: gate.stop,
    restart: plane.restart,
    send: (requests) => Promise.all(requests.map((each) => visit(agent, plane.url(), each))),
    async teardown() {
      agent.destroy()
      await gate.stop()
      await plane.stop()
    },
  }
})

describe('the embedded router', () => {
  let stop: () => Promise<void> = async () => {}
  beforeEach(() => {
    stop = async () => {}
  })
  afterEach(() => stop())

  it('says how many services of each pool can be reached', async () => {
    const plane = await runPlane()
    stop = plane.stop
    const router = embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { pools })
    expect(await router.health?.(signal)).toEqual({ blue: { ready: 1, total: 1 }, green: { ready: 1, total: 1 } })
    await plane.green.stop()
    expect(await router.health?.(signal)).toEqual({ blue: { ready: 1, total: 1 }, green: { ready: 0, total: 1 } })
  })

  async function routerTo(status: number, body: string, headers: Record<string, string> = {}) {
    const server = await serve((_, response) => response.writeHead(status, headers).end(body))
    stop = server.stop
    return embeddedRouter.open({ kind: 'embedded', admin: server.url }, { pools })
  }

  const routing = (change: Record<string, unknown> = {}) =>
    JSON.stringify({
      ...{ split: { blue: 10_000, green: 0 }, cohorts: {}, fence: { release: 1, epoch: 1 } },
      ...{ incarnation: 'a', served: { blue: 0, green: 0 } },
      ...change,
    })
  const wish: DesiredRouting = {
    roles: { stable: 'blue', canary: 'green' },
    exposure: { weight: 100, cohorts: [] },
    fence: { release: 5, epoch: 1 },
  }

  it.each<[string, number, string, string, string]>([
    ['a page', 200, '<html>hello</html>', 'router.misconfigured', 'hello'],
    ['nothing', 200, '', 'router.misconfigured', 'nothing'],
    ['no content', 204, '', 'router.refused', '204'],
    ['half a routing', 200, '{"split":{"blue":9000,"green":1000}}', 'router.misconfigured', 'split'],
    ['a list', 200, '[]', 'router.misconfigured', '[]'],
    ['null', 200, 'null', 'router.misconfigured', 'null'],
    ['shares that are no whole', 200, routing({ split: { blue: 9_000, green: 500 } }), 'router.misconfigured', '9000'],
    ['shares that are text', 200, routing({ split: { blue: '10000', green: '0' } }), 'router.misconfigured', '"10000"'],
    ['a fence that is text', 200, routing({ fence: '1:1' }), 'router.misconfigured', '1:1'],
    ['a key too many', 200, routing({ status: 'ok' }), 'router.misconfigured', 'status'],
    ['pools of another target', 200, routing({ split: { a: 10_000, b: 0 } }), 'router.misconfigured', 'a and b'],
    ['that there is no such page', 404, '{}', 'router.misconfigured', '404'],
    ['that it wants a password', 401, 'who are you?', 'router.refused', 'who are you?'],
    ['that its disk is full', 500, '{"error":"the disk is full"}', 'router.refused', 'the disk is full'],
  ])('takes what reads out %s for what it is', async (_, status, body, code, words) => {
    const router = await routerTo(status, body)
    const received = expect.stringContaining(words)
    await expect(router.read(signal)).rejects.toMatchObject({ code, received })
  })

  it.each<[string, number, string, string, string]>([
    ['with a page', 200, '<html>ok</html>', 'router.misconfigured', 'ok'],
    ['with a routing that has not taken it', 200, routing(), 'router.not-applied', 'the fence 1:1'],
    ['with a routing that has taken nothing', 200, routing({ fence: null }), 'router.not-applied', 'no fence'],
    ['that a newer fence has been taken, and not which', 409, '{"error":"too late"}', 'router.refused', 'too late'],
    ['that an older fence is newer', 409, routing({ fence: { release: 4, epoch: 9 } }), 'router.refused', '409'],
  ])('takes an answer to a change %s for what it is', async (_, status, body, code, words) => {
    const router = await routerTo(status, body)
    await expect(router.apply(wish, signal)).rejects.toMatchObject({ code, received: expect.stringContaining(words) })
  })

  it('carries the newest fence, of every number there is, with the error', async () => {
    const fence = { release: 999_999_999_999_999, epoch: 1 }
    const router = await routerTo(409, JSON.stringify({ error: 'a newer fence has been taken', fence }))
    const error: unknown = await router.apply(wish, signal).catch((reason: unknown) => reason)
    expect(fenceOf(error)).toEqual(fence)
  })

  it('does not follow a redirect, and says that there was one', async () => {
    const router = await routerTo(302, '', { location: 'http://127.0.0.1:9/routing' })
    await expect(router.read(signal)).rejects.toMatchObject({
      code: 'router.refused',
      received: expect.stringContaining('redirect'),
    })
  })

  it('stops reading an answer that has no end, and says so', async () => {
    const router = await routerTo(200, ' '.repeat(1_000_000))
    await expect(router.read(signal)).rejects.toMatchObject({
      code: 'router.refused',
      received: expect.stringContaining('262144'),
    })
  })

  it.each([
    ['an SSH server', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['a Redis', '-ERR unknown command\r\n'],
    ['a page without a head', '<html>It works!</html>'],
  ])('takes %s for no data plane, and says what it heard', async (_, text) => {
    const server = createServer((socket) => void socket.on('error', () => undefined).end(text))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stop = async () => void server.close()
    const { port } = server.address() as AddressInfo
    const router = embeddedRouter.open({ kind: 'embedded', admin: `http://127.0.0.1:${port}` }, { pools })
    await expect(router.read(signal)).rejects.toMatchObject({
      code: 'router.refused',
      received: expect.stringContaining(JSON.stringify(text).slice(1, 10)),
    })
  })

  it('refuses a data plane that has other pools than the target', async () => {
    const plane = await runPlane()
    stop = plane.stop
    const router = embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { pools: ['blue', 'teal'] })
    await expect(router.read(signal)).rejects.toMatchObject({ code: 'router.misconfigured' })
    const unknown = { ...wish, roles: { stable: 'blue', canary: 'teal' } }
    await expect(router.apply(unknown, signal)).rejects.toMatchObject({ code: 'router.misconfigured' })
  })
})

describe('the secret of the data plane', () => {
  const secret = 'known-to-worker-and-data-plane'
  afterEach(() => vi.unstubAllEnvs())

  async function open(options: Record<string, unknown>, used = secret) {
    const plane = await runPlane({ secret: used })
    cleanups.push(plane.stop)
    return { plane, router: embeddedRouter.open({ kind: 'embedded', admin: plane.admin(), ...options }, { pools }) }
  }
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const clean of cleanups.splice(0)) await clean()
  })

  it('is read from its file at each call, so that it may change while releases run', async () => {
    const folder = await temporaryFolder()
    cleanups.push(folder.remove)
    const secretFile = join(folder.path, 'secret')
    const { router } = await open({ secretFile })
    await expect(router.read(signal)).rejects.toMatchObject({ code: 'router.refused' })
    await writeFile(secretFile, `${secret}\n`)
    expect(await router.apply(wishOf(100), signal)).toEqual({ warning: null })
    expect(await router.read(signal)).toMatchObject({ split: { blue: 9_900, green: 100 } })
  })

  it('may come from the environment of the worker', async () => {
    vi.stubEnv('TEST_PLANE_SECRET', secret)
    const { router } = await open({ secret: { env: 'TEST_PLANE_SECRET' } })
    expect(await router.read(signal)).toMatchObject({ fence: null })
  })

  it.each([
    ['no secret', {}, 'secretFile'],
    ['one that is not set', { secret: { env: 'TEST_PLANE_UNSET' } }, 'secretFile'],
    ['a file that is not there', { secretFile: '/nonexistent/secret' }, 'secretFile'],
  ])(
    'that is asked for is refused with %s, can be mended while it runs, and is never shown',
    async (_, options, fix) => {
      const { router } = await open(options)
      const problem = await router.read(signal).catch((error: unknown) => error)
      expect(problem).toMatchObject({ code: 'router.refused', fix: expect.stringContaining(fix) })
      expect(describeError(problem)).not.toContain(secret)
    },
  )

  it('does not stand in sluice.yaml', () => {
    expect(embeddedRouter.options.safeParse({ kind: 'embedded', admin: 'http://127.0.0.1:1', secret }).success).toBe(
      false,
    )
  })
})

describe('what the data plane has to say', () => {
  it('is a warning of the change: a state file that was damaged, a disk that takes nothing', async () => {
    const plane = await runPlane()
    try {
      await plane.stopPlane()
      await writeFile(plane.stateFile, 'damaged')
      await plane.restart()
      const router = embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { pools })
      const { warning } = await router.apply(wishOf(100), signal)
      expect(warning).toMatch(/routing\.json was damaged .* everybody was put on blue$/)
      expect(await router.apply(wishOf(200, 2), signal)).toEqual({ warning: null })
    } finally {
      await plane.stop()
    }
  })
})

describe('the seed of the users', () => {
  const target = { service: 'checkout', environment: 'production' }
  it.each([
    ['service', 'checkout/production', 'checkout/production'],
    ['release', 'checkout/production#1', 'checkout/production#2'],
  ])('per %s is kept for a whole release', async (seed, first, second) => {
    const plane = await runPlane()
    try {
      const router = embeddedRouter.open({ kind: 'embedded', admin: plane.admin(), seed }, { pools, target })
      for (const [epoch, weight] of [100, 1_000, 5_000].entries()) {
        await router.apply(wishOf(weight, epoch + 1), signal)
        expect(await plane.routing()).toMatchObject({ seed: first })
      }
      await router.apply(wishOf(0, 4), signal)
      await router.apply(wishOf(100, 1, 2), signal)
      expect(await plane.routing()).toMatchObject({ seed: second })
    } finally {
      await plane.stop()
    }
  })

  it('is left as it is by an adapter that does not know its target', async () => {
    const plane = await runPlane()
    try {
      const router = embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { pools })
      await router.apply(wishOf(100), signal)
      expect(await plane.routing()).toMatchObject({ seed: null })
    } finally {
      await plane.stop()
    }
  })
})

function wishOf(weight: number, epoch = 1, release = 1): DesiredRouting {
  return {
    roles: { stable: 'blue', canary: 'green' },
    exposure: { weight, cohorts: [] },
    fence: { release, epoch },
  }
}

function visit(agent: Agent, url: string, { user, cohort }: SentRequest): Promise<Answer> {
  const headers = { 'x-user': user, ...(cohort === undefined ? {} : { 'x-cohort': cohort }) }
  return new Promise((resolve) => {
    send(url, { agent, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () =>
        resolve(answer.statusCode === 200 ? { pool: text } : { pool: null, failure: `${answer.statusCode}` }),
      )
      answer.on('error', (error) => resolve({ pool: null, failure: error.message }))
    })
      .on('error', (error) => resolve({ pool: null, failure: error.message }))
      .end()
  })
}
