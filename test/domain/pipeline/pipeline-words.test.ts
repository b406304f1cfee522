import { describe, expect, it } from 'vitest'
import type { StageRow } from '../../../src/domain/pipeline/pipeline-card.ts'
import { stageWords } from '../../../src/domain/pipeline/pipeline-words.ts'

const row = (name: string, more: Partial<StageRow> = {}): StageRow => ({
  ...{
    name,
    target: `checkout/${name}`,
    version: '2.4.0',
    after: [],
    phase: 'waiting',
    releaseId: null,
    returnId: null,
  },
  ...{ reason: null, opensAt: null, due: null, soakUntil: null, approval: null, ...more },
})

function wordsOf(stage: StageRow, { phase = 'running', others = [] as readonly StageRow[] } = {}) {
  return stageWords(stage, { phase, stages: [...others, stage], releases: {} }, 0)
}

describe('a stage in words', () => {
  const others = [row('canary', { phase: 'done' }), row('small', { phase: 'soaking' })]
  const us = row('us', { after: ['canary', 'small'] })

  it('waits for what is not done yet, and for nothing once all of it is', () => {
    expect(wordsOf(us, { others })).toBe('after small')
    expect(wordsOf(us, { others: [row('canary', { phase: 'done' }), row('small', { phase: 'done' })] })).toBe('')
  })

  it.each(['rolling-back', 'ending', 'rolled-back', 'failed', 'gone'])(
    'does not wait in a pipeline that is %s',
    (phase) => {
      expect(wordsOf(us, { phase, others })).toBe('does not begin any more')
    },
  )

  it('says until when it soaks and who is asked, and that one that is stuck has the version', () => {
    const approval = { by: 'owners', need: 2, given: ['bob'], deadline: Date.UTC(2026, 10, 28, 12) }
    expect(wordsOf(row('us', { phase: 'soaking', soakUntil: 90_000 }))).toBe('1m 30s left')
    expect(wordsOf(row('us', { phase: 'asking', approval }))).toMatch(
      /^1 of 2 from owners \(bob\), until .*2026.*12:00/,
    )
    expect(wordsOf(row('us', { phase: 'stuck', reason: 'no pool is kept' }))).toBe(
      'still has the version, no pool is kept',
    )
  })
})
