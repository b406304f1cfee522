import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { STAGE_PHASES } from '../../src/domain/pipeline/pipeline-state.ts'
import { PIPELINE_VERB_NAMES } from '../../src/domain/pipeline/pipeline-verbs.ts'
import { READINESS_ITEMS } from '../../src/domain/readiness/answers.ts'
import type { ShownPipeline } from '../../src/releases/pipelines.ts'
import { checklistText } from '../../src/slack/checklist.ts'
import { textBlocks } from '../../src/slack/elements.ts'
import { pipelineBlocks, pipelinesText, pipelineText } from '../../src/slack/pipeline-blocks.ts'
import { HOSTILE } from '../support/hostile-text.ts'
import { expectSafeBlocks } from '../support/slack-blocks.ts'

const text = fc.oneof(HOSTILE, fc.constant('&'.repeat(4_000)), fc.constant('x'.repeat(1_000)))
/** A name has 63 characters at most; these are worse. */
const name = fc.oneof(HOSTILE, fc.constantFrom('canary', 'eu', 'x'.repeat(500)))
const time = fc.integer({ min: 0, max: 4e12 })
const approval = fc.record({ by: name, need: fc.nat(20), given: fc.array(name, { maxLength: 20 }), deadline: time })
const id = fc.option(text)

const stage = fc.record({
  ...{ name, target: name, version: text, after: fc.array(name, { maxLength: 5 }) },
  phase: fc.constantFrom(...STAGE_PHASES),
  ...{
    releaseId: id,
    returnId: id,
    reason: id,
    opensAt: fc.option(time),
    due: fc.option(time),
    soakUntil: fc.option(time),
  },
  approval: fc.option(approval),
})

const card: fc.Arbitrary<ShownPipeline> = fc.record({
  ...{ pipelineId: name, name, versions: fc.dictionary(name, text, { maxKeys: 5 }), author: text },
  phase: fc.constantFrom('running', 'waiting', 'paused', 'rolling-back', 'ending', 'promoted', 'failed', 'gone'),
  ...{ isEnded: fc.boolean(), reason: id, onFail: fc.constant('stop' as const) },
  stages: fc.array(stage, { minLength: 1, maxLength: 200, size: 'max' }),
  verbs: fc.subarray([...PIPELINE_VERB_NAMES]),
  ...{ startedAt: time, endedAt: fc.option(time), trail: fc.array(fc.record({ at: time, text }), { maxLength: 10 }) },
  releases: fc.dictionary(
    name,
    fc.record({ phase: text, weight: fc.nat(10_000), step: fc.nat(9), steps: fc.nat(9), reason: id }),
  ),
})

describe('a pipeline in Slack', () => {
  it('keeps every limit and mentions nobody, with 200 stages and whatever they are called', () => {
    fc.assert(
      fc.property(card, (one) => {
        expectSafeBlocks(pipelineBlocks(one, one.releases))
        expect(pipelineText(one)).not.toMatch(/[<>]/)
        expect(pipelineText(one).length).toBeLessThanOrEqual(3_000)
        const { pipelineId, phase, startedAt, endedAt } = one
        const row = { pipelineId, versions: one.author, phase, startedAt, endedAt }
        const page = { pipelines: Array.from({ length: 10 }, () => row), next: null }
        expectSafeBlocks(textBlocks(pipelinesText(page, page)))
      }),
      { numRuns: 100 },
    )
  })

  it('shows where something happens before what waits or is done, in the order of the file', () => {
    const [one] = fc.sample(card, { numRuns: 1, seed: 1 })
    if (one === undefined) throw new Error('no card')
    const quiet = { name: 'a', target: 't/t', version: '1', after: [], phase: 'done', releaseId: null } as const
    const rest = { returnId: null, reason: null, opensAt: null, due: null, soakUntil: null, approval: null }
    const stages = Array.from({ length: 50 }, (_, index) => ({
      ...{ ...quiet, ...rest, name: `s${index}` },
      phase: index === 40 ? ('failed' as const) : ('done' as const),
      reason: index === 40 ? 'errors 17%' : null,
    }))
    const shown = JSON.stringify(pipelineBlocks({ ...one, stages }, {}))
    expect(shown).toContain('✓ s10 t/t done\\n✗ *s40* t/t failed: errors 17%\\n… 38 more')
    expect(shown).not.toContain('s11')
  })
})

describe('the checklist in Slack', () => {
  const line = fc.oneof(
    fc.record({ item: fc.constantFrom(...READINESS_ITEMS), outcome: fc.constant('pass' as const), text }),
    fc.record({
      item: fc.constantFrom(...READINESS_ITEMS),
      outcome: fc.constantFrom('fail' as const, 'unknown' as const),
      ...{ text, fix: text },
    }),
  )

  it('keeps every limit, whatever the answers say', () => {
    const lines = fc.array(line, { minLength: READINESS_ITEMS.length, maxLength: READINESS_ITEMS.length })
    fc.assert(
      fc.property(lines, text, fc.boolean(), (all, version, isReady) => {
        const target = { service: 'checkout', environment: 'production' }
        const shown = checklistText(target, { at: 0, version, planHash: '', configHash: '', lines: all }, isReady)
        expectSafeBlocks(textBlocks(shown))
      }),
    )
  })
})
