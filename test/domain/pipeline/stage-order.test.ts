import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { circleIn, laterThan, mayHaveToReturn, wavesOf } from '../../../src/domain/pipeline/stage-order.ts'

const stage = (name: string, ...after: string[]) => ({ name, after })

describe('the order of stages', () => {
  it('is waves: what waits for the same ones runs at the same time', () => {
    const stages = [stage('canary'), stage('eu', 'canary'), stage('us', 'canary'), stage('asia', 'eu', 'us')]
    expect(wavesOf(stages).map((wave) => wave.map(({ name }) => name))).toEqual([['canary'], ['eu', 'us'], ['asia']])
  })

  it('has a circle where stages wait for each other, and says which', () => {
    expect(circleIn([stage('a', 'c'), stage('b', 'a'), stage('c', 'b')])).toEqual(['a', 'c', 'b', 'a'])
    expect(circleIn([stage('a', 'a')])).toEqual(['a', 'a'])
    expect(circleIn([stage('a'), stage('b', 'a')])).toBeNull()
  })

  it('lets only the very last stage be without a way back', () => {
    const chain = [stage('canary'), stage('eu', 'canary')]
    expect(chain.map(({ name }) => mayHaveToReturn(chain, name))).toEqual([true, false])
    const wave = [...chain, stage('us', 'canary')]
    expect(wave.map(({ name }) => mayHaveToReturn(wave, name))).toEqual([true, true, true])
  })

  it('never waits for what comes later, whatever the stages, and each circle that is told is one', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const any = fc.tuple(...names.map((name) => fc.subarray(names).map((after) => ({ name, after }))))
    fc.assert(
      fc.property(any, (stages) => {
        const circle = circleIn(stages)
        if (circle === null) {
          const waves = wavesOf(stages)
          const place = (name: string) => waves.findIndex((wave) => wave.some((one) => one.name === name))
          for (const { name, after } of stages)
            for (const before of after) expect(place(before)).toBeLessThan(place(name))
          for (const { name } of stages) {
            const later = [...laterThan(stages, name)].map((one) => one.name)
            expect(later).not.toContain(name)
            for (const { name: other, after } of stages)
              expect(later.includes(other)).toBe(after.some((before) => before === name || later.includes(before)))
          }
          return
        }
        expect(circle[0]).toBe(circle.at(-1))
        for (const [index, name] of circle.slice(0, -1).entries())
          expect(stages.find((one) => one.name === name)?.after).toContain(circle[index + 1])
      }),
    )
  })
})
