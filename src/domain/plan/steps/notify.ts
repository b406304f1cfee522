import { z } from 'zod'
import { partsOf } from '../plan-parts.ts'
import { nameText } from '../plan-values.ts'
import { defineStep, type GlimpseContext, NEEDS_NOTHING } from './step-kind.ts'

const notifyOptions = z.strictObject({
  text: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: 'expected one line without control characters' }),
  to: nameText.optional(),
})

const SHOWN = 60

export const notifyStep = defineStep({
  kind: 'notify',
  summary: 'Tells people something, and goes on at once.',
  schema: notifyOptions,
  describe({ text, to }) {
    const short = text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text
    return `notify${to === undefined ? '' : ` ${to}`}: ${short}`
  },
  needs: () => NEEDS_NOTHING,
  expand({ text, to }, context) {
    reportChannel(to, context)
    const { step, label, exposure } = context
    return { actions: [{ kind: 'tell', step, label, text, ...(to !== undefined && { to }) }], exposure }
  },
  glimpse(value, context) {
    reportChannel(partsOf(notifyOptions, value).read.to, context)
    return context.exposure
  },
})

function reportChannel(to: string | undefined, { path, channels = null, report }: GlimpseContext): void {
  if (to === undefined || channels === null || channels.includes(to)) return
  report({
    rule: 'unknown-channel',
    path: [...path, 'to'],
    message: 'there is no such channel',
    received: to,
    expected: `a name from slack.channels of sluice.yaml: ${channels.join(', ') || 'none is there'}`,
    fix: 'use one of these, or leave it out: then it is told where the release is shown',
  })
}
