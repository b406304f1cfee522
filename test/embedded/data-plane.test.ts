import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startDataPlane } from '../../src/embedded/data-plane/data-plane.ts'
import { scrapeSource } from '../../src/metrics/scrape.ts'
import { parseExposition } from '../../src/metrics/text-exposition.ts'
import { exchangeRaw } from './raw.ts'
import { type RunningPlane, runPlane } from './running.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})

async function run(services: Parameters<typeof runPlane>[0] = {}): Promise<RunningPlane> {
  const plane = await runPlane(services)
  cleanups.push(plane.stop)
  return plane
}

const toGreen = (epoch = 1, cohorts = {}) => ({
  split: { blue: 0, green: 10_000 },
  cohorts,
  fence: { release: 1, epoch },
})
const toBlue = (epoch: number, cohorts = {}) => ({
  split: { blue: 10_000, green: 0 },
  cohorts,
  fence: { release: 1, epoch },
})

describe('the proxy', () => {
  it('passes method, path, body and headers on and the answer back, each without the headers of the connection', async () => {
    const plane = await run({
      blue: (request, response) => {
        let body = ''
        request.on('data', (chunk: Buffer) => (body += chunk.toString()))
        request.on('end', () => {
          response.writeHead(201, { 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] })
          response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
        })
      },
    })
    const response = await fetch(`${plane.url()}/cart?id=7`, {
      method: 'POST',
      body: 'apples',
      headers: { 'x-user': 'ada', te: 'trailers' },
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('x-answer')).toBe('yes')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const seen = (await response.json()) as { headers: Record<string, string> }
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/cart?id=7',
      body: 'apples',
      headers: { 'x-user': 'ada', 'x-forwarded-for': '127.0.0.1' },
    })
    expect(Object.keys(seen.headers)).not.toContain('te')
  })

  it('streams large bodies both ways without changing a byte', async () => {
    const plane = await run({ blue: (request, response) => void request.pipe(response) })
    const sent = Buffer.alloc(3_000_000, 'abcdefg')
    const response = await fetch(plane.url(), { method: 'POST', body: sent })
    expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true)
  })

  it('passes a body without a length on', async () => {
    const plane = await run({ blue: (request, response) => void request.pipe(response) })
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['one ', 'two']) controller.enqueue(Buffer.from(part))
        controller.close()
      },
    })
    const response = await fetch(plane.url(), { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(await response.text()).toBe('one two')
  })

  it('says which pool answered and why', async () => {
    const plane = await run()
    await plane.put(toBlue(1, { beta: 'green' }))
    const ask = async (headers: Record<string, string>) =>
      (await fetch(plane.url(), { headers })).headers.get('x-sluice-pool')
    expect(await ask({ 'x-user': 'ada' })).toBe('blue; why=weight')
    expect(await ask({ 'x-user': 'ada', 'x-cohort': 'other, beta' })).toBe('green; why=cohort')
  })

  it('gives a user without a name a cookie once, and keeps them where they are by it', async () => {
    const plane = await run()
    await plane.put({ split: { blue: 5_000, green: 5_000 }, cohorts: {}, fence: { release: 1, epoch: 1 } })
    const first = await fetch(plane.url())
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    expect(cookie).toMatch(/^sluice-user=[0-9a-f-]{36}$/)
    const pool = await first.text()
    for (let request = 0; request < 10; request += 1) {
      const again = await fetch(plane.url(), { headers: { cookie: `theme=dark; ${cookie}` } })
      expect(again.headers.getSetCookie()).toEqual([])
      expect(await again.text()).toBe(pool)
    }
  })

  it('answers 502 for a service that is down and 504 for one that is silent, and counts both', async () => {
    const plane = await run({ green: () => undefined, patience: 50 })
    await plane.blue.stop()
    expect((await fetch(plane.url())).status).toBe(502)
    await plane.put(toGreen())
    expect((await fetch(plane.url())).status).toBe(504)
    const text = await plane.metricsText()
    expect(text).toContain('sluice_proxy_requests_total{pool="blue",code="502"} 1\n')
    expect(text).toContain('sluice_proxy_requests_total{pool="green",code="504"} 1\n')
  })

  it('counts an answer that broke off as an error and passes the break on', async () => {
    const plane = await run({
      blue: (_, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half', () => setTimeout(() => response.destroy(), 20))
      },
    })
    await expect(fetch(plane.url()).then((response) => response.text())).rejects.toThrow('terminated')
    expect(await plane.metricsText()).toContain('sluice_proxy_requests_total{pool="blue",code="502"} 1\n')
  })

  it('counts a client that left at once as neither good nor bad', async () => {
    const plane = await run({ blue: () => undefined })
    const controller = new AbortController()
    const left = fetch(plane.url(), { signal: controller.signal }).catch(() => 'left')
    await plane.until('sluice_proxy_requests_started_total{pool="blue"} 1\n')
    controller.abort()
    expect(await left).toBe('left')
    await plane.until('sluice_proxy_requests_total{pool="blue",code="left"} 1\n')
    expect(await plane.metricsText()).not.toContain('sluice_proxy_request_duration_seconds_count{pool="blue"}')
  })

  it('counts a client that gave up waiting as a failure of the version', async () => {
    const plane = await run({ blue: () => undefined, grace: 0 })
    const controller = new AbortController()
    const left = fetch(plane.url(), { signal: controller.signal }).catch(() => 'left')
    await plane.until('sluice_proxy_requests_started_total{pool="blue"} 1\n')
    controller.abort()
    await left
    await plane.until('sluice_proxy_requests_total{pool="blue",code="499"} 1\n')
  })

  it('does not blame the version when a client breaks off its own upload', async () => {
    const plane = await run({ blue: (request) => void request.resume(), grace: 0 })
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart'
    await exchangeRaw(plane.url(), head, 50)
    await plane.until('sluice_proxy_requests_total{pool="blue",code="left"} 1\n')
  })

  it('does not blame the version when a client does not send what it announced', async () => {
    const plane = await run({ blue: (request) => void request.resume(), patience: 50 })
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart'
    expect(await exchangeRaw(plane.url(), head, 2_000)).toMatch(/^HTTP\/1\.1 408 /)
    expect(await plane.metricsText()).toContain('sluice_proxy_requests_total{pool="blue",code="408"} 1\n')
  })

  it('blames a version that goes silent in the middle of an answer until the client gives up', async () => {
    const plane = await run({ blue: (_, response) => void response.write('half'), grace: 0 })
    const controller = new AbortController()
    await fetch(plane.url(), { signal: controller.signal })
    controller.abort()
    await plane.until('sluice_proxy_requests_total{pool="blue",code="499"} 1\n')
  })

  it('does not blame a version whose stream of events is left', async () => {
    const plane = await run({
      blue: (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n'),
      grace: 0,
    })
    const controller = new AbortController()
    await fetch(plane.url(), { signal: controller.signal })
    controller.abort()
    await plane.until('sluice_proxy_requests_total{pool="blue",code="200"} 1\n')
  })

  it('does not blame a version whose client takes nothing of its answer', async () => {
    const plane = await run({ blue: (_, response) => response.end(Buffer.alloc(30_000_000)), patience: 100 })
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(plane.url()).port) })
    socket.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.pause()
    await plane.until('sluice_proxy_requests_total{pool="blue",code="200"} 1\n')
    socket.destroy()
  })

  it('shows a version that hangs as soon as requests are sent to it', async () => {
    const plane = await run({ blue: () => undefined })
    const controller = new AbortController()
    const waiting = [1, 2, 3].map(() => fetch(plane.url(), { signal: controller.signal }).catch(() => 'left'))
    await plane.until('sluice_proxy_requests_started_total{pool="blue"} 3\n')
    expect(await plane.metricsText()).not.toContain('sluice_proxy_requests_total{pool="blue"')
    expect(await plane.routing()).toMatchObject({ served: { blue: 3 } })
    controller.abort()
    await Promise.all(waiting)
    await plane.until('sluice_proxy_requests_total{pool="blue",code="left"} 3\n')
  })

  it('counts how often a version that had answered takes no connections', async () => {
    const plane = await run()
    for (let restart = 0; restart < 3; restart += 1) {
      await (await fetch(plane.url())).text()
      await plane.blue.stop()
      for (let request = 0; request < 2; request += 1) expect((await fetch(plane.url())).status).toBe(502)
      await plane.blue.start()
    }
    const text = await plane.metricsText()
    expect(text).toContain('sluice_proxy_outages_total{pool="blue"} 3\n')
    expect(text).toContain('sluice_proxy_service_failures_total{pool="blue",reason="refused"} 6\n')
  })

  it('lets no header of a connection take the length of a body away', async () => {
    const paths: string[] = []
    const plane = await run({
      blue: (request, response) => {
        paths.push(request.url ?? '')
        request.resume().on('end', () => response.end('blue'))
      },
    })
    const inner = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'
    const head = `GET /seen HTTP/1.1\r\nHost: x\r\nConnection: content-length\r\nContent-Length: ${inner.length}\r\n\r\n`
    expect(await exchangeRaw(plane.url(), `${head}${inner}`)).toContain('blue')
    expect(paths).toEqual(['/seen'])
  })

  it('does not send a request again that may change something', async () => {
    const paths: string[] = []
    const plane = await run({
      blue: (request, response) => {
        paths.push(`${request.method}`)
        if (request.method === 'DELETE') request.socket.destroy()
        else response.end('blue')
      },
    })
    await (await fetch(plane.url())).text()
    expect((await fetch(plane.url(), { method: 'DELETE' })).status).toBe(502)
    expect(paths).toEqual(['GET', 'DELETE'])
  })

  it('sends a request again when the service closed the idle connection it was sent on', async () => {
    let requests = 0
    // Ends the connection without saying so beforehand, as a service whose keep-alive has run out does.
    const closeAfterEach: RequestListener = (request, response) => {
      requests += 1
      if (requests % 2 === 0) request.socket.destroy()
      else response.end('blue')
    }
    const plane = await run({ blue: closeAfterEach })
    const answers: number[] = []
    for (let request = 0; request < 6; request += 1) answers.push((await fetch(plane.url())).status)
    expect(answers).toEqual([200, 200, 200, 200, 200, 200])
  })

  it('counts events that services report, and keeps the report from the users', async () => {
    const plane = await run({
      blue: (_, response) => response.writeHead(200, { 'x-sluice-event': 'orders' }).end('thanks'),
    })
    const response = await fetch(plane.url())
    await response.text()
    expect(response.headers.get('x-sluice-event')).toBeNull()
    expect(await plane.metricsText()).toContain('sluice_proxy_events_total{pool="blue",event="orders"} 1\n')
  })

  it('does not let a service fill the metrics page with names of events', async () => {
    let count = 0
    const plane = await run({
      blue: (_, response) => {
        count += 1
        response.writeHead(200, { 'x-sluice-event': count === 1 ? 'bad name"' : `event-${count}` }).end()
      },
    })
    for (let request = 0; request < 80; request += 1) await (await fetch(plane.url())).text()
    const lines = (await plane.metricsText())
      .split('\n')
      .filter((line) => line.startsWith('sluice_proxy_events_total{'))
    expect(lines.length).toBe(50)
  })

  it('ends requests that are under way before it closes', async () => {
    const asked: ServerResponse[] = []
    const plane = await run({ blue: (_, response) => void asked.push(response) })
    const answer = fetch(plane.url()).then((response) => response.text())
    await expect.poll(() => asked).toHaveLength(1)
    const stopped = plane.stopPlane()
    asked[0]?.end('late')
    await stopped
    expect(await answer).toBe('late')
  })
})

describe('the metrics page', () => {
  it('can be read by the scrape source, with latencies, errors and events of each pool', async () => {
    let count = 0
    const plane = await run({
      green: (_, response) => {
        count += 1
        response.writeHead(count % 5 === 0 ? 500 : 200, count % 2 === 0 ? { 'x-sluice-event': 'orders' } : {}).end()
      },
    })
    const source = scrapeSource.open(
      {
        kind: 'scrape',
        urls: [`${plane.admin()}/metrics`],
        requests: { metric: 'sluice_proxy_requests_total' },
        errors: { metric: 'sluice_proxy_requests_total', label: 'code', match: { prefix: '5' } },
        latency: { metric: 'sluice_proxy_request_duration_seconds' },
        events: { orders: { metric: 'sluice_proxy_events_total', labels: { event: 'orders' } } },
      },
      { pools: ['blue', 'green'] },
    )
    const roles = { stable: 'blue', canary: 'green' }
    const signal = new AbortController().signal
    const first = await source.observe({ roles, since: null, now: 1, notBefore: 0 }, signal)
    await plane.put(toGreen())
    for (let request = 0; request < 20; request += 1) await (await fetch(plane.url())).text()
    const seen = await source.observe({ roles, since: first.cursor, now: 2, notBefore: 0 }, signal)
    expect(seen.canary).toMatchObject({ kind: 'value', value: { requests: 20, errors: 4, events: { orders: 10 } } })
    const latency = seen.canary.kind === 'value' ? seen.canary.value.latency : null
    expect(latency?.counts.reduce((sum, bucket) => sum + bucket, 0)).toBe(20)
    expect(latency?.upperBoundsSeconds.length).toBeGreaterThanOrEqual(30)
    expect([latency?.upperBoundsSeconds[0], latency?.upperBoundsSeconds.at(-1)]).toEqual([0.001, 10])
  })

  it('has no series of a pool before its first request', async () => {
    const plane = await run()
    await (await fetch(plane.url())).text()
    const page = parseExposition(await plane.metricsText())
    const found = page.ok ? page.samples.map(({ labels }) => labels['pool']).filter((pool) => pool !== undefined) : []
    expect(new Set(found)).toEqual(new Set(['blue']))
  })
})

describe('the admin API', () => {
  it('answers with the routing in force after a change', async () => {
    const plane = await run()
    const answer = await plane.put(toGreen(4, { beta: 'blue' }))
    expect(answer.status).toBe(200)
    const expected = { split: { blue: 0, green: 10_000 }, cohorts: { beta: 'blue' }, fence: { release: 1, epoch: 4 } }
    expect(await answer.json()).toMatchObject(expected)
    expect(await plane.routing()).toMatchObject({ ...expected, served: { blue: 0, green: 0 } })
  })

  it.each<[string, number, unknown, Record<string, string>?]>([
    ['an unknown pool', 422, { ...toGreen(), split: { blue: 0, teal: 10_000 } }],
    ['shares that do not sum up', 422, { ...toGreen(), split: { blue: 1, green: 10_000 } }],
    ['an unknown key', 422, { ...toGreen(), weight: 3 }],
    ['no JSON', 400, '{'],
    ['a body that is not declared as JSON', 415, toGreen(), { 'content-type': 'text/plain' }],
    ['a body that is too long', 413, `"${'x'.repeat(3_000_000)}"`],
  ])('refuses %s with %s and changes nothing', async (_, status, body, headers) => {
    const plane = await run()
    const before = await plane.routing()
    expect((await plane.put(body, headers)).status).toBe(status)
    expect(await plane.routing()).toEqual(before)
  })

  it('refuses an older fence with 409, names the newest one and changes nothing', async () => {
    const plane = await run()
    await plane.put(toGreen(5))
    const late = await plane.put(toBlue(4))
    expect(late.status).toBe(409)
    expect(await late.json()).toMatchObject({ fence: { release: 1, epoch: 5 } })
    expect(await plane.routing()).toMatchObject({ split: { blue: 0, green: 10_000 } })
  })

  it('knows no other address', async () => {
    const plane = await run()
    expect((await fetch(`${plane.admin()}/`)).status).toBe(404)
    expect((await fetch(`${plane.admin()}/routing`, { method: 'DELETE' })).status).toBe(404)
  })

  it('is not on the port of the users, and neither port is on another address', async () => {
    const plane = await run()
    expect(await (await fetch(`${plane.url()}/routing`)).text()).toBe('blue')
    const isOpen = await new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.2', port: Number(new URL(plane.admin()).port) })
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    })
    expect(isOpen).toBe(false)
  })
})

describe('the state file', () => {
  it('brings routing, cohorts and fence back after a restart', async () => {
    const plane = await run()
    await plane.put(toGreen(7, { beta: 'blue' }))
    const before = await plane.routing()
    await plane.restart()
    const { incarnation, ...after } = await plane.routing()
    expect(after).toEqual({ ...after, split: before['split'], cohorts: before['cohorts'], fence: before['fence'] })
    expect(incarnation).not.toBe(before['incarnation'])
    expect((await plane.put(toBlue(6))).status).toBe(409)
  })

  it('is whole on disk when the change is answered', async () => {
    const plane = await run()
    await plane.put(toGreen(3))
    expect(JSON.parse(await readFile(plane.stateFile, 'utf8'))).toEqual(toGreen(3))
  })

  const damages: readonly (readonly [string, (file: string) => Promise<unknown>])[] = [
    ['is cut off', (file) => writeFile(file, '{"split":')],
    ['is empty', (file) => writeFile(file, '')],
    ['is other JSON', (file) => writeFile(file, '[1,2]')],
    ['is of other pools', (file) => writeFile(file, JSON.stringify({ ...toGreen(), split: { a: 10_000, b: 0 } }))],
    ['is huge', (file) => writeFile(file, ' '.repeat(2_000_000))],
    ['is a folder', (file) => rm(file, { force: true }).then(() => mkdir(file))],
  ]
  it.each(damages)('is set aside when it %s, and everybody is on the first pool', async (_, damage) => {
    const plane = await run()
    await plane.put(toGreen(7))
    await plane.stopPlane()
    await damage(plane.stateFile)
    await plane.restart()
    expect(await (await fetch(plane.url())).text()).toBe('blue')
    expect(await plane.routing()).toMatchObject({
      split: { blue: 10_000, green: 0 },
      fence: null,
      notice: expect.stringMatching(
        /routing\.json was damaged \(.+\) and is now .+damaged-.+; everybody was put on blue$/,
      ),
    })
    expect((await readdir(plane.folder)).filter((name) => name.includes('.damaged-'))).toHaveLength(1)
    // The first change says it once more; then the file holds what is in force.
    expect(await (await plane.put(toGreen(1))).json()).toMatchObject({ notice: expect.stringContaining('damaged') })
    expect(await plane.routing()).toMatchObject({ notice: null })
    expect(JSON.parse(await readFile(plane.stateFile, 'utf8'))).toEqual(toGreen(1))
  })

  it('does not keep a change from being in force when it cannot be written, and says so until it is', async () => {
    const plane = await run()
    await plane.put(toGreen(1))
    await mkdir(`${plane.stateFile}.new`)
    const answer = await plane.put(toBlue(2))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ notice: expect.stringContaining('could not be written') })
    expect(await plane.routing()).toMatchObject({ split: { blue: 10_000, green: 0 }, fence: { release: 1, epoch: 2 } })
    await rmdir(`${plane.stateFile}.new`)
    expect(await (await plane.put(toBlue(3))).json()).toMatchObject({ notice: null })
    expect(JSON.parse(await readFile(plane.stateFile, 'utf8'))).toEqual(toBlue(3))
  })

  it('can be read by nobody else', async () => {
    const plane = await run()
    await writeFile(`${plane.stateFile}.new`, 'left by a process that was killed', { mode: 0o644 })
    await plane.put(toGreen(1))
    expect((await stat(plane.stateFile)).mode & 0o777).toBe(0o600)
  })
})

describe('the seed', () => {
  const half = (epoch: number, seed?: string, release = 1) => ({
    split: { blue: 5_000, green: 5_000 },
    cohorts: {},
    fence: { release, epoch },
    ...(seed !== undefined && { seed }),
  })
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`)

  async function onGreen(plane: RunningPlane): Promise<string> {
    const pools = await Promise.all(
      users.map(async (user) => (await fetch(plane.url(), { headers: { 'x-user': user } })).text()),
    )
    return users.filter((_, index) => pools[index] === 'green').join()
  }

  it('puts other users first, is kept over a restart, and is taken only while it moves nobody', async () => {
    const plane = await run()
    await plane.put(half(1))
    const unseeded = await onGreen(plane)
    await plane.put(half(2, 'late'))
    expect(await onGreen(plane)).toBe(unseeded)
    await plane.put(toBlue(3))
    await plane.put(half(1, 'shop#2', 2))
    const second = await onGreen(plane)
    expect(second).not.toBe(unseeded)
    await plane.restart()
    expect(await onGreen(plane)).toBe(second)
    // A takeover in the middle of a release comes with a fence, and so with a seed, of its own.
    await plane.put(half(1, 'shop#3', 3))
    expect(await onGreen(plane)).toBe(second)
  })

  it('is kept where a change names none', async () => {
    const plane = await run()
    await plane.put({ ...toBlue(1), seed: 'shop' })
    await plane.put(toBlue(2))
    expect(await plane.routing()).toMatchObject({ seed: 'shop' })
  })
})

describe('the secret', () => {
  const secret = 'a-secret-of-at-least-sixteen-characters'
  const wrong = [undefined, 'Bearer', `Basic ${secret}`, 'Bearer another-secret', `Bearer ${secret}x`]

  it.each(wrong)('is asked of whoever reads or changes the routing: %s is refused', async (authorization) => {
    const plane = await run({ secret })
    const headers = authorization === undefined ? {} : { authorization }
    expect((await fetch(`${plane.admin()}/routing`, { headers })).status).toBe(401)
    const body = JSON.stringify(toGreen())
    const type = { 'content-type': 'application/json' }
    const change = { method: 'PUT', headers: { ...type, ...headers }, body }
    expect((await fetch(`${plane.admin()}/routing`, change)).status).toBe(401)
    expect(await plane.routing()).toMatchObject({ split: { blue: 10_000, green: 0 }, fence: null })
  })

  it('lets in who knows it, and nobody needs it for the metrics page', async () => {
    const plane = await run({ secret })
    expect((await plane.put(toGreen())).status).toBe(200)
    expect(await plane.metricsText()).toContain('process_start_time_seconds')
  })

  it('that cannot be read keeps everybody out and no user waiting, and may change while it is used', async () => {
    const plane = await run({ secret })
    await rm(plane.secretFile)
    expect((await plane.put(toGreen())).status).toBe(401)
    expect(await (await fetch(plane.url())).text()).toBe('blue')
    await writeFile(plane.secretFile, 'another-secret-of-some-length')
    const headers = { 'content-type': 'application/json', authorization: 'Bearer another-secret-of-some-length' }
    expect((await plane.put(toGreen(), headers)).status).toBe(200)
  })
})

describe('the settings of the data plane', () => {
  it.each([
    ['one pool', { pools: { blue: 'http://127.0.0.1:1' } }],
    ['three pools', { pools: { a: 'http://127.0.0.1:1', b: 'http://127.0.0.1:1', c: 'http://127.0.0.1:1' } }],
    ['a port out of range', { proxyPort: 70_000 }],
    ['an unknown key', { host: '0.0.0.0' }],
  ])('are refused with %s', async (_, wrong) => {
    const settings = {
      proxyPort: 0,
      adminPort: 0,
      pools: { blue: 'http://127.0.0.1:1', green: 'http://127.0.0.1:1' },
      stateFile: '/nonexistent/routing.json',
      ...wrong,
    }
    await expect(startDataPlane(settings)).rejects.toMatchObject({ code: 'config.invalid' })
  })
})
