import type { AnswerTo } from '../../api/operations.ts'
import type { Plan } from '../../domain/plan/plan.ts'
import type { RehearsedRun } from '../../domain/readiness/rehearsal.ts'
import { formatDuration, type Milliseconds, parseDuration } from '../../domain/units.ts'
import { checkedPlan } from '../checked-plan.ts'
import { CliFailure, EXIT, type ExitCode } from '../failure.ts'
import { hanging } from '../power-table.ts'
import type { Session } from '../session.ts'
import { clean, createPaint } from '../text.ts'

export interface RehearseOptions {
  readonly bake: string
  readonly without: readonly string[]
  readonly config?: string
}

/** `sluice rehearse`: runs a plan for real in the embedded data plane, once healthy and once per fault, and has it kept. */
export async function rehearse(name: string, options: RehearseOptions, session: Session): Promise<ExitCode> {
  const { without, config } = options
  const longestBake = bakeOf(options.bake)
  const { plan, file, configHash = null } = await checkedPlan(name, config, session)
  const { rehearsalOf } = await import('../../analysis/readiness/rehearsal-plan.ts')
  refuseStrangers(without, plan)
  const rehearsal = rehearsalOf(plan, { longestBake, without })
  if ('unable' in rehearsal) throw unableFailure(clean(name), rehearsal.unable)
  const { terminal } = session
  if (terminal.rehearse === undefined) throw NO_DATA_PLANE
  const { runs, leftOut, standIns } = rehearsal
  const { width, color } = session.look()
  const paint = createPaint(color)
  const tell = (text: string) => {
    for (const line of hanging(text, width)) session.hint(line)
  }
  tell(
    `${runs.length} releases of ${plan.service}, each bake at most ${formatDuration(longestBake)}, in a world of its own`,
  )
  for (const standIn of standIns) tell(`stands in: ${standIn}`)
  for (const one of leftOut) tell(`left out: ${one}`)
  const ran: RehearsedRun[] = []
  await terminal.rehearse(rehearsal, (line) => {
    if (line.kind === 'step') tell(`starting ${line.text}`)
    if (line.kind === 'begins') tell(`${ran.length + 1}/${runs.length} ${line.name}`)
    if (line.kind === 'ran') ran.push(line.run)
  })
  const isRight = ran.length === runs.length && ran.every((run) => run.isRight)
  const record = { plan: file.yaml.value, runs: ran, leftOut }
  const kept =
    configHash === null
      ? null
      : await session.api.post<AnswerTo<'keepRehearsal'>>('/api/v1/rehearsals', { ...record, configHash })
  const lines = [
    ...ran.flatMap((run) =>
      hanging(
        `${run.isRight ? paint('green', 'right') : paint('red', 'wrong')}  ${clean(run.name)}: ${clean(run.came)}${run.isRight ? '' : `, expected ${run.expected}`}`,
        width,
      ),
    ),
    '',
    ...hanging(endText(plan, isRight, kept !== null), width),
  ]
  session.say(lines, { runs: ran, leftOut, standIns, isRight, kept })
  return isRight ? EXIT.ok : EXIT.refused
}

const NO_DATA_PLANE = new CliFailure(
  EXIT.refused,
  [
    'this installation of Sluice has no data plane to rehearse in',
    '  expected: a clone of Sluice, where npm start works',
    '  fix:      rehearse there: the record is sent to the server of --server or SLUICE_URL',
  ].join('\n'),
)

function endText({ service, environment }: Plan, isRight: boolean, isKept: boolean): string {
  const how = isRight ? 'every run ended as it should' : 'not every run ended as it should'
  return isKept
    ? `${how}; kept with ${service} in ${environment} for this plan and its configuration`
    : `${how}; kept nowhere, because no server was asked (--config)`
}

function bakeOf(text: string): Milliseconds {
  const parsed = parseDuration(text)
  if (parsed.ok && parsed.value >= 2_000) return parsed.value
  throw new CliFailure(EXIT.usage, `--bake ${clean(text)}: expected ${parsed.ok ? '2s or more' : parsed.expected}`)
}

function refuseStrangers(without: readonly string[], { checks, actions }: Plan): void {
  const known = [...checks, ...actions.flatMap((action) => (action.kind === 'judge' ? action.checks : []))]
  const names = [...known.map((check) => check.name), 'flags']
  const stranger = without.find((name) => !names.includes(name))
  if (stranger === undefined) return
  throw new CliFailure(EXIT.usage, `--without ${clean(stranger)}: expected one of ${clean(names.join(', '))}`)
}

function unableFailure(name: string, unable: readonly { readonly name: string; readonly why: string }[]): CliFailure {
  const lines = unable.map(
    ({ name: part, why }) => `${name}: ${clean(why)}\n  fix:      rehearse the rest: --without ${clean(part)}`,
  )
  return new CliFailure(EXIT.refused, lines.join('\n\n'), { unable })
}
