import { z } from 'zod'
import { confidenceText, flagName, nameText, stretchText, weightText } from '../plan/plan-values.ts'
import type { TargetId } from '../target.ts'
import { FULL_WEIGHT } from '../units.ts'

const names = z.union([nameText, z.array(nameText).min(1).max(100)], { error: 'expected a name, or a list of them' })
const partOfUsers = weightText.refine((weight) => weight > 0, { error: 'expected more than 0%' })

const selection = z.strictObject({
  service: names.optional().describe('these services; all when left out'),
  environment: names.optional().describe('these environments; all when left out'),
  labels: z
    .record(nameText, names)
    .optional()
    .describe('targets whose `labels` have one of these values, for each label; all when left out'),
})

const requiredCheck = z.strictObject({
  kind: z.string().min(1).max(64).describe('the kind of check'),
  of: nameText.optional().describe('of `rate`: the event'),
  source: nameText.optional().describe('the metric source; any when left out'),
})

const requiredApproval = z.strictObject({
  by: nameText.describe('the group'),
  need: z.int().min(1).max(20).default(1).describe('how many of its people, at least'),
  notAuthor: z.boolean().default(true).describe('whether the author may be one of them'),
  before: partOfUsers.describe('the weight that nobody gets before'),
})

/** What every plan of some targets must have, as `sluice.yaml` says it. */
export const policySchema = z.strictObject({
  for: selection.default({}).describe('which targets it holds for; all when left out'),
  leastSteps: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('so many weights between 0% and 100%, each held for some time'),
  firstWeight: partOfUsers
    .refine((weight) => weight < FULL_WEIGHT, { error: 'expected less than 100%' })
    .optional()
    .describe('the first weight is at most this'),
  bake: z
    .strictObject({
      each: stretchText.optional().describe('each weight between 0% and 100% is held for at least so long'),
      total: stretchText.optional().describe('all weights between 0% and 100% together are held for at least so long'),
    })
    .refine(({ each, total }) => each !== undefined || total !== undefined, { error: 'expected each, total, or both' })
    .optional()
    .describe('how long a version is held before everybody has it'),
  checks: z
    .array(requiredCheck)
    .min(1)
    .max(20)
    .optional()
    .describe('checks that watch the whole release, all of its requests, and do more than warn'),
  noWarn: z
    .union([z.literal('all'), z.array(z.string().min(1).max(64)).min(1).max(100)], {
      error: 'expected all, or a list of kinds or names of checks',
    })
    .optional()
    .describe('kinds or names of checks that may not only warn, neither failing nor without data; or `all`'),
  confidence: confidenceText.optional().describe('how sure all checks together must be, at least'),
  approvals: z.array(requiredApproval).min(1).max(10).optional().describe('who has approved before which weight'),
  onFail: z
    .literal('rollback')
    .optional()
    .describe('what fails rolls back: no check, call or gate pauses or holds instead'),
  hooks: z.array(nameText).max(200).optional().describe('the only calls that hooks and gates may name'),
  flags: z.array(flagName).max(200).optional().describe('the only flags that steps may set'),
  rehearsal: z
    .strictObject({ within: stretchText.describe('the newest rehearsal of the plan is not older than this') })
    .optional()
    .describe('the plan was rehearsed as it is, with the target as it is, and all runs ended as they should'),
  override: nameText
    .optional()
    .describe('the group whose people may end a bake that `bake` asks for, with a reason; nobody when left out'),
})

/** What an administrator asks of plans. */
export type Policy = z.infer<typeof policySchema>

/** What there is to choose targets by. */
export interface Labelled extends TargetId {
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** True for a target that the policy holds for. */
export function holdsFor({ for: { service, environment, labels = {} } }: Policy, target: Labelled): boolean {
  return (
    isOneOf(target.service, service) &&
    isOneOf(target.environment, environment) &&
    Object.entries(labels).every(([label, values]) => {
      const value =
        target.labels !== undefined && Object.hasOwn(target.labels, label) ? target.labels[label] : undefined
      return value !== undefined && isOneOf(value, values)
    })
  )
}

function isOneOf(name: string, wanted: string | readonly string[] | undefined): boolean {
  return wanted === undefined || (typeof wanted === 'string' ? wanted === name : wanted.includes(name))
}
