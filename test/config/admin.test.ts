import { describe, expect, it } from 'vitest'
import { withAdmin } from '../../src/config/admin.ts'
import { demoInstallation } from '../support/demo-installation.ts'

const [token, another] = ['a'.repeat(64), 'b'.repeat(64)]

describe('the token of the environment', () => {
  const listed = demoInstallation()

  it('makes a person who can call the API before sluice.yaml has any', () => {
    const { people } = withAdmin(listed, token)
    expect(people).toEqual([...listed.people, { id: 'admin', tokenSha256: token }])
  })

  it('is given to the admin of sluice.yaml where there is one, so that groups may name them', () => {
    const known = { ...listed, people: [{ id: 'admin', slack: { team: 'T1', user: 'U1' } }, { id: 'ada' }] }
    expect(withAdmin(known, token).people).toEqual([
      { id: 'ada' },
      { id: 'admin', slack: { team: 'T1', user: 'U1' }, tokenSha256: token },
    ])
  })

  it('changes nothing when there is none', () => {
    expect(withAdmin(listed, undefined)).toBe(listed)
  })

  it.each([
    ['admin has another one', { id: 'admin', tokenSha256: another }],
    ['it is somebody else’s', { id: 'ada', tokenSha256: token }],
  ])('is refused when %s', (_, person) => {
    expect(() => withAdmin({ ...listed, people: [person] }, token)).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  })
})
