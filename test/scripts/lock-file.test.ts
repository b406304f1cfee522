import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { completeLock, type LockFile, platformOf, withIntegrity } from '../../scripts/lib/lock-file.mjs'

const lock: LockFile = {
  packages: {
    '': { name: 'app' },
    'node_modules/@swc/core': {
      version: '1.2.3',
      integrity: 'sha512-a',
      optionalDependencies: { '@swc/core-linux-x64-gnu': '1.2.3', '@swc/core-darwin-arm64': '1.2.3' },
    },
    'node_modules/@swc/core-linux-x64-gnu': { version: '1.2.3', integrity: 'sha512-b', optional: true, os: ['linux'] },
    'node_modules/oxlint': {
      version: '1.94.0',
      dev: true,
      optionalDependencies: { '@oxlint/binding-linux-arm64-musl': '1.94.0' },
    },
  },
}

describe('completeLock', () => {
  it('adds the binaries of other platforms, in npm’s order, and leaves the rest as it is', () => {
    const { lock: complete, added } = completeLock(lock)
    expect(added).toEqual(['@swc/core-darwin-arm64@1.2.3', '@oxlint/binding-linux-arm64-musl@1.94.0'])
    expect(Object.keys(complete.packages)).toEqual([
      '',
      'node_modules/@oxlint/binding-linux-arm64-musl',
      'node_modules/@swc/core',
      'node_modules/@swc/core-darwin-arm64',
      'node_modules/@swc/core-linux-x64-gnu',
      'node_modules/oxlint',
    ])
    expect(complete.packages).toMatchObject(lock.packages)
    expect(complete.packages).toMatchObject({
      'node_modules/@swc/core-darwin-arm64': { version: '1.2.3', optional: true, os: ['darwin'], cpu: ['arm64'] },
      'node_modules/@oxlint/binding-linux-arm64-musl': {
        version: '1.94.0',
        dev: true,
        optional: true,
        os: ['linux'],
        cpu: ['arm64'],
        libc: ['musl'],
      },
    })
  })

  it('finds nothing to add a second time', () => {
    const { lock: complete } = completeLock(lock)
    expect(completeLock(complete)).toEqual({ lock: complete, added: [] })
  })

  it('replaces its own entry after the package that wants it has moved on', () => {
    const { lock: complete } = completeLock(lock)
    const swc = {
      ...lock.packages['node_modules/@swc/core'],
      optionalDependencies: { '@swc/core-darwin-arm64': '1.3.0' },
    }
    const moved = { ...complete, packages: { ...complete.packages, 'node_modules/@swc/core': swc } }
    const { lock: again, added } = completeLock(moved)
    expect(added).toEqual(['@swc/core-darwin-arm64@1.3.0'])
    expect(again.packages).toMatchObject({ 'node_modules/@swc/core-darwin-arm64': { version: '1.3.0' } })
  })

  it('takes a nested package for found', () => {
    const nested: LockFile = {
      packages: {
        'node_modules/a': { optionalDependencies: { b: '1.0.0' } },
        'node_modules/a/node_modules/b': { version: '1.0.0', integrity: 'sha512-c' },
      },
    }
    expect(completeLock(nested).added).toEqual([])
  })

  it('says that fsevents is for macOS when the lock does not', () => {
    const { lock: complete } = completeLock({ packages: { 'node_modules/fsevents': { version: '2.3.3' } } })
    expect(complete.packages).toEqual({ 'node_modules/fsevents': { version: '2.3.3', os: ['darwin'] } })
  })

  it('refuses what it cannot know: a range, and a name without a platform', () => {
    const wanting = (optionalDependencies: Record<string, string>) => ({
      packages: { 'node_modules/a': { optionalDependencies } },
    })
    expect(() => completeLock(wanting({ 'b-linux-x64': '^1.0.0' }))).toThrow('b-linux-x64@^1.0.0')
    expect(() => completeLock(wanting({ bufferutil: '4.0.8' }))).toThrow('bufferutil')
  })
})

describe('platformOf', () => {
  it.each([
    ['@biomejs/cli-win32-x64', { os: 'win32', cpu: 'x64', libc: null }],
    ['@swc/core-linux-arm-gnueabihf', { os: 'linux', cpu: 'arm', libc: 'glibc' }],
    ['@oxlint/binding-openharmony-arm64', { os: 'openharmony', cpu: 'arm64', libc: null }],
    ['@rolldown/binding-wasm32-wasi', { os: null, cpu: 'wasm32', libc: null }],
  ])('reads %s', (name, expected) => {
    expect(platformOf(name)).toEqual(expected)
  })
})

describe('withIntegrity', () => {
  const integrity = `sha512-${'a'.repeat(86)}==`

  it('asks for what is missing, by the name that the registry knows', async () => {
    const asked: string[] = []
    const packages = {
      '': { name: 'app' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' },
      'node_modules/a/node_modules/@b/c': { version: '2.0.0', optional: true },
    }
    const { lock: whole, found } = await withIntegrity({ packages }, async (name, version) => {
      asked.push(`${name} ${version}`)
      return integrity
    })
    expect(asked).toEqual(['@b/c 2.0.0'])
    expect(found).toEqual(['@b/c@2.0.0'])
    expect(whole.packages['node_modules/a/node_modules/@b/c']).toEqual({ version: '2.0.0', integrity, optional: true })
    expect(whole.packages['node_modules/a']).toEqual(packages['node_modules/a'])
  })

  it('refuses an answer that is none', async () => {
    const packages = { 'node_modules/a': { version: '1.0.0' } }
    await expect(withIntegrity({ packages }, async () => '')).rejects.toThrow('no integrity of a@1.0.0')
  })
})

describe('package-lock.json', () => {
  const read = (name: string) =>
    JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as Record<string, unknown>
  const manifest = read('package.json')
  const { packages } = read('package-lock.json') as unknown as LockFile

  it.each(['name', 'version', 'license', 'engines', 'dependencies', 'devDependencies'])(
    'says the same %s as package.json (else: npm install)',
    (key) => {
      expect(Object(packages['']), key).toHaveProperty([key], manifest[key])
    },
  )

  it('holds every package at the very version that package.json names', () => {
    const wanted = { ...Object(manifest['dependencies']), ...Object(manifest['devDependencies']) } as Record<
      string,
      string
    >
    const wrong = Object.entries(wanted).filter(
      ([name, version]) => /^\d/.test(version) && packages[`node_modules/${name}`]?.version !== version,
    )
    expect(wrong).toEqual([])
  })

  it('has the integrity of every package, and the binaries of every platform (else: npm run lock:complete)', () => {
    const without = Object.entries(packages).filter(
      ([place, entry]) => place !== '' && !/^sha512-\S{88}$/.test(entry.integrity ?? ''),
    )
    expect(without.map(([place]) => place)).toEqual([])
    expect(completeLock({ packages }).added).toEqual([])
  })

  it('takes packages from the registry only', () => {
    const elsewhere = Object.values(packages).filter(({ resolved }) => resolved !== undefined)
    expect(elsewhere.filter(({ resolved }) => !resolved?.startsWith('https://registry.npmjs.org/'))).toEqual([])
  })
})

describe('npm run check', () => {
  it('is the gate itself', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(scripts['check']).toBe('.ci/run')
  })
})
