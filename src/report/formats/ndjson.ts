import type {Document} from '../document.js'
import {jsonLine} from '../json-text.js'

/** One record a line, in order, so that a reader can work on the first before the last is there. */
export function* ndjson(document: Document): Generator<string> {
  for (const record of document.records) yield `${jsonLine(record)}\n`
}
