import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/analysis/statistics/random.ts'
import { judgeSilence, startSilence } from '../../../src/analysis/traffic/silence.ts'

/** Windows of a second with so many requests: the silences that have ended, and since when one lasts. */
function heard(windows: readonly number[], every = 1_000) {
  let state = startSilence(0, null)
  const spans: { from: number; to: number }[] = []
  for (const [index, requests] of windows.entries()) {
    const step = judgeSilence(state, { start: index * every, end: (index + 1) * every, requests })
    if (step.ended !== null) spans.push({ ...step.ended })
    state = step.state
  }
  return { spans, since: state.silentSince, total: spans.reduce((sum, { from, to }) => sum + to - from, 0) }
}

const times = (count: number, requests: number) => Array.from({ length: count }, () => requests)

describe('silence', () => {
  it('begins with the last request, once it is longer than usual', () => {
    expect(heard([...times(13, 10), ...times(5, 0)]).since).toBeNull()
    expect(heard([...times(13, 10), ...times(27, 0)]).since).toBe(13_000)
  })

  it('ends with the next request', () => {
    expect(heard([...times(13, 10), ...times(20, 0), ...times(5, 10)])).toMatchObject({
      spans: [{ from: 13_000, to: 33_000 }],
      since: null,
    })
  })

  it('is what a canary has that was never asked', () => {
    expect(heard(times(30, 0)).since).toBe(0)
  })

  it('is no news where requests come once in a while', () => {
    const random = createRandom(1)
    const drawn = Array.from({ length: 3_600 }, () => random.poisson(1 / 20))
    const { total } = heard(drawn)
    expect(total / 3_600_000).toBeLessThan(0.1)
  })

  it('is no news where requests come in bursts', () => {
    const drawn = Array.from({ length: 1_200 }, (_, second) => (second % 60 === 0 ? 5_000 : 0))
    expect(heard(drawn).total).toBeLessThan(150_000)
  })

  it('is hardly ever found in steady traffic', () => {
    const random = createRandom(2)
    const drawn = Array.from({ length: 20_000 }, () => random.poisson(0.8))
    expect(heard(drawn).total / 20_000_000).toBeLessThan(0.01)
  })
})
