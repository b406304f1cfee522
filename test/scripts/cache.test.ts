import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheRoot, fillFolder, withLock } from '../../scripts/lib/cache.mjs'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-cache-test-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

describe('cacheRoot', () => {
  it('takes SLUICE_CACHE before XDG_CACHE_HOME before the home folder', () => {
    expect(cacheRoot({ SLUICE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
    expect(cacheRoot({ XDG_CACHE_HOME: '/b' })).toBe('/b/sluice')
    expect(cacheRoot({})).toMatch(/\.cache\/sluice$/)
  })
})

describe('fillFolder', () => {
  const good = () => Promise.resolve(null)

  it('replaces the whole folder and leaves nothing else behind', async () => {
    const folder = join(root, '1.0.0')
    await mkdir(folder)
    await writeFile(join(folder, 'old'), '')
    await fillFolder(folder, (empty: string) => writeFile(join(empty, 'new'), ''), good)
    expect(await readdir(folder)).toEqual(['new'])
    expect(await readdir(root)).toEqual(['1.0.0'])
  })

  it('keeps the old folder when the new one cannot be made or is not good', async () => {
    const folder = join(root, '1.0.0')
    await mkdir(folder)
    await writeFile(join(folder, 'old'), '')
    await expect(fillFolder(folder, () => Promise.reject(new Error('disk full')), good)).rejects.toThrow('disk full')
    await expect(
      fillFolder(
        folder,
        () => Promise.resolve(),
        () => Promise.resolve('does not run'),
      ),
    ).rejects.toThrow('does not run')
    expect(await readdir(folder)).toEqual(['old'])
    expect(await readdir(root)).toEqual(['1.0.0'])
  })

  it('sweeps away what a killed process left half made', async () => {
    await mkdir(join(root, '.new-1.0.0-abc'))
    await fillFolder(join(root, '1.0.0'), (empty: string) => writeFile(join(empty, 'new'), ''), good)
    expect(await readdir(root)).toEqual(['1.0.0'])
  })
})

describe('withLock', () => {
  it('lets one in at a time', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside -= 1
    }
    const path = join(root, 'lock')
    await Promise.all(Array.from({ length: 6 }, () => withLock(path, work, { pollMs: 1 })))
    expect(most).toBe(1)
    expect(await readdir(root)).toEqual([])
  })

  it('is released when the work fails', async () => {
    const path = join(root, 'lock')
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withLock(path, () => Promise.resolve('second'))).toBe('second')
  })

  it('is taken over from a process that has died', async () => {
    const path = join(root, 'lock')
    await mkdir(path)
    await writeFile(join(path, 'owner.json'), JSON.stringify({ token: 't', pid: 2 ** 30, host: hostname() }))
    expect(await withLock(path, () => Promise.resolve('taken'))).toBe('taken')
  })

  it('is taken over from another machine that has not touched it for long', async () => {
    const path = join(root, 'lock')
    await mkdir(path)
    await writeFile(join(path, 'owner.json'), JSON.stringify({ token: 't', pid: 1, host: 'elsewhere' }))
    await utimes(path, new Date(0), new Date(0))
    expect(await withLock(path, () => readFile(join(path, 'owner.json'), 'utf8'))).toContain(`"pid":${process.pid}`)
  })

  it('waits for a living holder and says so once', async () => {
    const path = join(root, 'lock')
    const waits: string[] = []
    let finish = () => {}
    let begun = () => {}
    const hasBegun = new Promise<void>((resolve) => (begun = resolve))
    const work = () => {
      begun()
      return new Promise<void>((resolve) => (finish = resolve))
    }
    const first = withLock(path, work)
    // Whoever comes first holds it, so the second must not come before the first has it.
    await hasBegun
    const second = withLock(path, () => Promise.resolve('second'), {
      pollMs: 1,
      onWait: () => {
        waits.push('wait')
        finish()
      },
    })
    await Promise.all([first, second])
    expect(waits).toEqual(['wait'])
  })
})
