import fc from 'fast-check'

/** Any text, with what is dangerous more often than chance has it. */
export const HOSTILE = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        ...['\u001b[31m', '\u001b]8;;http://evil\u0007x\u001b]8;;\u0007', '\u009b2J', '\u0000', '\r', '\n', '\u2028'],
        ...['\u202e', '\u2066', '\u2069', '\u200b', '\ufeff', '\u{e0041}', '\ud800', '\u3164'],
        ...['<!channel>', '<@U1>', '<http://evil|click>', '@here', '*bold*', '_it_', '~no~', '`code`', ':tada:', '>'],
        ...['[x](http://evil)', '![x](http://evil)', 'https://evil', 'www.evil.com', 'a@evil.com', '&lt;b&gt;', '|'],
        ...['<script>', '# ', '- ', '1. ', '===', '\\', 'Z\u0301\u0301\u0301\u0301\u0301\u0301'],
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** Controls of any kind, directions, halves: what no outlet may let through. */
export const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
