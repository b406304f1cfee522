import { describe, expect, it } from 'vitest'
import { emptyLane } from '../../../src/domain/lane/lane-state.ts'
import { type LaneView, laneView } from '../../../src/domain/lane/lane-view.ts'
import type { Pipeline } from '../../../src/domain/pipeline/pipeline.ts'
import { pipelineVersions, startProblems } from '../../../src/domain/pipeline/start-problems.ts'
import { regions, stageOf } from './pipelines.ts'

const lanesOf = ({ stages }: Pipeline, more: Partial<Record<string, Partial<LaneView>>> = {}) =>
  stages.map(({ name, target }) => ({
    ...{ ...laneView(target, emptyLane()), promotedVersion: '2.3.9' },
    ...more[name],
  }))

const VERSIONS = { checkout: '2.4.0' }
const WORD = { by: 'carol', reason: 'holidays', at: 0 }

describe('the start of a pipeline', () => {
  it('is refused where a lane is frozen, pinned or keeps the version away, all of them at once', () => {
    const pipeline = regions('stop')
    const veto = {
      version: '2.4.0',
      releaseId: 'release/checkout/us/3',
      cause: 'failed-check',
      reason: 'errors',
      at: 0,
    }
    const lanes = lanesOf(pipeline, {
      canary: { freeze: WORD },
      eu: { pin: { ...WORD, version: '2.3.9' } },
      us: { vetoes: [{ ...veto, cause: 'failed-check' }] },
    })
    expect(startProblems(pipeline, VERSIONS, lanes, []).map(({ path, message }) => [path[1], message])).toEqual([
      [0, 'this target is frozen by carol: holidays'],
      [2, 'this target is pinned to 2.3.9 by carol: holidays'],
      [3, 'this version was rolled back here: 2.4.0, rolled back by checkout/us/3: errors'],
    ])
    expect(startProblems(pipeline, { checkout: '2.4.1' }, lanesOf(pipeline, {}), [])).toEqual([])
  })

  it('is refused where another pipeline has one of its targets', () => {
    const pipeline = regions('stop')
    const other = { pipelineId: 'pipeline/other/00000001', targets: [{ service: 'checkout', environment: 'eu' }] }
    expect(startProblems(pipeline, VERSIONS, lanesOf(pipeline), [other])).toMatchObject([
      { path: ['stages', 2, 'target'], message: 'another pipeline has this target: other/00000001' },
    ])
  })

  it('is refused with rollback-all where nobody knows what a stage would go back to', () => {
    const unknown = { canary: { promotedVersion: null } }
    const all = regions('rollback-all')
    expect(startProblems(all, VERSIONS, lanesOf(all, unknown), [])).toMatchObject([{ rule: 'no-former' }])
    const stop = regions('stop')
    expect(startProblems(stop, VERSIONS, lanesOf(stop, unknown), [])).toEqual([])
  })
})

describe('the versions of a pipeline', () => {
  const train = { stages: [stageOf('search/canary'), stageOf('checkout/eu', ['canary'])] }

  it('are one for all services, or one for each', () => {
    expect(pipelineVersions(train, '2.4.0')).toEqual({ versions: { search: '2.4.0', checkout: '2.4.0' } })
    const own = { search: '1.9.0', checkout: '2.4.0' }
    expect(pipelineVersions(train, own)).toEqual({ versions: own })
  })

  it('are refused where one is missing, or nobody needs it', () => {
    expect(pipelineVersions(train, { search: '1.9.0' })).toMatchObject({ problem: 'checkout has no version' })
    const more = { search: '1', checkout: '2', cart: '3' }
    expect(pipelineVersions(train, more)).toMatchObject({ problem: 'no stage is for the service cart' })
    expect(pipelineVersions(train, { search: '1', constructor: '2' })).toMatchObject({
      problem: 'checkout has no version',
    })
  })
})
