// The same log, and the repair: every valid slot is replayed, the older one first.
import {recover} from './recovery.mjs'

export default function check(image) {
  recover(image, (slots) => slots)
}
