import { z } from 'zod'
import { type Exposure, withMirror } from '../../exposure.ts'
import { type BasisPoints, formatWeight } from '../../units.ts'
import { weightText } from '../plan-values.ts'
import { likelyWeight } from './rising.ts'
import { defineStep, NEEDS_NOTHING, type StepContext } from './step-kind.ts'

const WANTED = { error: 'expected a share such as 10%, or off' }
const share = z.union(
  [z.literal('off', WANTED).transform((): BasisPoints => 0), weightText.refine((copied) => copied > 0, WANTED)],
  WANTED,
)

export const mirrorStep = defineStep({
  kind: 'mirror',
  summary: "Sends the canary copies of a share of stable's requests, while users have stable's answers.",
  schema: share,
  describe: (copied) => `mirror ${copied === 0 ? 'off' : formatWeight(copied)}`,
  needs: (copied) => (copied === 0 ? NEEDS_NOTHING : { ...NEEDS_NOTHING, mirror: true }),
  expand(copied, context) {
    if (context.exposure.weight > 0) reportLate(context)
    else if (copied === 0 && context.exposure.mirror === undefined) reportNothingToEnd(context)
    const exposure = mirrored(context.exposure, copied)
    return { actions: [{ kind: 'expose', step: context.step, label: context.label, exposure }], exposure }
  },
  // Some share, so that the step which ends it is not reported as well.
  glimpse: (value, { exposure }) => mirrored(exposure, likelyWeight(value) ?? 1),
})

function mirrored(exposure: Exposure, copied: BasisPoints): Exposure {
  return exposure.weight > 0 ? exposure : withMirror(exposure, copied)
}

function reportLate({ path, exposure, report }: StepContext): void {
  report({
    rule: 'mirror-after-weight',
    path,
    message: 'the canary has requests of its own here: copies beside them would blur what its users see',
    received: `a mirror at ${formatWeight(exposure.weight)}`,
    expected: 'a mirror before the first weight, which ends it',
    fix: 'move the step before the first weight, or remove it',
  })
}

function reportNothingToEnd({ path, report }: StepContext): void {
  report({
    rule: 'mirror-not-on',
    path,
    message: 'nothing is mirrored here that could end',
    received: 'off',
    expected: 'a step such as mirror: 10% before it',
    fix: 'remove the step',
  })
}
