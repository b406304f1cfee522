import { describe, expect, it } from 'vitest'
import { METRIC_SOURCES } from '../../src/metrics/index.ts'
import { deadlineText, millisecondsOf } from '../../src/outbound/deadline.ts'
import { ROUTERS } from '../../src/routers/index.ts'

describe('a deadline', () => {
  it.each(['100ms', '3s', '60s', '1m'])('may be %s', (text) => {
    expect(deadlineText.parse(text)).toBe(text)
    expect(millisecondsOf(text)).toBeGreaterThanOrEqual(100)
  })

  it.each(['99ms', '0s', '61s', '2m', '30d', '3', '', 'soon'])('may not be %j', (text) => {
    const refused = deadlineText.safeParse(text)
    expect(refused.error?.issues[0]?.message).toBe('must be a duration from 100ms to 1m, such as 3s')
  })

  /** The least that each adapter takes, beside its deadline. */
  const OPTIONS: Readonly<Record<string, object>> = {
    embedded: { admin: 'http://127.0.0.1:1' },
    haproxy: { sockets: ['/run/a.sock'], map: '/etc/a.map' },
    scrape: {
      urls: ['http://127.0.0.1:1/metrics'],
      requests: { metric: 'requests_total' },
      errors: { metric: 'requests_total', label: 'code', match: { prefix: '5' } },
    },
    prometheus: {
      url: 'http://127.0.0.1:1',
      poolLabel: 'pool',
      scrapeInterval: '5s',
      requests: { metric: 'requests_total' },
      errors: { label: 'code', regex: '5..' },
    },
  }
  const withDeadline = [...ROUTERS, ...METRIC_SOURCES].filter(({ options }) => 'deadline' in options.shape)

  it('is an option of every adapter that calls somebody', () => {
    expect(withDeadline.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(OPTIONS).toSorted())
  })

  it.each(withDeadline.map(({ kind, options }) => ({ kind, options })))(
    'of $kind is neither shorter nor longer than a call can be',
    ({ kind, options }) => {
      const parse = (deadline: string) => options.safeParse({ kind, ...OPTIONS[kind], deadline })
      expect(parse('5s').error?.issues).toBeUndefined()
      for (const wrong of ['30d', '1ms'])
        expect(parse(wrong).error?.issues).toMatchObject([{ path: ['deadline'], message: /from 100ms to 1m/ }])
    },
  )
})
