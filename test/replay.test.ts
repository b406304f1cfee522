import { Worker } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { recordedHistories } from './support/histories.ts'
import { workflowBundle } from './support/temporal.ts'

describe('recorded histories', async () => {
  const histories = await recordedHistories()

  it('are there for promotions, rollbacks, pauses, approvals, aborts, lanes and pipelines', () => {
    const names = histories.map(([name]) => name).join('\n')
    for (const word of ['promoted', 'rolled-back', 'pause', 'approv', 'abort', 'lane', 'pipeline'])
      expect(names).toContain(word)
  })

  it.each(histories)('%s is replayed by the workflows of today without a difference', async (_name, history) => {
    await expect(
      Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, 'replayed'),
    ).resolves.toBeUndefined()
  })

  it('are worth something: one that did not happen is noticed', async () => {
    const [, history] = histories.find(([name]) => name.includes('promoted')) ?? ['', null]
    const forged = JSON.stringify(history)
      .replaceAll('"exposeForward"', '"expose"')
      .replaceAll('"name":"expose"', '"name":"somethingElse"')
    await expect(
      Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, JSON.parse(forged)),
    ).rejects.toThrow(/[Nn]ondeterminism/)
  })
})
