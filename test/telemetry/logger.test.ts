import { describe, expect, it } from 'vitest'
import { createLogger } from '../../src/telemetry/logger.ts'

describe('createLogger', () => {
  it('replaces credentials wherever they stand in a record', () => {
    const lines: string[] = []
    const log = createLogger('test', { level: 'info', stream: { write: (line) => void lines.push(line) } })
    log.info(
      { authorization: 'SECRET-1', req: { headers: { authorization: 'SECRET-2', 'x-slack-signature': 'SECRET-3' } } },
      'in',
    )
    log.warn({ slack: { botToken: 'SECRET-4', signingSecret: 'SECRET-5' }, token: 'SECRET-6' }, 'out')
    expect(lines.join('')).not.toContain('SECRET')
    expect(lines.join('').match(/\[redacted\]/g)).toHaveLength(6)
  })

  it('falls silent below its level', () => {
    const lines: string[] = []
    const log = createLogger('test', { level: 'warn', stream: { write: (line) => void lines.push(line) } })
    log.info('hello')
    log.warn('careful')
    expect(lines.map((line) => JSON.parse(line) as { msg: string; part: string })).toMatchObject([
      { msg: 'careful', part: 'test' },
    ])
  })
})
