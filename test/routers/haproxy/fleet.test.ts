import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../../src/domain/errors.ts'
import { fencedError, fenceOf } from '../../../src/domain/fenced-error.ts'
import { FULL_WEIGHT } from '../../../src/domain/units.ts'
import { combineFailures, combineNodes } from '../../../src/routers/haproxy/fleet.ts'
import { entriesOf, readSplitMap } from '../../../src/routers/haproxy/split-map.ts'
import { POOLS, wish } from './harness.ts'

describe('nodes that disagree', () => {
  const usable = (entries: readonly (readonly [string, string])[]) => {
    const map = readSplitMap(entries, POOLS)
    if (map.share === null) throw new Error('no share')
    return { ...map, share: map.share }
  }
  const node = (entries: readonly (readonly [string, string])[]) => ({
    address: { path: '/run/a.sock' },
    map: usable(entries),
    incarnation: '1@1',
    served: { blue: 1, green: 2 },
  })
  const untouched = (share: number) => node([['share:green', String(share)]])
  const written = (share: number, epoch: number) => node(entriesOf(wish(share, epoch), POOLS))

  it.each([
    [[0, FULL_WEIGHT], 5_000],
    [[0, 1], 1],
    [[FULL_WEIGHT, FULL_WEIGHT - 1], FULL_WEIGHT - 1],
  ])('before the first release are an unclear split: %j', (shares, expected) => {
    expect(combineNodes(shares.map(untouched), POOLS).split['green']).toBe(expected)
  })

  it('are never read as the newest wish, whichever of them has it', () => {
    for (const [left, right] of [
      [written(500, 2), written(100, 1)],
      [written(500, 1), written(100, 2)],
    ] as const) {
      const stale = left.map.fence?.epoch === 1 ? left : right
      expect(combineNodes([left, right], POOLS).split['green']).toBe(stale.map.share)
      expect(combineNodes([right, left], POOLS).split['green']).toBe(stale.map.share)
      expect(combineNodes([right, left], POOLS).fence).toEqual({ release: 1, epoch: 2 })
    }
  })

  it('show the one with most users on the canary when several have departed', () => {
    const nodes = [written(500, 2), untouched(0), untouched(900)]
    expect(combineNodes(nodes, POOLS).split['green']).toBe(900)
    const swapped = node(entriesOf({ ...wish(500, 2), roles: { stable: 'green', canary: 'blue' } }, POOLS))
    expect(combineNodes([swapped, untouched(0), untouched(900)], POOLS).split['blue']).toBe(FULL_WEIGHT)
  })
})

describe('failures of several nodes', () => {
  const silent = new SluiceError('router.unreachable', { message: 'a did not answer', received: 'nothing' })
  const lacking = new SluiceError('router.misconfigured', { message: 'b lacks the map' })
  const stale = new SluiceError('router.stale-write', { message: 'too old' })
  const fenced = (epoch: number) => fencedError({ release: 1, epoch: 1 }, { release: 2, epoch })

  it('say how many there were, what each has said, and what has come of the others', () => {
    expect(combineFailures([silent, lacking], 3, 'show the change')).toMatchObject({
      code: 'router.misconfigured',
      message: '2 of 3 HAProxy nodes failed, the others show the change: a did not answer (nothing); b lacks the map',
    })
    expect(combineFailures([silent, silent], 2, 'show the change')).toMatchObject({
      message: expect.stringMatching(/^2 of 2 HAProxy nodes failed: /),
    })
  })

  it('are of the newest fence where one is newer, and still carry it', () => {
    const combined = combineFailures([silent, fenced(3), stale, fenced(7), fenced(5)], 5, 'show the change')
    expect(fenceOf(combined)).toEqual({ release: 2, epoch: 7 })
  })

  it('are of a permit that is over rather than of a node that is silent, so that it is asked for anew', () => {
    expect(combineFailures([silent, stale], 2, 'show the change')).toMatchObject({ code: 'router.stale-write' })
  })

  it('are the one failure itself where there is one node, and any defect before all', () => {
    expect(combineFailures([silent], 1, 'show the change')).toBe(silent)
    const defect = new TypeError('x is not a function')
    expect(combineFailures([silent, defect], 2, 'show the change')).toBe(defect)
  })
})
