// A redo log of two slots, with one sync a commit. A commit writes what it will do, with a checksum, into the slot of its number
// (sectors 0-1 or 2-3), syncs, tells its user, and then writes its data in place (A in sector 16, B in 17) without a sync. Commits
// 1 and 3 write both, 2 writes A, 4 writes B. Recovery replays the newest valid slot: read on in recovery.mjs.
import {recover} from './recovery.mjs'

export default function check(image) {
  recover(image, (slots) => slots.slice(-1))
}
