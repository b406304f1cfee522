import { describe, expect, it } from 'vitest'
import type { RunFacts } from '../../../faults/check/history.ts'
import type { ReleaseRecord } from '../../../faults/check/record.ts'
import { finalShare, targetTimeline } from '../../../faults/check/target.ts'
import { BEGIN, quietRecord } from './records.ts'

const at = (seconds: number) => BEGIN + seconds * 1_000
const steps = (record: Parameters<typeof targetTimeline>[0]) =>
  targetTimeline(record).map(({ from, canary, least, most }) => [(from - BEGIN) / 1_000, canary, least, most])

function withRuns(change: (run: RunFacts) => readonly RunFacts[]) {
  const record = quietRecord()
  const releases = record.releases.map((release): ReleaseRecord => ({ ...release, runs: release.runs.flatMap(change) }))
  return { ...record, releases }
}

describe('the recorded target', () => {
  it('allows the old and the new weight between the wish and its being read back', () => {
    expect(steps(quietRecord())).toEqual([
      [0, 'green', 0, 0],
      [0.5, 'green', 0, 0],
      [1, 'green', 0, 2_000],
      [1.1, 'green', 2_000, 2_000],
      [6, 'green', 2_000, 10_000],
      [6.1, 'green', 10_000, 10_000],
      [11, 'green', 10_000, 10_000],
    ])
    expect(finalShare(['blue', 'green'], targetTimeline(quietRecord()))).toBe(10_000)
  })

  it('is what was live before a wish that was given up', () => {
    const record = withRuns((run) => [
      {
        ...run,
        ...{ closedAt: null, outcome: null },
        writes: run.writes.map((write) => (write.weight === 10_000 ? { ...write, ending: 'failed' as const } : write)),
      },
    ])
    expect(steps(record).at(-1)).toEqual([6.1, 'green', 2_000, 2_000])
  })

  it('is nobody after a release that vanished, and after one that was refused', () => {
    const gone = withRuns((run) => [{ ...run, closing: 'terminated', outcome: null, closedAt: at(8) }])
    expect(steps(gone).at(-1)).toEqual([8, 'green', 0, 0])
    const refused = withRuns((run) => [{ ...run, outcome: 'refused', writes: [] }])
    expect(finalShare(['blue', 'green'], targetTimeline(refused))).toBe(0)
  })

  it('turns round when the stable pool is the second one', () => {
    const record = withRuns((run) => [
      { ...run, writes: run.writes.map((write) => ({ ...write, canary: 'blue', stable: 'green' })) },
    ])
    const [first, ...rest] = record.samples
    if (first === undefined) throw new Error('the quiet record has samples')
    const turned = { ...record, samples: [{ ...first, share: 10_000 }, ...rest] }
    expect(steps(turned)[2]).toEqual([1, 'blue', 0, 2_000])
    expect(finalShare(['blue', 'green'], targetTimeline(turned))).toBe(0)
  })

  it('goes on over a reset: what the new run was handed down is no wish of its own', () => {
    const record = withRuns((run) => [
      { ...run, closing: 'terminated', outcome: null, closedAt: at(3), writes: run.writes.slice(0, 1) },
      { ...run, runId: 'r2', startedAt: at(3) },
    ])
    expect(steps(record).slice(3)).toEqual([
      [1.1, 'green', 2_000, 2_000],
      [3, 'green', 2_000, 2_000],
      [6, 'green', 2_000, 10_000],
      [6.1, 'green', 10_000, 10_000],
      [11, 'green', 10_000, 10_000],
    ])
  })
})
