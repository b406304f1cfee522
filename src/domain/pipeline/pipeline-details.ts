import { markdownText } from '../safe-text.ts'
import { releaseName } from '../target.ts'
import type { PipelineCard } from './pipeline-card.ts'

/** The pipeline as short Markdown for Temporal’s UI. */
export function describePipeline({ phase, reason, stages, author }: PipelineCard): string {
  const rows = stages.map(({ name, target, version, phase: at, releaseId, reason: why }) => {
    const cells = [name, target, version, at, releaseId === null ? '' : releaseName(releaseId), why ?? '']
    return `| ${cells.map(markdownText).join(' | ')} |`
  })
  return [
    `**${phase}**${reason === null ? '' : `: ${markdownText(reason)}`}, started by ${markdownText(author)}`,
    ['| stage | target | version | phase | release | |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')
}
