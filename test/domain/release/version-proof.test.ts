import { describe, expect, it } from 'vitest'
import { isProofDue, proofOf, standingProof } from '../../../src/domain/release/version-proof.ts'

const runs = (instance: string, says: string) => ({ instance, says, fault: null })

describe('the proof of a version', () => {
  it('is given when every instance says it', () => {
    const proof = proofOf('2.4.0', 'green', [runs('10.0.0.1', '2.4.0'), runs('10.0.0.2', '2.4.0')])
    expect(proof).toEqual({ isProven: true, text: 'green runs 2.4.0, all 2 instances said so' })
  })

  it('names what runs there where instances differ', () => {
    const silent = { instance: '10.0.0.3', says: null, fault: 'it answered 503' }
    const proof = proofOf('2.4.0', 'green', [runs('10.0.0.1', '2.4.0'), runs('10.0.0.2', '2.3.9'), silent])
    expect(proof).toEqual({
      isProven: false,
      reason:
        'green does not run 2.4.0 (1 of 3 do): 10.0.0.2 runs 2.3.9, 10.0.0.3 does not say its version, it answered 503',
    })
  })

  it.each(['2.4.0 ', 'v2.4.0', '2.4.00', ''])('is not given by %j', (says) => {
    expect(proofOf('2.4.0', 'green', [runs('a', says)]).isProven).toBe(false)
  })

  it('is not given by a pool without instances', () => {
    expect(proofOf('2.4.0', 'green', [])).toMatchObject({ isProven: false })
  })

  it('tells a few of many', () => {
    const many = Array.from({ length: 40 }, (_, index) => runs(`host-${index}`, '2.3.9'))
    const proof = proofOf('2.4.0', 'green', many)
    expect('reason' in proof && proof.reason).toMatch(/host-4 runs 2\.3\.9, and 35 more$/)
  })
})

describe('the proof of a version that is live', () => {
  const silent = { instance: '10.0.0.3', says: null, fault: 'it answered 503' }

  it('stands while every instance says it', () => {
    expect(standingProof('2.4.0', 'green', [runs('a', '2.4.0')])).toEqual({ kind: 'stands' })
  })

  it('is broken by one instance that says another version, which is named', () => {
    const instances = [runs('10.0.0.1', '2.4.0'), runs('10.0.0.2', '2.3.9'), silent]
    expect(standingProof('2.4.0', 'green', instances)).toEqual({
      kind: 'broken',
      reason:
        'green no longer runs 2.4.0, the version that the release says (1 of 3 do): 10.0.0.2 runs 2.3.9, 10.0.0.3 does not say its version, it answered 503',
    })
  })

  it.each([
    [[], 'green has no instance that could say its version'],
    [[runs('10.0.0.1', '2.4.0'), silent], '10.0.0.3 does not say its version, it answered 503'],
  ])('is not known where nobody says another one', (instances, why) => {
    const reason = `nobody knows whether green still runs 2.4.0: ${why}`
    expect(standingProof('2.4.0', 'green', instances)).toEqual({ kind: 'unknown', reason })
  })

  it('is asked for anew at each exposure, at a word of a person, and at every third look', () => {
    const last = { at: 5_000, unknown: null }
    const isDue = (from: number, now: number) => isProofDue(last, { from, now, interval: 1_000 })
    expect(isProofDue(null, { from: 1, now: 1, interval: 1_000 })).toBe(true)
    expect([isDue(1_000, 6_000), isDue(1_000, 7_999), isDue(1_000, 8_000)]).toEqual([false, false, true])
    expect(isDue(5_001, 5_002)).toBe(true)
  })
})
