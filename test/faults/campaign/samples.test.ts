import { describe, expect, it } from 'vitest'
import { readMaps } from '../../../faults/world/map-reading.ts'
import { createTrace } from '../../../faults/world/trace.ts'

const MAPS = [{ secondPool: 'a-green' }, { secondPool: 'b-green' }]

describe('what a map makes HAProxy do', () => {
  it('is the share of the second pool, and the pins', () => {
    const first = '0x1 share:a-green 2500\n0x2 fence 7:3\n0x3 cohort:internal a-green\n\n'
    expect(readMaps(`${first}0x4 share:b-green 10000\n\n`, MAPS)).toEqual([
      { share: 2_500, pins: ['internal=a-green'] },
      { share: 10_000, pins: [] },
    ])
  })

  it('is nobody on the second pool where the key is missing or no number, and never more than everybody', () => {
    expect(readMaps('0x1 share:a-green x\n\n\n', MAPS)?.map(({ share }) => share)).toEqual([0, 0])
    expect(readMaps('0x1 share:a-green 70000\n\n0x1 share:b-green -4\n\n', MAPS)?.map(({ share }) => share)).toEqual([
      10_000, 0,
    ])
  })

  it('is nobody where the map is empty, which says nothing of the maps after it', () => {
    expect(readMaps('\n0x1 share:b-green 300\n\n', MAPS)?.map(({ share }) => share)).toEqual([0, 300])
  })

  it('is that of the first of two equal keys', () => {
    expect(readMaps('0x1 share:a-green 1\n0x2 share:a-green 2\n\n', MAPS.slice(0, 1))?.[0]?.share).toBe(1)
  })

  it('is not known from half of an answer', () => {
    expect(readMaps('0x1 share:a-green 2500\n\n0x4 share:b-gr', MAPS)).toBeNull()
    expect(readMaps('', MAPS)).toBeNull()
  })
})

describe('a trace', () => {
  it('joins equal samples, and tells a gap and a missing answer apart from them', () => {
    const trace = createTrace()
    const reading = { share: 500, pins: [] }
    for (const at of [1_000, 1_050, 1_100]) trace.add(at, reading)
    trace.add(2_100, null)
    trace.add(2_150, reading)
    trace.add(2_900, reading)
    trace.add(2_950, { share: 500, pins: ['internal=green'] })
    expect(trace.since(0).map(({ from, until, share, samples }) => [from, until, share, samples])).toEqual([
      [1_000, 1_100, 500, 3],
      [2_100, 2_100, null, 1],
      [2_150, 2_150, 500, 1],
      [2_900, 2_900, 500, 1],
      [2_950, 2_950, 500, 1],
    ])
    expect(trace.since(2_120)).toHaveLength(3)
    expect(trace.latest()?.pins).toEqual(['internal=green'])
  })
})
