import { describe, expect, it } from 'vitest'
import { drawSimulation } from '../../src/cli/simulation-drawing.ts'
import { renderSimulation } from '../../src/cli/simulation-view.ts'
import { columnsOf } from '../../src/cli/text.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import { planWith, trafficWith } from '../simulation/plans.ts'

const STEPS = [{ weight: '5%' }, { bake: '10m' }, { weight: '50%' }, { bake: '10m' }, { weight: '100%' }]
const CHECKS = { errors: { errorRate: { notWorseThan: '1.5x' } } }

async function simulated(canary: object) {
  const plan = planWith({ steps: STEPS, checks: CHECKS })
  const wish = { plan, traffic: trafficWith(canary), releases: 20, seed: 1, noticedAfter: 1_800_000 }
  return { plan, simulation: await simulate(wish, async () => undefined) }
}

describe('a simulation on a terminal', () => {
  it('fits into 80 columns and says what a bad version costs', async () => {
    const { plan, simulation } = await simulated({ errors: 0.02 })
    const lines = renderSimulation('shop.yaml', plan, simulation, { width: 80, color: false })
    expect(lines.filter((line) => columnsOf(line) > 80)).toEqual([])
    const text = lines.join('\n').replaceAll(/\s+/g, ' ')
    expect(text).toContain('shop.yaml: 20 releases of each kind at 100 requests/s, seed 1')
    expect(text).toContain('a good version is promoted in 100% (83% to 100%), after 20m')
    expect(text).toContain('a bad version (2% of requests fail instead of 0.5%) is stopped in 100% (83% to 100%)')
    expect(text).toMatch(/such as: errors [\d.]+% on canary against/)
    expect(text).toMatch(
      /this plan 100% \d+m( \d+s)? [\d,]+ \d+ 10% for 5m, then all \d+% .* everybody at once – 30m 180,000 2,700/,
    )
  })

  it('says what nothing has stopped', async () => {
    const { plan, simulation } = await simulated({ slower: 3 })
    const text = renderSimulation('shop.yaml', plan, simulation, { width: 80, color: false }).join('\n')
    expect(text).toContain('a bad version (3 times as slow) is stopped in 0% (0% to 17%)')
    expect(text).toContain('not at all: everybody got it')
  })

  it('is drawn with its words in the picture, whatever the names are', async () => {
    const { plan, simulation } = await simulated({ errors: 0.02 })
    const drawing = drawSimulation({ ...plan, service: 'a<b>&c' }, simulation)
    expect(drawing).toContain('<title>a&lt;b&gt;&amp;c in production: 20 bad releases at 100 requests/s</title>')
    expect(drawing).toContain('20 of 20 were stopped')
    expect(drawing).not.toContain('NaN')
  })
})
