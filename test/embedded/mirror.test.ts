import type { IncomingMessage, RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningPlane, runPlane } from './running.ts'

const planes: RunningPlane[] = []
afterEach(async () => {
  await Promise.all(planes.splice(0).map((plane) => plane.stop()))
})

/** A data plane whose blue pool answers, and whose green one gets copies. */
async function mirrored(
  green: RequestListener,
  { share = 10_000, patience = 5_000 }: { readonly share?: number; readonly patience?: number } = {},
): Promise<RunningPlane> {
  const plane = await runPlane({ green, patience })
  planes.push(plane)
  const change = await plane.put({ ...ALL_ON_BLUE, mirror: { pool: 'green', share } })
  expect(change.status).toBe(200)
  return plane
}
const ALL_ON_BLUE = { split: { blue: 10_000, green: 0 }, cohorts: {}, fence: { release: 1, epoch: 1 } }

/** A service that remembers what it was asked, and answers with the status that it is given. */
function listening(status = 200) {
  const heard: IncomingMessage[] = []
  const service: RequestListener = (request, response) => {
    heard.push(request)
    response.writeHead(status, { 'x-sluice-event': 'view' }).end('from green')
  }
  return { heard, service }
}

const served = (plane: RunningPlane) => plane.routing().then((routing) => routing['served'])

describe('copies of requests', () => {
  it('go to the other pool with all that the user sent and a header that says so, while the user has the answer of stable', async () => {
    const { heard, service } = listening(500)
    const plane = await mirrored(service)
    const answer = await fetch(`${plane.url()}/cart?item=7`, {
      headers: { 'x-user': 'ann', cookie: 'a=1', 'x-sluice-copy': 'forged' },
    })
    expect([answer.status, await answer.text(), answer.headers.get('x-sluice-pool')]).toEqual([
      ...[200, 'blue', 'blue; why=weight'],
    ])
    await expect.poll(() => heard.length).toBe(1)
    const [copy] = heard
    expect([copy?.method, copy?.url]).toEqual(['GET', '/cart?item=7'])
    expect(copy?.headers).toMatchObject({ 'x-user': 'ann', cookie: 'a=1', 'x-sluice-copy': '1' })
  })

  it('never say so of a request that is none', async () => {
    const asked: IncomingMessage[] = []
    const plane = await runPlane({
      blue: (request, response) => {
        asked.push(request)
        response.end()
      },
    })
    planes.push(plane)
    await fetch(plane.url(), { headers: { 'x-sluice-copy': '1' } })
    expect(asked[0]?.headers['x-sluice-copy']).toBeUndefined()
  })

  it('count for the canary in a series of their own, and not as served', async () => {
    const { service } = listening(500)
    const plane = await mirrored(service)
    await fetch(plane.url())
    await plane.until('sluice_proxy_requests_total{pool="green",copy="yes",code="500"} 1')
    await plane.until('sluice_proxy_requests_started_total{pool="green",copy="yes"} 1')
    await plane.until('sluice_proxy_events_total{pool="green",copy="yes",event="view"} 1')
    await plane.until('sluice_proxy_request_duration_seconds_count{pool="green",copy="yes"} 1')
    expect(await served(plane)).toEqual({ blue: 1, green: 0 })
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('are not made of %s', async (method) => {
    const { heard, service } = listening()
    const plane = await mirrored(service)
    await fetch(plane.url(), { method })
    // What came later has arrived, so that nothing is still to come of what was before it.
    await fetch(plane.url(), { method: 'HEAD' })
    await expect.poll(() => heard.map((one) => one.method)).toEqual(['HEAD'])
  })

  it('are made of the share that was asked for, and of none once it is off', async () => {
    const { heard, service } = listening()
    const plane = await mirrored(service, { share: 2_500 })
    const ask = (count: number) =>
      Promise.all(Array.from({ length: count }, async () => (await fetch(plane.url())).text()))
    for (let round = 0; round < 20; round += 1) await ask(20)
    const dropped = /copies_dropped_total\{pool="green"\} (\d+)/.exec(await plane.metricsText())?.[1] ?? 0
    // 400 requests, a quarter of them: five standard deviations on either side.
    await expect.poll(() => heard.length + Number(dropped)).toBeGreaterThan(100 - 44)
    expect(heard.length).toBeLessThan(100 + 44)
    await plane.put({ ...ALL_ON_BLUE, fence: { release: 1, epoch: 2 } })
    await Promise.all(Array.from({ length: 40 }, () => fetch(`${plane.url()}/late`)))
    expect(heard.map(({ url }) => url)).not.toContain('/late')
  })

  it('outlive a restart of the data plane', async () => {
    const { heard, service } = listening()
    const plane = await mirrored(service)
    await plane.restart()
    expect(await plane.routing()).toMatchObject({ mirror: { pool: 'green', share: 10_000 } })
    await fetch(plane.url())
    await expect.poll(() => heard.length).toBe(1)
  })

  it('are not made of what the canary answers itself', async () => {
    const { heard, service } = listening()
    const plane = await mirrored(service)
    await plane.put({
      ...{ ...ALL_ON_BLUE, fence: { release: 1, epoch: 2 } },
      ...{ cohorts: { beta: 'green' }, mirror: { pool: 'green', share: 10_000 } },
    })
    await fetch(plane.url(), { headers: { 'x-cohort': 'beta' } })
    expect(heard.map(({ headers }) => headers['x-sluice-copy'])).toEqual([undefined])
  })
})

describe('a canary that gets copies', () => {
  it('and hangs keeps no user waiting: copies beyond a bound are dropped and counted', async () => {
    let hanging = 0
    const plane = await mirrored(() => {
      hanging += 1
    })
    for (let round = 0; round < 10; round += 1)
      expect(await Promise.all(Array.from({ length: 10 }, async () => (await fetch(plane.url())).text()))).toEqual(
        Array.from({ length: 10 }, () => 'blue'),
      )
    await expect.poll(() => hanging).toBe(64)
    await plane.until('sluice_proxy_copies_dropped_total{pool="green"} 36')
    await plane.until('sluice_proxy_requests_total{pool="blue",code="200"} 100')
  })

  it('and stays silent has failed after the time that users would wait', async () => {
    const plane = await mirrored(() => undefined, { patience: 200 })
    await fetch(plane.url())
    await plane.until('sluice_proxy_requests_total{pool="green",copy="yes",code="504"} 1')
    await plane.until('sluice_proxy_service_failures_total{pool="green",reason="silent"} 1')
  })

  it('and is dead, or breaks off, has failed, and no user notices', async () => {
    const plane = await mirrored((request) => request.socket.destroy())
    expect(await (await fetch(plane.url())).text()).toBe('blue')
    await plane.until('sluice_proxy_requests_total{pool="green",copy="yes",code="502"} 1')
    await plane.green.stop()
    expect(await (await fetch(plane.url())).text()).toBe('blue')
    await plane.until('sluice_proxy_requests_total{pool="green",copy="yes",code="502"} 2')
    await plane.until('sluice_proxy_service_failures_total{pool="green",reason="refused"} 1')
  })

  it('and answers for ever is let go of, which counts neither for nor against it', async () => {
    const plane = await mirrored(
      (_, response) => {
        const more = setInterval(() => response.write('x'), 20)
        response.once('close', () => clearInterval(more))
      },
      { patience: 200 },
    )
    await fetch(plane.url())
    await plane.until('sluice_proxy_requests_total{pool="green",copy="yes",code="left"} 1')
  })
})
