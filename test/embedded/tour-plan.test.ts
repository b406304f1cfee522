import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readYaml } from '../../src/domain/yaml/yaml-text.ts'
import { withFlag } from '../../src/embedded/tour-plan.ts'

it('releases each version by the plan of the examples, with the feature that it brings', () => {
  const read = readYaml(readFileSync('examples/checkout.yaml', 'utf8'), 'checkout.yaml')
  if (!('yaml' in read)) throw new Error('the example cannot be read')
  const plan = read.yaml.value as { readonly steps: readonly Record<string, unknown>[] }
  expect(plan.steps.filter((step) => 'flag' in step)).toEqual([{ flag: { 'new-checkout': 'on' } }])
  const steps = plan.steps.map((step) => ('flag' in step ? { flag: { 'gift-cards': 'on' } } : step))
  expect(withFlag(plan, 'gift-cards')).toEqual({ ...plan, steps })
})
