import { describe, expect, it } from 'vitest'
import { secondTries, summarize } from '../../scripts/lib/summary.mjs'

const green = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed', fullName: 'adds' }] }],
}

const failed = { status: 'failed', fullName: 'adds', failureMessages: ['expected 1 to be 2'] }

describe('summarize', () => {
  it('is green when all tests passed', () => {
    expect(summarize(green, 0)).toEqual({ line: '3 passed, 0 failed', exitCode: 0 })
  })

  it('names skipped tests, of which an open one is one', () => {
    const result = { ...green, numPendingTests: 2, numTodoTests: 1 }
    expect(summarize(result, 0)).toEqual({ line: '3 passed, 0 failed, 3 skipped', exitCode: 0 })
  })

  it('fails with failed tests', () => {
    const testResults = [{ status: 'failed', assertionResults: [failed, failed] }]
    expect(summarize({ ...green, numFailedTests: 2, testResults }, 1)).toEqual({
      line: '3 passed, 2 failed',
      exitCode: 1,
    })
  })

  it('counts a file that does not load as a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }]
    expect(summarize({ ...green, testResults }, 1)).toEqual({ line: '3 passed, 1 failed', exitCode: 1 })
  })

  it('fails when vitest failed for another reason, such as an unhandled error', () => {
    expect(summarize(green, 1)).toEqual({ line: '3 passed, 1 failed', exitCode: 1 })
  })

  it('fails when nothing ran and when vitest wrote no result', () => {
    expect(summarize({ ...green, numPassedTests: 0 }, 0)).toEqual({ line: '0 passed, 0 failed', exitCode: 1 })
    expect(summarize(null, 0)).toEqual({ line: '0 passed, 1 failed', exitCode: 1 })
  })
})

describe('secondTries', () => {
  it('names what passed after it had failed, with what it failed with, and nothing else', () => {
    const assertionResults = [failed, { ...failed, status: 'passed' }, { status: 'passed', fullName: 'takes away' }]
    expect(secondTries({ ...green, testResults: [{ status: 'failed', assertionResults }] })).toEqual([
      'passed only at the second try: adds\n  expected 1 to be 2',
    ])
    expect(secondTries(green)).toEqual([])
    expect(secondTries(null)).toEqual([])
  })
})
