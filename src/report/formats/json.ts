import type {Document} from '../document.js'
import {jsonText} from '../json-text.js'

/** The contract document, indented by two. */
export function* json(document: Document): Generator<string> {
  yield* jsonText(document.json)
}
