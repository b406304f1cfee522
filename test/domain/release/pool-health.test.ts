import { describe, expect, it } from 'vitest'
import { lackOf } from '../../../src/domain/release/pool-health.ts'

const HEALTH = { blue: { ready: 8, total: 10 }, green: { ready: 2, total: 3 }, empty: { ready: 0, total: 0 } }

describe('the capacity of pools', () => {
  it('is there where enough servers of each are ready', () => {
    expect(lackOf(HEALTH, ['blue'], 0.8)).toBeNull()
    expect(lackOf(HEALTH, ['blue', 'green'], 0.6)).toBeNull()
  })

  it('is told where it is not', () => {
    expect(lackOf(HEALTH, ['blue', 'green'], 0.8)).toBe(
      'green has too little capacity: 2 of 3 servers ready, 80% needed',
    )
  })

  it('is none in a pool without servers, and in one that the router does not know', () => {
    expect(lackOf(HEALTH, ['empty'], 0.1)).toContain('it has no server')
    expect(lackOf(HEALTH, ['constructor'], 0.1)).toBe('the router does not say how constructor is')
  })
})
