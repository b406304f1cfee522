import type { AnswerTo } from '../../api/operations.ts'
import { utcText } from '../../domain/calendar/window-rule.ts'
import type { Instant } from '../../domain/units.ts'
import type { Session } from '../session.ts'
import { tableOf } from '../table.ts'
import { clean } from '../text.ts'

type Freezes = AnswerTo<'showFreezes'>

/** `sluice freezes`: what is open, what is frozen, and when that changes. */
export async function showFreezes(session: Session): Promise<void> {
  const answer = await session.api.get<Freezes>('/api/v1/freezes')
  session.say(renderFreezes(answer), answer)
}

function renderFreezes({ windows, freezes, targets }: Freezes): readonly string[] {
  const rows = [
    ...windows.map((row) => ['window', row.name, row.isOpen ? 'open' : 'closed', ...timesOf(row)]),
    ...freezes.map((row) => ['freeze', row.name, row.isOpen ? 'off' : 'frozen', ...timesOf(row)]),
    ...targets.map((row) => [
      'target',
      `${row.service}/${row.environment}`,
      row.isOpen ? 'open' : row.frozenBy.length === 0 ? 'closed' : `frozen by ${row.frozenBy.join(', ')}`,
      ...timesOf(row),
    ]),
  ]
  if (rows.length === 0) return ['no windows and no freezes in sluice.yaml']
  const problems = [...windows, ...freezes].flatMap(({ name, problem }) =>
    problem === null ? [] : [`${name} counts as closed: ${problem}`],
  )
  return [...tableOf(['KIND', 'NAME', 'NOW', 'NEXT CLOSING', 'NEXT OPENING'], rows), ...problems.map(clean)]
}

function timesOf({ closesAt, opensAt }: { readonly closesAt: Instant | null; readonly opensAt: Instant | null }) {
  return [closesAt, opensAt].map((at) => (at === null ? 'not known' : utcText(at)))
}
