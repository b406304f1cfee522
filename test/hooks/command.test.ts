import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileFiles } from '../embedded/compiled.ts'
import { open } from '../support/calls.ts'
import { waitFor } from '../support/server-process.ts'
import { outsideOf, REQUEST } from './parts.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-commands-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const node = (program: string, ...args: readonly string[]) => [process.execPath, '-e', program, '--', ...args]
const hooks = (run: readonly string[], more: object = {}) => ({ hooks: { deploy: { command: { run, ...more } } } })
const call = (run: readonly string[], more: object = {}, variables: NodeJS.ProcessEnv = {}) =>
  outsideOf(hooks(run, more), variables).call(REQUEST, open())
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
/** Writes its own process id and that of a child to a file, then both go on for ever. */
const HANGS = `const { spawn } = require('node:child_process')
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
require('node:fs').writeFileSync(process.argv[1] + '.new', process.pid + ' ' + child.pid)
require('node:fs').renameSync(process.argv[1] + '.new', process.argv[1])
setInterval(() => {}, 1000)`
const pidsIn = (file: string) =>
  waitFor('the command', async () => (existsSync(file) ? (await readFile(file, 'utf8')).split(' ').map(Number) : null))
const untilGone = (pids: readonly number[]) =>
  waitFor('the end of the command', async () => (pids.some(isAlive) ? null : true))

describe('a command', () => {
  it('gets its arguments as they are, without a shell, and its placeholders filled', async () => {
    const file = join(folder, 'args')
    const write = 'require("node:fs").writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))'
    expect(await call(node(write, file, 'app=shop:{version}', '{pool}', '$HOME; rm -rf *'))).toEqual({
      ...{ kind: 'done', text: '' },
    })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(['app=shop:2.4.0', 'green', '$HOME; rm -rf *'])
  })

  it('sees the variables it was given, those of Sluice, and no other', async () => {
    const file = join(folder, 'env')
    const write = 'require("node:fs").writeFileSync(process.argv[1], JSON.stringify(process.env))'
    await call(node(write, file), { environment: ['KUBECONFIG'] }, { PATH: '/bin', KUBECONFIG: '/k', TOKEN: 't' })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      ...{ PATH: '/bin', KUBECONFIG: '/k', SLUICE_KEY: REQUEST.key, SLUICE_RELEASE: REQUEST.releaseId },
      ...{ SLUICE_SERVICE: 'checkout', SLUICE_ENVIRONMENT: 'production', SLUICE_VERSION: '2.4.0' },
      ...{
        SLUICE_POOL: 'green',
        SLUICE_STABLE: 'blue',
        SLUICE_STEP: '2',
        SLUICE_CALL: 'deploy',
        SLUICE_DIRECTION: 'do',
      },
    })
  })

  it('that fails says its exit code and its last line, without the secrets it was given', async () => {
    const fail = 'console.error("first\\nno access with " + process.env.TOKEN); process.exitCode = 3'
    const outcome = await call(node(fail), { environment: ['TOKEN'] }, { TOKEN: 'hunter2hunter2' })
    expect(outcome).toEqual({ kind: 'refused', reason: 'exit code 3: no access with ***' })
  })

  it('that ends with 75 is tried again', async () => {
    expect(await call(node('process.exitCode = 75'))).toEqual({ kind: 'unanswered', reason: 'exit code 75' })
  })

  it('that is not there says so', async () => {
    expect(await call(['no-such-program'])).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('ENOENT'),
    })
  })

  it('that writes for ever is kept to the last of it', async () => {
    const outcome = await call(node('for (let i = 0; i < 2e5; i++) console.log("x".repeat(50)); process.exitCode = 1'))
    expect(outcome).toMatchObject({ kind: 'refused', reason: `exit code 1: ${'x'.repeat(50)}` })
  })

  it('is killed with what it has started at its deadline', async () => {
    const file = join(folder, 'late')
    const outcome = await call(node(HANGS, file), { deadline: '1500ms' })
    expect(outcome).toEqual({ kind: 'refused', reason: 'it did not end in time and was killed (deadline 1500ms)' })
    await untilGone(await pidsIn(file))
  })

  it('is killed with what it has started when it is no longer wanted, and gone before that is answered', async () => {
    const file = join(folder, 'aborted')
    const leaving = new AbortController()
    const ended = outsideOf(hooks(node(HANGS, file))).call(REQUEST, leaving.signal)
    const pids = await pidsIn(file)
    leaving.abort(new Error('no longer wanted'))
    await expect(ended).rejects.toThrow('no longer wanted')
    await untilGone(pids)
  })

  it('is killed with what it has started when its worker is', async () => {
    const compiled = await compileFiles(['src/hooks/run-command.ts'])
    const file = join(folder, 'orphaned')
    const argv = JSON.stringify(node(HANGS, file))
    const worker = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { runCommand } from ${JSON.stringify(compiled.path('src/hooks/run-command.ts'))}
await runCommand({ argv: ${argv}, environment: {}, deadline: 60000 }, new AbortController().signal)`,
    ])
    const pids = await pidsIn(file)
    worker.kill('SIGKILL')
    await untilGone(pids)
    await compiled.remove()
  })

  it('never gets an option that somebody has put in the place of a version', async () => {
    const outside = outsideOf(hooks(['deploy', '{version}']))
    await expect(outside.call({ ...REQUEST, version: '--all' }, open())).rejects.toThrow('would be an option')
  })

  it('is not run where the installation does not allow it', () => {
    expect(() => outsideOf({ ...hooks(['true']), outbound: {} })).toThrow('commands may not be run')
  })

  it.each([
    [0, 'yes'],
    [1, 'no'],
    [75, 'wait'],
    [2, 'unreadable'],
  ])('that is asked for a yes and ends with %d says %s', async (code, kind) => {
    const outside = outsideOf(hooks(node(`console.log("because"); process.exitCode = ${code}`)))
    expect(await outside.ask({ ...REQUEST, direction: 'ask' }, open())).toMatchObject({
      kind,
      reason: expect.stringContaining('because'),
    })
  })
})
