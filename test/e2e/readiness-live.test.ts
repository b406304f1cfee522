import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workOutPower } from '../../src/api/power.ts'
import { ADAPTERS, planContextFor } from '../../src/catalog.ts'
import { configurationHash } from '../../src/config/fingerprint.ts'
import { type Installation, readInstallation } from '../../src/config/installation.ts'
import { type Plan, readPlan } from '../../src/domain/plan/plan.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import type { ReadinessAnswers, ReadinessItem } from '../../src/domain/readiness/answers.ts'
import { createOutside } from '../../src/hooks/create-outside.ts'
import { createAdapterPool } from '../../src/worker/adapters.ts'
import { createReadinessSources } from '../../src/worker/readiness-sources.ts'
import { startDataPath } from '../support/haproxy-server.ts'
import { type PrometheusServer, startPrometheus, startScriptedTarget } from '../support/prometheus-server.ts'
import { requireServer } from '../support/require-server.ts'
import { startTemporal } from '../support/temporal.ts'
import { openStage, type Stage } from './harness.ts'

const TARGET = { service: 'checkout', environment: 'production' }
const PLAN = {
  ...TARGET,
  interval: '1s',
  steps: [
    { hook: { call: 'migrate', undo: 'restore' } },
    { cohort: 'internal' },
    { bake: '1h' },
    { approve: { by: 'owners', need: 1, notAuthor: true, within: '4h' } },
    { weight: '10%' },
    { bake: '12h' },
    { flag: { 'new-checkout': 'on' } },
    { weight: '100%' },
    { bake: '1h' },
  ],
  checks: { errors: { errorRate: { source: 'prometheus', notWorseThan: '1.5x', minRequests: 20 } } },
}

describe.skipIf(!requireServer('haproxy') || !requireServer('prometheus'))(
  'the checklist, at two HAProxy nodes and Prometheus',
  () => {
    const crowd = new AbortController()
    const closers: (() => unknown)[] = []
    let env: TestWorkflowEnvironment
    let path: Awaited<ReturnType<typeof startDataPath>>
    let prometheus: PrometheusServer
    let installation: Installation
    let stage: Stage
    /** What the dry form of the undo answers. */
    let dry: 'yes' | 'no' = 'yes'
    let jobs: Awaited<ReturnType<typeof startScriptedTarget>>

    beforeAll(async () => {
      ;[env, path, jobs] = await Promise.all([
        startTemporal(),
        startDataPath(2, { isChecked: true }),
        startScriptedTarget(['jobs']),
      ])
      const folder = await mkdtemp(join(tmpdir(), 'sluice-ready-'))
      await writeFile(join(folder, 'tickets'), 'a'.repeat(64))
      const calls = createServer((_request, response) => response.end(JSON.stringify({ answer: dry }))).listen(0)
      await once(calls, 'listening')
      const scrapeInterval = 200
      const [first, second] = path.servers
      if (first === undefined || second === undefined) throw new Error('no HAProxy')
      prometheus = await startPrometheus({
        ...{ target: { port: first.metricsPort }, paths: ['metrics'], scrapeInterval },
        job: 'haproxy',
      })
      const jobStore = await startPrometheus({ target: jobs, paths: ['jobs'], scrapeInterval })
      closers.push(...[() => calls.close(), () => jobs.close(), () => jobStore.stop()], () =>
        rm(folder, { recursive: true }),
      )
      const local = (port: number) => `http://127.0.0.1:${port}/`
      const webhook = { url: local((calls.address() as AddressInfo).port) }
      const text = JSON.stringify({
        targets: [
          {
            ...TARGET,
            pools: ['blue', 'green'],
            router: { kind: 'haproxy', sockets: [first.socket, second.socket], map: first.map },
            metrics: {
              prometheus: {
                ...{ kind: 'prometheus', url: prometheus.url, poolLabel: 'proxy', scrapeInterval: '200ms' },
                requests: { metric: 'haproxy_backend_http_responses_total', labels: { job: 'haproxy' } },
                errors: { label: 'code', regex: '5xx' },
              },
              jobs: {
                ...{ kind: 'prometheus', url: jobStore.url, poolLabel: 'pool', scrapeInterval: '200ms' },
                ...{ requests: { metric: 'none' }, errors: { label: 'code', regex: '5xx' } },
              },
            },
            flags: { kind: 'flagd', folder: join(folder, 'flags'), flags: ['new-checkout'] },
            cohorts: { internal: { gateway: true } },
            version: {
              instances: { blue: [local(path.backends.blue.port)], green: [local(path.backends.green.port)] },
              through: local(first.port),
            },
            consumes: { source: 'jobs', query: 'sum(jobs_taken{pool="$pool"})' },
          },
        ],
        groups: { owners: ['alice', 'bob'] },
        people: [{ id: 'alice' }, { id: 'bob' }],
        hooks: { migrate: { webhook }, restore: { webhook, dry: 'restorable' }, restorable: { webhook } },
        tickets: { secretFile: join(folder, 'tickets') },
        outbound: { privateAddresses: ['127.0.0.0/8'] },
      })
      const read = readInstallation(text, 'sluice.yaml', ADAPTERS, () => 'a'.repeat(64))
      if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
      installation = read.installation
      const adapters = createAdapterPool(installation, ADAPTERS)
      closers.push(adapters.close)
      stage = await openStage(env, {
        adaptersOf: adapters.adaptersOf,
        outside: createOutside({ installation, variables: {}, now: Date.now }),
        readiness: {
          ...createReadinessSources(installation, ADAPTERS),
          runPower: async (job) => workOutPower(job, Date.now),
        },
      })
      void keepAsking(path.send, crowd.signal)
    }, 120_000)

    afterAll(async () => {
      crowd.abort()
      await stage?.close()
      for (const close of closers.reverse()) await close()
      await Promise.all([env?.teardown(), prometheus?.stop(), path?.stop()])
    })

    function planOf(parts: object = {}): Plan {
      const read = readPlan({ ...PLAN, ...parts }, planContextFor(installation))
      if ('problems' in read) throw new Error(JSON.stringify(read.problems, null, 1))
      return read.plan
    }

    async function ask(plan: Plan, version = 'green', author = 'alice') {
      const { lines } = await stage.releases.ready({ plan, version, author })
      const said = Object.fromEntries(lines.map(({ item, text }) => [item, text]))
      return { open: openIn(lines), said: said as Readonly<Record<ReadinessItem, string>> }
    }

    const rehearse = (plan: Plan) =>
      stage.releases.rehearsed(plan, {
        ...{ configHash: configurationHash(installation, TARGET), at: Date.now(), by: 'alice', leftOut: [] },
        runs: [{ name: 'healthy', expected: 'promoted', came: 'promoted', isRight: true }],
      })

    it('is all yes where everything is as it should be', async () => {
      await rehearse(planOf())
      const { open, said } = await ask(planOf())
      expect(open, JSON.stringify(said, null, 1)).toEqual([])
      expect(said).toMatchObject({
        routing: 'a request with a try-it ticket reached green, one without blue',
        capacity: '1 of 1 servers of blue are ready',
        undo: 'restore could be called, its dry form says yes',
        names: 'all exist: cohorts internal; flags new-checkout; approvers owners',
        version: 'green runs green, its instance said so',
        background: expect.stringMatching(/^green did nothing in \d+s$/),
      })
    }, 60_000)

    it('says no to each thing that is not, and yes again once that is mended as it says', async () => {
      const command = (text: string) => path.servers[1]?.command(text)
      dry = 'no'
      jobs.expose('jobs', 'jobs_taken{pool="green"} 3\n')
      await jobs.scraped()
      await command('disable server blue/blue1')
      const weak = planOf({
        steps: PLAN.steps.map((step) => ('bake' in step ? { bake: '5s' } : step)),
        checks: { errors: { ...PLAN.checks.errors, onFail: 'warn' } },
      })
      const { said } = await ask(weak, '9.9.9')
      expect(said).toMatchObject({
        routing: 'a request with a try-it ticket reached green, not 9.9.9',
        traffic: expect.stringMatching(/^errors: at .* and the bake has \d+s/),
        capacity: expect.stringContaining('blue'),
        undo: 'the dry form of restore says no',
        version: expect.stringContaining('9.9.9'),
        background: expect.stringMatching(/^green consumed 3 in/),
        automatic: 'no check of the plan stops it: all of them only warn or hold',
        rehearsal: 'the plan has changed since it was rehearsed',
      })
      dry = 'yes'
      jobs.expose('jobs', 'jobs_taken{pool="green"} 0\n')
      await jobs.scraped()
      await command('enable server blue/blue1')
      expect((await ask(planOf())).open).toEqual([])
    }, 120_000)

    it('writes to no node where one of them shows something else, and misses metrics that are away', async () => {
      const [, second] = path.servers
      await second?.command(`add map ${second.map} cohort:internal green`)
      await prometheus.freeze()
      const { said, open } = await ask(planOf())
      prometheus.thaw()
      expect(said['way-back']).toMatch(/so nothing was written$/)
      expect(open).toEqual(expect.arrayContaining(['routing', 'metrics', 'way-back']))
      await second?.command(`del map ${second.map} cohort:internal`)
      expect((await ask(planOf())).open).toEqual([])
    }, 120_000)
  },
)

function openIn(lines: ReadinessAnswers['lines']): readonly ReadinessItem[] {
  return lines.flatMap(({ item, outcome }) => (outcome === 'pass' ? [] : [item]))
}

/** A few hundred new users a second. */
async function keepAsking(send: (headers: Readonly<Record<string, string>>) => Promise<unknown>, signal: AbortSignal) {
  while (!signal.aborted) {
    await Promise.all(Array.from({ length: 5 }, () => send({}).catch(() => null)))
    await sleep(20)
  }
}
