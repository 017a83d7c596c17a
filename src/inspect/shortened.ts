import {fstatSync} from 'node:fs'
import {shortenedImage, type ImageSource} from '../image/index.js'

/**
 * Refuses to believe in what was read when the file has become shorter meanwhile: what is behind its end looks like a hole, so
 * nothing else would notice. Call it when everything is read.
 *
 * @throws ToolError of kind io
 */
export function refuseShortened({path, fd, startBytes, sizeBytes, blockDevice}: ImageSource): void {
  const nowBytes = blockDevice ? Infinity : fstatSync(fd).size
  if (nowBytes >= startBytes + sizeBytes) return
  throw shortenedImage(path, nowBytes, 'read')
}
