import { describe, expect, it } from 'vitest'
import { proofOf } from '../../../src/domain/release/version-proof.ts'

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
