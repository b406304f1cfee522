import { describe, expect, it } from 'vitest'
import { signatureProblem, signedHeaders } from '../../src/outbound/signature.ts'

const NOW = 1_800_000_000_000
const BODY = '{"call":"deploy"}'
const headers = signedHeaders('s3cret', BODY, NOW)

describe('a signature', () => {
  it('is right over the very body and time, for five minutes', () => {
    expect(signatureProblem('s3cret', BODY, headers, NOW + 299_000)).toBeNull()
    expect(signatureProblem('s3cret', BODY, headers, NOW + 301_000)).toContain('5 minutes off')
    expect(signatureProblem('s3cret', BODY, headers, NOW - 301_000)).toContain('5 minutes off')
  })

  it.each([
    ['another body', 's3cret', `${BODY} `, headers],
    ['another secret', 'guess', BODY, headers],
    ['another time', 's3cret', BODY, { ...headers, 'sluice-timestamp': '1800000001' }],
    ['no signature', 's3cret', BODY, {}],
    ['a signature of another form', 's3cret', BODY, { ...headers, 'sluice-signature': 'v1=00' }],
  ])('is not right with %s', (_, secret, body, given) => {
    expect(signatureProblem(secret, body, given, NOW)).not.toBeNull()
  })

  it('is what openssl makes of it, as the docs say', () => {
    // printf '%s' '1800000000.{"call":"deploy"}' | openssl dgst -sha256 -hmac s3cret
    expect(headers['sluice-signature']).toBe('v1=ddf0b1115352e0d84d5ae5a045f41a0fe2e5b8559174dd77011e6d716f521c25')
  })
})
