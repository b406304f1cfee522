import { describe, expect, it } from 'vitest'
import { ERROR_CODES, type ErrorCode, isErrorCode } from '../../src/domain/error-codes.ts'
import { describeError, SluiceError } from '../../src/domain/errors.ts'

describe('the table of error codes', () => {
  it.each(Object.entries(ERROR_CODES))('gives %s a title, a status and an answer to "again?"', (code, row) => {
    expect(code).toMatch(/^(?:[a-z]+\.[a-z]+(?:-[a-z]+)*|internal)$/)
    expect(row.title).toMatch(/^[A-Zs].*[^.]$/)
    expect(row.status).toBeGreaterThanOrEqual(400)
    expect(row.status).toBeLessThan(600)
    expect(['never', 'later']).toContain(row.retry)
  })

  it('knows its own codes and nothing that objects have by themselves', () => {
    expect(isErrorCode('lane.busy')).toBe(true)
    for (const text of ['', 'lane', 'constructor', 'toString', '__proto__', 'lane.busy '])
      expect(isErrorCode(text)).toBe(false)
  })
})

describe('SluiceError', () => {
  it('takes status and retry from its code', () => {
    for (const [code, { status, retry }] of Object.entries(ERROR_CODES)) {
      const error = new SluiceError(code as ErrorCode, { message: 'x' })
      expect({ status: error.status, isRetryable: error.isRetryable }).toEqual({
        status,
        isRetryable: retry === 'later',
      })
    }
  })

  it('is told from other errors by name and class, and keeps its cause', () => {
    const cause = new Error('socket')
    const error = new SluiceError('router.unreachable', { message: 'no answer', cause })
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('SluiceError')
    expect(error.cause).toBe(cause)
    expect('cause' in new SluiceError('router.unreachable', { message: 'no answer' })).toBe(false)
  })
})

describe('describeError', () => {
  it('says what was expected, what came and what to do, each on its line', () => {
    const details = { message: 'too large', expected: '1 KiB', received: '2 KiB', fix: 'shorten it' }
    expect(describeError(new SluiceError('plan.too-large', details))).toBe(
      'too large\n  expected: 1 KiB\n  received: 2 KiB\n  fix: shorten it',
    )
  })

  it('leaves out what is not known', () => {
    expect(describeError(new SluiceError('internal', { message: 'broken' }))).toBe('broken')
  })

  it('takes anything that can be thrown', () => {
    expect(describeError(new TypeError('oh'))).toBe('oh')
    expect(describeError('text')).toBe('text')
    expect(describeError(undefined)).toBe('undefined')
  })
})
