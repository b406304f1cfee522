import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import type { AnswerTo } from '../../src/api/operations.ts'
import type { RecordPast } from '../../src/api/recorder.ts'
import { createServer } from '../../src/api/server.ts'
import type { ReleaseCard } from '../../src/domain/release/release-card.ts'
import { SLUICE_VERSION } from '../../src/domain/sluice-version.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { apiParts } from '../support/api-parts.ts'
import { demoInstallation, PLAN, validPlan } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { runSluice } from '../support/program.ts'
import { recordedPast } from '../support/recorded-past.ts'
import { promoteTwo } from '../support/two-promotions.ts'

const servers: FastifyInstance[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

const GOOD = `service: checkout
environment: production
steps:
  - cohort: internal
  - weight: 5%
  - bake: 10m
  - approve: { by: checkout-owners, need: 1, within: 4h }
  - weight: 100%
  - bake: 30m
checks:
  errors: { errorRate: { notWorseThan: 1.5x } }
`
const BAD = `service: checkout
environment: production
steps:
  - weight: 50%
  - wieght: 5%
  - bake: 10 minutes
`

interface Options {
  readonly env?: Record<string, string>
  readonly hasTokens?: boolean
  readonly userName?: string
  readonly recordTraffic?: RecordPast
  /** What happens between two looks of a watch. */
  readonly meanwhile?: (world: World) => void
}

interface World {
  readonly releases: ReturnType<typeof createFakeReleases>
  readonly server: FastifyInstance
  readonly run: (...args: string[]) => Promise<{ code: number; out: string; err: string }>
  /** Seconds that the watch has slept. */
  readonly slept: () => number
  /** Requests fail like this from now on, as when the server is away. */
  goAway: (error: Error | null) => void
}

function setUp({ env = {}, hasTokens = false, userName = 'carol', recordTraffic, meanwhile }: Options = {}): World {
  const releases = createFakeReleases()
  const installation = demoInstallation({ hasTokens })
  const plans = async () => PLAN
  const metrics = createMetrics({ isBare: true })
  const past = recordTraffic === undefined ? {} : { recordTraffic }
  const server = createServer(apiParts({ releases, installation, plans, metrics, ...past }))
  servers.push(server)
  let absence: Error | null = null
  let slept = 0
  const send = async (url: unknown, init: RequestInit = {}) => {
    if (absence !== null) throw absence
    const { pathname, search } = new URL(String(url))
    const request = {
      method: init.method ?? 'GET',
      url: pathname + search,
      headers: init.headers as Record<string, string>,
    }
    const answer = await server.inject({
      ...(request as { method: 'GET'; url: string; headers: Record<string, string> }),
      ...(typeof init.body === 'string' && { payload: init.body }),
    })
    return new Response(answer.body, { status: answer.statusCode, headers: answer.headers as Record<string, string> })
  }
  const world: World = {
    releases,
    server,
    slept: () => slept,
    goAway: (error) => void (absence = error),
    run: (...args) =>
      runSluice(args, {
        ...{ env, fetch: send as typeof fetch, now: () => Date.now() + slept * 1_000, userName: () => userName },
        sleep: async (duration) => {
          slept += duration / 1_000
          meanwhile?.(world)
        },
        readFile: async (path) => {
          if (path === 'good.yaml') return GOOD
          if (path === 'bad.yaml') return BAD
          if (path === 'deep.yaml') return `steps: ${'['.repeat(2_000)}`
          return readFile(path, 'utf8')
        },
      }),
  }
  return world
}

const ID = 'release/checkout/production/1'
const UNTIL_APPROVAL = 5

describe('sluice plan check', () => {
  it('says what a valid plan will do', async () => {
    const { code, out } = await setUp().run('plan', 'check', 'good.yaml')
    expect(code).toBe(0)
    expect(out).toContain('good.yaml is a valid plan for checkout in production')
    expect(out).toContain('4  approve by checkout-owners within 4h')
  })

  it('gives what the server found wrong its place in the file, counts it, and fails', async () => {
    const { code, out, err } = await setUp().run('plan', 'check', 'bad.yaml')
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('bad.yaml:5:5: there is no step kind wieght\n  seen:     wieght')
    expect(err).toContain('  fix:      did you mean weight?')
    expect(err).toContain('bad.yaml:6:11: this value is not accepted\n  seen:     10 minutes')
    expect(err.trimEnd().endsWith('3 problems')).toBe(true)
  })

  it('checks without a server when it is given a configuration', async () => {
    const world = setUp()
    world.goAway(new Error('nobody there'))
    const config = fileURLToPath(new URL('./sluice.yaml', import.meta.url))
    const good = await world.run('plan', 'check', 'good.yaml', '--config', config)
    expect(good.err + good.out).toContain('is a valid plan')
    expect(good.code).toBe(0)
    expect(await world.run('plan', 'check', 'bad.yaml', '--config', config)).toMatchObject({ code: 1, out: '' })
    expect(await world.run('plan', 'check', 'good.yaml', '--config', 'nowhere.yaml')).toMatchObject({
      code: 1,
      out: '',
    })
  })

  it('survives a file that nests without end, and one that is not there', async () => {
    const world = setUp()
    expect(await world.run('plan', 'check', 'deep.yaml')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nested too deeply'),
    })
    expect(await world.run('plan', 'check', 'nowhere.yaml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be read'),
    })
  })
})

describe('sluice plan check with traffic', () => {
  const recordTraffic: RecordPast = async () => ({ kind: 'value', value: recordedPast({ windows: 200 }) })

  it('hints at what it could say', async () => {
    const world = setUp()
    const { out } = await world.run('plan', 'check', 'good.yaml')
    expect(out.trimEnd().split('\n').at(-1)).toBe('to see what each bake can detect: --traffic 50rps or --since 1d')
    const config = fileURLToPath(new URL('./sluice.yaml', import.meta.url))
    const local = await world.run('plan', 'check', 'good.yaml', '--config', config)
    expect(local.out.trimEnd().split('\n').at(-1)).toBe('to see what each bake can detect: --traffic 50rps')
  })

  it('says what each bake sees of a stated traffic, as a table and as JSON', async () => {
    const args = ['plan', 'check', 'good.yaml', '--traffic', '20', '--errors', '0.5%', '--regression', '2%']
    const { out } = await setUp().run(...args)
    expect(out).toContain('power of each bake alone, at 20 requests/s\n  errors  a rise from 0.5% to 2%\n')
    expect(out).toMatch(/\n +3 +5% +10m +errors +\d+% +\d+m( \d+s)? +[\d.]+%\n/)
    expect(out).not.toContain('to see what')
    const json = JSON.parse((await setUp().run(...args, '--output', 'json')).out) as AnswerTo<'checkPlan'>
    expect(json.traffic).toMatchObject({ requestsPerSecond: 20, errors: { from: 0.005, to: 0.02 } })
    expect(json.power?.[0]?.text).toMatch(
      /^at 20 requests\/s and a weight of 5%, this bake of 10m, 1m of it warm-up, sees a rise/,
    )
  })

  it('lets the server measure, and what is stated go before it', async () => {
    const world = setUp({ recordTraffic })
    const { out } = await world.run('plan', 'check', 'good.yaml', '--since', '1d')
    expect(out).toMatch(
      /\ntraffic of the last 1d: [\d.]+ requests\/s, errors [\d.]+%, p50 [\d.]+ ms, p99 [\d.]+ ms,\n {2}orders 5% of requests\n/,
    )
    expect(out).toMatch(/power of each bake alone, at (?:19|20)/)
    const stated = await world.run('plan', 'check', 'good.yaml', '--since', '1d', '--traffic', '500', '--errors', '2%')
    expect(stated.out).toContain('power of each bake alone, at 500 requests/s\n  errors  a rise from 2% to 8%\n')
    const unasked = await world.run('plan', 'check', 'good.yaml', '--since', '1d', '--event', 'orders=7%')
    expect([unasked.code === 0, unasked.err]).toEqual([
      false,
      expect.stringContaining('no check of the plan asks for orders, nor for any other event'),
    ])
  })

  it('says why nothing could be measured, and gives its problems their places', async () => {
    const { code, out } = await setUp().run('plan', 'check', 'good.yaml', '--since', '1d')
    expect(code).toBe(0)
    expect(out).toContain('no traffic of the last 1d could be measured: nothing was recorded here')
    expect(out.trimEnd().split('\n').at(-1)).toBe('to see what each bake can detect: --traffic 50rps')
    const bad = await setUp({ recordTraffic }).run('plan', 'check', 'bad.yaml', '--since', '1d')
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('bad.yaml:5:5: there is no step kind wieght') })
  })

  it.each([
    [['--regression', '2%'], 'options that describe the traffic need --traffic or --since'],
    [['--traffic', '0'], '--traffic 0: expected the requests per second, such as 50rps or 0.5rps'],
    [['--traffic', '5', '--errors', '3'], '--errors 3: expected a share such as 0.5%'],
    [['--traffic', '5', '--regression', '0.1%'], '--regression: 0.1% is no rise: 0.5% of requests already fail'],
    [['--traffic', '5', '--latency', 'p50=1s'], '--latency p50=1s: expected two quantiles'],
    [['--traffic', '5', '--buckets', '10ms'], '--buckets needs --latency'],
    [
      ['--traffic', '5', '--latency', 'p50=1s,p99=2s', '--buckets', '1'],
      '--buckets 1: expected a unit behind 1, such as 1ms; the upper bounds',
    ],
    [
      ['--traffic', '5', '--latency', 'p50=80'],
      '--latency p50=80: expected a unit behind 80, such as 80ms; two quantiles',
    ],
    [['--traffic', '5', '--errors', '100%'], '--errors: 100% of requests already fail, so the share cannot rise'],
    [['--traffic', '5', '--event', 'ordres=3%'], '--event ordres: no check of the plan asks for ordres'],
    [['--traffic', '5', '--slower', '1x'], '--slower 1x: expected more than 1x, such as 1.5x'],
    [['--traffic', '5', '--event', 'orders'], '--event orders: expected each event once, such as orders=3%'],
    [['--traffic', '5', '--event', 'orders=1%', '--event', 'orders=2%'], '--event orders=2%: expected each event once'],
    [['--traffic', '5', '--event', 'orders=3'], '--event orders 3: expected a share such as 0.5%'],
    [['--traffic', '5', '--change', 'orders=1x'], '--change orders 1x: expected a ratio other than 1x, such as 0.8x'],
    [['--since', 'yesterday'], '--since yesterday: expected a whole number with a unit'],
    [['--since', '1d', '--config', 'sluice.yaml'], '--since asks a server for the traffic'],
  ])('refuses %j', async (args, message) => {
    const { code, out, err } = await setUp().run('plan', 'check', 'good.yaml', ...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })

  it('keeps its help within 80 columns', async () => {
    const { out } = await setUp().run('plan', 'check', '--help')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

describe('sluice start', () => {
  it('starts a release and says where to look', async () => {
    const world = setUp()
    const { code, out, err } = await world.run('start', 'good.yaml', '--version', 'v2', '--reason', 'faster cart')
    expect([code, out]).toEqual([0, 'checkout/production/1 started\n'])
    expect(err).toContain('sluice status checkout/production/1 --watch')
    expect((await world.releases.show(ID)).author).toBe('carol')
  })

  it('answers the same key with the same release', async () => {
    const { run } = setUp()
    const first = await run('start', 'good.yaml', '--version', 'v2', '--key', 'deploy-7')
    const second = await run('start', 'good.yaml', '--version', 'v2', '--key', 'deploy-7')
    expect(second.out).toBe(first.out)
  })

  it('is refused on a busy target, waits when asked to, and replaces when asked to', async () => {
    const { run } = setUp()
    await run('start', 'good.yaml', '--version', 'v1')
    expect(await run('start', 'good.yaml', '--version', 'v2')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is running'),
    })
    expect((await run('start', 'good.yaml', '--version', 'v2', '--queue')).out).toBe(
      'checkout/production/2 queued, 1 before it\n',
    )
    expect((await run('start', 'good.yaml', '--version', 'v3', '--replace')).out).toBe(
      'checkout/production/3 queued, 1 before it\n',
    )
    expect((await run('start', 'good.yaml', '--version', 'v4', '--replace', '--queue')).code).toBe(2)
  })

  it('shows a plan’s problems at their places', async () => {
    const { code, err } = await setUp().run('start', 'bad.yaml', '--version', 'v2')
    expect(code).toBe(1)
    expect(err).toContain('bad.yaml:5:5: there is no step kind wieght')
  })
})

describe('commands', () => {
  it('show the step they mean and send it', async () => {
    const world = setUp({ env: { SLUICE_PERSON: 'alice' } })
    await setUpRelease(world)
    const { code, out, err } = await world.run('approve', 'checkout/production/1', '--reason', 'fine')
    expect([code, out]).toEqual([0, 'checkout/production/1: approve accepted, now waiting\n'])
    expect(err).toBe('approve: checkout/production/1 v2, step 4 of 6, approve by checkout-owners within 4h\n')
    expect(world.releases.commands).toMatchObject([
      { verb: 'approve', step: 4, reason: 'fine', actor: { person: 'alice', entrance: 'cli' } },
    ])
  })

  it('send the step they are given and are refused when it has passed', async () => {
    const world = setUp({ env: { SLUICE_PERSON: 'alice' } })
    await setUpRelease(world)
    const { code, err } = await world.run('approve', ID, '--step', '2')
    expect(code).toBe(1)
    expect(err).toContain('this command was meant for step 2; the release is at step 4')
  })

  it('abort whatever runs', async () => {
    const world = setUp()
    await setUpRelease(world)
    expect((await world.run('abort', 'checkout/production/1')).code).toBe(0)
    expect(world.releases.commands).toMatchObject([{ verb: 'abort', step: null }])
  })

  it('extend by a duration, and by nothing else', async () => {
    const world = setUp()
    await setUpRelease(world)
    expect((await world.run('extend', ID, '--by', '10m')).code).toBe(0)
    expect(world.releases.commands).toMatchObject([{ verb: 'extend', by: 600_000 }])
    expect(await world.run('extend', ID, '--by', '10')).toMatchObject({
      code: 2,
      err: expect.stringContaining('such as 90s'),
    })
    expect((await world.run('extend', ID)).code).toBe(2)
  })
})

describe('looking', () => {
  it('shows the card as text and as JSON', async () => {
    const world = setUp()
    await setUpRelease(world)
    expect((await world.run('status', 'checkout/production/1')).out).toContain(
      '▶ 4  approve by checkout-owners within 4h',
    )
    const { out } = await world.run('status', 'checkout/production/1', '--output', 'json')
    expect((JSON.parse(out) as ReleaseCard).releaseId).toBe(ID)
  })

  it('lists, and pages', async () => {
    const world = setUp()
    await world.run('start', 'good.yaml', '--version', 'v1')
    await world.run('start', 'good.yaml', '--version', 'v2', '--replace')
    world.releases.advance(ID)
    const all = await world.run('list', '--service', 'checkout')
    expect(all.out).toMatch(/checkout\/production\/2 +v2 +starting[^]*checkout\/production\/1 +v1 +rolled-back/)
    const first = await world.run('list', '--size', '1')
    expect(first.out).toContain('more: --next 1')
    expect((await world.run('list', '--size', '1', '--next', '1')).out).toContain('checkout/production/1')
    expect((await world.run('list', '--phase', 'flying')).code).toBe(1)
  })

  it('lists what waits on top, where its service is named', async () => {
    const world = setUp()
    await world.run('start', 'good.yaml', '--version', 'v1')
    await world.run('start', 'good.yaml', '--version', 'v2', '--queue')
    const { out } = await world.run('list', '--service', 'checkout')
    expect(out).toMatch(/checkout\/production\/2 +v2 +queued[^]*checkout\/production\/1 +v1 +starting/)
    expect((await world.run('list', '--service', 'checkout', '--phase', 'queued')).out).not.toContain('production/1')
    expect((await world.run('list')).out).not.toContain('queued')
    expect(await world.run('list', '--phase', 'queued')).toMatchObject({
      code: 1,
      err: expect.stringContaining('name the service as well'),
    })
  })

  it('shows, freezes and thaws a lane', async () => {
    const { run } = setUp()
    expect((await run('freeze', 'checkout', 'production', '--reason', 'audit')).out).toMatch(
      /frozen +by carol, just now: audit/,
    )
    expect((await run('start', 'good.yaml', '--version', 'v1')).err).toContain('frozen by carol: audit')
    expect((await run('unfreeze', 'checkout', 'production')).out).not.toContain('frozen')
    expect((await run('lane', 'checkout', 'production')).out).toMatch(/running +nothing/)
    expect((await run('freeze', 'checkout', 'production')).code).toBe(2)
    expect((await run('lane', 'Checkout', '../x')).code).toBe(2)
  })
})

describe('what may start on a target', () => {
  it('is shown, pinned and unpinned with its lane', async () => {
    const { run } = setUp()
    const pinned = await run('pin', 'checkout', 'production', '2.3.9', '--reason', 'holidays')
    expect(pinned.out).toMatch(/pinned +to 2\.3\.9 by carol: holidays \(just now\)/)
    const refused = await run('start', 'good.yaml', '--version', 'v1')
    expect(refused.err).toContain('this target is pinned to 2.3.9 by carol: holidays')
    expect((await run('unpin', 'checkout', 'production')).out).not.toContain('pinned')
    expect((await run('pin', 'checkout', 'production')).code).toBe(2)
  })

  it('is no version that a check has rolled back, until it is allowed', async () => {
    const world = setUp()
    await setUpRelease(world)
    const reason = 'errors: 5% on v2 against 0.5%'
    world.releases.record(ID, { type: 'abandoned', cause: 'failed-check', by: 'guard', reason })
    world.releases.advance(ID)
    expect((await world.run('start', 'good.yaml', '--version', 'v2')).err).toContain(
      'v2, rolled back by checkout/production/1: errors: 5% on v2 against 0.5%',
    )
    expect((await world.run('lane', 'checkout', 'production')).out).toMatch(/not again +v2, rolled back by/)
    const allowed = await world.run('allow', 'checkout', 'production', 'v2', '--reason', 'it was the database')
    expect(allowed.out).not.toContain('not again')
    expect((await world.run('start', 'good.yaml', '--version', 'v2')).code).toBe(0)
    expect((await world.run('allow', 'checkout', 'production', 'v9', '--reason', 'why not')).err).toContain(
      'nothing keeps v9 from this target',
    )
  })
})

describe('--watch', () => {
  it('writes a line for each change and ends with 0 when the release is promoted', async () => {
    const world = setUp({
      meanwhile: ({ releases }) => {
        releases.advance(ID)
        if (releases.commands.length > 0) return
        const actor = { person: 'alice', entrance: 'http' } as const
        void releases
          .command({ verb: 'approve', releaseId: ID, step: null, key: 'k', actor, reason: '' })
          .catch(() => undefined)
      },
    })
    const { code, out } = await world.run('start', 'good.yaml', '--version', 'v2', '--watch')
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toBe('checkout/production/1 started')
    expect(lines[1]).toBe('checkout v2 → production, checkout/production/1')
    expect(lines.at(-1)).toMatch(/^\d\d:\d\d:\d\dZ {2}promoted, step 6 of 6 \(bake 30m\), 100% on canary$/)
    expect(lines.filter((line) => line.includes('approved by alice'))).toHaveLength(1)
    expect(new Set(lines).size).toBe(lines.length)
  })

  it('ends with 1 when it is rolled back, and writes one JSON document per change when asked to', async () => {
    const world = setUp({
      meanwhile: ({ releases }) => {
        releases.record(ID, { type: 'abandoned', cause: 'failed-check', by: 'guard', reason: 'too many errors' })
        releases.advance(ID)
      },
    })
    const { code, out } = await world.run('start', 'good.yaml', '--version', 'v2', '--watch', '--output', 'json')
    expect(code).toBe(1)
    const cards = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ReleaseCard)
    expect(cards.map(({ phase }) => phase)).toEqual(['starting', 'rolled-back'])
  })

  it('waits for the turn of a queued release', async () => {
    const world = setUp({
      meanwhile: ({ releases, slept }) => {
        const id = slept() < 3 ? ID : 'release/checkout/production/2'
        if (slept() === 2 || slept() === 4)
          releases.record(id, { type: 'abandoned', cause: 'abort', by: 'x', reason: 'x' })
        if (slept() === 2 || slept() === 4) releases.advance(id)
      },
    })
    await world.run('start', 'good.yaml', '--version', 'v1')
    const { code, out } = await world.run('start', 'good.yaml', '--version', 'v2', '--queue', '--watch')
    expect(code).toBe(1)
    expect(out).toContain('queued: waits for its turn behind checkout/production/1, 1 before it')
    expect(out).toContain('rolled-back')
  })

  it('outlives a restart of the server and gives up after a minute without one', async () => {
    const gone = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
    const world = setUp({
      meanwhile: (self) => {
        if (self.slept() === 2) self.goAway(gone)
        if (self.slept() === 12) self.goAway(null)
        if (self.slept() === 20) self.goAway(gone)
      },
    })
    await setUpRelease(world)
    const { code, err } = await world.run('status', 'checkout/production/1', '--watch')
    expect(code).toBe(3)
    expect(world.slept()).toBeGreaterThanOrEqual(79)
    expect(err).toContain('cannot reach the Sluice server at http://127.0.0.1:8230: connect ECONNREFUSED')
  })
})

describe('the way to the server', () => {
  it('ends with 3 when nobody is there', async () => {
    const world = setUp()
    world.goAway(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:8230') }))
    expect(await world.run('list')).toMatchObject({ code: 3, out: '', err: expect.stringContaining('SLUICE_URL') })
  })

  it('ends with 2 for what it cannot read itself', async () => {
    const { run } = setUp()
    for (const args of [
      [],
      ['fly'],
      ['status'],
      ['status', 'nonsense'],
      ['list', '--output', 'xml'],
      ['start', 'good.yaml'],
      ['list', '--server', 'ftp://x'],
    ]) {
      expect({ args, code: (await run(...args)).code }).toEqual({ args, code: 2 })
    }
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Exit codes:') })
  })

  it('says its version without a server, and leaves the option of that name to start', async () => {
    const world = setUp()
    expect(await world.run('--version')).toEqual({ code: 0, out: `${SLUICE_VERSION}\n`, err: '' })
    expect((await world.run('start', 'good.yaml', '--version', 'v1')).out).toContain('started')
  })

  it('keeps the help within 80 columns', async () => {
    const { out } = await setUp().run('--help')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('sends the token, and a name of the system only when it is one', async () => {
    const locked = setUp({ hasTokens: true, env: { SLUICE_TOKEN: 'token-bob' } })
    expect((await locked.run('start', 'good.yaml', '--version', 'v1')).code).toBe(0)
    expect((await locked.releases.show(ID)).author).toBe('bob')
    const wrong = setUp({ hasTokens: true, env: { SLUICE_TOKEN: 'guess' } })
    expect(await wrong.run('list')).toMatchObject({ code: 1, err: expect.stringContaining('this token is not known') })
    const odd = setUp({ userName: 'Jane Doe' })
    await odd.run('start', 'good.yaml', '--version', 'v1')
    expect((await odd.releases.show(ID)).author).toBe('anonymous')
  })
})

async function setUpRelease(world: World): Promise<void> {
  const author = { person: 'carol', entrance: 'demo' } as const
  await world.releases.start({ plan: validPlan(), version: 'v2', author, reason: '', key: 'k', whenBusy: 'reject' })
  world.releases.advance(ID, UNTIL_APPROVAL)
}

describe('sluice start of the version before', () => {
  it('says before it asks that everybody returns in one step, and says so in the answer', async () => {
    const world = setUp()
    await promoteTwo(world.releases)
    const { code, out, err } = await world.run('start', 'good.yaml', '--version', 'v1')
    expect([code, out]).toEqual([0, 'checkout/production/3 started: back to v1 on green\n'])
    expect(err).toMatch(
      /^v1 on green, kept until .* UTC: it was there before v2, so everybody returns to it in one step; --follow-plan follows the plan instead\n/,
    )
    expect(err).not.toContain('left out')
    expect((await world.releases.show('release/checkout/production/3')).steps.map(({ label }) => label)).toEqual([
      'weight 100%',
      'bake 1m',
    ])
  })

  it('follows the plan when it is told to, and for any other version', async () => {
    const world = setUp()
    await promoteTwo(world.releases)
    const { out, err } = await world.run('start', 'good.yaml', '--version', 'v1', '--follow-plan')
    expect(out).toBe('checkout/production/3 started\n')
    expect(err).not.toContain('returns')
    expect((await world.releases.show('release/checkout/production/3')).steps).toHaveLength(6)
    const other = setUp()
    await promoteTwo(other.releases)
    expect((await other.run('start', 'good.yaml', '--version', 'v3')).out).toBe('checkout/production/3 started\n')
  })

  it('gives one JSON document that says what it is', async () => {
    const world = setUp()
    await promoteTwo(world.releases)
    const { out } = await world.run('start', 'good.yaml', '--version', 'v1', '--output', 'json')
    expect(JSON.parse(out)).toMatchObject({ placed: 'started', returns: { version: 'v1', pool: 'green', from: 'v2' } })
  })
})
