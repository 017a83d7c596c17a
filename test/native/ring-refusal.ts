import type {loadUring} from '../../src/native/index.js'

/** Why there is no ring here; empty where there is one. */
export function ringRefusal(loaded: Awaited<ReturnType<typeof loadUring>>): string {
  if (!loaded.ok) return loaded.reason
  const opened = loaded.uring.openRing(4)
  if (!opened.ok) return opened.reason
  opened.ring.close()
  return ''
}
