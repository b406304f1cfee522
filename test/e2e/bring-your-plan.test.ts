import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADAPTERS, planContextFor } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { type Plan, readPlan } from '../../src/domain/plan/plan.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import { prometheusSource } from '../../src/metrics/prometheus.ts'
import { haproxyRouter } from '../../src/routers/haproxy.ts'
import { startDataPath } from '../support/haproxy-server.ts'
import { runSluice } from '../support/program.ts'
import { type PrometheusServer, startPrometheus } from '../support/prometheus-server.ts'
import { requireServer } from '../support/require-server.ts'
import { startTemporal } from '../support/temporal.ts'
import { openStage, type Stage } from './harness.ts'

const FOLDER = 'examples/argo'
const POOLS = ['blue', 'green'] as const

/** The manifests as they stand, through the command line, with the pauses of a rehearsal. */
async function importedPlan(): Promise<Plan> {
  const files = ['rollout.yaml', 'analysis.yaml'].map((file) => `${FOLDER}/${file}`)
  const options = ['--faster', '600x', '--arg', 'window=2s', '--output', 'json']
  const { code, out, err } = await runSluice(['import', 'argo', ...files, ...options], {
    readFile: (path) => readFile(path, 'utf8'),
  })
  expect(code, err).toBe(0)
  const { notes: _, ...form } = JSON.parse(out)
  const read = readInstallation(await readFile(`${FOLDER}/sluice.yaml`, 'utf8'), `${FOLDER}/sluice.yaml`, ADAPTERS)
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  const plan = readPlan(form, planContextFor(read.installation))
  if ('problems' in plan) throw new Error(JSON.stringify(plan.problems, null, 1))
  return plan.plan
}

describe.skipIf(!requireServer('haproxy') || !requireServer('prometheus'))(
  'a Rollout, behind HAProxy and Prometheus',
  () => {
    let env: TestWorkflowEnvironment
    let path: Awaited<ReturnType<typeof startDataPath>>
    let prometheus: PrometheusServer
    let stage: Stage
    const crowd = new AbortController()

    beforeAll(async () => {
      ;[env, path] = await Promise.all([startTemporal(), startDataPath()])
      const [haproxy] = path.servers
      if (haproxy === undefined) throw new Error('no HAProxy')
      const scrape = {
        target: { port: haproxy.metricsPort },
        paths: ['metrics'],
        scrapeInterval: 200,
        job: 'my-service',
      }
      prometheus = await startPrometheus(scrape)
      const requests = { metric: 'haproxy_backend_http_responses_total', labels: { job: 'my-service' } }
      const source = {
        ...{ kind: 'prometheus', url: prometheus.url, poolLabel: 'proxy', requests },
        ...{ scrapeInterval: '200ms', errors: { label: 'code', regex: '5xx' } },
      }
      stage = await openStage(env, {
        adaptersOf: () => ({
          pools: [...POOLS],
          router: haproxyRouter.open(
            { kind: 'haproxy', sockets: [haproxy.socket], map: haproxy.map },
            { pools: [...POOLS] },
          ),
          metrics: { prometheus: prometheusSource.open(source, { pools: [...POOLS] }) },
        }),
      })
      void keepAsking(path.send, crowd.signal)
    })

    afterAll(async () => {
      crowd.abort()
      await stage?.close()
      await Promise.all([env?.teardown(), prometheus?.stop(), path?.stop()])
    })

    it('rolls back a version of which every fifth request fails, and promotes one that is well', async () => {
      const plan = await importedPlan()
      const exposures = plan.actions.flatMap((action) => (action.kind === 'expose' ? [action.exposure.weight] : []))
      expect(exposures).toEqual([500, 2_000, 5_000, 10_000])
      path.backends.green.failShare(0.2)
      const bad = await stage.result(await stage.start(plan))
      expect(bad).toMatchObject({ outcome: 'rolled-back' })
      expect(bad.reason).toMatch(/success-rate.*Failed: .*2 failed \(1 accepted\)/)
      path.backends.green.failShare(0)
      const good = await stage.result(await stage.start(plan, { version: '2.4.1' }))
      expect(good).toMatchObject({ outcome: 'promoted' })
      expect(await path.servers[0]?.command(`show map ${path.servers[0].map}`)).toEqual(
        expect.arrayContaining([expect.stringMatching(/share:green 10000$/)]),
      )
    })
  },
)

/** A few hundred new users a second. */
async function keepAsking(send: (headers: Readonly<Record<string, string>>) => Promise<unknown>, signal: AbortSignal) {
  while (!signal.aborted) {
    await Promise.all(Array.from({ length: 5 }, () => send({}).catch(() => null)))
    await sleep(20)
  }
}
