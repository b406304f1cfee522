import { describe, expect, it } from 'vitest'
import { assertSafeBinding } from '../../src/api/binding.ts'
import { demoInstallation } from '../support/demo-installation.ts'

describe('assertSafeBinding', () => {
  it('takes only loopback addresses while nobody has a token', () => {
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      expect(() => assertSafeBinding(host, demoInstallation())).not.toThrow()
    }
    for (const host of ['0.0.0.0', '::', '10.0.0.7', 'sluice.internal', 'localhost.evil.example', '']) {
      expect(() => assertSafeBinding(host, demoInstallation())).toThrow(/must not be reachable/)
    }
  })

  it('takes any address once people have tokens', () => {
    expect(() => assertSafeBinding('0.0.0.0', demoInstallation({ hasTokens: true }))).not.toThrow()
  })
})
