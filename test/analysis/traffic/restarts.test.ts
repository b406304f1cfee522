import { describe, expect, it } from 'vitest'
import { judgeRestarts, type RestartState } from '../../../src/analysis/traffic/restarts.ts'

const NAMES = { canary: '2.4.0', stable: '2.3.9' }

function standing(looks: readonly (readonly [at: number, canary: number, stable: number])[]) {
  let state: RestartState = []
  let last: ReturnType<typeof judgeRestarts>['standing'] = { kind: 'none' }
  for (const [seconds, canary, stable] of looks)
    ({ state, standing: last } = judgeRestarts(state, { at: seconds * 1_000, canary, stable }, NAMES))
  return last
}

describe('restarts', () => {
  it('of a process once are worth a word', () => {
    expect(standing([[10, 1, 0]])).toEqual({
      kind: 'some',
      reason: 'a process of 2.4.0 has restarted, none of 2.3.9',
    })
  })

  it('again and again are a version that does not stay up', () => {
    const looks = [
      [10, 1, 0],
      [20, 1, 0],
      [45, 1, 0],
    ] as const
    expect(standing(looks)).toEqual({
      kind: 'failing',
      reason: '2.4.0 has restarted processes 3 times within 35s, none of 2.3.9',
    })
  })

  it('of both pools are no fault of the canary', () => {
    expect(standing([[10, 4, 1]])).toMatchObject({ kind: 'some' })
    expect(standing([[10, 0, 4]])).toEqual({ kind: 'none' })
  })

  it('are forgotten after a while', () => {
    const looks = [
      [10, 1, 0],
      [20, 1, 0],
      [400, 1, 0],
    ] as const
    expect(standing(looks)).toMatchObject({ kind: 'some' })
  })
})
