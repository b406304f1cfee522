import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foreignCharacter, unseenCharacter, visible } from '../../src/domain/characters.ts'

describe('characters that nobody can see', () => {
  it.each([
    ['a terminal’s escape', 'a\u001b[2Jb', 'U+001B'],
    ['a turn of direction', 'green\u202eeulb', 'U+202E'],
    ['a mark of direction', 'a\u200fb', 'U+200F'],
    ['a space without width', 'blue\u200b', 'U+200B'],
    ['a soft hyphen', 'pay\u00adment', 'U+00AD'],
    ['a line separator', 'a\u2028b', 'U+2028'],
    ['half a character', 'a\ud800', 'U+D800'],
    ['a tag', 'a\u{e0041}', 'U+E0041'],
  ])('are named: %s', (_, text, name) => {
    expect(unseenCharacter(text)).toBe(name)
    expect(visible(text)).toContain(`<${name}>`)
    expect(unseenCharacter(visible(text))).toBeNull()
  })

  it('do not include what people write: letters of any language, tabs and line ends', () => {
    for (const text of ['sum(rate(a[5m]))\n\t/ 2\r\n', 'größer als', '数', 'café', '😀']) {
      expect(unseenCharacter(text)).toBeNull()
      expect(visible(text)).toBe(text)
    }
  })

  it('are gone from what is shown, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(unseenCharacter(visible(text))).toBeNull()
      }),
    )
  })
})

describe('a file that is no text', () => {
  it.each([
    ['a JPEG', '\ufffd\ufffd\ufffd\ufffd\0\u0010JFIF', 0, 'U+FFFD'],
    ['UTF-16', '\ufffd\ufffds\0e\0r\0', 0, 'U+FFFD'],
    ['UTF-16 without a mark', 's\0e\0r\0', 1, 'U+0000'],
    ['a comment that turns the line round', '# a\u202e\n', 3, 'U+202E'],
    ['a bell', 'a: \u0007', 3, 'U+0007'],
  ])('is told by its first such character: %s', (_, text, offset, name) => {
    expect(foreignCharacter(text)).toMatchObject({ offset, name, why: expect.any(String), fix: expect.any(String) })
  })

  it('is not one with a byte order mark, any line ends and any language', () => {
    expect(foreignCharacter('\ufeffa: "größer"\r\n\tb: 数 😀\n')).toBeNull()
  })
})
