import { openLines, type ReadinessAnswers, readinessTitle } from '../domain/readiness/answers.ts'
import type { TargetId } from '../domain/target.ts'
import { clamp, escape } from './text.ts'

const SIGNS = { pass: '✓', fail: '✗', unknown: '?' } as const
const LONGEST = 700

/** The answers of readiness: what is open comes first, with what to do about it. */
export function checklistText(target: TargetId, answers: ReadinessAnswers, isReady: boolean): string {
  const open = openLines(answers, [])
  const passed = answers.lines.filter(({ outcome }) => outcome === 'pass')
  return [
    `${isReady ? '🟢' : '🔴'} *${clamp(escape(readinessTitle(target, answers, isReady)), LONGEST)}*`,
    ...open.flatMap((line) => [
      `${SIGNS[line.outcome]} *${line.item}* ${clamp(escape(line.text), LONGEST)}`,
      ...(line.outcome === 'pass' ? [] : [`      fix: ${clamp(escape(line.fix), LONGEST)}`]),
    ]),
    ...passed.map(({ item, outcome, text }) => `${SIGNS[outcome]} ${item} ${clamp(escape(text), LONGEST)}`),
  ].join('\n')
}
