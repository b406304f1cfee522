import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markdownText, plainLine, plainLines } from '../../src/domain/safe-text.ts'
import { FORBIDDEN, HOSTILE } from '../support/hostile-text.ts'

describe('a plain line', () => {
  it('holds nothing that a terminal obeys or that nobody sees, whatever went in', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        const line = plainLine(text)
        expect(line).not.toMatch(FORBIDDEN)
        expect(line).not.toMatch(/\p{M}{4}/u)
        expect(plainLine(line)).toBe(line)
      }),
    )
  })

  it('keeps what people write', () => {
    const text = 'naïve façade — 5% on “v2.4.1+build.7”, 日本語, עברית, 🟢'
    expect(plainLine(text)).toBe(text)
  })

  it('keeps line breaks only where they are meant', () => {
    expect(plainLine('a\r\nb\tc')).toBe('a b c')
    expect(plainLines('a\r\nb\u001b[2J')).toBe('a\nb [2J')
  })
})

describe('a line of Markdown', () => {
  it('holds no markup, no link and no mention, whatever went in', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        const line = markdownText(text)
        expect(line).not.toMatch(FORBIDDEN)
        const bare = line.replace(/\\[!-/:-@[-`{-~]/g, '')
        expect(bare).not.toMatch(/[\\`*_[\]<>|~&#!@]/)
        expect(bare).not.toMatch(/:\/\/|\bwww\./i)
        expect(line).not.toMatch(/^(?:\s|[-+=]|\d+[.)])/)
      }),
    )
  })

  it('reads the same once it is drawn', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        expect(markdownText(text).replace(/\\([!-/:-@[-`{-~])/g, '$1')).toBe(plainLine(text).trimStart())
      }),
    )
  })

  it('leaves plain sentences alone', () => {
    expect(markdownText('errors 2.1% on 2.4.0 against 0.5% on 2.3.9: 10m left')).toBe(
      'errors 2.1% on 2.4.0 against 0.5% on 2.3.9: 10m left',
    )
    expect(markdownText('see https://evil/x_y')).toBe('see https\\://evil/x\\_y')
  })
})
