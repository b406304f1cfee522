import { describe, expect, it } from 'vitest'
import { readRecordings } from '../../src/domain/recording.ts'
import { recordedPast } from '../support/recorded-past.ts'

const window = (own: object = {}, counts: object = {}) => ({
  ...{ start: 0, end: 60_000, counts: { requests: 10, errors: 1, ...counts } },
  ...own,
})
const problemsOf = (value: unknown) => {
  const read = readRecordings(value)
  return 'problems' in read ? read.problems : []
}

describe('a file of recordings', () => {
  it('is read as it was written', () => {
    const value = { prometheus: recordedPast({ windows: 3 }) }
    expect(readRecordings(JSON.parse(JSON.stringify(value)))).toEqual({ recordings: value })
  })

  it('may leave out latencies and events', () => {
    expect(readRecordings({ proxy: [window()] })).toMatchObject({
      recordings: { proxy: [{ counts: { latency: null, events: {} } }] },
    })
  })

  it.each([
    ['no object', null, 'the file: '],
    ['a window that ends before it starts', { proxy: [window({ end: 0 })] }, 'proxy[0]: '],
    ['more errors than requests', { proxy: [window({}, { errors: 11 })] }, 'proxy[0]: '],
    ['a negative count', { proxy: [window(), window({}, { requests: -1 })] }, 'proxy[1].counts.requests: '],
    ['a count that is none', { proxy: [window({}, { requests: '10' })] }, 'proxy[0].counts.requests: '],
    ['a key of its own', { proxy: [window({ pool: 'blue' })] }, 'proxy[0]: '],
    [
      'a bucket too few',
      { proxy: [window({}, { latency: { upperBoundsSeconds: [1], counts: [1] } })] },
      'proxy[0].counts.latency: ',
    ],
    [
      'bounds that fall',
      { proxy: [window({}, { latency: { upperBoundsSeconds: [2, 1], counts: [1, 1, 1] } })] },
      'proxy[0].counts.latency: ',
    ],
  ])('is refused with %s, at its place', (_what, value, place) => {
    expect(
      problemsOf(value).some((problem) => problem.startsWith(place)),
      problemsOf(value).join('\n'),
    ).toBe(true)
  })
})
