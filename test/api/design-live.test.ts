import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bothPools, createRecorder } from '../../src/api/recorder.ts'
import { createServer } from '../../src/api/server.ts'
import { ADAPTERS, factsFor, planContextFor } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { readPlan } from '../../src/domain/plan/plan.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import { apiParts } from '../support/api-parts.ts'
import { fetchFrom, runSluice } from '../support/program.ts'
import { type PrometheusServer, startPrometheusWith } from '../support/prometheus-server.ts'
import { requireServer } from '../support/require-server.ts'

const MINUTE = 60_000
const MINUTES = 1_440
const END = 1_700_000_040_000

/** A day of both pools: 120 requests/s of which 1 in 200 fails, all of them on blue, which green took over from at noon. */
function historyOf(): string {
  const lines = Array.from({ length: MINUTES + 1 }, (_, minute) => {
    const time = (END - (MINUTES - minute) * MINUTE) / 1_000
    const [first, second] = [Math.min(minute, MINUTES / 2), Math.max(0, minute - MINUTES / 2)]
    return [['blue', first] as const, ['green', second] as const].flatMap(([pool, served]) => [
      `requests_total{pool="${pool}",code="200"} ${served * 7_164} ${time}`,
      `requests_total{pool="${pool}",code="500"} ${served * 36} ${time}`,
    ])
  })
  return `${lines.flat().join('\n')}\n# EOF\n`
}

function installed(url: string) {
  const text = `
targets:
  - service: checkout
    environment: production
    pools: [blue, green]
    router: { kind: memory, world: design-live }
    metrics:
      prometheus: { kind: prometheus, url: ${url}, poolLabel: pool, requests: { metric: requests_total }, errors: { label: code, regex: 5.. }, scrapeInterval: 60s }
groups: { owners: [alice, bob] }
people: [{ id: alice }, { id: bob }]
policies:
  careful:
    leastSteps: 3
    firstWeight: 2%
    checks: [{ kind: errorRate }]
    approvals: [{ by: owners, before: 50% }]
    rehearsal: { within: 30d }
`
  const read = readInstallation(text, 'sluice.yaml', ADAPTERS)
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  return read.installation
}

describe.skipIf(!requireServer('prometheus'))('a plan designed for what a real Prometheus has kept', () => {
  let prometheus: PrometheusServer
  beforeAll(async () => {
    prometheus = await startPrometheusWith(historyOf())
  }, 60_000)
  afterAll(() => prometheus?.stop())

  it('knows both pools, keeps the policies, and sees in a simulation what its comments say', async () => {
    const installation = installed(prometheus.url)
    const context = planContextFor(installation)
    const server = createServer(
      apiParts({
        ...{ installation, factsOf: (target) => factsFor(installation, target), now: () => END },
        ...{ readPlan: async (written) => readPlan(written, context) },
        recordTraffic: createRecorder(installation, ADAPTERS, bothPools),
      }),
    )
    const run = (command: string, file = '') =>
      runSluice(command.split(' '), { fetch: fetchFrom(server), readFile: async () => file })
    try {
      const designed = await run(
        'plan design --service checkout --environment production --regression 4x --releases 10',
      )
      expect(designed.err).not.toContain('expected')
      const said = designed.out.replaceAll(/\n\s*#/g, '')
      expect(said).toMatch(/Designed for 120 requests\/s and to see a rise of the failed requests from 0\.5% to 2%\./)
      expect(said).toMatch(/MUST BE REHEARSED: [^]*Long enough: at 2% [^]* with 90% power or more/)
      expect(said).toMatch(/a good version is promoted in 100% [^]* a bad version [^]* is stopped in 100% /)
      const checked = await run('plan check plan.yaml', designed.out)
      expect(checked.err).toBe('')
      expect(checked.out).toMatch(
        /is a valid plan for checkout in production[^]*would be refused to start: [^]*rehearse/,
      )
    } finally {
      await server.close()
    }
  }, 60_000)
})
