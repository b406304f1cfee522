import { describe, expect, it } from 'vitest'
import type { RecordedRelease } from '../../../src/domain/release/past-release.ts'
import { readRecording, savedRecording } from '../../../src/domain/release/recording.ts'
import { ABANDON_CAUSES } from '../../../src/domain/release/release-events.ts'
import { recordedPast } from '../../support/recorded-past.ts'

const window = (own: object = {}, counts: object = {}) => ({
  ...{ start: 0, end: 60_000, counts: { requests: 10, errors: 1, ...counts } },
  ...own,
})
const problemsOf = (value: unknown) => {
  const read = readRecording(value)
  return 'problems' in read ? read.problems : []
}

const release = (own: object = {}) => ({
  ...{ releaseId: 'release/checkout/production/7', version: '2.4.0', replaces: null, outcome: 'rolled-back' },
  abandoned: { cause: 'failed-check', by: 'guard', at: 120_000 },
  roles: { stable: 'blue', canary: 'green' },
  spans: [{ exposure: { weight: 500, cohorts: ['internal'] }, from: 0, until: 120_000 }],
  windows: { proxy: [{ start: 0, end: 60_000, canary: window().counts, stable: null }] },
  ...own,
})

describe('a file of recordings', () => {
  it.each(ABANDON_CAUSES)('may hold a release that was given up by %s', (cause) => {
    const abandoned = { cause, by: 'guard', at: 120_000 }
    expect(problemsOf({ stable: {}, releases: [release({ abandoned })] })).toEqual([])
  })

  it('is read as it was written', () => {
    const value = { stable: { prometheus: recordedPast({ windows: 3 }) }, releases: [release()] }
    const read = readRecording(JSON.parse(JSON.stringify(value)))
    expect(read).toMatchObject({
      recording: {
        stable: { prometheus: { kind: 'value', value: value.stable.prometheus } },
        releases: [{ releaseId: 'release/checkout/production/7', windows: { proxy: { kind: 'value' } } }],
      },
    })
    expect('recording' in read && readRecording(savedRecording(read.recording))).toEqual(read)
  })

  it('keeps what a source could not know, and what else it has counted', () => {
    const more = {
      missing: { errors: 'requests_total of blue comes without the label code', events: { orders: 'nowhere' } },
      ...{ restarts: 2, started: 12 },
    }
    const counted = { ...window({}, more), counts: { ...window({}, more).counts, latency: null, events: {} } }
    const read = readRecording(JSON.parse(JSON.stringify({ stable: { proxy: [counted] } })))
    expect(read).toMatchObject({ recording: { stable: { proxy: { value: [counted] } } } })
    expect('recording' in read && readRecording(savedRecording(read.recording))).toEqual(read)
    expect(problemsOf({ stable: { proxy: [window({}, { missing: { sleep: 'x' } })] } })).toHaveLength(1)
  })

  it('may leave out latencies, events and releases', () => {
    expect(readRecording({ stable: { proxy: [window()] } })).toMatchObject({
      recording: { stable: { proxy: { value: [{ counts: { latency: null, events: {} } }] } }, releases: [] },
    })
  })

  it('is refused in a sentence also when hardly anything in it is right', () => {
    const bad = { start: 1, end: 0, counts: { requests: -1, errors: 'x' } }
    const all = problemsOf({ stable: { proxy: Array.from({ length: 200_000 }, () => bad) } })
    expect(all.length).toBeGreaterThan(0)
  })

  it('is saved without what could not be had', () => {
    const noData = { kind: 'noData', reason: 'gone' } as const
    const kept = release({ windows: { proxy: noData } }) as unknown as RecordedRelease
    expect(savedRecording({ stable: { proxy: noData }, releases: [kept] })).toEqual({
      stable: {},
      releases: [{ ...release(), windows: {} }],
    })
  })

  it.each([
    ['no object', null, 'the file: '],
    ['a window that ends before it starts', { stable: { proxy: [window({ end: 0 })] } }, 'stable.proxy[0]: '],
    ['more errors than requests', { stable: { proxy: [window({}, { errors: 11 })] } }, 'stable.proxy[0].counts: '],
    [
      'a negative count',
      { stable: { proxy: [window(), window({ start: 60_000, end: 120_000 }, { requests: -1 })] } },
      'stable.proxy[1].counts.requests: ',
    ],
    [
      'a count that is none',
      { stable: { proxy: [window({}, { requests: '10' })] } },
      'stable.proxy[0].counts.requests: ',
    ],
    ['a key of its own', { stable: { proxy: [window({ pool: 'blue' })] } }, 'stable.proxy[0]: '],
    [
      'a bucket too few',
      { stable: { proxy: [window({}, { latency: { upperBoundsSeconds: [1], counts: [1] } })] } },
      'stable.proxy[0].counts.latency: ',
    ],
    [
      'bounds that fall',
      { stable: { proxy: [window({}, { latency: { upperBoundsSeconds: [2, 1], counts: [1, 1, 1] } })] } },
      'stable.proxy[0].counts.latency: ',
    ],
    [
      'windows of two lengths',
      { stable: { proxy: [window(), window({ start: 60_000, end: 90_000 })] } },
      'stable.proxy[1]: ',
    ],
    ['the same window twice', { stable: { proxy: [window(), window()] } }, 'stable.proxy[1]: '],
    ['times in seconds', { stable: { proxy: [window({ end: 60 })] } }, 'stable.proxy[0]: '],
    ['an outcome that is none', { stable: {}, releases: [release({ outcome: 'good' })] }, 'releases[0].outcome: '],
    ['a release nobody saw', { stable: {}, releases: [release({ spans: [] })] }, 'releases[0].spans: '],
    [
      'spans that do not follow one another',
      {
        stable: {},
        releases: [release({ spans: [...release().spans, { ...release().spans[0], from: 60_000, until: 90_000 }] })],
      },
      'releases[0].spans: ',
    ],
    [
      'a span that ends before it starts',
      { stable: {}, releases: [release({ spans: [{ exposure: { weight: 1, cohorts: [] }, from: 5, until: 5 }] })] },
      'releases[0].spans[0]: ',
    ],
  ])('is refused with %s, at its place', (_what, value, place) => {
    expect(
      problemsOf(value).some((problem) => problem.startsWith(place)),
      problemsOf(value).join('\n'),
    ).toBe(true)
  })
})
