import { describe, expect, it } from 'vitest'
import { measure } from '../../../faults/check/measure.ts'
import type { FaultSpan, TargetRecord } from '../../../faults/check/record.ts'
import { resultOf, tallyOf } from '../../../faults/report/result.ts'
import { resultTables } from '../../../faults/report/tables.ts'
import { BEGIN, quietRecord, recorded } from './records.ts'

const at = (seconds: number) => BEGIN + seconds * 1_000
const fault = (kind: FaultSpan['kind'], from: number, until = from): FaultSpan => ({
  ...{ kind, from: at(from), until: at(until), note: '' },
})

/** Wrong from 3 s to 4.5 s, while 20% are wanted. */
function disturbed(faults: readonly FaultSpan[]): TargetRecord {
  const stretch = (from: number, until: number, share: number) => ({
    ...{ from: at(from), until: at(until), share, pins: [], samples: 20 },
  })
  const samples = [stretch(0, 1, 0), stretch(1, 3, 2_000), stretch(3, 4.5, 10_000), stretch(4.5, 6, 2_000)]
  return { ...quietRecord(), faults, samples: [...samples, stretch(6, 30, 10_000)] }
}

describe('the time from a fault to the right weight', () => {
  it('counts from its beginning, or from its end where nobody could act before', () => {
    expect(measure(disturbed([fault('hand-once', 3)]))).toEqual([{ what: 'hand-once', took: 1_500 }])
    expect(measure(disturbed([fault('haproxy-restarted', 3, 3.5)]))).toEqual([
      { what: 'haproxy-restarted', took: 1_000 },
    ])
  })

  it('is none where nothing was wrong', () => {
    expect(measure({ ...quietRecord(), faults: [fault('worker-killed', 12, 14)] })).toEqual([
      { what: 'worker-killed', took: 0 },
    ])
  })

  it('is not told where another fault was at it at the same time', () => {
    expect(measure(disturbed([fault('hand-once', 3), fault('socket-cut', 2, 5)]))).toEqual([])
    expect(measure(disturbed([fault('hand-once', 3), fault('extend', 3.2)]))).toHaveLength(1)
  })
})

describe('the time from an abort to 0', () => {
  it('counts from the answer where nothing else was wrong', () => {
    const record = quietRecord()
    const abort = { verb: 'abort', person: 'bob', key: 'k', at: at(8), answeredAt: at(8.05), status: 200, code: null }
    const samples = [...record.samples.slice(0, 2), { ...record.samples[2], until: at(8.1) }]
    const zero = { from: at(8.12), until: at(30), share: 0, pins: [], samples: 400 }
    const aborted = {
      ...record,
      commands: [{ ...abort, releaseId: 'release/shop-1/production/1' }],
      samples: [...samples, zero],
    } as TargetRecord
    const [took] = measure(aborted)
    expect(took?.what).toBe('abort accepted → 0 sampled, nothing else wrong')
    expect(Math.round(took?.took ?? 0)).toBe(70)
    const frozen = { ...aborted, faults: [fault('worker-frozen', 7, 12)] }
    expect(measure(frozen).map(({ what }) => what)).toContain('abort sent → 0 sampled, one of two workers frozen')
    expect(measure({ ...aborted, faults: [fault('socket-slow', 7, 12)] })).toEqual([])
  })
})

describe('a result', () => {
  const record = recorded('bad-reload-after-end')
  const violation = { rule: 'end', label: '13', at: 1, text: '' } as const
  const tally = tallyOf({ record, violations: [violation], measured: [{ what: 'hand-once', took: 400 }] }, true)

  it('sums up releases, endings, violations and what was carried out', () => {
    const result = resultOf([tally, tally], { seed: 9, minutes: 2, stalled: 0, users: { sent: 1_000, failed: 3 } })
    expect(result).toMatchObject({ releases: 2, endings: { 'rolled-back': 2 }, violations: { end: 2, above: 0 } })
    expect(result.carriedOut).toMatchObject({ abort: 2, 'worker-frozen': 2 })
    expect(result.kinds['hand-once']).toEqual({ count: 2, p50: 400, p99: 400, most: 400 })
    const tables = resultTables(result)
    expect(tables).toContain('2 releases in 2 minutes, seed 9: 2 rolled-back.')
    expect(tables).toContain('| `hand-once` | 0 | 400 ms | 400 ms |')
  })

  it('counts what strikes everybody once per wave', () => {
    const other = tallyOf({ record, violations: [], measured: [] }, false)
    expect(other.carriedOut).not.toContain('worker-frozen')
    expect(other.carriedOut).toContain('abort')
  })
})
