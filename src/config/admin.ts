import { SluiceError } from '../domain/errors.ts'
import type { Installation } from './installation.ts'
import type { Person } from './installation-schema.ts'

const ADMIN = 'admin'

/**
 * The installation with the person `admin` who has this token, so that a server can start before anybody wrote a token
 * into sluice.yaml. Where `admin` stands there, e.g. in a group, they are the same person.
 * @throws SluiceError `config.invalid` when `admin` has another token already, or this token is somebody else's.
 */
export function withAdmin(installation: Installation, tokenSha256: string | undefined): Installation {
  if (tokenSha256 === undefined) return installation
  const known = installation.people.find(({ id }) => id === ADMIN)
  if (known?.tokenSha256 !== undefined) throw refused('admin already has a token in sluice.yaml')
  if (installation.people.some((person) => person.tokenSha256 === tokenSha256)) {
    throw refused('somebody in sluice.yaml already has this token')
  }
  const admin: Person = { ...known, id: ADMIN, tokenSha256 }
  return { ...installation, people: [...installation.people.filter((person) => person !== known), admin] }
}

function refused(message: string): SluiceError {
  return new SluiceError('config.invalid', {
    message: `SLUICE_ADMIN_TOKEN_SHA256: ${message}`,
    fix: 'leave SLUICE_ADMIN_TOKEN_SHA256 out, or take the token out of sluice.yaml',
  })
}
