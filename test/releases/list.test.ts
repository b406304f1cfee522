import type { WorkflowExecutionInfo } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import { phaseIn } from '../../src/releases/list.ts'

const info = (status: string, phase: string | undefined) =>
  ({ status: { name: status }, typedSearchAttributes: { get: () => phase } }) as unknown as WorkflowExecutionInfo

describe('phaseIn', () => {
  it('is what the workflow has said last', () => {
    expect(phaseIn(info('RUNNING', 'baking'), 'starting')).toBe('baking')
    expect(phaseIn(info('RUNNING', undefined), 'starting')).toBe('starting')
    expect(phaseIn(info('COMPLETED', 'rolled-back'), 'starting')).toBe('rolled-back')
  })

  it.each(['TERMINATED', 'TIMED_OUT', 'FAILED', 'CANCELLED'])('is gone for one that was %s on its way', (status) => {
    expect(phaseIn(info(status, 'baking'), 'starting')).toBe('gone')
    expect(phaseIn(info(status, 'promoted'), 'starting')).toBe('promoted')
  })
})
