import { expect } from 'vitest'
import type { Block } from '../../src/slack/elements.ts'
import { FORBIDDEN } from './hostile-text.ts'

/** Slack's own limits, by the kind of block. */
const LIMIT: Readonly<Record<string, number>> = { header: 150, section: 3_000, context: 3_000 }

/** What Slack takes, and in which nobody is mentioned, nothing is linked and nothing is hidden: our own times are all there is in brackets. */
export function expectSafeBlocks(blocks: readonly Block[]): void {
  expect(blocks.length).toBeLessThanOrEqual(50)
  for (const block of blocks) {
    if (block.type === 'actions') {
      expect(block.elements.length).toBeGreaterThan(0)
      expect(block.elements.length).toBeLessThanOrEqual(5)
      expect(new Set(block.elements.map(({ action_id }) => action_id)).size).toBe(block.elements.length)
      for (const element of block.elements)
        expect('value' in element && String(element.value).length).toBeLessThanOrEqual(2_000)
    }
    for (const text of textsOf(block)) {
      expect(text.length).toBeGreaterThan(0)
      expect(text.length).toBeLessThanOrEqual(LIMIT[block.type] ?? 0)
      expect(text.replaceAll('\n', '')).not.toMatch(FORBIDDEN)
      // A header is plain text, in which nothing is a mention.
      if (block.type !== 'header') expect(withoutTimes(text)).not.toMatch(/[<>]/)
    }
  }
}

function textsOf(block: Block): readonly string[] {
  if (block.type === 'header' || block.type === 'section') return [block.text?.text ?? '']
  return block.type === 'context' ? block.elements.map((part) => ('text' in part ? part.text : '')) : []
}

function withoutTimes(text: string): string {
  return text.replace(/<!date\^\d+\^\{date_short_pretty\} \{time\}\|[\d:TZ-]+>/g, '')
}
