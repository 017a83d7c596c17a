import type {Memory, PagePipe} from '../../aio/index.js'
import type {Connection} from './connection.js'
import {newRequestHeader} from './request-header.js'

/** Room ahead of the data of a request: the head of a READ's reply stands there, and the data begin on a page. */
export const HEAD_ROOM_BYTES = 4096

/** A request of a client while it is being served. Used again and again: there are hundreds of thousands a second. */
export interface Call {
  readonly header: ReturnType<typeof newRequestHeader>
  connection: Connection | undefined
  /** Holds its data, from dataAt on. */
  memory: Memory | undefined
  /** Takes the data of a READ instead, with the head of its reply, where they are in the page cache. */
  pages: PagePipe | undefined
  dataAt: number
  /** What of the bounds of its connection it takes. */
  bytes: number
  /** Where the engine goes on when it has done the part it has; as far as the end where that is not behind it. */
  restAt: number
  restEnd: number
  /** Of the parts that have ended. */
  latencyNs: number
  /** A flush: what it covers, for the risk meter. */
  covers: number
}
