import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { issueTicket, isTicket, ticketKeyOf } from '../../src/tickets/ticket.ts'

const SECRET = 'a-secret-of-more-than-32-characters'
const NOW = Date.UTC(2026, 0, 1)
const key = ticketKeyOf(SECRET, 'release/checkout/production/7')
const ticket = issueTicket(key, { until: NOW + 60_000, number: '0123456789abcdef' })

/** Tickets as somebody might forge them: one of ours changed, cut, or made up. */
const forged = fc
  .oneof(
    fc.string({ maxLength: 120 }),
    fc.stringMatching(/^[0-9]{10}\.[0-9a-f]{16}\.[0-9A-F]{64}$/),
    fc
      .tuple(fc.nat({ max: ticket.length - 1 }), fc.stringMatching(/^[0-9a-fA-F.]$/))
      .map(([at, letter]) => ticket.slice(0, at) + letter + ticket.slice(at + 1)),
    fc.nat({ max: ticket.length - 1 }).map((at) => ticket.slice(0, at)),
    fc.string({ minLength: 1, maxLength: 5 }).map((more) => ticket + more),
    fc.string({ minLength: 1, maxLength: 5 }).map((more) => more + ticket),
  )
  .filter((text) => text !== ticket)

describe('a try-it ticket', () => {
  it('is good for its release until its end', () => {
    expect(isTicket(ticket, key, NOW)).toBe(true)
    expect(isTicket(ticket, key, NOW + 59_999)).toBe(true)
    expect(isTicket(ticket, key, NOW + 60_000)).toBe(false)
  })

  it.each([
    ['another release', ticketKeyOf(SECRET, 'release/checkout/production/8')],
    ['another target', ticketKeyOf(SECRET, 'release/checkout/staging/7')],
    ['another installation', ticketKeyOf(`${SECRET}!`, 'release/checkout/production/7')],
  ])('is none of %s', (_, other) => expect(isTicket(ticket, other, NOW)).toBe(false))

  it('is not forged in 10,000 tries', () => {
    fc.assert(
      fc.property(forged, (text) => {
        expect(isTicket(text, key, NOW)).toBe(false)
      }),
      { numRuns: 10_000 },
    )
  })
})
