import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createSignatureCheck } from '../../src/slack/signature.ts'

function request(at: number, text = 'a=1', secret = 'shhh') {
  const time = String(Math.floor(at / 1_000))
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${time}:${text}`).digest('hex')}`
  return { headers: { 'x-slack-request-timestamp': time, 'x-slack-signature': signature }, body: Buffer.from(text) }
}

describe('createSignatureCheck', () => {
  it('knows the example in Slack’s documentation', () => {
    const text =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
    const headers = {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    }
    const check = createSignatureCheck('8f742231b10e8888abcd99yyyzzz85a5', () => 1_531_420_618_000)
    expect(check({ headers, body: Buffer.from(text) })).toBe('taken')
  })

  it('remembers a signature for longer than its time is good', () => {
    let now = 1_800_000_000_000
    const check = createSignatureCheck('shhh', () => now)
    // Signed almost five minutes ahead: good for almost ten.
    const ahead = request(now + 299_000)
    expect(check(ahead)).toBe('taken')
    now += 597_000
    expect(check(ahead)).toBe('replayed')
    now += 10_000
    expect(check(ahead)).toBe('bad-time')
  })

  it('remembers nothing that was not signed', () => {
    const now = 1_800_000_000_000
    const check = createSignatureCheck('shhh', () => now)
    const good = request(now)
    expect(check({ ...good, body: Buffer.from('a=2') })).toBe('bad-signature')
    expect(check(good)).toBe('taken')
  })

  it('refuses everything when the secret is empty', () => {
    const now = 1_800_000_000_000
    expect(createSignatureCheck('', () => now)(request(now, 'a=1', ''))).toBe('bad-signature')
  })
})
