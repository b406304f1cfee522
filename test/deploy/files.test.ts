import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { findProgram, requireServer } from '../support/require-server.ts'

const run = promisify(execFile)
const deploy = fileURLToPath(new URL('../../deploy', import.meta.url))
const text = (path: string) => readFile(join(deploy, path), 'utf8')

interface Panel {
  readonly id: number
  readonly title: string
  readonly targets: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}

describe('deploy/sluice.yaml', () => {
  it('is a configuration that Sluice takes', async () => {
    const read = readInstallation(await text('sluice.yaml'), 'deploy/sluice.yaml', ADAPTERS)
    expect('problems' in read ? read.problems : []).toEqual([])
  })

  it('names the pools, the socket and the map of deploy/haproxy', async () => {
    const { targets } = parse(await text('sluice.yaml')) as {
      targets: { pools: string[]; router: { sockets: string[]; map: string } }[]
    }
    const config = await text('haproxy/haproxy.cfg')
    for (const { pools, router } of targets) {
      for (const pool of pools) expect(config).toContain(`\nbackend ${pool}\n`)
      for (const socket of router.sockets) expect(config).toContain(`stats socket ${socket} `)
      expect(config).toContain(`map(${router.map}`)
    }
  })
})

describe.runIf(requireServer('haproxy'))('deploy/haproxy', () => {
  it('is a configuration that HAProxy takes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-deploy-test-'))
    try {
      await cp(join(deploy, 'haproxy'), folder, { recursive: true })
      const config = join(folder, 'haproxy.cfg')
      const moved = (await readFile(config, 'utf8')).replaceAll('/usr/local/etc/haproxy', folder)
      await writeFile(config, moved)
      await expect(run(findProgram('haproxy') ?? '', ['-c', '-f', config])).resolves.toBeDefined()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe.runIf(requireServer('prometheus'))('deploy/prometheus.yml', () => {
  it('is a configuration that Prometheus takes', async () => {
    const checked = run(findProgram('promtool') ?? '', ['check', 'config', join(deploy, 'prometheus.yml')])
    await expect(checked).resolves.toHaveProperty('stdout', expect.stringContaining('SUCCESS'))
  })

  it('scrapes services of docker-compose.yml', async () => {
    const { scrape_configs } = parse(await text('prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[]
    }
    const hosts = scrape_configs.flatMap((job) => job.static_configs.flatMap(({ targets }) => targets))
    const compose = parse(await text('../docker-compose.yml'), { merge: true }) as { services: Record<string, unknown> }
    const known = new Set([...Object.keys(compose.services), 'localhost'])
    expect(hosts.length).toBeGreaterThan(3)
    for (const host of hosts) expect(known).toContain(host.split(':')[0])
  })
})

describe.runIf(requireServer('prometheus'))('the alerts of docs/monitoring.md', () => {
  it('are rules that Prometheus takes, on jobs that deploy/prometheus.yml has', async () => {
    const rules = /^```yaml alerts\.yml\n([^]*?)^```$/m.exec(await text('../docs/monitoring.md'))?.[1] ?? ''
    const folder = await mkdtemp(join(tmpdir(), 'sluice-deploy-test-'))
    try {
      await writeFile(join(folder, 'alerts.yml'), rules)
      const checked = run(findProgram('promtool') ?? '', ['check', 'rules', join(folder, 'alerts.yml')])
      await expect(checked).resolves.toHaveProperty('stdout', expect.stringMatching(/SUCCESS: \d+ rules found/))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    const jobs = [...rules.matchAll(/job="([^"]+)"/g)].map(([, job]) => job)
    expect(jobs.length).toBeGreaterThan(1)
    for (const job of jobs) expect(await text('prometheus.yml')).toContain(`job_name: ${job}\n`)
  })
})

describe('deploy/grafana', () => {
  it('has a dashboard whose panels ask the datasource that is set up', async () => {
    const { datasources } = parse(await text('grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: { uid: string }[]
    }
    const { panels } = JSON.parse(await text('grafana/dashboards/sluice.json')) as { panels: Panel[] }
    const uids = panels.flatMap(({ targets }) => targets.map(({ datasource }) => datasource.uid))
    expect(new Set(uids)).toEqual(new Set(datasources.map(({ uid }) => uid)))
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })
})

describe.runIf(requireServer('prometheus'))('deploy/grafana/dashboards', () => {
  it('asks in PromQL that Prometheus understands', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-deploy-test-'))
    try {
      const { panels } = JSON.parse(await text('grafana/dashboards/sluice.json')) as { panels: Panel[] }
      const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$pool', '.*')))
      // A JSON string is a YAML string, and rules are what promtool can check.
      const rules = queries.map((expr, index) => `  - { record: "q${index}", expr: ${JSON.stringify(expr)} }`)
      const path = join(folder, 'rules.yml')
      await writeFile(path, `groups:\n- name: dashboard\n  rules:\n${rules.join('\n')}\n`)
      await expect(run(findProgram('promtool') ?? '', ['check', 'rules', path])).resolves.toHaveProperty(
        'stdout',
        expect.stringContaining(`${queries.length} rules found`),
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('deploy/entrypoint.mjs', () => {
  it('refuses an unknown command and names the known ones', async () => {
    const ending = run(process.execPath, [join(deploy, 'entrypoint.mjs'), 'wroker'])
    await expect(ending).rejects.toMatchObject({
      code: 64,
      stderr: 'unknown command "wroker"; expected one of: api, worker, sluice\n',
    })
  })
})

describe('deploy/healthcheck.mjs', () => {
  it('fails when nobody answers', async () => {
    const ending = run(process.execPath, [join(deploy, 'healthcheck.mjs'), 'http://127.0.0.1:9/healthz'])
    await expect(ending).rejects.toMatchObject({ code: 1 })
  })
})
