import { z } from 'zod'
import { formatDuration } from '../../units.ts'
import { partsOf } from '../plan-parts.ts'
import { nameText, stretchText } from '../plan-values.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const DAY = 86_400_000

/** What an approval is asked with, in plans and in pipelines. */
export const approveOptions = z.strictObject({
  by: nameText,
  need: z.int().min(1).max(20).default(1),
  notAuthor: z.boolean().default(true),
  within: stretchText.default(DAY),
  onExpiry: z.enum(['rollback', 'pause']).default('rollback'),
})

export const approveStep = defineStep({
  kind: 'approve',
  summary: 'Waits until enough people of a group have approved; the exposure stays and is watched.',
  schema: approveOptions,
  describe: ({ by, need, within }) =>
    `approve by ${need === 1 ? '' : `${need} of `}${by} within ${formatDuration(within)}`,
  needs: () => NEEDS_NOTHING,
  expand(options, context) {
    const people = approversOf(options, context)
    const action = { kind: 'ask', step: context.step, label: context.label, ...options, people } as const
    return { actions: [action], exposure: context.exposure }
  },
  glimpse(value, context) {
    approversOf(partsOf(approveOptions, value).read, context)
    return context.exposure
  },
})

/** The people who may approve; reports when that is nobody, or too few. */
export function approversOf(
  { by, need }: Partial<Pick<z.output<typeof approveOptions>, 'by' | 'need'>>,
  { peopleOf, path, report }: Pick<GlimpseContext, 'peopleOf' | 'path' | 'report'>,
): readonly string[] {
  const people = by === undefined ? [] : peopleOf(by)
  if (people === null) {
    report({
      rule: 'unknown-group',
      path: [...path, 'by'],
      message: 'nobody could approve: there is no such group',
      received: by ?? '',
      expected: 'a group from sluice.yaml',
      fix: 'use a group from sluice.yaml, or ask an administrator to add this one',
    })
  } else if (by !== undefined && need !== undefined && people.length < need) {
    report({
      rule: 'group-too-small',
      path: [...path, 'need'],
      message: `the group ${by} has fewer people than the approval needs`,
      received: String(need),
      expected: `at most ${people.length}`,
      fix: 'lower need, or add people to the group',
    })
  }
  return people ?? []
}
