import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rehearsalOf } from '../../src/analysis/readiness/rehearsal-plan.ts'
import { readPlan } from '../../src/domain/plan/plan.ts'
import { planContext } from '../domain/plan/plan-context.ts'

const PROGRAM = fileURLToPath(new URL('../../scripts/rehearse.mjs', import.meta.url))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function rehearsal(faults: readonly string[]) {
  const read = readPlan(
    {
      ...{ service: 'checkout', environment: 'production', interval: '1s' },
      steps: [{ cohort: 'internal' }, { bake: '10m' }, { weight: '50%' }, { bake: '10m' }, { weight: '100%' }],
      checks: { errors: { errorRate: { notWorseThan: '1.5x' } } },
    },
    planContext(),
  )
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const whole = rehearsalOf(read.plan, { longestBake: 3_000, without: [] })
  if ('unable' in whole) throw new Error(JSON.stringify(whole.unable))
  return { ...whole, runs: whole.runs.filter(({ fault }) => faults.includes(fault)) }
}

function start(job: object) {
  const env = { ...process.env, TMPDIR: folder, TEMPORAL_CLI: process.env['SLUICE_TEMPORAL_CLI'] ?? '' }
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
  child.stdin?.end(JSON.stringify(job))
  const code = new Promise<number | null>((done) => child.once('exit', done))
  return { child, code, said: child.stdout === null ? Promise.resolve('') : text(child.stdout) }
}

describe('a rehearsal', () => {
  it('runs real releases to the ends that they should have, and leaves nothing behind', async () => {
    const { code, said } = start(rehearsal(['none', 'errors', 'worker']))
    const lines = (await said)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; run?: object })
    expect(lines.flatMap(({ run }) => run ?? [])).toMatchObject([
      { name: 'a healthy version', came: 'promoted', isRight: true },
      { name: 'a version that fails', came: 'rolled-back', isRight: true },
      { name: 'a worker that is killed', came: 'promoted', isRight: true },
    ])
    expect(await code).toBe(0)
    expect(await readdir(folder)).toEqual([])
  }, 240_000)

  it('ends in the middle when it is told to, and leaves nothing behind either', async () => {
    const { child, code, said } = start(rehearsal(['none']))
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('begins')) child.kill('SIGTERM')
    })
    expect(await said).not.toContain('"ran"')
    expect(await code).toBe(1)
    expect(await readdir(folder)).toEqual([])
  }, 120_000)

  it.runIf(process.platform === 'linux')(
    'leaves no folder behind where it is killed',
    async () => {
      const { child, code, said } = start(rehearsal(['none']))
      child.stdout?.once('data', () => {
        const inner = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
        for (const pid of inner.trim().split(' ')) process.kill(Number(pid), 'SIGKILL')
      })
      expect(await said).not.toContain('"ran"')
      expect(await code).not.toBe(0)
      expect(await readdir(folder)).toEqual([])
    },
    120_000,
  )
})
