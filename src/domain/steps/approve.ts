import { z } from 'zod'
import { durationText, nameText } from '../plan-values.ts'
import { formatDuration } from '../units.ts'
import { defineStep, NEEDS_NOTHING } from './step-kind.ts'

const DAY = 86_400_000

export const approveStep = defineStep({
  kind: 'approve',
  summary: 'Waits until enough people of a group have approved; the exposure stays and is watched.',
  schema: z.strictObject({
    by: nameText,
    need: z.int().min(1).max(20).default(1),
    notAuthor: z.boolean().default(true),
    within: durationText.default(DAY),
    onExpiry: z.enum(['rollback', 'pause']).default('rollback'),
  }),
  describe: ({ by, need, within }) =>
    `approve by ${need === 1 ? '' : `${need} of `}${by} within ${formatDuration(within)}`,
  needs: () => NEEDS_NOTHING,
  expand(options, context) {
    const people = context.peopleOf(options.by)
    if (people === null) {
      context.report({
        rule: 'unknown-group',
        path: [...context.path, 'by'],
        message: 'nobody could approve: there is no such group',
        received: options.by,
        expected: 'a group from sluice.yaml',
        fix: 'correct the name, or ask an administrator to add the group',
      })
    } else if (people.length < options.need) {
      context.report({
        rule: 'group-too-small',
        path: [...context.path, 'need'],
        message: `the group ${options.by} has fewer people than the approval needs`,
        received: String(options.need),
        expected: `at most ${people.length}`,
        fix: 'lower need, or add people to the group',
      })
    }
    const action = { kind: 'ask', step: context.step, label: context.label, ...options, people: people ?? [] } as const
    return { actions: [action], exposure: context.exposure }
  },
})
