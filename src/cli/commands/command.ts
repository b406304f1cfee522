import { randomUUID } from 'node:crypto'
import type { AnswerTo } from '../../api/operations.ts'
import { type CommandVerb, VERBS } from '../../domain/release/verbs.ts'
import { parseDuration } from '../../domain/units.ts'
import { CliFailure, EXIT } from '../failure.ts'
import { shortId } from '../render.ts'
import { releaseAddress, type Session } from '../session.ts'
import { clean } from '../text.ts'

export interface CommandOptions {
  readonly step?: string
  readonly reason: string
  readonly by?: string
}

/**
 * Sends a command. What decides on a step is sent for the step that runs now, which is shown first: between the look and
 * the command the release may have moved on, and then the server refuses.
 */
export async function sendCommand(
  verb: CommandVerb,
  id: string,
  sent: CommandOptions,
  session: Session,
): Promise<void> {
  const address = releaseAddress(id)
  const { reason } = sent
  const by = sent.by === undefined ? {} : { by: durationOf(sent.by) }
  const step = sent.step === undefined ? await stepMeant(verb, address, session) : stepNumber(sent.step)
  const body = { verb, step, reason, ...by }
  const options = { key: randomUUID(), isUrgent: true }
  const answer = await session.api.post<AnswerTo<'sendCommand'>>(`${address}/commands`, body, options)
  const name = shortId(answer.releaseId)
  session.say([`${name}: ${clean(answer.text)}`], answer)
  if (!answer.isSettled) session.hint(`see how it ends: sluice status ${name}`)
}

async function stepMeant(verb: CommandVerb, address: string, session: Session): Promise<number | null> {
  if (!VERBS[verb].meansStep) return null
  const card = await session.api.get<AnswerTo<'showRelease'>>(address)
  const label = card.steps[card.step - 1]?.label ?? 'before the first step'
  session.hint(
    clean(`${verb}: ${shortId(card.releaseId)} ${card.version}, step ${card.step} of ${card.steps.length}, ${label}`),
  )
  return card.step
}

function stepNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw new CliFailure(EXIT.usage, `--step ${clean(text)}: expected the number of a step, such as 3`)
}

function durationOf(text: string): string {
  const parsed = parseDuration(text)
  if (parsed.ok) return text
  throw new CliFailure(EXIT.usage, `--by ${clean(text)}: expected ${parsed.expected}`)
}
