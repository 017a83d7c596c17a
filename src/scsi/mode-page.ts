import type {ScsiDevice} from './command.js'

/** One mode page as facts: code, length and the three sets of values a guest can ask for, each with its 2-byte header. */
export interface ModePage {
  readonly code: number
  readonly lengthBytes: number
  readonly offered: (device: ScsiDevice) => boolean
  readonly current: (device: ScsiDevice) => Uint8Array
  readonly defaults: (device: ScsiDevice) => Uint8Array
  /** A one for every bit MODE SELECT may change. */
  readonly changeable: (device: ScsiDevice) => Uint8Array
}

export const PAGE_HEADER_BYTES = 2
export const CACHING_PAGE = 0x08
const CACHING_BYTES = 20
const WCE_BIT = 0x04

function cachingPage(writeCacheEnabled: boolean): Uint8Array {
  const page = new Uint8Array(CACHING_BYTES)
  page[0] = CACHING_PAGE
  page[1] = CACHING_BYTES - PAGE_HEADER_BYTES
  page[2] = writeCacheEnabled ? WCE_BIT : 0
  return page
}

/** Whether a caching page says that the write cache is on. */
export function wceOf(page: Uint8Array): boolean {
  return ((page[2] ?? 0) & WCE_BIT) !== 0
}

/** Every mode page, in ascending order as page 3Fh demands. Source: SBC-3, caching mode page. */
export const MODE_PAGES: readonly ModePage[] = [
  {
    code: CACHING_PAGE,
    lengthBytes: CACHING_BYTES,
    offered: (device) => device.cachingPageOffered,
    current: (device) => cachingPage(device.writeCacheEnabled || device.cachingPageFixed),
    defaults: (device) => cachingPage(device.writeCacheDefault || device.cachingPageFixed),
    changeable: (device) => cachingPage(!device.cachingPageFixed),
  },
]
