import { describe, expect, it } from 'vitest'
import { environmentSchema } from '../../src/config/environment.ts'
import { helpIfAsked } from '../../src/config/help.ts'

const api = { role: 'API', command: 'sluice-api', what: 'The HTTP API.' } as const
const worker = { role: 'worker', command: 'sluice-worker', what: 'A worker.' } as const

describe('the help of a program without arguments', () => {
  it('is there for whoever asks, and for nobody else', () => {
    expect(helpIfAsked([], api)).toBeNull()
    expect(helpIfAsked(['serve'], api)).toBeNull()
    expect(helpIfAsked(['-h'], api)).toBe(helpIfAsked(['--help'], api))
    expect(helpIfAsked(['--help'], api)).toContain('Usage: sluice-api\n\nThe HTTP API. It takes no arguments.')
  })

  it('names each setting that the program reads, with what holds without it', () => {
    const texts = [helpIfAsked(['--help'], api) ?? '', helpIfAsked(['--help'], worker) ?? '']
    expect(texts[0]).toMatch(/^ {2}SLUICE_PORT +the port it listens on; 0 takes a free one \[8230\]$/m)
    expect(texts[0]).not.toContain('SLUICE_WORKER_METRICS')
    expect(texts[1]).toMatch(/^ {2}SLUICE_WORKER_METRICS +address:port where/m)
    expect(texts[1]).not.toContain('SLUICE_PORT')
    for (const name of Object.keys(environmentSchema.shape)) expect(texts.join('')).toContain(name)
  })

  it('is no wider than a wide terminal', () => {
    for (const line of `${helpIfAsked(['--help'], api)}${helpIfAsked(['--help'], worker)}`.split('\n'))
      expect(line.length).toBeLessThanOrEqual(120)
  })
})
