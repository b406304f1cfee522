import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { environmentSchema } from '../../src/config/environment.ts'
import { answerIfAsked } from '../../src/config/help.ts'

const api = { role: 'API', command: 'sluice-api', what: 'The HTTP API.' } as const
const worker = { role: 'worker', command: 'sluice-worker', what: 'A worker.' } as const

describe('the help of a program without arguments', () => {
  it('is there for whoever asks, and for nobody else', () => {
    expect(answerIfAsked([], api)).toBeNull()
    expect(answerIfAsked(['serve'], api)).toBeNull()
    expect(answerIfAsked(['-h'], api)).toBe(answerIfAsked(['--help'], api))
    expect(answerIfAsked(['--help'], api)).toContain('Usage: sluice-api [--version | --help]\n\nThe HTTP API. It')
  })

  it('names each setting that the program reads, with what holds without it', () => {
    const texts = [answerIfAsked(['--help'], api) ?? '', answerIfAsked(['--help'], worker) ?? '']
    expect(texts[0]).toMatch(/^ {2}SLUICE_PORT +the port it listens on; 0 takes a free one \[8230\]$/m)
    expect(texts[0]).not.toContain('SLUICE_WORKER_METRICS')
    expect(texts[1]).toMatch(/^ {2}SLUICE_WORKER_METRICS +address:port where/m)
    expect(texts[1]).not.toContain('SLUICE_PORT')
    for (const name of Object.keys(environmentSchema.shape)) expect(texts.join('')).toContain(name)
  })

  it('gives way to the version, which is that of the package', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(answerIfAsked(['--version'], worker)).toBe(`${version}\n`)
  })

  it('is no wider than a wide terminal', () => {
    for (const line of `${answerIfAsked(['--help'], api)}${answerIfAsked(['--help'], worker)}`.split('\n'))
      expect(line.length).toBeLessThanOrEqual(120)
  })
})
