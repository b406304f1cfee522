import { describe, expect, it } from 'vitest'
import type { PastReplay } from '../../../src/analysis/calibration/past-replays.ts'
import { pastRows, scoreOf } from '../../../src/analysis/calibration/past-summary.ts'
import type { CheckCalibration } from '../../../src/analysis/calibration/plan-calibration.ts'
import type { PastVerdict } from '../../../src/analysis/calibration/replay-release.ts'

const MINUTE = 60_000
const quiet: PastVerdict = { failsAfter: null, looks: 9, outcome: 'pass', reason: 'fine' }
const unseen: PastVerdict = { failsAfter: null, looks: 0, outcome: 'inconclusive', reason: 'gone' }
const fails = (minutes: number): PastVerdict => ({
  ...quiet,
  failsAfter: minutes * MINUTE,
  outcome: 'fail',
  reason: 'bad',
})

function replay(
  number: number,
  isPromoted: boolean,
  now: PastVerdict,
  proposed: PastVerdict | null = null,
): PastReplay {
  return {
    ...{ releaseId: `release/a/b/${number}`, version: `1.${number}`, now, proposed },
    ...(isPromoted
      ? { outcome: 'promoted', abandoned: null, givenUpAfter: null }
      : { outcome: 'rolled-back', abandoned: { cause: 'abort', by: 'ana', at: 0 }, givenUpAfter: 20 * MINUTE }),
  }
}

const check = (name: string, past: readonly PastReplay[]): CheckCalibration => ({
  ...{ name, kind: 'errorRate', skipped: '', past },
})

const CHECKS = [
  check('errors', [replay(4, false, fails(9), fails(12)), replay(3, true, quiet), replay(2, true, unseen)]),
  check('latency', [replay(4, false, fails(5), quiet), replay(3, true, fails(3), quiet), replay(2, true, unseen)]),
  check('ask', []),
]

describe('the releases that are over, judged by all checks together', () => {
  it('names the check that would have failed first, as they are and as proposed', () => {
    expect(pastRows(CHECKS)).toMatchObject([
      { releaseId: 'release/a/b/4', now: { check: 'latency', after: 5 * MINUTE }, proposed: { check: 'errors' } },
      { releaseId: 'release/a/b/3', now: { check: 'latency', reason: 'bad' }, proposed: null, looks: 9 },
      { releaseId: 'release/a/b/2', now: null, proposed: null, looks: 0 },
    ])
    expect(pastRows([])).toEqual([])
  })

  it('takes a check that proposes nothing as it is', () => {
    const rows = pastRows([check('errors', [replay(1, false, fails(2), null)])])
    expect(rows).toMatchObject([{ proposed: { check: 'errors', after: 2 * MINUTE } }])
  })

  it('counts only what could be seen', () => {
    const rows = pastRows(CHECKS)
    expect(scoreOf(rows, 'now')).toEqual({
      promoted: { seen: 1, failed: 1 },
      rolledBack: { seen: 1, failed: 1, medianAfter: 5 * MINUTE },
    })
    expect(scoreOf(rows, 'proposed')).toEqual({
      promoted: { seen: 1, failed: 0 },
      rolledBack: { seen: 1, failed: 1, medianAfter: 12 * MINUTE },
    })
    expect(scoreOf([], 'now').rolledBack).toEqual({ seen: 0, failed: 0, medianAfter: null })
  })
})
