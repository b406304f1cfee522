import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TargetRecord } from '../../../faults/check/record.ts'

/** Records of real campaigns, shortened: what is right, and what was wrong before it was mended. */
export function recorded(name: string): TargetRecord {
  const path = fileURLToPath(new URL(`../records/${name}.json`, import.meta.url))
  return JSON.parse(readFileSync(path, 'utf8')) as TargetRecord
}

/** One fixed moment; times of records that are made up count from it. */
export const BEGIN = 1_800_000_000_000

/** A wave in which one release went to 20%, then to everybody, and was promoted: nothing happened to it. */
export function quietRecord(): TargetRecord {
  const at = (seconds: number) => BEGIN + seconds * 1_000
  const write = (id: number, from: number, weight: number) => ({
    ...{ id, at: at(from), weight, cohorts: [], stable: 'blue', canary: 'green', epoch: id },
    ...{ ending: 'completed' as const, endedAt: at(from + 0.1) },
  })
  const stretch = (from: number, until: number, share: number | null) => ({
    ...{ from: at(from), until: at(until), share, pins: [], samples: Math.round((until - from) * 20) },
  })
  return {
    ...{ seed: 1, wave: 1, service: 'shop-1', pools: ['blue', 'green'], interval: 1_000 },
    script: {
      ...{ number: 1, approvesAfter: null, answer: 'abort', acts: [] },
      plan: {
        ...{ weights: [2_000, 10_000], bakes: [4, 4], startsWithCohort: false, approvalBefore: null },
        ...{ onFail: 'rollback', holdFor: 10, then: 'pause' },
      },
    },
    ...{ from: at(0), until: at(30), faults: [], health: [], commands: [] },
    samples: [stretch(0, 1, 0), stretch(1.05, 6, 2_000), stretch(6.05, 30, 10_000)],
    releases: [
      {
        ...{ releaseId: 'release/shop-1/production/1', label: '1', askedAt: at(0.2), card: null },
        standing: { kind: 'ended', at: at(11) },
        runs: [
          {
            ...{ runId: 'r1', startedAt: at(0.5), closedAt: at(11), closing: 'completed', outcome: 'promoted' },
            ...{ reason: 'every step passed', updates: [], events: 100 },
            baseline: { at: at(0.9), canary: 'green', weight: 0 },
            writes: [write(10, 1, 2_000), write(20, 6, 10_000)],
          },
        ],
      },
    ],
    lane: { running: null, waiting: 0 },
  }
}
