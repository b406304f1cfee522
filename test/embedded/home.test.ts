import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeHome, writeInstallation } from '../../src/embedded/home.ts'
import { takeLock } from '../../src/embedded/home-lock.ts'
import { createPartsRecord, endLeftovers } from '../../src/embedded/leftovers.ts'
import { choosePorts } from '../../src/embedded/ports.ts'
import { isRunning, runningAs } from '../../src/embedded/process-identity.ts'
import { compileEmbedded } from './compiled.ts'
import { temporaryFolder } from './running.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const children: ChildProcess[] = []
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await folder.remove()
})

/** A program that does nothing, and a script it runs first. */
function idle(script = ''): ChildProcess {
  const child = spawn(process.execPath, ['-e', `${script};process.stdout.write('.');setInterval(() => {}, 1e6)`])
  children.push(child)
  return child
}

async function ended(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

describe('one run of a program', () => {
  it('is running until it ends, and is no other with its number', async () => {
    const child = idle()
    const running = await runningAs(child.pid ?? 0)
    expect(running).toMatchObject({ pid: child.pid })
    expect(await isRunning(running ?? { pid: 0, started: '' })).toBe(true)
    expect(await isRunning({ pid: child.pid ?? 0, started: 'at another time' })).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await runningAs(child.pid ?? 0)).toBeNull()
  })
})

describe('the lock of a home', () => {
  const lockIn = () => join(folder.path, 'running.pid')

  it('keeps a second tree out while the first one runs', async () => {
    const release = await takeLock(lockIn())
    await expect(takeLock(lockIn())).rejects.toMatchObject({
      code: 'config.invalid',
      message: `Sluice is already running here, as process ${process.pid}`,
    })
    await release()
    await (await takeLock(lockIn()))()
    expect(await readdir(folder.path)).toEqual([])
  })

  it.each<[string, () => Promise<string>]>([
    ['whose process is gone', async () => JSON.stringify({ pid: await ended(), started: 'long ago' })],
    ['whose number another program has', async () => JSON.stringify({ pid: idle().pid, started: 'long ago' })],
    ['whose number we have ourselves', async () => JSON.stringify({ pid: process.pid, started: 'long ago' })],
    ['of an earlier form', async () => String(idle().pid)],
    ['that is empty', async () => ''],
    ['that is damaged', async () => '{"pid":'],
  ])('is taken over from a lock %s', async (_, text) => {
    await writeFile(lockIn(), await text())
    const release = await takeLock(lockIn())
    expect(JSON.parse(await readFile(lockIn(), 'utf8'))).toEqual(await runningAs(process.pid))
    await release()
    expect(await readdir(folder.path)).toEqual([])
  })

  it('is taken over from a folder in its place', async () => {
    await mkdir(lockIn())
    await expect(takeLock(lockIn())).resolves.toBeTypeOf('function')
  })

  it('goes to one of many who see the same stale lock', async () => {
    const lockFile = lockIn()
    await writeFile(lockFile, '0')
    const compiled = await compileEmbedded(['home-lock.ts'])
    // Each is a process of its own, because a process is always the same one as itself.
    const script = `const { takeLock } = await import(process.argv[1])
      const taken = await takeLock(process.argv[2]).then(() => 'taken', () => 'refused')
      process.stdout.write(taken + '\\n'); setInterval(() => {}, 1e6)`
    const args = ['--input-type=module', '-e', script, compiled.path('home-lock.ts'), lockFile]
    const racers = Array.from({ length: 6 }, () => spawn(process.execPath, args))
    children.push(...racers)
    const said = await Promise.all(racers.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim()))
    expect(said.toSorted()).toEqual(['refused', 'refused', 'refused', 'refused', 'refused', 'taken'])
    await compiled.remove()
  }, 60_000)

  it('is given back only by who holds it', async () => {
    const release = await takeLock(lockIn())
    await writeFile(lockIn(), 'somebody else')
    await release()
    expect(await readFile(lockIn(), 'utf8')).toBe('somebody else')
  })
})

describe('a home', () => {
  const ports = { temporal: 1, temporalUi: 2, api: 3, proxy: 4, admin: 5, blue: 6, green: 7, load: 8 }

  it('is made for its owner only, with all that is written there', async () => {
    const home = await takeHome(join(folder.path, 'home'))
    await choosePorts(home.portsFile, () => {})
    await writeInstallation(home, ports, 'plan.yaml')
    expect([await modeOf(home.folder), await modeOf(home.logs)]).toEqual([0o700, 0o700])
    for (const file of [home.secret, home.portsFile, home.config, join(home.folder, 'running.pid')]) {
      expect(await modeOf(file), file).toBe(0o600)
    }
    await home.release()
  })

  it('of an earlier version is closed to others, a folder of somebody else’s things is not', async () => {
    const [old, foreign] = [join(folder.path, 'old'), join(folder.path, 'foreign')]
    for (const path of [old, foreign]) await mkdir(path)
    await writeFile(join(old, 'ports.json'), '{}')
    await writeFile(join(foreign, 'thesis.tex'), '')
    for (const path of [old, foreign]) await chmod(path, 0o755)
    for (const path of [old, foreign]) await (await takeHome(path)).release()
    expect([await modeOf(old), await modeOf(foreign)]).toEqual([0o700, 0o755])
  })

  it('tells the worker where the secret is, and not what it is', async () => {
    const home = await takeHome(folder.path)
    await writeInstallation(home, ports, 'plan.yaml')
    const text = await readFile(home.config, 'utf8')
    expect(JSON.parse(text)).toMatchObject({ targets: [{ router: { secretFile: home.secret } }] })
    expect(text).not.toContain((await readFile(home.secret, 'utf8')).trim())
    await home.release()
  })
})

describe('the ports of a tree', () => {
  it('are the same ones again, and others with a word where the file is damaged', async () => {
    const file = join(folder.path, 'ports.json')
    const notes: string[] = []
    const first = await choosePorts(file, (note) => notes.push(note))
    expect(await choosePorts(file, (note) => notes.push(note))).toEqual(first)
    expect(notes).toEqual([])
    await writeFile(file, '{"temporal":')
    await choosePorts(file, (note) => notes.push(note))
    expect(notes).toEqual([expect.stringMatching(/ports\.json was damaged \(it holds no ports\) and is now /)])
  })
})

describe('what a tree that was killed has left', () => {
  const partsIn = () => join(folder.path, 'parts.json')

  it('is ended, also when it does not want to', async () => {
    const [willing, unwilling] = [idle(), idle(`process.on('SIGTERM', () => {})`)]
    await Promise.all([willing, unwilling].map(async ({ stdout }) => stdout && once(stdout, 'data')))
    const record = createPartsRecord(partsIn())
    for (const { pid } of [willing, unwilling]) record(pid ?? 0)
    await expect.poll(async () => JSON.parse(await readFile(partsIn(), 'utf8'))).toHaveLength(2)
    const gone = [willing, unwilling].map((child) => once(child, 'exit'))
    expect(await endLeftovers(partsIn(), 2_000)).toBe(2)
    expect(await Promise.all(gone)).toEqual([
      [null, 'SIGTERM'],
      [null, 'SIGKILL'],
    ])
    expect(await endLeftovers(partsIn(), 200)).toBe(0)
  })

  it('is nothing where another program has the number by now, or the file is damaged', async () => {
    const bystander = idle()
    await writeFile(partsIn(), JSON.stringify([{ pid: bystander.pid, started: 'long ago' }]))
    expect(await endLeftovers(partsIn(), 200)).toBe(0)
    await writeFile(partsIn(), JSON.stringify([bystander.pid, -1, 0]))
    expect(await endLeftovers(partsIn(), 200)).toBe(0)
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
  })
})
