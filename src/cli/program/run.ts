import type { Command } from 'commander'
import type { ExitCode } from '../failure.ts'
import type { Session } from '../session.ts'

/** Runs the body of a command in a session by its options; without a code it is done. */
export type RunInSession = (command: Command, body: (session: Session) => Promise<ExitCode | void>) => Promise<void>
