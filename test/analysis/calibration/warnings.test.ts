import { describe, expect, it } from 'vitest'
import { warningScores } from '../../../src/analysis/calibration/warnings.ts'
import type { PastRelease } from '../../../src/domain/release/past-release.ts'
import { readRecording, savedRecording } from '../../../src/domain/release/recording.ts'

function pastRelease(outcome: PastRelease['outcome'], failed: readonly string[] = []): PastRelease {
  const entries = failed.map((check) => ({ check, since: 5, reason: `${check}: too few`, would: 'rollback' as const }))
  return {
    ...{ releaseId: 'release/shop/production/1', version: '2.4.0', replaces: null, outcome, abandoned: null },
    ...{ roles: { stable: 'blue', canary: 'green' } },
    spans: [{ exposure: { weight: 500, cohorts: [] }, from: 0, until: 10 }],
    warned: { checks: ['orders'], entries },
  }
}
const many = (count: number, release: PastRelease) => Array.from({ length: count }, () => release)
const summaryOf = (releases: readonly PastRelease[]) => warningScores(releases).map(({ summary }) => summary)

describe('what checks that only warned would have done', () => {
  it('is told with how often that would have been wrong: the release was promoted', () => {
    expect(
      warningScores([...many(12, pastRelease('promoted')), ...many(2, pastRelease('promoted', ['orders']))]),
    ).toEqual([
      {
        ...{ check: 'orders', releases: 14, failed: 2, wrong: 2 },
        summary: 'orders: would have rolled back 2 of 14 releases, both wrong',
      },
    ])
  })

  it('counts a release once, however often the check failed in it, and those that were rolled back as right', () => {
    const right = pastRelease('rolled-back', ['orders', 'orders'])
    expect(summaryOf([right])).toEqual(['orders: would have rolled back 1 of 1 release, and rightly'])
    expect(summaryOf([right, pastRelease('promoted', ['orders']), right])).toEqual([
      'orders: would have rolled back 3 of 3 releases, 1 of them wrong',
    ])
    expect(summaryOf(many(3, pastRelease('promoted')))).toEqual(['orders: would have rolled back 0 of 3 releases'])
  })

  it('tells of missing data on a line of its own, where there was any', () => {
    const entry = {
      check: 'orders',
      since: 5,
      reason: 'no usable data for 15m',
      would: 'pause',
      isBlind: true,
    } as const
    const quiet = { ...pastRelease('promoted'), warned: { checks: [], blind: ['orders'], entries: [] } }
    const blind = { ...quiet, warned: { ...quiet.warned, entries: [entry, entry] } }
    expect(summaryOf([quiet, blind])).toEqual(['orders, without data: would have paused 1 of 2 releases, and wrongly'])
    expect(summaryOf([quiet])).toEqual([])
    const read = readRecording(
      JSON.parse(JSON.stringify(savedRecording({ stable: {}, releases: [{ ...blind, windows: {} }] }))),
    )
    expect('recording' in read && read.recording.releases[0]?.warned).toEqual(blind.warned)
  })

  it('leaves out releases of plans in which the check had a say', () => {
    const { warned: _, ...older } = pastRelease('promoted')
    expect(warningScores([older])).toEqual([])
  })

  it('is kept in saved recordings', () => {
    const release = { ...pastRelease('promoted', ['orders']), windows: {} }
    const read = readRecording(JSON.parse(JSON.stringify(savedRecording({ stable: {}, releases: [release] }))))
    expect('recording' in read && read.recording.releases[0]?.warned).toEqual(release.warned)
  })
})
