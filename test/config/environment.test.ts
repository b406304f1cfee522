import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { loadInstallation, readEnvironment, registeredPlans } from '../../src/config/environment.ts'

describe('readEnvironment', () => {
  it('needs nothing: without settings everything is on this machine', () => {
    expect(readEnvironment({ PATH: '/bin' })).toMatchObject({
      ...{
        SLUICE_HOST: '127.0.0.1',
        SLUICE_PORT: 8230,
        TEMPORAL_ADDRESS: '127.0.0.1:7233',
        TEMPORAL_NAMESPACE: 'default',
      },
      ...{ SLUICE_CONFIG: 'sluice.yaml', SLUICE_TASK_QUEUE: 'sluice' },
    })
  })

  it('reads a port from its digits only', () => {
    expect(readEnvironment({ SLUICE_PORT: '0' }).SLUICE_PORT).toBe(0)
    for (const port of ['', '80a', '-1', '0x50', '123456', ' 80']) {
      expect(() => readEnvironment({ SLUICE_PORT: port }), port).toThrow(
        expect.objectContaining({ code: 'config.invalid' }),
      )
    }
  })

  it('names every variable that is wrong', () => {
    const wrong = { SLUICE_PORT: 'x', SLUICE_HOST: '', SLUICE_WORKER_METRICS: 'everywhere' }
    expect(() => readEnvironment(wrong)).toThrow(
      expect.objectContaining({ received: expect.stringMatching(/SLUICE_HOST.*SLUICE_PORT.*SLUICE_WORKER_METRICS/) }),
    )
  })
})

describe('the files of an installation', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-config-test-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const TARGET = `targets:
  - service: checkout
    environment: production
    pools: [blue, green]
    router: { kind: memory, world: config-test }
`

  async function installed(text: string) {
    const path = join(folder, 'sluice.yaml')
    await writeFile(path, text)
    return { path, installation: await loadInstallation(path, ADAPTERS) }
  }

  it('are read from where the configuration stands', async () => {
    const { path, installation } = await installed(`${TARGET}    plan: plans/checkout.yaml\n`)
    await expect(
      registeredPlans(installation, path)({ service: 'checkout', environment: 'production' }),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        message: expect.stringContaining('plans/checkout.yaml cannot be read'),
      }),
    )
    const { path: again, installation: other } = await installed(`${TARGET}    plan: plan.yaml\n`)
    await writeFile(join(folder, 'plan.yaml'), 'service: checkout\n')
    const plan = await registeredPlans(other, again)({ service: 'checkout', environment: 'production' })
    expect(plan).toEqual({ service: 'checkout' })
  })

  it('are no plans when they are empty, binary or a list, and that is said with the place', async () => {
    const { path, installation } = await installed(`${TARGET}    plan: plan.yaml\n`)
    for (const [text, message] of [
      ['', 'plan.yaml:1:1: the plan is empty'],
      ['# nothing\n', 'plan.yaml:1:1: the plan is empty'],
      ['- a\n', 'plan.yaml:1:1: this is not a plan'],
      ['service: "a\0"\n', 'plan.yaml:1:12: this is not text'],
      ['service: a\n__proto__: {}\n', 'plan.yaml:2:1: __proto__ cannot be a key'],
    ] as const) {
      await writeFile(join(folder, 'plan.yaml'), text)
      await expect(
        registeredPlans(installation, path)({ service: 'checkout', environment: 'production' }),
      ).rejects.toThrow(expect.objectContaining({ code: 'plan.not-yaml', message: expect.stringContaining(message) }))
    }
  })

  it('say nothing about targets without a plan', async () => {
    const { path, installation } = await installed(TARGET)
    expect(await registeredPlans(installation, path)({ service: 'checkout', environment: 'production' })).toBeNull()
    expect(await registeredPlans(installation, path)({ service: 'other', environment: 'production' })).toBeNull()
  })

  it('are refused with the place of every problem', async () => {
    const path = join(folder, 'sluice.yaml')
    await writeFile(path, `${TARGET}colour: blue\nshape: round\n`)
    await expect(loadInstallation(path, ADAPTERS)).rejects.toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        message: expect.stringMatching(/:6:1: .*\n[^]*:7:1: /),
        fix: expect.stringMatching(/^fix each of them in .*, then start again$/),
      }),
    )
  })

  it('are refused when they are not there', async () => {
    await expect(loadInstallation(join(folder, 'none.yaml'), ADAPTERS)).rejects.toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        fix: 'create the file or name another, and let this process read it',
      }),
    )
  })

  it('hold plans that are YAML, or say where not', async () => {
    const { path, installation } = await installed(`${TARGET}    plan: plan.yaml\n`)
    await writeFile(join(folder, 'plan.yaml'), 'a: [1\n')
    await expect(
      registeredPlans(installation, path)({ service: 'checkout', environment: 'production' }),
    ).rejects.toThrow(
      expect.objectContaining({ code: 'plan.not-yaml', message: expect.stringContaining('plan.yaml:') }),
    )
  })

  it.each([
    ['a device without an end', (file: string) => symlinkSync('/dev/zero', file), 'it is a pipe or a device'],
    ['a pipe that nobody writes to', (file: string) => execFileSync('mkfifo', [file]), 'it is a pipe or a device'],
    ['a folder', (file: string) => mkdirSync(file), 'it is a folder'],
    ['a gigabyte', (file: string) => execFileSync('truncate', ['-s', '1G', file]), 'it has more than'],
  ])('are refused at the line that names them where they are %s, and nobody waits', async (_what, make, problem) => {
    const file = join(folder, 'odd.yaml')
    make(file)
    const users = `${TARGET}    cohorts: { beta: { cookie: beta, users: ${file} } }\n`
    const template = `${TARGET}templates: { careful: ${file} }\n`
    const calendar = `${TARGET}freezes: { company: { ics: ${file} } }\n`
    for (const text of [users, template, calendar])
      await expect(installed(text)).rejects.toThrow(new RegExp(`sluice.yaml:6:.*cannot be read: ${problem}`))
    await expect(loadInstallation(file, ADAPTERS)).rejects.toThrow(problem)
    const { path, installation } = await installed(`${TARGET}    plan: ${file}\n`)
    const plan = registeredPlans(installation, path)({ service: 'checkout', environment: 'production' })
    await expect(plan).rejects.toThrow(problem)
  })

  it('are refused at their own line where sluice.yaml names itself as a template', async () => {
    await expect(installed(`${TARGET}templates: { careful: sluice.yaml }\n`)).rejects.toThrow(/sluice\.yaml:1:1: /)
  })
})
