import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseJson } from '../../src/domain/json.ts'
import { keepSecret, readSecret } from '../../src/embedded/secret.ts'
import { readStateFile, writeStateFile } from '../../src/embedded/state-file.ts'
import { temporaryFolder } from './running.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let file = ''
beforeEach(async () => {
  folder = await temporaryFolder()
  file = join(folder.path, 'state.json')
})
afterEach(async () => {
  vi.useRealTimers()
  await folder.remove()
})

const number = (text: string) => {
  const value = parseJson(text)
  return typeof value === 'number' ? { ok: true as const, value } : { ok: false as const, problem: 'it is no number' }
}
const modeOf = async (path: string) => (await stat(path)).mode & 0o777
const asides = async () => (await readdir(folder.path)).filter((name) => name.includes('.damaged-'))

describe('a state file', () => {
  it('is none before it was written, and then what was written last', async () => {
    expect(await readStateFile(file, number)).toEqual({ kind: 'none' })
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (value) => {
        await writeStateFile(file, JSON.stringify(value))
        expect(await readStateFile(file, number)).toEqual({ kind: 'kept', value })
      }),
      { numRuns: 20 },
    )
    expect(await readdir(folder.path)).toEqual(['state.json'])
  })

  it('is for its owner only, with every folder that was made for it', async () => {
    const deep = join(folder.path, 'a', 'b', 'state.json')
    await writeStateFile(deep, '1')
    expect(await modeOf(deep)).toBe(0o600)
    expect([await modeOf(join(folder.path, 'a')), await modeOf(join(folder.path, 'a', 'b'))]).toEqual([0o700, 0o700])
  })

  it('is set aside whatever is in its place, and what was there is kept', async () => {
    const damages: readonly (readonly [string, () => unknown])[] = [
      ['it is no number', () => writeFile(file, '"one"')],
      ['it is a folder', () => mkdir(file)],
      ['it is a pipe or a device', () => execFileSync('mkfifo', [file])],
      ['ELOOP', () => symlink(file, file)],
      ['it has more than', () => writeFile(file, '1'.repeat(1_048_577))],
    ]
    vi.useFakeTimers({ toFake: ['Date'] })
    let first: string | undefined
    for (const [index, [problem, damage]] of damages.entries()) {
      await damage()
      const read = await readStateFile(file, number)
      expect(read).toMatchObject({ kind: 'damaged', notice: expect.stringContaining(`was damaged (${problem}`) })
      expect(await asides()).toHaveLength(index + 1)
      first ??= (await asides())[0]
      expect(await readStateFile(file, number)).toEqual({ kind: 'none' })
    }
    expect(await readFile(join(folder.path, first ?? ''), 'utf8')).toBe('"one"')
  })

  it('that cannot be set aside either keeps nobody from starting', async () => {
    await writeFile(file, 'not JSON')
    const inFile = join(file, 'state.json')
    expect(await readStateFile(inFile, number)).toMatchObject({
      kind: 'damaged',
      notice: expect.stringMatching(/was damaged \(ENOTDIR\) and could not be renamed \(ENOTDIR\)$/),
    })
  })
})

describe('a secret in a file', () => {
  it('is made once, random and for its owner only', async () => {
    await keepSecret(file)
    const secret = await readSecret(file)
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(await modeOf(file)).toBe(0o600)
    await keepSecret(file)
    expect(await readSecret(file)).toBe(secret)
  })

  it.each(['', 'short', 'two lines that are long enough\nand more', 'ümlauts are no header’s'])(
    'is made anew where %j stands',
    async (text) => {
      await writeFile(file, text)
      expect(await readSecret(file)).toBeNull()
      await keepSecret(file)
      expect(await readSecret(file)).toMatch(/^[0-9a-f]{64}$/)
    },
  )
})
