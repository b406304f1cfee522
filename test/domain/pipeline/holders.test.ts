import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Holders, othersWith, readPipelineStart, withHolder } from '../../../src/domain/pipeline/holders.ts'
import { pipelineIdOf } from '../../../src/domain/pipeline/pipeline.ts'
import { regions } from './pipelines.ts'

const wishes = fc.array(
  fc.record({
    end: fc.nat(9),
    targets: fc.uniqueArray(fc.constantFrom('canary', 'small', 'eu', 'us'), { minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 30 },
)

describe('who has a target', () => {
  it('is never two open pipelines, in whatever order they come and end', () => {
    fc.assert(
      fc.property(wishes, (all) => {
        let holders: Holders = {}
        const open = new Map<string, (typeof all)[number]['targets']>()
        for (const [index, { targets: names, end }] of all.entries()) {
          const pipelineId = pipelineIdOf('shop', index.toString(16).padStart(8, '0'))
          const wish = { pipelineId, targets: names.map((environment) => ({ service: 'checkout', environment })) }
          const others = othersWith(holders, wish)
          const isFree = !others.some((other) => open.has(other.pipelineId))
          const isWanted = [...open.values()].flat().some((name) => names.includes(name))
          expect(isFree).toBe(!isWanted)
          if (isFree) {
            holders = withHolder(holders, wish)
            open.set(pipelineId, names)
            expect(othersWith(holders, wish)).toEqual([])
          }
          open.delete(pipelineIdOf('shop', end.toString(16).padStart(8, '0')))
        }
      }),
    )
  })

  it('is told with the targets that are in common', () => {
    const [canary, eu] = ['canary', 'eu'].map((environment) => ({ service: 'checkout', environment }))
    const targets = [canary, eu].flatMap((target) => target ?? [])
    const holders = withHolder({}, { pipelineId: 'pipeline/a/00000001', targets })
    expect(othersWith(holders, { pipelineId: 'pipeline/b/00000002', targets: targets.slice(1) })).toEqual([
      { pipelineId: 'pipeline/a/00000001', targets: [eu] },
    ])
  })
})

describe('the message that starts a pipeline', () => {
  const pipeline = regions('stop')
  it('is read for its targets, and refused when it cannot be one', () => {
    const pipelineId = 'pipeline/checkout-regions/3fa9c2d1'
    const rest = { versions: { checkout: '2.4.0' }, author: { person: 'alice', entrance: 'http' }, reason: '' }
    const asked = { pipelineId, pipeline, ...rest }
    expect(readPipelineStart(asked)).toEqual({
      value: { pipelineId, targets: pipeline.stages.map(({ target }) => target) },
    })
    const stagesOf = (...more: readonly object[]) => ({ stages: [...pipeline.stages, ...more] })
    const wrong = [
      ...[{ pipelineId: 'release/a/b/1' }, { pipeline: {} }, { pipeline: stagesOf({ name: 'a', target: null }) }],
      ...[
        { pipeline: stagesOf({ target: { service: 'a', environment: 'b' } }) },
        { author: 'alice' },
        { reason: null },
      ],
      ...[{ versions: undefined }, { versions: ['2.4.0'] }, { versions: { checkout: null } }],
    ]
    for (const message of [null, {}, ...wrong.map((part) => ({ ...asked, ...part }))])
      expect(readPipelineStart(message)).toHaveProperty('problem')
  })
})
