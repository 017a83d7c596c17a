import type {ImageSource} from '../image/index.js'
import {contentsOf} from './image-reader.js'
import type {Place} from './place.js'
import {contentText} from './signature-text.js'

/**
 * The named parts of an image, in order: its partitions with what is in them, and the space between; or what the whole of it is,
 * where it has no partition table. Empty where nothing is known.
 *
 * @throws ToolError of kind io when the image cannot be read
 */
export function placesIn(source: ImageSource): Place[] {
  const {table, whole, partitions, unused} = contentsOf(source)
  if (table === undefined) {
    if (whole.length === 0 || source.sizeBytes === 0) return []
    return [{offsetBytes: 0, lengthBytes: source.sizeBytes, name: contentText(whole)}]
  }
  const named = partitions.map(({partition: {number, offsetBytes, lengthBytes}, signatures}): Place => {
    return {offsetBytes, lengthBytes, name: `p${number} (${contentText(signatures)})`}
  })
  const between = unused.map(({offsetBytes, lengthBytes}): Place => ({offsetBytes, lengthBytes, name: 'unused'}))
  return [...named, ...between].toSorted((a, b) => a.offsetBytes - b.offsetBytes)
}
