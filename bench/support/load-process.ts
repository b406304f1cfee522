import { startUserLoad } from '../../test/support/user-load.ts'

/** The users, in a process of their own. Any message ends them; the answer is what each request met. */
const load = startUserLoad(JSON.parse(process.argv[2] ?? '') as Parameters<typeof startUserLoad>[0])
process.once('message', () => {
  void load.stop().then(() => process.send?.({ visits: load.visits, closed: load.closed() }))
})
