import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findUnleash } from '../../scripts/lib/unleash.mjs'

const silent = { tell() {}, progress() {}, done() {}, skip() {}, fail() {} }

let cache = ''
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'sluice-unleash-test-'))
})
afterEach(() => rm(cache, { recursive: true, force: true }))

const find = (more: NodeJS.ProcessEnv = {}) =>
  findUnleash({ env: { SLUICE_CACHE: cache, SLUICE_INSTALL: 'never', ...more }, step: silent })

/** What npm leaves behind in a program of its own: it says that all is well, and installs what it is told. */
async function fakeNpm(version: string): Promise<string> {
  const list = JSON.stringify({ packages: { 'node_modules/unleash-server': { version } } })
  const folder = join(cache, 'bin')
  await mkdir(folder)
  const script = `#!/bin/sh\nmkdir -p node_modules\necho '${list}' > node_modules/.package-lock.json\n`
  await writeFile(join(folder, 'npm'), script, { mode: 0o755 })
  return folder
}

describe.skipIf(process.platform === 'win32')('findUnleash', () => {
  it('installs nothing when told so, and gives that as the reason', async () => {
    expect(await find()).toEqual({ reason: 'Unleash 7.5.1 is not installed (SLUICE_INSTALL=never)' })
  })

  it('installs it once, from the lock of the project, and takes it from the cache from then on', async () => {
    const bin = await fakeNpm('7.5.1')
    const path = process.env['PATH']
    process.env['PATH'] = `${bin}:${path}`
    try {
      const made = await find({ SLUICE_INSTALL: '' })
      expect(made).toMatchObject({ from: 'npm, 7.5.1' })
      const folder = 'path' in made ? made.path : ''
      expect((await readdir(folder)).toSorted()).toEqual(['node_modules', 'package-lock.json', 'package.json'])
      expect(await find()).toEqual({ path: folder, from: 'cache, 7.5.1' })
    } finally {
      process.env['PATH'] = path
    }
  })

  it('does not take another version for it', async () => {
    const bin = await fakeNpm('8.2.0')
    const path = process.env['PATH']
    process.env['PATH'] = `${bin}:${path}`
    try {
      expect(await find({ SLUICE_INSTALL: '' })).toMatchObject({
        reason: expect.stringContaining('holds Unleash 8.2.0') as string,
      })
    } finally {
      process.env['PATH'] = path
    }
  })
})
