import { describe, expect, it } from 'vitest'
import { holdsVersionsOf } from '../../scripts/lib/packages.mjs'

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/zod': { version: '4.6.7' },
    'node_modules/fsevents': { version: '2.3.3', optional: true },
  },
}

describe('holdsVersionsOf', () => {
  it('is content with the versions of the lock file, whatever else is there', () => {
    const extra = { 'node_modules/zod': { version: '4.6.7' }, 'node_modules/other': { version: '1.0.0' } }
    expect(holdsVersionsOf(lock, { packages: extra })).toBe(true)
  })

  it('wants a missing package and another version to be installed', () => {
    expect(holdsVersionsOf(lock, { packages: {} })).toBe(false)
    expect(holdsVersionsOf(lock, { packages: { 'node_modules/zod': { version: '4.6.6' } } })).toBe(false)
  })

  it('does not take an optional package in another version', () => {
    const packages = { 'node_modules/zod': { version: '4.6.7' }, 'node_modules/fsevents': { version: '2.0.0' } }
    expect(holdsVersionsOf(lock, { packages })).toBe(false)
  })
})
