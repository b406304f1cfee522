import { describe, expect, it } from 'vitest'
import { BUTTON_VERBS, COMMAND_VERBS, VERBS } from '../../../src/domain/release/verbs.ts'

describe('the table of verbs', () => {
  it('says of each in an order without a full stop what it does', () => {
    for (const verb of COMMAND_VERBS) {
      const { does, taken }: { readonly does: string; readonly taken: string } = VERBS[verb]
      expect(does).toMatch(/^[a-z].*[^.]$/)
      expect(taken).toMatch(/^[a-z].*[^.]$/)
    }
  })

  it('warns before what takes users back, and nowhere else', () => {
    expect(BUTTON_VERBS).toEqual(['approve', 'reject', 'pause', 'resume', 'abort'])
    const warned = BUTTON_VERBS.filter((verb) => VERBS[verb].button.warning !== null)
    expect(warned).toEqual(['reject', 'abort'])
  })

  it('asks the group of an approval who decides on it, and nobody else about the rest', () => {
    const decided = COMMAND_VERBS.filter((verb) => VERBS[verb].by !== 'everyone')
    expect(decided).toEqual(COMMAND_VERBS.filter((verb) => VERBS[verb].when === 'approval'))
  })

  it('lets nobody who stops a release look at a step first', () => {
    expect(COMMAND_VERBS.filter((verb) => !VERBS[verb].meansStep)).toEqual(['pause', 'abort'])
  })
})
