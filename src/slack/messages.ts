import type { PipelineCard } from '../domain/pipeline/pipeline-card.ts'
import type { ReleaseCard } from '../domain/release/release-card.ts'
import type { ShownPipeline } from '../releases/pipelines.ts'
import { askingBlocks, releaseBlocks, releaseText } from './blocks.ts'
import { type Block, textBlocks } from './elements.ts'
import { pipelineBlocks, pipelineText, stageAskingBlocks } from './pipeline-blocks.ts'

interface Message {
  /** For notifications, and for clients that draw no blocks. */
  readonly text: string
  readonly blocks: Block[]
}

/**
 * `releases` is how those of a pipeline get on, by stage: for an answer. A message that stands still until something happens to the
 * pipeline is drawn without, for it would be old a minute later.
 */
export function cardMessage(card: ReleaseCard | PipelineCard, releases: ShownPipeline['releases'] = {}): Message {
  return 'pipelineId' in card
    ? { text: pipelineText(card), blocks: [...pipelineBlocks(card, releases)] }
    : { text: releaseText(card), blocks: [...releaseBlocks(card)] }
}

/** What people are asked to approve, with its buttons; nothing where nothing is. */
export function askingBlocksOf(card: ReleaseCard | PipelineCard, what: string): readonly Block[] {
  return 'pipelineId' in card ? stageAskingBlocks(card, what) : askingBlocks(card, what)
}

/** A sentence in Slack's markup. */
export function textMessage(text: string): Message {
  return { text, blocks: [...textBlocks(text)] }
}
