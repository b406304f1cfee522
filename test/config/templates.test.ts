import { describe, expect, it } from 'vitest'
import { templatesOf } from '../../src/config/templates.ts'
import { SluiceError } from '../../src/domain/errors.ts'
import type { Problem } from '../../src/domain/problems.ts'

const FILES: Readonly<Record<string, string>> = {
  'fine.yaml': 'plan: { interval: 5s }\n',
  'wrong.yaml': 'open: [steps]\nplan: { interval: 5s }\n',
  'broken.yaml': 'plan: [\n',
  'deep.yaml': `plan: ${'['.repeat(100)}`,
}

const locate = (problem: Problem) => ({ ...problem, file: 'sluice.yaml', line: 7, column: 3 })

function readBeside(file: string): string {
  const text = FILES[file]
  if (text !== undefined) return text
  throw new SluiceError('config.invalid', { message: `${file} cannot be read`, fix: 'create it' })
}

describe('templatesOf', () => {
  it('reads each file beside sluice.yaml', () => {
    const { templates, problems } = templatesOf({ fine: 'fine.yaml' }, readBeside, locate)
    expect(problems).toEqual([])
    expect(templates['fine']).toMatchObject({ name: 'fine', plan: { interval: '5s' }, parameters: {}, open: [] })
  })

  it.each([
    ['wrong.yaml', 'wrong.yaml:1:8 open-key'],
    ['broken.yaml', 'broken.yaml:2:1 yaml'],
    ['deep.yaml', 'sluice.yaml:7:3 template'],
    ['nowhere.yaml', 'sluice.yaml:7:3 template'],
  ])('says what is wrong with %s at its place', (file, place) => {
    const { problems } = templatesOf({ fine: 'fine.yaml', other: file }, readBeside, locate)
    expect(problems.map(({ file: at, line, column, rule }) => `${at}:${line}:${column} ${rule}`)).toEqual([place])
  })
})
