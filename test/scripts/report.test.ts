import { describe, expect, it } from 'vitest'
import { createReport } from '../../scripts/lib/report.mjs'

function recorder(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, written, write: (text: string) => written.push(text) }
}

describe('createReport', () => {
  it('prints one plain line per step where there is no terminal', () => {
    const output = recorder(false)
    createReport({ output, env: {} }).begin('Packages').done('up to date')
    expect(output.written).toEqual(['✓ Packages: up to date\n'])
  })

  it('tells how long a step took that took longer than a second', () => {
    const output = recorder(false)
    const times = [0, 92_000]
    createReport({ output, env: {}, now: () => times.shift() ?? 0 })
      .begin('Temporal')
      .done('built')
    expect(output.written).toEqual(['✓ Temporal: built (92 s)\n'])
  })

  it('colours the mark on a terminal unless NO_COLOR is set', () => {
    const [colourful, plain] = [recorder(true), recorder(true)]
    createReport({ output: colourful, env: {} }).begin('Build').fail('failed')
    createReport({ output: plain, env: { NO_COLOR: '1' } })
      .begin('Build')
      .fail('failed')
    expect(colourful.written.join('')).toContain('\u001B[31m✗\u001B[0m Build: failed')
    expect(plain.written.join('')).toContain('✗ Build: failed')
    expect(plain.written.join('')).not.toContain('\u001B[31m')
  })
})
