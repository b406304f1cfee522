import { formerText, type LaneView, pinText, vetoText } from '../domain/lane/lane-view.ts'
import { countText, errorsText, latencyText } from '../domain/release/card-figures.ts'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import { filledCells, stepsAround } from '../domain/release/release-drawing.ts'
import { phaseWords, rollbackWords, saysWeight, shareWords } from '../domain/release/release-words.ts'
import { BUTTON_VERBS, type ButtonVerb, VERBS } from '../domain/release/verbs.ts'
import { formatDuration, formatWeight, type Instant } from '../domain/units.ts'
import {
  actions,
  approvalText,
  type Block,
  context,
  header,
  optional,
  phaseText,
  section,
  short,
  slackTime,
  verbButton,
} from './elements.ts'
import { clamp, escape, escapeLines, LIMITS } from './text.ts'

/** What a button carries: the release and the step it was drawn for, so that a stale one is known. */
interface ReleaseButton {
  readonly release: string
  readonly step: number
}

const ANSWERS = ['approve', 'reject'] as const
const MOST_STEPS = 12
const BAR_CELLS = 20

/** A release as a Slack message. At most eleven blocks, every text within Slack's limits. */
export function releaseBlocks(card: ReleaseCard): readonly Block[] {
  const blocks = [
    header(`${card.service} ${card.version} → ${card.environment}`),
    section(standing(card)),
    ...optional(card.reason === null ? '' : `*Why:* ${escape(card.reason)}`),
    ...optional(rollback(card)),
    ...optional(steps(card)),
    ...optional(figures(card)),
    ...optional(verdicts(card)),
    ...optional(notices(card)),
    ...optional(card.approval === null ? '' : approvalText('Approval', card.approval)),
    context(origin(card)),
    ...buttons(card, BUTTON_VERBS),
  ] satisfies Block[]
  return blocks
}

/** What people are asked to approve, with its two buttons; nothing where nothing is. */
export function askingBlocks(card: ReleaseCard, what: string): readonly Block[] {
  return card.approval === null
    ? []
    : [section(approvalText(`Approval of ${short(what)}`, card.approval)), ...buttons(card, ANSWERS)]
}

/** The same in one line: for notifications and for clients that draw no blocks. */
export function releaseText(card: ReleaseCard): string {
  const reason = card.reason === null ? '' : `: ${card.reason}`
  const share = saysWeight(card.phase) ? `, ${shareWords(card)}` : ''
  const text = `${card.service} ${card.version} → ${card.environment}: ${phaseWords(card.phase)}${share}${reason}`
  return clamp(escape(text), LIMITS.fallback)
}

const MOST_VETOES = 3

/** The lock, the queue, the freeze, the pin and the keeper of a target. */
export function laneText(lane: LaneView): string {
  const {
    target,
    running,
    queue,
    freeze,
    promotedVersion,
    stable,
    keeper,
    pin = null,
    vetoes = [],
    former = null,
  } = lane
  const waiting = queue.map(({ releaseId, version, author, queuedAt }, index) => {
    const since = queuedAt === null ? '' : `, since ${slackTime(queuedAt)}`
    return `${index + 1}. \`${shortId(releaseId)}\` ${short(version)}, by ${short(author)}${since}`
  })
  return [
    `*${escape(`${target.service} in ${target.environment}`)}*`,
    ...(freeze === null ? [] : [`🟡 *frozen* by ${short(freeze.by)}: ${clamp(escape(freeze.reason), 500)}`]),
    ...(pin === null ? [] : [`🟡 *pinned* ${clamp(escape(pinText(pin)), 500)}`]),
    `*Running:* ${running === null ? 'nothing' : `\`${shortId(running)}\``}`,
    ...(stable === null
      ? []
      : [`*Stable:* ${short(stable.pool)}${stable.version === null ? '' : `, ${short(stable.version)}`}`]),
    `*Last promoted:* ${promotedVersion === null ? 'not known' : short(promotedVersion)}`,
    ...(former === null ? [] : [`*Before it:* ${clamp(escape(formerText(former)), 300)}`]),
    `*${lane.isUnrouted === true ? 'Flags' : 'Router'}:* ${clamp(escape(keeper.text), 500)}`,
    ...vetoes.slice(-MOST_VETOES).map((veto) => `*Not again:* ${clamp(escape(vetoText(veto)), 300)}`),
    ...(waiting.length === 0 ? [] : ['*Waiting:*', ...waiting]),
  ].join('\n')
}

/** A try-it ticket for the one who asked. A link of our own is not searched for others. */
export function ticketText(
  { releaseId, name, ticket, until }: { releaseId: string; name: string; ticket: string; until: Instant },
  link: string | null,
): string {
  return [
    `a ticket for \`${shortId(releaseId)}\` until ${slackTime(until)}; whoever has it sees the canary`,
    ...(link === null ? [] : [`*Link:* <${escapeLines(link).replaceAll('|', '%7C')}>`]),
    `*Cookie:* \`${escapeLines(`${name}=${ticket}`)}\``,
  ].join('\n')
}

function standing(card: ReleaseCard): string {
  const { weight, cohorts, flags = [], mirror, bakeDuration, warmsUpUntil = null } = card
  const filled = filledCells(weight, BAR_CELLS)
  const bar = `\`${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}\``
  const people = cohorts.length === 0 ? '' : ` and ${cohorts.map(short).join(', ')}`
  const copies = mirror === undefined ? '' : `, and copies of ${formatWeight(mirror)} of the requests`
  const ofFlags = flags.length === 0 ? '' : `, flags: ${flags.map(short).join(', ')}`
  // What is left of it would be wrong a minute later: a message stands still between two events.
  const bake = bakeDuration === null ? '' : ` for ${formatDuration(bakeDuration)}`
  const warm = warmsUpUntil === null ? '' : `, warms up until ${slackTime(warmsUpUntil)}`
  const users =
    card.byFlags === true ? shareWords(card) : `${formatWeight(weight)}${people} on canary${copies}${ofFlags}`
  const share = saysWeight(card.phase) ? `\n${bar} ${users}` : ''
  return `${phaseText(card.phase)}${bake}${warm}${share}`
}

function rollback(card: ReleaseCard): string {
  const words = rollbackWords(card, null)
  return words === ''
    ? ''
    : `*Rollback:* since ${slackTime(card.rollback?.since ?? 0)} it ${clamp(escape(words), 1_000)}`
}

function steps({ steps: all, step }: ReleaseCard): string {
  const { before, shown, after } = stepsAround(all, step, MOST_STEPS)
  return [
    ...(before > 0 ? [`… ${before} before`] : []),
    ...shown.map(({ number, label, mark }) => {
      const line = `${number}. ${clamp(escape(label), 200)}`
      return `${mark === '' ? '·' : mark} ${number === step ? `*${line}*` : line}`
    }),
    ...(after > 0 ? [`… ${after} more`] : []),
  ].join('\n')
}

type Arm = NonNullable<NonNullable<ReleaseCard['latest']>['canary']>

function figures({ latest }: ReleaseCard): string {
  if (latest === null) return ''
  const arms = [armLine('canary', latest.canary), armLine('stable', latest.stable)]
  return [...arms, `seen ${slackTime(latest.at)}`].join('\n')
}

function armLine(name: string, arm: Arm | null): string {
  if (arm === null) return `*${name}*  no data`
  const { requests, errors, p95Seconds, p99Seconds } = arm
  const known = errors === null ? 'errors unknown' : `${errorsText(errors, requests)} errors`
  const share = requests > 0 ? known : 'no requests'
  const latency = [['p95', p95Seconds] as const, ['p99', p99Seconds] as const].flatMap(([label, seconds]) =>
    seconds === null ? [] : [`${label} ${latencyText(seconds)}`],
  )
  return `*${name}*  ${[`${countText(requests)} requests`, share, ...latency].join(' · ')}`
}

const OUTCOME_SIGNS = { pass: '✓', fail: '✗', inconclusive: '?' } as const
const MOST_VERDICTS = 12
/** As long as a verdict's sentence may be; with many checks each has a part of the block. */
const LONGEST_REASON = 400

function verdicts({ verdicts: all }: ReleaseCard): string {
  const room = Math.max(220, Math.min(LONGEST_REASON, Math.floor(LIMITS.section / all.length) - 60))
  const shown = all.slice(0, MOST_VERDICTS).map(({ check, outcome, reason }) => {
    return `${OUTCOME_SIGNS[outcome]} *${escape(check)}* ${outcome}: ${clamp(escape(reason), room)}`
  })
  const more = all.length - shown.length
  return [...shown, ...(more > 0 ? [`… ${more} more`] : [])].join('\n')
}

const MOST_LEDGER = 3

function notices({ notices: all = [], ledger = [] }: ReleaseCard): string {
  return [...all, ...ledger.slice(-MOST_LEDGER).map(({ text }) => text)]
    .map((notice) => `🟡 ${clamp(escape(notice), 500)}`)
    .join('\n')
}

function shortId(releaseId: string): string {
  return short(releaseId.replace(/^release\//, ''))
}

function origin({ releaseId, author, replaces = null, startedAt, trail }: ReleaseCard): string {
  const last = trail.at(-1)
  const story = last === undefined ? '' : `\nlast: ${clamp(escape(last.text), 500)}`
  const id = shortId(releaseId)
  const replaced = replaces === null ? '' : `replaces ${short(replaces)}, `
  return `\`${id}\` ${replaced}started by ${short(author)}, ${slackTime(startedAt)}${story}`
}

function buttons({ verbs, releaseId, step }: ReleaseCard, shown: readonly ButtonVerb[]) {
  const open = shown.filter((verb) => verbs.includes(verb))
  const value: ReleaseButton = { release: releaseId, step }
  return actions(open.map((verb) => verbButton(verb, VERBS[verb].button, value)))
}
