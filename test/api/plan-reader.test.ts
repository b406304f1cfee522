import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createPlanReader, isShort } from '../../src/api/plan-reader.ts'
import { compileEmbedded } from '../embedded/compiled.ts'
import { CONTEXT, PLAN } from '../support/demo-installation.ts'

type PlanReader = ReturnType<typeof createPlanReader>

const EXAMPLE = fileURLToPath(new URL('../../examples/sluice.yaml', import.meta.url))
/** More than what is read at once. */
const LONG = { steps: Array.from({ length: 2_000 }, () => 1) }

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function open(file: URL, patience = 20_000): PlanReader {
  const reader = createPlanReader({ config: EXAMPLE, context: CONTEXT, file, patience })
  closers.push(() => reader.close())
  return reader
}

/** A thread that does this with each job. */
const thread = (onJob: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'\nparentPort.postMessage('ready')\nparentPort.on('message', ({ id, written }) => { ${onJob} })`)}`,
  )

describe('a plan as people write it', () => {
  it('is read at once, and a long one is not', async () => {
    const reader = open(new URL('file:///no/such/thread.js'))
    expect(await reader.read(PLAN)).toMatchObject({ plan: { service: 'checkout' } })
    await expect(reader.read(LONG)).rejects.toThrow('/no/such/thread.js')
    expect([isShort(null), isShort('x'.repeat(49_000)), isShort('x'.repeat(51_000))]).toEqual([true, true, false])
    expect(isShort(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, 1])))).toBe(false)
  })
})

describe('plans are read in a thread', () => {
  it('against the installation of the server, each with its own answer', async () => {
    const compiled = await compileEmbedded(['../api/plan-thread.ts'])
    closers.push(compiled.remove)
    const reader = open(pathToFileURL(compiled.path('../api/plan-thread.ts')))
    const latency = { quantiles: ['p50', 'p90', 'p95', 'p99'], notWorseThan: '1.25x', minRequests: 20 }
    const checks = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`c${index}`, { latency }]))
    const plan = {
      service: 'checkout',
      environment: 'production',
      steps: [{ weight: '5%' }, { weight: '100%' }],
      checks,
    }
    const [good, bad] = await Promise.all([reader.read(plan), reader.read({ ...plan, service: 'nowhere' })])
    expect([isShort(plan), good]).toMatchObject([false, { plan: { service: 'checkout' } }])
    expect(bad).toMatchObject({ problems: [expect.objectContaining({ rule: 'unknown-target' })] })
  })

  it('one that takes too long is given up, and the next is read by a new thread', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-plans-'))
    closers.push(() => rm(folder, { recursive: true }))
    const flag = join(folder, 'seen')
    const reader = open(
      thread(`const fs = process.getBuiltinModule('node:fs')
        if (!fs.existsSync(${JSON.stringify(flag)})) { fs.writeFileSync(${JSON.stringify(flag)}, ''); for (;;); }
        parentPort.postMessage({ id, read: '{"problems":[]}'  })`),
      500,
    )
    await expect(reader.read(LONG)).rejects.toMatchObject({ code: 'plan.too-large', status: 413 })
    expect(await reader.read(LONG)).toEqual({ problems: [] })
  })

  it('a thread that dies fails the plan that it had, and no other', async () => {
    const reader = open(
      thread(
        `if (JSON.parse(written).die) throw new Error('dead'); parentPort.postMessage({ id, read: '{"problems":[]}'  })`,
      ),
    )
    const [dead, next] = await Promise.allSettled([reader.read({ ...LONG, die: 1 }), reader.read(LONG)])
    expect([dead.status, next.status]).toEqual(['rejected', 'fulfilled'])
  })

  it('more than may wait are sent away', async () => {
    const reader = open(thread(`setTimeout(() => parentPort.postMessage({ id, read: '{"problems":[]}' }), 1)`))
    const reads = await Promise.allSettled(Array.from({ length: 150 }, () => reader.read(LONG)))
    const refused = reads.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(49)
    expect(refused[0]).toMatchObject({ reason: { code: 'request.too-many' } })
  })

  it('an installation that is not there is told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-plans-'))
    closers.push(() => rm(folder, { recursive: true }))
    const file = join(folder, 'thread.mjs')
    await writeFile(file, `throw new Error('no installation')`)
    await expect(open(pathToFileURL(file)).read(LONG)).rejects.toThrow('no installation')
  })
})
