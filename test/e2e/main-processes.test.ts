import { type ChildProcess, execFile, fork } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFiles } from '../embedded/compiled.ts'
import { freePort } from '../support/server-process.ts'
import { startTemporal, workflowBundle } from '../support/temporal.ts'
import { until } from './harness.ts'

const SECRET = 'shhh'

const CONFIG = `
targets:
  - service: search
    environment: rehearsal
    pools: [blue, green]
    router: { kind: memory, world: search }
slack: { channel: C0RELEASES }
people:
  - { id: alice, slack: { team: T1, user: U1 } }
`

/** Nobody is asked outside: Slack takes whatever it is sent. */
const SLACK = `
const real = globalThis.fetch
globalThis.fetch = async (address, init) =>
  new URL(address).hostname.endsWith('slack.com')
    ? new Response('{"ok":true,"channel":"C0RELEASES","ts":"1700000000.000100"}', {
        headers: { 'content-type': 'application/json' },
      })
    : real(address, init)
`

let env: TestWorkflowEnvironment
let compiled: Awaited<ReturnType<typeof compileFiles>>
let folder: string
let settings: Readonly<Record<string, string>>
const children: ChildProcess[] = []

beforeAll(async () => {
  const threads = ['plan-thread', 'power-thread', 'calibration-thread'].map((name) => `src/api/${name}.ts`)
  ;[env, compiled] = await Promise.all([
    startTemporal(),
    compileFiles(['src/api/main.ts', 'src/worker/main.ts', ...threads]),
  ])
  folder = await mkdtemp(join(tmpdir(), 'sluice-mains-'))
  const path = (name: string) => join(folder, name)
  await writeFile(path('sluice.yaml'), CONFIG)
  await writeFile(path('slack.mjs'), SLACK)
  await writeFile(path('workflows.js'), (await workflowBundle()).code)
  settings = {
    PATH: process.env['PATH'] ?? '',
    NODE_OPTIONS: `--import=${path('slack.mjs')}`,
    TEMPORAL_ADDRESS: env.address,
    SLUICE_CONFIG: path('sluice.yaml'),
    SLUICE_WORKFLOW_BUNDLE: path('workflows.js'),
    SLUICE_SLACK_SIGNING_SECRET: SECRET,
    SLUICE_SLACK_BOT_TOKEN: 'xoxb-test',
    SLUICE_LOG_LEVEL: 'info',
  }
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await env.teardown()
  await compiled.remove()
  await rm(folder, { recursive: true, force: true })
})

/** Starts an entry point as a process of its own, until it says that it is ready; answers with what it has written. */
async function launch(entry: string, more: Readonly<Record<string, string>>): Promise<() => string> {
  const child = fork(compiled.path(entry), {
    env: { ...settings, ...more },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await Promise.race([once(child, 'message'), once(child, 'exit')])
  expect(child.exitCode, said).toBeNull()
  return () => said
}

const figuresOf = async (url: string) => (await fetch(`${url}/metrics`)).text()

function slackRequest(fields: Readonly<Record<string, string>>, secret: string): RequestInit {
  const body = new URLSearchParams(fields).toString()
  const time = String(Math.floor(Date.now() / 1_000))
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex')}`
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': time,
    'x-slack-signature': signature,
  }
  return { method: 'POST', body, headers }
}

describe('the API and a worker as processes', () => {
  it.each([
    ['src/api/main.ts', 'Usage: sluice-api', 'SLUICE_PORT', 'SLUICE_WORKER_METRICS'],
    ['src/worker/main.ts', 'Usage: sluice-worker', 'SLUICE_WORKER_METRICS', 'SLUICE_PORT'],
  ])('say what they are when asked for help, and start nothing: %s', async (entry, usage, own, foreign) => {
    const { stdout } = await promisify(execFile)(process.execPath, [compiled.path(entry), '--help'], {
      env: { ...settings, SLUICE_CONFIG: 'there-is-none.yaml' },
    })
    expect(stdout).toContain(usage)
    expect(stdout).toContain(own)
    expect(stdout).not.toContain(foreign)
  })

  it('show at /metrics what they do, the traffic with Slack among it', async () => {
    const metrics = `127.0.0.1:${await freePort()}`
    const [said] = await Promise.all([
      launch('src/api/main.ts', { SLUICE_PORT: '0' }),
      launch('src/worker/main.ts', { SLUICE_WORKER_METRICS: metrics }),
    ])
    const [, api = ''] = /listening at (http:[^"\s]+)/.exec(said()) ?? []

    const fields = { command: '/release', text: 'help', user_id: 'U1', team_id: 'T1', trigger_id: 't1' }
    const help = { ...fields, response_url: 'https://hooks.slack.com/commands/x' }
    expect((await fetch(`${api}/slack/events`, slackRequest(help, SECRET))).status).toBe(200)
    expect((await fetch(`${api}/slack/events`, slackRequest(help, 'guess'))).status).toBe(401)
    const plan = {
      service: 'search',
      environment: 'rehearsal',
      steps: [{ weight: '10%' }, { bake: '1h' }, { weight: '100%' }],
    }
    const start = await fetch(`${api}/api/v1/releases`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ plan, version: '2.0.0' }),
    })
    expect(start.status, await start.clone().text()).toBe(201)

    const ofApi = await until(
      () => figuresOf(api),
      (text) => text.includes('sluice_slack_deliveries_total{'),
    )
    for (const line of [
      'sluice_slack_requests_total{answer="taken"} 1',
      'sluice_slack_requests_total{answer="bad-signature"} 1',
      'sluice_slack_deliveries_total{method="response_url",answer="ok"} 1',
      'sluice_release_starts_total{',
      'sluice_http_requests_total{',
      'process_resident_memory_bytes ',
    ]) {
      expect(ofApi).toContain(line)
    }
    const ofWorker = await until(
      () => figuresOf(`http://${metrics}`),
      (text) => text.includes('sluice_slack_deliveries_total{'),
    )
    expect(ofWorker).toMatch(/sluice_slack_deliveries_total\{answer="ok",method="chat\.postMessage"\} [1-9]/)
    expect(ofWorker).toContain('temporal_workflow_task_execution_latency')
  })
})
