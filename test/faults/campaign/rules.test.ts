import { describe, expect, it } from 'vitest'
import type { FaultSpan, Stretch, TargetRecord } from '../../../faults/check/record.ts'
import { checkRecord } from '../../../faults/check/rules.ts'
import { BEGIN, quietRecord, recorded } from './records.ts'

const at = (seconds: number) => BEGIN + seconds * 1_000
const told = (record: TargetRecord) => checkRecord(record).map(({ rule, label }) => `${rule} ${label}`)

/** The quiet wave, with the true share replaced from one second to another. */
function withShare(from: number, until: number, share: number, more: Partial<TargetRecord> = {}): TargetRecord {
  const record = quietRecord()
  const cut = record.samples.flatMap((stretch): readonly Stretch[] => [
    { ...stretch, until: Math.min(stretch.until, at(from)) },
    { ...stretch, from: Math.max(stretch.from, at(until)) },
  ])
  const wrong: Stretch = { from: at(from), until: at(until), share, pins: [], samples: 10 }
  const samples = [...cut.filter((stretch) => stretch.until > stretch.from), wrong]
  return { ...record, ...more, samples: samples.toSorted((left, right) => left.from - right.from) }
}

const fault = (kind: FaultSpan['kind'], from: number, until = from): FaultSpan => ({
  ...{ kind, from: at(from), until: at(until), note: '' },
})

describe('the checker on records of real campaigns', () => {
  it.each(['good-foreign-hand', 'good-foreign-hand-first-pool'])('finds nothing wrong with %s', (name) => {
    expect(checkRecord(recorded(name))).toEqual([])
  })

  it.each([
    ['bad-foreign-fence', ['stuck 18', 'above 18']],
    ['bad-reload-after-end', ['end 13']],
    ['bad-promoted', ['promoted 16', 'end 16']],
    ['bad-forged-approval', ['authority 17', 'authority 17']],
    ['bad-refused-said', ['said 1b', 'stuck 1']],
    ['bad-terminated', ['end 19', 'stuck 19']],
    ['bad-queue-replace', ['stuck 22b']],
  ])('finds what is wrong with %s', (name, expected) => {
    expect(told(recorded(name))).toEqual(expected)
  })
})

describe('more users on the canary than the records want', () => {
  it('is a violation where nothing has happened, whatever the card says', () => {
    expect(told(quietRecord())).toEqual([])
    expect(told(withShare(3, 4, 5_000))).toEqual(['above 1'])
  })

  it('is excused for two looks and 2 s after a fault, and not for longer', () => {
    const faults = [fault('hand-once', 2)]
    expect(told(withShare(2, 5.9, 5_000, { faults }))).toEqual([])
    expect(told(withShare(1.1, 5.9, 5_000, { faults: [fault('hand-once', 1.1)] }))).toEqual(['above 1'])
  })

  it('is excused all the while nobody can act, and patience begins after it', () => {
    expect(told(withShare(1.1, 5.9, 5_000, { faults: [fault('workers-killed', 1.1, 3)] }))).toEqual([])
    expect(told(withShare(1.1, 5.9, 5_000, { faults: [fault('worker-killed', 1.1, 30)] }))).toEqual([])
  })

  it('is not excused all the while one of two workers is frozen', () => {
    const faults = [fault('worker-frozen', 0.5, 29)]
    // Seven seconds: two looks and five.
    expect(told(withShare(8, 8.5, 0, { faults }))).toEqual([])
    expect(told(withShare(1.1, 5.9, 5_000, { faults: [fault('worker-frozen', -8, 29)] }))).toEqual(['above 1'])
  })

  it('counts from the first time less is wanted', () => {
    const record = quietRecord()
    const [release] = record.releases
    const [run] = release?.runs ?? []
    if (release === undefined || run === undefined) throw new Error('the quiet record has a release')
    const back = { ...run.writes[0], id: 30, at: at(8), weight: 0, endedAt: at(20) }
    const rolledBack = { ...run, outcome: 'rolled-back', closedAt: at(21), writes: [...run.writes, back] }
    const samples = [...record.samples.slice(0, 2), { ...record.samples[2], until: at(20) }]
    const last = { from: at(20.05), until: at(30), share: 0, pins: [], samples: 200 }
    const wrong = { ...record, releases: [{ ...release, runs: [rolledBack] }], samples: [...samples, last] }
    const [violation] = checkRecord(wrong as TargetRecord)
    expect(violation).toMatchObject({ rule: 'above', at: at(12) })
    expect(violation?.text).toContain('100% on green where 0% is right, for 8s')
  })
})

describe('the end of a release', () => {
  it('is right as long as the promoted version keeps everybody, more or less than that is a violation', () => {
    expect(told(withShare(14, 30, 0, { faults: [fault('haproxy-reloaded', 14)] }))).toEqual(['end 1'])
    expect(told(withShare(14, 22, 0, { faults: [fault('haproxy-reloaded', 14)] }))).toEqual([])
  })

  it('needs a release that ends or waits for a person, and a lane that is free', () => {
    const record = quietRecord()
    const [release] = record.releases
    if (release === undefined) throw new Error('the quiet record has a release')
    const stuck = { kind: 'stuck', at: at(29), phase: 'baking', reason: null } as const
    expect(told({ ...record, releases: [{ ...release, standing: stuck }] })).toEqual(['stuck 1'])
    const held = { kind: 'held', at: at(29), phase: 'paused (baking)', reason: null, leftAfter: null } as const
    expect(told({ ...record, releases: [{ ...release, standing: held }] })).toEqual(['stuck 1'])
    expect(told({ ...record, lane: { running: 'release/shop-1/production/1', waiting: 0 } })).toEqual(['stuck 1'])
    expect(told({ ...record, lane: null })).toEqual(['stuck 1'])
    const waiting = { ...release, label: '1b', runs: [], standing: stuck }
    expect(told({ ...record, releases: [release, waiting] })).toEqual(['stuck 1b'])
  })

  it('is no promotion of a canary that fails half of its requests', () => {
    const bad = { kind: 'canary-fails-60', pool: 'green', from: at(1), until: at(30), failing: 0.6 } as const
    expect(told({ ...quietRecord(), health: [bad] })).toEqual(['promoted 1'])
    expect(told({ ...quietRecord(), health: [{ ...bad, failing: 0.3 }] })).toEqual([])
    expect(told({ ...quietRecord(), health: [{ ...bad, pool: 'blue' }] })).toEqual([])
    // Nobody can know of what began a moment ago.
    expect(told({ ...quietRecord(), health: [{ ...bad, from: at(2) }] })).toEqual([])
    // Nor of anything while the machine stands still.
    const faults = [fault('machine-stalled', 2, 5)]
    expect(told({ ...quietRecord(), health: [bad], faults })).toEqual([])
  })

  it('is no promotion of a release whose abort was taken', () => {
    const abort = { verb: 'abort', person: 'bob', key: 'k', at: at(5), answeredAt: at(5.1), status: 200, code: null }
    const commands = [{ ...abort, releaseId: 'release/shop-1/production/1' }]
    expect(told({ ...quietRecord(), commands })).toEqual(['said 1'])
  })
})

describe('authority', () => {
  const sent = { at: at(3), name: 'pause', verb: 'pause', person: 'bob', key: 'forged-1', reason: 'forged' }
  const withUpdate = (update: object): TargetRecord => {
    const record = quietRecord()
    const releases = record.releases.map((release) => ({
      ...release,
      runs: release.runs.map((run) => ({ ...run, updates: [{ ...sent, ...update }] })),
    }))
    return { ...record, releases }
  }

  it('is nobody’s where a message is no command at all', () => {
    expect(told(withUpdate({ key: null }))).toEqual(['authority 1'])
    expect(told(withUpdate({ person: null }))).toEqual(['authority 1'])
    expect(told(withUpdate({ reason: null }))).toEqual(['authority 1'])
    expect(told(withUpdate({ name: 'extend', verb: 'extend' }))).toEqual(['authority 1'])
  })

  it('is that of one release at a time, as long as it has anything exposed', () => {
    const record = quietRecord()
    const [first] = record.releases
    if (first === undefined) throw new Error('the quiet record has a release')
    const later = (by: number): TargetRecord => {
      const runs = first.runs.map((run) => ({
        ...run,
        writes: run.writes.map((write) => ({ ...write, at: write.at + by, endedAt: (write.endedAt ?? 0) + by })),
      }))
      return { ...record, releases: [first, { ...first, label: '1b', releaseId: 'release/shop-1/production/2', runs }] }
    }
    expect(told(later(3_000))).toContain('authority 1b')
    expect(told(later(5_500))).not.toContain('authority 1b')
  })

  it('is that of the door: a pause that carries another verb may pause', () => {
    expect(told(withUpdate({ verb: 'approve' }))).toEqual([])
  })
})

describe('what records say', () => {
  it('was seen by the sampler, unless another hand was at it or the router answered nobody', () => {
    const record = withShare(1, 6, 1_500)
    expect(told(record)).toEqual(['said 1'])
    expect(told({ ...record, faults: [fault('hand-again', 1, 6)] })).toEqual([])
    expect(told({ ...record, faults: [fault('haproxy-frozen', 1, 6)] })).toEqual([])
  })
})
