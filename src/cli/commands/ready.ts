import type { AnswerTo } from '../../api/operations.ts'
import { readinessTitle } from '../../domain/readiness/answers.ts'
import { EXIT, type ExitCode } from '../failure.ts'
import { readPlanFile, withPlaces } from '../plan-file.ts'
import { hanging } from '../power-table.ts'
import type { RenderOptions } from '../render.ts'
import { SERVER_DEADLINE, type Session } from '../session.ts'
import { widest } from '../table.ts'
import { clean, createPaint, pad, wrap } from '../text.ts'

type Report = AnswerTo<'askReadiness'>

export interface ReadyOptions {
  /** `--version`, under a name that does not collide with the program's own. */
  readonly version?: string
}

/** `sluice ready`: whether a release of a plan could begin, question by question, with what to do about each no. */
export async function askReady(name: string, { version }: ReadyOptions, session: Session): Promise<ExitCode> {
  const file = await readPlanFile(name, session.terminal)
  const asked = { plan: file.yaml.value, ...(version !== undefined && { version }) }
  session.hint('this looks at the target for some seconds; nobody is moved')
  const report = await withPlaces(file, () =>
    session.api.post<Report>('/api/v1/readiness', asked, { deadline: SERVER_DEADLINE }),
  )
  session.say(renderReadiness(report, session.look()), report)
  return report.isReady ? EXIT.ok : EXIT.refused
}

const COLOURS = { pass: 'green', fail: 'red', unknown: 'yellow' } as const

function renderReadiness(report: Report, { width, color }: RenderOptions): readonly string[] {
  const { lines, isReady } = report
  const paint = createPaint(color)
  const items = widest(lines.map(({ item }) => item))
  const outcomes = widest(lines.map(({ outcome }) => outcome))
  const indent = outcomes + items + 4
  return [
    ...hanging(clean(readinessTitle(report, report, isReady)), width),
    '',
    ...lines.flatMap((line) => {
      const { item, outcome, text } = line
      const fix = line.outcome === 'pass' ? [] : block(`fix: ${line.fix}`, width - indent)
      const said = [...block(text, width - indent), ...fix]
      return said.map((part, index) =>
        index === 0
          ? `${paint(COLOURS[outcome], pad(outcome, outcomes))}  ${pad(item, items)}  ${part}`
          : `${' '.repeat(indent)}${part}`,
      )
    }),
  ]
}

function block(text: string, width: number): readonly string[] {
  return wrap(clean(text), width)
}
