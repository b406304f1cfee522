import { embeddedRouter } from './embedded.ts'
import { haproxyRouter } from './haproxy.ts'
import { memoryRouter } from './memory.ts'

/** Every router adapter. A new one is a file beside this one and a line here. */
export const ROUTERS = [memoryRouter, embeddedRouter, haproxyRouter] as const
