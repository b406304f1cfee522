import { describe, expect, it } from 'vitest'
import { CliFailure } from '../../src/cli/failure.ts'
import { planFailure, readPlanFile } from '../../src/cli/plan-file.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

async function refusalOf(text: string): Promise<CliFailure> {
  const terminal = { readFile: async () => text } as unknown as Terminal
  const error: unknown = await readPlanFile('plan.yaml', terminal).catch((thrown: unknown) => thrown)
  if (error instanceof CliFailure) return error
  throw new Error('it was read')
}

describe('a file that is no plan', () => {
  it.each([
    ['empty', '', 'plan.yaml:1:1: the plan is empty'],
    ['binary', '\ufffd\ufffd\0\u0010JFIF', 'plan.yaml:1:1: this is not UTF-8'],
    ['a list', 'a: 1\n'.replace('a: 1', '- a'), 'plan.yaml:1:1: this is not a plan'],
    ['one that no request can carry', 'service: a\n__proto__: {}\n', 'plan.yaml:2:1: __proto__ cannot be a key'],
    [
      'two plans',
      'service: a\n---\nservice: b\n',
      'plan.yaml:2:1: a second document begins here, and a plan is a single one',
    ],
  ])('is refused with file, line and column before a server is asked: %s', async (_, text, first) => {
    const { message } = await refusalOf(text)
    expect(message.split('\n')[0]).toBe(first)
    expect(message).toMatch(/\n\n1 problem$/)
  })

  it('is counted once where its list is not whole', async () => {
    const { message } = await refusalOf('a: 1\n'.repeat(2_000))
    expect(message).toContain('there are 1,999 problems, and these are the first 100')
    expect(message).not.toContain('101 problems')
  })
})

describe('planFailure', () => {
  it('counts what it lists', () => {
    const problem = { rule: 'value', path: [], file: 'a', line: 1, column: 1, message: 'wrong' }
    expect(planFailure([problem, { ...problem, line: 2 }]).message).toMatch(/\n\n2 problems$/)
  })
})
