import { z } from 'zod'
import { nameText, stretchText } from '../domain/plan/plan-values.ts'

/** Placeholders that the address, the body and the arguments of a call may hold. */
const PLACEHOLDERS = [
  'version',
  'service',
  'environment',
  'pool',
  'stable',
  'step',
  'release',
  'key',
  'callback',
] as const

/** A word in braces; `{.spec}` and other braces are nobody's placeholder. */
const PLACED = /\{(\w+)\}/g

/** The words in braces of a text that are no placeholders. */
function strangersIn(text: string): readonly string[] {
  const known: readonly string[] = PLACEHOLDERS
  return [...text.matchAll(PLACED)].flatMap(([, word = '']) => (known.includes(word) ? [] : [word]))
}

/** A text in which what is written in braces is replaced. */
const filledText = z.string().superRefine(refuseStrangers)

function refuseStrangers(text: string, context: z.RefinementCtx): void {
  for (const word of strangersIn(text))
    context.addIssue({ code: 'custom', message: `expected one of ${PLACEHOLDERS.join(', ')} in braces, not ${word}` })
}

/** An address with placeholders; it must be one whatever stands in their place. */
const filledAddress = filledText.refine(
  (text) => {
    const url = URL.canParse(text.replace(PLACED, 'x')) ? new URL(text.replace(PLACED, 'x')) : null
    return url !== null && (url.protocol === 'https:' || url.protocol === 'http:')
  },
  { error: 'expected an address that begins with https:// or http://' },
)

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: 'expected the name of a variable' })
const secret = z.strictObject({ env: variable.describe('the environment variable that holds it') })

const SECOND = 1_000
const MINUTE = 60_000

const deadlineOf = (longest: number, words: string) =>
  stretchText.refine((time) => time >= 100 && time <= longest, { error: `expected 100ms to ${words}` })

const webhook = z
  .strictObject({
    url: filledAddress.describe('where it is sent'),
    method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET']).default('POST').describe('how'),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]{1,100}$/, { error: 'expected the name of a header' }),
        z.string().max(1_000),
      )
      .default({})
      .describe('headers beside those of Sluice'),
    body: z.json().optional().describe('the JSON body; that of Sluice when left out'),
    bearer: secret.optional().describe('the token in `Authorization: Bearer`'),
    secret: secret.optional().describe('the secret that signs what is sent and what is answered later'),
    deadline: deadlineOf(MINUTE, '1m')
      .default(10 * SECOND)
      .describe('how long the whole answer may take'),
    callback: z
      .strictObject({ within: stretchText.describe('how long it may take') })
      .optional()
      .describe('it is only begun when it is answered: a signed callback says how it ended'),
  })
  .superRefine(({ body, callback, secret: signing, method }, context) => {
    if (callback !== undefined && signing === undefined)
      context.addIssue({ code: 'custom', path: ['secret'], message: 'expected a secret: a callback must be signed' })
    if (body !== undefined && method === 'GET')
      context.addIssue({ code: 'custom', path: ['body'], message: 'expected no body with GET' })
    for (const text of textsIn(body)) refuseStrangers(text, context)
  })

/** Every text of a JSON value. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

const command = z.strictObject({
  run: z.array(filledText).min(1).max(100).describe('the program and its arguments, one by one; no shell reads them'),
  environment: z
    .array(variable)
    .max(100)
    .default([])
    .describe('variables of the worker that it gets, beside PATH and those of Sluice'),
  deadline: deadlineOf(30 * MINUTE, '30m')
    .default(MINUTE)
    .describe('after it the command and what it has started are killed'),
})

const hookSchema = z
  .strictObject({
    webhook: webhook.optional().describe('a [webhook](/docs/hooks/webhook.md)'),
    command: command.optional().describe('a [command](/docs/hooks/command.md) on the machine of the worker'),
    dry: nameText
      .optional()
      .describe('the call that is asked, as by a gate, whether this one could be carried out; it must do nothing'),
    targets: z
      .array(z.string().regex(/^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/, { error: 'expected service/environment' }))
      .min(1)
      .optional()
      .describe('the targets whose plans may name it; those of all when left out'),
  })
  .superRefine((hook, context) => {
    if ((hook.webhook === undefined) === (hook.command === undefined))
      context.addIssue({ code: 'custom', message: 'expected either webhook or command' })
  })

export const hooksSchema = z.record(nameText, hookSchema)

const cidr = z.union([z.cidrv4(), z.cidrv6()])
const addressRange = z.string().refine((text) => cidr.safeParse(text).success, {
  error: 'expected a range of addresses, such as 10.20.0.0/16 or 127.0.0.1/32',
})

/** What calls of this installation may reach. */
export const outboundSchema = z.strictObject({
  commands: z.boolean().default(false).describe('`true` lets workers run the commands of `hooks`'),
  privateAddresses: z
    .array(addressRange)
    .max(200)
    .default([])
    .describe('ranges of private addresses that calls and version proofs may reach, over `http` as well'),
  callbackUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('where callbacks reach the API, such as `https://sluice.example.com`'),
})

const path = z.string().regex(/^\$(?:\.[A-Za-z_][\w-]*|\[\d{1,4}\])*$/, {
  error: 'expected a path such as $.version or $.build[0].tag',
})

export const versionSchema = z
  .strictObject({
    url: filledAddress
      .optional()
      .describe(
        'where a pool says its version, such as `http://{pool}.internal:8080/version`; every address of the name is asked',
      ),
    instances: z
      .record(nameText, z.array(filledAddress).min(1).max(200))
      .optional()
      .describe('the same, one by one, by the name of the pool'),
    json: path.optional().describe('where in the JSON answer it stands; the whole text when left out'),
    through: filledAddress
      .optional()
      .describe(
        'the same question asked through the router: [`ready`](/docs/readiness.md) sees by it who is sent where',
      ),
    within: stretchText.default(5 * MINUTE).describe('how long the instances may take to say the new version'),
  })
  .superRefine(({ url, instances }, context) => {
    if ((url === undefined) === (instances === undefined))
      context.addIssue({ code: 'custom', message: 'expected either url or instances' })
  })

export type HookConfig = z.output<typeof hookSchema>
export type WebhookConfig = z.output<typeof webhook>
export type CommandConfig = z.output<typeof command>
export type OutboundConfig = z.output<typeof outboundSchema>
export type VersionConfig = z.output<typeof versionSchema>
