/**
 * Method: what the crash room found, told as documents: an exploration with its violations, the images of one point, one image. The
 * JSON shapes are contracts with scripts; fields are added, never renamed.
 *
 * To add one: a way to tear gets its words in words.ts; another answer about crashes is a file here that gives a Document.
 *
 * @module
 */
export {exploreDocument, type CutBy} from './explore-document.js'
export {stateDocument} from './state-document.js'
export {statesDocument} from './states-document.js'
