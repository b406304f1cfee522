import { Agent, request as send } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embeddedRouter } from '../../src/routers/embedded.ts'
import type { DesiredRouting } from '../../src/routers/router.ts'
import {
  type Answer,
  describeRouterContract,
  type RouterWorld,
  type SentRequest,
} from '../contracts/router-contract.ts'
import { runPlane, serve } from '../embedded/running.ts'

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
      const onward = send(
        `${plane.admin()}${incoming.url}`,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        },
      )
      onward.on('error', () => outgoing.destroy())
      onward.end(body)
    }
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => (isFrozen ? held.push(pass) : pass()))
  })
  return {
    pools,
    connect: () => embeddedRouter.open({ kind: 'embedded', admin: gate.url, deadline: '300ms' }, { pools }),
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

  async function routerTo(status: number, body: string, headers: Record<string, string> = {}) {
    const server = await serve((_, response) => response.writeHead(status, headers).end(body))
    stop = server.stop
    return embeddedRouter.open({ kind: 'embedded', admin: server.url }, { pools })
  }

  it.each([
    [200, '<html>hello</html>', 'router.misconfigured'],
    [200, '{"split":{"blue":9000,"green":1000}}', 'router.misconfigured'],
    [404, '{}', 'router.misconfigured'],
    [500, '{"error":"the disk is full"}', 'router.refused'],
  ])('takes a %s with %s for %s', async (status, body, code) => {
    const router = await routerTo(status, body)
    await expect(router.read(signal)).rejects.toMatchObject({ code })
  })

  it('does not follow a redirect', async () => {
    const router = await routerTo(302, '', { location: 'http://127.0.0.1:9/routing' })
    await expect(router.read(signal)).rejects.toMatchObject({
      code: 'router.unreachable',
      received: expect.stringContaining('redirect'),
    })
  })

  it('stops reading an answer that has no end', async () => {
    const router = await routerTo(200, ' '.repeat(1_000_000))
    await expect(router.read(signal)).rejects.toMatchObject({
      code: 'router.unreachable',
      received: expect.stringContaining('262144'),
    })
  })

  it('refuses a data plane that has other pools than the target', async () => {
    const plane = await runPlane()
    stop = plane.stop
    const router = embeddedRouter.open({ kind: 'embedded', admin: plane.admin() }, { pools: ['blue', 'teal'] })
    await expect(router.read(signal)).rejects.toMatchObject({ code: 'router.misconfigured' })
    const wish: DesiredRouting = {
      roles: { stable: 'blue', canary: 'teal' },
      exposure: { weight: 100, cohorts: [] },
      fence: { release: 1, epoch: 1 },
    }
    await expect(router.apply(wish, signal)).rejects.toMatchObject({ code: 'router.misconfigured' })
  })
})

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
